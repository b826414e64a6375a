/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture in memory and who asked for it. */
#include "capture/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture_message.h"
#include "process/fd_message.h"

#define NS_PER_S 1000000000ULL

static uint64_t
read_clock(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

struct session_clock
session_now(void)
{
	return (struct session_clock){ read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_REALTIME) };
}

/* A packet of the future was stamped before the time of day stepped back: it arrives now. */
uint64_t
session_arrival(const struct session_clock *now, const struct nic_packet *packet)
{
	uint64_t at = packet->sec * NS_PER_S + packet->fraction, age;

	if (at >= now->of_day)
		return at - now->of_day < NS_PER_S ? now->monotonic + (at - now->of_day) : now->monotonic;
	age = now->of_day - at;
	return age < now->monotonic ? now->monotonic - age : 0;
}

/* Speaking. */

static void
say(int socket, enum capture_word word, const struct take_result *result, const char *text, int fd)
{
	struct capture_saying saying;
	int flags = word == CAPTURE_STATE ? MSG_DONTWAIT : 0;

	memset(&saying, 0, sizeof(saying));
	saying.word = word;
	if (result != NULL)
		saying.result = *result;
	(void)snprintf(saying.text, sizeof(saying.text), "%.*s", (int)sizeof(saying.text) - 1, text);
	(void)fd_message_send(socket, &saying, sizeof(saying), fd, flags);
}

void
session_refuse(int socket, const char *text)
{
	say(socket, CAPTURE_FAILED, NULL, text, -1);
}

int
session_begin(struct session *session, int socket, const struct take_config *config)
{
	struct error error;

	memset(session, 0, sizeof(*session));
	session->socket = socket;
	session->barrier = -1;
	session->stop_ns = UINT64_MAX;
	session->take = take_new(config, session_now().monotonic, &error);
	if (session->take != NULL) {
		say(socket, CAPTURE_OPEN, NULL, "", -1);
		return 0;
	}
	session_refuse(socket, error.text);
	session_end(session);
	return -1;
}

void
session_end(struct session *session)
{
	take_free(session->take);
	session->take = NULL;
	session_excluded(session);
	if (session->socket >= 0)
		close(session->socket);
	session->socket = -1;
}

void
session_tell(struct session *session)
{
	struct take_result result;

	take_look(session->take, &result);
	if (result.packets == session->told_packets && session->kernel_drop == 0)
		return;
	session->told_packets = result.packets;
	result.kernel_drop = session->kernel_drop;
	result.interface_drop = session->interface_drop;
	say(session->socket, CAPTURE_STATE, &result, "", -1);
}

/* Orders. */

static bool
is_stop(uint32_t stop)
{
	return stop == TAKE_CANCELLED || stop == TAKE_SHUTDOWN;
}

void
session_excluded(struct session *session)
{
	session->excludes = false;
	if (session->barrier >= 0)
		close(session->barrier);
	session->barrier = -1;
}

void
session_obey(struct session *session)
{
	struct capture_command command;
	int fd;
	ssize_t got = fd_message_receive(session->socket, &command, sizeof(command), &fd, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got == (ssize_t)sizeof(command) && command.stop == TAKE_RUNS) {
		session->excludes = true;
		session->address = command.address;
		session->barrier = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
	if (got == (ssize_t)sizeof(command) && is_stop(command.stop))
		session_stop(session, (enum take_stop)command.stop, session_now().monotonic);
	else
		session->failed = true;
}

/* Packets. */

void
session_stop(struct session *session, enum take_stop reason, uint64_t now_ns)
{
	if (session->stop_ns != UINT64_MAX)
		return;
	session->stop_ns = now_ns;
	session->reason = reason;
}

void
session_packet(struct session *session, const struct nic_packet *packet, uint64_t arrived_ns)
{
	if (arrived_ns > session->stop_ns) {
		take_expire(session->take, session->stop_ns);
		take_end(session->take, session->reason);
	} else
		take_packet(session->take, packet, arrived_ns);
}

void
session_settle(struct session *session, uint64_t now_ns)
{
	uint64_t settled = now_ns > SESSION_LINGER_NS ? now_ns - SESSION_LINGER_NS : 0;

	take_expire(session->take, settled < session->stop_ns ? settled : session->stop_ns);
	if (settled >= session->stop_ns)
		take_end(session->take, session->reason);
}

uint64_t
session_due(const struct session *session)
{
	uint64_t deadline = take_deadline(session->take);
	uint64_t at = deadline < session->stop_ns ? deadline : session->stop_ns;

	return at > UINT64_MAX - SESSION_LINGER_NS - 1 ? UINT64_MAX : at + SESSION_LINGER_NS + 1;
}

bool
session_is_over(const struct session *session)
{
	return session->failed || take_stopped(session->take) != TAKE_RUNS;
}

void
session_finish(struct session *session)
{
	struct take_result result;
	int fd;

	if (session->failed)
		return;
	fd = take_finish(session->take, session->kernel_drop, session->interface_drop, &result);
	if (fd >= 0)
		say(session->socket, CAPTURE_END, &result, "", fd);
	else
		session_refuse(session->socket, "the captured packets cannot be handed over");
	if (fd >= 0)
		close(fd);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a capture: what the broker is asked for, and what the processes say that it makes. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/capture_check.h"
#include "daemon/captures_private.h"
#include "process/fd_message.h"
#include "process/pipes.h"

/* Processes of captures have so long to keep an address back. */
#define EXCLUDE_MS 500

/* Own connections. */

static void
exclude(const struct capture *capture, const struct sockaddr_in6 *address, int barrier)
{
	struct capture_command command;

	memset(&command, 0, sizeof(command));
	command.stop = TAKE_RUNS;
	command.address = *address;
	(void)fd_message_send(capture->fd, &command, sizeof(command), barrier, MSG_DONTWAIT);
}

/* What was excluded after the broker had been asked for it. */
static void
catch_up(struct capture *capture)
{
	const struct captures *captures = capture->captures;

	for (; capture->excluded_count < captures->excluded_count; capture->excluded_count++)
		exclude(capture, &captures->excluded[capture->excluded_count % ADDRESS_FILTER_COUNT], -1);
}

/* What the process of a capture says. */

static void
hear(struct capture *capture, struct capture_saying *saying, int memfd)
{
	saying->text[sizeof(saying->text) - 1] = '\0';
	switch (saying->word) {
	case CAPTURE_OPEN:
		capture->started = true;
		capture->captures->counts.started++;
		if (capture->captures->handler.on_started != NULL)
			capture->captures->handler.on_started(capture->order.ctx, capture->number);
		break;
	case CAPTURE_STATE:
		capture->result = saying->result;
		break;
	case CAPTURE_END:
		capture->result = saying->result;
		captures_tell_end(capture, memfd);
		return;
	case CAPTURE_FAILED:
	default:
		captures_fail(capture, false, saying->text);
		break;
	}
	if (memfd >= 0)
		close(memfd);
}

static void
on_saying(evutil_socket_t fd, short what, void *ctx)
{
	struct capture *capture = ctx;
	struct capture_saying saying;
	int memfd;
	ssize_t got = fd_message_receive(fd, &saying, sizeof(saying), &memfd, MSG_DONTWAIT);

	(void)what;
	if (got < 0 && errno == EAGAIN)
		return;
	if (got >= 0 && capture_check_saying(&saying, (size_t)got, memfd >= 0)) {
		hear(capture, &saying, memfd);
		return;
	}
	if (memfd >= 0)
		close(memfd);
	captures_fail(capture, false, "the capture process was killed");
}

static void
on_compiled(evutil_socket_t fd, short what, void *ctx)
{
	struct capture *capture = ctx;
	struct capture_compiled *compiled = xcalloc(1, sizeof(*compiled));
	int none;
	ssize_t got = fd_message_receive(fd, compiled, sizeof(*compiled), &none, 0);

	(void)what;
	if (none >= 0)
		close(none);
	captures_hang_up(capture);
	capture->compiled = compiled;
	compiled->text[sizeof(compiled->text) - 1] = '\0';
	if (got < 0 || !capture_check_compiled(compiled, (size_t)got))
		captures_fail(capture, true, "bpf: the filter takes too long to compile: a shorter one may do");
	else if (compiled->text[0] != '\0' && compiled->is_wrong == 0)
		captures_fail(capture, false, compiled->text);
	else if (compiled->text[0] != '\0') {
		char text[CAPTURE_TEXT_MAX];

		(void)snprintf(text, sizeof(text), "bpf: %.500s", compiled->text);
		captures_fail(capture, true, text);
	} else {
		capture->step = STEP_TAKE;
		captures_advance(capture);
	}
}

/* The broker. */

static int
ask_take(struct capture *capture)
{
	const struct capture_compiled *compiled = capture->compiled;
	struct capture_order order = { .interface = capture->interface,
		.grant = capture->order.grant,
		.snaplen = capture->order.snaplen,
		.limits = capture->order.limits,
		.before_ms = capture->order.before_ms,
		.pcapng = capture->order.pcapng };

	if (compiled != NULL) {
		order.program = (struct bpf_code){ compiled->insns, compiled->count };
		order.lookback = (struct bpf_code){ compiled->insns + compiled->count, compiled->rewound };
	}
	return capture_broker_take(capture->captures->broker, capture->number, &order);
}

/* Asks the broker for what is next, now or when it has room for the question. */
void
captures_advance(struct capture *capture)
{
	struct captures *captures = capture->captures;
	int rv;

	/* What the policy was, its grants and interfaces, may be no more when the broker reads the question. */
	if (captures->on_reread != NULL)
		return;
	capture->excluded_count = captures->excluded_count;
	rv = capture->step == STEP_COMPILE ?
	    capture_broker_compile(captures->broker, capture->number, capture->interface, capture->filter,
		capture->order.before_ms > 0) :
	    ask_take(capture);
	if (rv == 0)
		capture->step = capture->step == STEP_COMPILE ? STEP_COMPILING : STEP_TAKING;
	else if (errno == EAGAIN) {
		if (event_add(captures->writable, NULL) != 0)
			abort(); /* out of memory */
	} else if (errno == EMSGSIZE)
		captures_fail(capture, true, "bpf: the filter is longer than 4096 bytes");
	else if (errno == ENODEV)
		captures_fail(capture, true, "there is no such interface in the policy");
	else
		captures_fail(capture, false, "the capture broker has ended");
}

static void
advance_all(struct captures *captures)
{
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		if (capture->step == STEP_COMPILE || capture->step == STEP_TAKE)
			captures_advance(capture);
}

/* Rereading. */

static void
end_reread(struct captures *captures, const char *text)
{
	void (*on_reread)(void *ctx, const char *text) = captures->on_reread;

	if (on_reread == NULL)
		return;
	captures->is_to_ask = false;
	on_reread(captures->reread_ctx, text);
	captures->on_reread = NULL;
	if (captures->broker != NULL)
		advance_all(captures);
}

static void
ask_reread(struct captures *captures)
{
	captures->is_to_ask = capture_broker_reread(captures->broker, CAPTURES_REREAD, captures->version) != 0;
	if (captures->is_to_ask && event_add(captures->writable, NULL) != 0)
		abort(); /* out of memory */
}

void
captures_reread(struct captures *captures, const char *version, void (*on_reread)(void *ctx, const char *text), void *ctx)
{
	captures->on_reread = on_reread;
	captures->reread_ctx = ctx;
	(void)snprintf(captures->version, sizeof(captures->version), "%s", version);
	ask_reread(captures);
}

static void
change_grant(struct capture *capture, const uint32_t *grants, size_t count)
{
	uint32_t grant = capture->order.grant;

	if (grant == CAPTURE_NO_GRANT || (capture->step != STEP_COMPILE && capture->step != STEP_COMPILING && capture->step != STEP_TAKE))
		return;
	capture->order.grant = grant < count ? grants[grant] : CAPTURE_NO_GRANT;
	if (capture->order.grant == CAPTURE_NO_GRANT)
		captures_fail(capture, true, "the policy has changed before it began: its requester is not there any more");
}

void
captures_renew(struct captures *captures, const struct captures_config *config, const struct capture_broker_config *broker,
    const uint32_t *grants, size_t count)
{
	captures->counts.memory = captures->counts.memory - captures->config.lookback + config->lookback;
	captures->config = *config;
	capture_broker_renew(captures->broker, broker);
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		change_grant(capture, grants, count);
}

void
captures_on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct captures *captures = ctx;

	(void)fd;
	(void)what;
	if (captures->is_to_ask)
		ask_reread(captures);
	else
		advance_all(captures);
}

static void
lose_broker(struct captures *captures)
{
	event_del(captures->readable);
	event_del(captures->writable);
	captures->broker = NULL;
	end_reread(captures, "the capture broker has ended");
	/* The processes of the captures have ended with it. */
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		captures_fail(capture, false, "the capture broker has ended");
	if (captures->handler.on_lost != NULL)
		captures->handler.on_lost(captures->handler.all, "the capture broker has ended");
}

static void
take_answer(struct captures *captures, struct capture_answer *answer)
{
	struct capture *capture;

	if (answer->number == CAPTURES_REREAD) {
		if (answer->fd >= 0)
			close(answer->fd);
		end_reread(captures, answer->text[0] != '\0' ? answer->text : NULL);
		return;
	}
	capture = captures_find(captures, answer->number);
	/* It may have ended since it was asked for; who works for it learns that from the socket. */
	if (capture == NULL || (capture->step != STEP_COMPILING && capture->step != STEP_TAKING)) {
		if (answer->fd >= 0)
			close(answer->fd);
		return;
	}
	if (answer->fd < 0) {
		captures_fail(capture, true, answer->text);
		return;
	}
	if (capture->step == STEP_TAKING) {
		capture->step = STEP_RUNS;
		capture->fd = answer->fd;
		catch_up(capture);
	}
	captures_listen(capture, answer->fd, EV_READ | EV_PERSIST, capture->step == STEP_RUNS ? on_saying : on_compiled);
}

void
captures_on_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct captures *captures = ctx;
	struct capture_answer answer;
	int heard;

	(void)fd;
	(void)what;
	while ((heard = capture_broker_receive(captures->broker, &answer)) == 1)
		take_answer(captures, &answer);
	if (heard < 0)
		lose_broker(captures);
}

/* Excluding. */

static bool
is_excluded(const struct captures *captures, const struct sockaddr_in6 *address)
{
	for (size_t i = 0; i < captures->excluded_count && i < ADDRESS_FILTER_COUNT; i++)
		if (memcmp(&captures->excluded[i], address, sizeof(*address)) == 0)
			return true;
	return false;
}

/* Each process gets a copy of one end of a pipe with the order, and closes it when it is done, or ends. */
void
captures_exclude(void *ctx, const struct sockaddr *address)
{
	struct captures *captures = ctx;
	struct pollfd fd = { .events = POLLIN };
	struct sockaddr_in6 copy;
	int ends[2];

	if (captures->broker == NULL || capture_message_address(&copy, address) != 0 || is_excluded(captures, &copy) ||
	    pipes_pair(ends) != 0)
		return;
	captures->excluded[captures->excluded_count++ % ADDRESS_FILTER_COUNT] = copy;
	(void)capture_broker_exclude(captures->broker, address, ends[1]);
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		if (capture->step == STEP_RUNS) {
			exclude(capture, &copy, ends[1]);
			capture->excluded_count = captures->excluded_count;
		}
	close(ends[1]);
	fd.fd = ends[0];
	(void)poll(&fd, 1, EXCLUDE_MS);
	close(ends[0]);
}

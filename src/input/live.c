/* SPDX-License-Identifier: BSD-2-Clause */
/* One live capture as espcap sees it. */
#include "input/live.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/xalloc.h"
#include "capture/address_filter.h"
#include "process/helper.h"
#include "process/pipes.h"
#include "process/process_memory.h"
#include "sandbox/privilege.h"

/* The pipe's own buffer, if the system lets us have it. */
#define PIPE_LEN (1 << 20)
#define ANSWER_MS 1000

struct live {
	const struct sniff_config *config;
	struct packet_ring_config packet_ring; /* these, with the id of the capture */
	pid_t espcap, process;
	int data, control; /* -1: taken over; closed */
	int its_data, its_control;
	struct sniff_counts *counts; /* shared with the process */
	struct event *said;
	struct live_handler handler;
	char id[CAPTURE_ID_LEN];
	struct address_filter excluded;
	bool ended, lost;
};

/* The process. */

/* What is on disk, with the rights that espcap has. */
static int
open_stores(const struct live *live, struct sniff_means *means,
    struct error *error)
{
	const struct sniff_config *config = live->config;
	uid_t uid;
	gid_t gid;

	if (config->spool != NULL) {
		means->spool = spool_file_open(config->spool, config->spool_size,
		    error);
		if (means->spool == NULL)
			return -1;
	}
	if (config->packet_ring.dir == NULL)
		return 0;
	if (privilege_target(&uid, &gid, error) != 0)
		return -1;
	means->packet_ring = packet_ring_open(&live->packet_ring, uid, gid, error);
	return means->packet_ring != NULL ? 0 : -1;
}

static int
open_means(const struct live *live, struct sniff_means *means,
    struct error *error)
{
	const char *user;

	means->nic = nic_open(&live->config->nic, error);
	if (means->nic == NULL || open_stores(live, means, error) != 0 ||
	    helper_confine(live->espcap, sniff_longest_file(live->config), &user, error) != 0)
		return -1;
	return means->packet_ring == NULL ?
	    0 :
	    packet_ring_begin(
		means->packet_ring, nic_header(means->nic), user, error);
}

static int
work(void *ctx)
{
	struct live *live = ctx;
	struct sniff_means means = { .nic = NULL };
	struct error error;
	int rv = open_means(live, &means, &error);

	if (rv == 0)
		sniff_run(&means, live->config, live->its_data,
		    live->its_control, live->counts);
	else
		sniff_say(live->its_control, SNIFF_FAILED, error.outcome,
		    error.text);
	packet_ring_free(means.packet_ring);
	spool_file_free(means.spool);
	nic_free(means.nic);
	return rv == 0 ? 0 : 1;
}

/* Our side. */

static int
open_channels(struct live *live)
{
	int pipe[2], sockets[2];

	live->counts = mmap(NULL, sizeof(*live->counts),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (live->counts == MAP_FAILED || pipes_pair(pipe) != 0)
		return -1;
	live->data = pipe[0];
	live->its_data = pipe[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		sockets) != 0)
		return -1;
	live->control = descriptor_raise(sockets[0]);
	live->its_control = descriptor_raise(sockets[1]);
	(void)fcntl(live->its_data, F_SETPIPE_SZ, PIPE_LEN);
	return live->control < 0 || live->its_control < 0 ||
		fcntl(live->its_data, F_SETFL, O_NONBLOCK) != 0 ?
	    -1 :
	    0;
}

static int
make_id(struct live *live)
{
	unsigned char bytes[(CAPTURE_ID_LEN - 1) / 2];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -1;
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(live->id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The next thing it says: 1, 0 if there is nothing within ms (-1 forever), -1 if it has ended. */
static int
hear(struct live *live, int ms, struct sniff_message *message)
{
	struct pollfd fd = { .fd = live->control, .events = POLLIN };
	ssize_t got;
	int ready;

	if (live->control < 0)
		return -1;
	do
		ready = poll(&fd, 1, ms);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return 0;
	do
		got = recv(live->control, message, sizeof(*message), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(*message))
		return -1;
	message->text[sizeof(message->text) - 1] = '\0';
	return 1;
}

static int
start(struct live *live, struct error *error)
{
	struct sniff_message message;

	live->process = helper_start(
	    (const int[]){ live->its_data, live->its_control }, 2, work, live);
	if (live->process < 0)
		return error_set(error, OUTCOME_INTERNAL,
		    "cannot start the capture process: %s", strerror(errno));
	close_fd(&live->its_data);
	close_fd(&live->its_control);
	if (hear(live, -1, &message) != 1)
		return error_set(error, OUTCOME_INTERNAL,
		    "the capture process has ended");
	if (message.word == SNIFF_OPEN)
		return 0;
	return error_set(error, message.outcome, "%s", message.text);
}

struct live *
live_start(const struct sniff_config *config, struct error *error)
{
	struct live *live = xcalloc(1, sizeof(*live));

	live->config = config;
	live->espcap = getpid();
	live->data = live->control = live->its_data = live->its_control = -1;
	if (open_channels(live) != 0 || make_id(live) != 0) {
		error_set(error, OUTCOME_INTERNAL, "cannot prepare the capture: %s",
		    strerror(errno));
		live_free(live);
		return NULL;
	}
	live->packet_ring = config->packet_ring;
	live->packet_ring.capture = live->id;
	if (start(live, error) == 0)
		return live;
	live_free(live);
	return NULL;
}

void
live_free(struct live *live)
{
	if (live == NULL)
		return;
	if (live->said != NULL)
		event_free(live->said);
	helper_end(live->process, true);
	close_fd(&live->data);
	close_fd(&live->control);
	close_fd(&live->its_data);
	close_fd(&live->its_control);
	if (live->counts != MAP_FAILED && live->counts != NULL)
		(void)munmap(live->counts, sizeof(*live->counts));
	free(live);
}

/* What it says. */

static void
tell_lost(struct live *live, const char *text)
{
	if (!live->lost)
		live->handler.on_lost(live->handler.ctx, text);
	live->lost = true;
}

static void
take(struct live *live, const struct sniff_message *message)
{
	switch (message->word) {
	case SNIFF_NOTE:
		live->handler.on_note(live->handler.ctx, message->text);
		break;
	case SNIFF_LOST:
		tell_lost(live, message->text);
		break;
	case SNIFF_END:
		live->ended = true;
		break;
	case SNIFF_OPEN:
	case SNIFF_FAILED:
	case SNIFF_DONE:
	case SNIFF_REFUSED:
		break;
	}
}

static void
hang_up(struct live *live)
{
	if (live->control < 0)
		return;
	if (live->said != NULL)
		event_del(live->said);
	close_fd(&live->control);
	/* It has ended, and the run may go on for long without it. */
	helper_end(live->process, true);
	live->process = -1;
	if (!live->ended)
		tell_lost(live, "the capture process was killed");
}

static void
on_said(evutil_socket_t fd, short what, void *ctx)
{
	struct live *live = ctx;
	struct sniff_message message;
	int heard;

	(void)fd;
	(void)what;
	while ((heard = hear(live, 0, &message)) == 1)
		take(live, &message);
	if (heard < 0)
		hang_up(live);
}

void
live_listen(struct live *live, struct loop *loop,
    const struct live_handler *handler)
{
	live->handler = *handler;
	live->said = event_new(loop_base(loop), live->control,
	    EV_READ | EV_PERSIST, on_said, live);
	if (live->said == NULL || event_add(live->said, NULL) != 0)
		abort(); /* out of memory */
}

int
live_take_fd(struct live *live)
{
	int fd = live->data;

	live->data = -1;
	return fd;
}

const char *
live_id(const struct live *live)
{
	return live->id;
}

const char *
live_interface(const struct live *live)
{
	return live->config->nic.name;
}

/* Orders. */

static int
order(struct live *live, const struct sniff_order *order_)
{
	ssize_t sent;

	if (live->control < 0)
		return -1;
	do
		sent = send(live->control, order_, sizeof(*order_),
		    MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof(*order_) ? 0 : -1;
}

void
live_stop(struct live *live)
{
	struct sniff_order stop = { .stop = true };

	(void)order(live, &stop);
}

static int
wait_for_answer(struct live *live, struct error *error)
{
	struct sniff_message message;

	for (;;) {
		int heard = hear(live, ANSWER_MS, &message);

		if (heard < 0)
			hang_up(live);
		if (heard <= 0)
			return error_set(error, OUTCOME_INTERNAL,
			    "the capture process does not answer");
		if (message.word == SNIFF_DONE)
			return 0;
		if (message.word == SNIFF_REFUSED)
			return error_set(error, message.outcome, "%s",
			    message.text);
		take(live, &message);
	}
}

bool
live_exclude(struct live *live, const struct sockaddr *address,
    struct error *error)
{
	struct sniff_order exclude = { .stop = false };

	if (!address_filter_add(&live->excluded, address))
		return true;
	address_filter_write(&live->excluded, exclude.exclude);
	if (order(live, &exclude) != 0)
		return true; /* it is over: nothing is captured any more */
	return wait_for_answer(live, error) == 0;
}

/* The end. */

void
live_close(struct live *live)
{
	/* What it said before it ended by itself, or was ended by someone else. */
	on_said(-1, 0, live);
	helper_end(live->process, true);
	live->process = -1;
	if (live->said != NULL)
		event_del(live->said);
	close_fd(&live->control);
}

struct live_counts
live_counts(const struct live *live)
{
	struct live_counts counts;

	/* Before captured, see sniff.c: it must not be more. */
	counts.queue_drop = atomic_load(&live->counts->queue_drop);
	counts.captured = atomic_load(&live->counts->captured);
	counts.kernel_drop = atomic_load(&live->counts->kernel_drop);
	counts.interface_drop = atomic_load(&live->counts->interface_drop);
	counts.queued = atomic_load(&live->counts->queued);
	counts.spooled = atomic_load(&live->counts->spooled);
	counts.ring_missing = atomic_load(&live->counts->ring_missing);
	return counts;
}

uint64_t
live_room(const struct live *live)
{
	return live->config->queue;
}

uint64_t
live_spool_room(const struct live *live)
{
	return live->config->spool == NULL ? 0 : live->config->spool_size;
}

bool
live_has_ring(const struct live *live)
{
	return live->config->packet_ring.dir != NULL;
}

uint64_t
live_memory(const struct live *live)
{
	return live->process > 0 ? process_memory_bytes(live->process) : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The captures that run: each is asked for in two steps, its filter and then itself. */
#include "daemon/captures.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "capture/capture_message.h"
#include "process/fd_message.h"

enum step {
	STEP_COMPILE,   /* the broker is to be asked for a compilation */
	STEP_COMPILING, /* it was */
	STEP_TAKE,      /* the broker is to be asked for the capture */
	STEP_TAKING,    /* it was */
	STEP_RUNS,
	STEP_ENDED /* on_end is to be called from the loop */
};

struct capture {
	struct capture *next;
	struct captures *captures;
	enum step step;
	uint64_t number, begun_ms, memory;
	char *id, *interface, *filter;
	struct captures_order order; /* its texts are those above */
	struct capture_compiled *compiled;
	int fd;              /* to the process at work; -1 */
	struct event *event; /* of fd, or of the end */
	bool started, refused;
	struct take_result result; /* so far */
	char failed[CAPTURE_TEXT_MAX];
};

struct captures {
	struct loop *loop;
	struct capture_broker *broker; /* NULL: it has ended */
	struct captures_config config;
	struct captures_handler handler;
	struct event *readable, *writable; /* of the broker */
	struct capture *first;             /* oldest first */
	uint64_t last_number;
	bool stopping;
	struct captures_counts counts;
};

static void advance(struct capture *capture);

/* The list. */

static struct capture *
find(struct captures *captures, uint64_t number)
{
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		if (capture->number == number)
			return capture;
	return NULL;
}

static void
hang_up(struct capture *capture)
{
	if (capture->event != NULL)
		event_free(capture->event);
	capture->event = NULL;
	if (capture->fd >= 0)
		close(capture->fd);
	capture->fd = -1;
}

static void
capture_free(struct capture *capture)
{
	hang_up(capture);
	free(capture->compiled);
	free(capture->id);
	free(capture->interface);
	free(capture->filter);
	free(capture);
}

static void
unlink_capture(struct capture *capture)
{
	struct capture **link = &capture->captures->first;

	while (*link != capture)
		link = &(*link)->next;
	*link = capture->next;
	capture->captures->counts.memory -= capture->memory;
	capture->captures->counts.running--;
}

static void
listen_to(struct capture *capture, int fd, short what, event_callback_fn call)
{
	capture->fd = fd;
	capture->event = event_new(loop_base(capture->captures->loop), fd, what, call, capture);
	if (capture->event == NULL || (fd >= 0 && event_add(capture->event, NULL) != 0))
		abort(); /* out of memory */
}

/* Ends. */

static void
count_end(struct captures_counts *counts, const struct captures_end *end)
{
	if (end->failed != NULL) {
		counts->failed++;
		return;
	}
	counts->ended++;
	counts->packets += end->result.packets;
	counts->bytes += end->result.bytes;
	counts->kernel_drop += end->result.kernel_drop;
	counts->interface_drop += end->result.interface_drop;
}

/* memfd: closed. */
static void
tell_end(struct capture *capture, int memfd)
{
	struct captures *captures = capture->captures;
	bool is_failed = capture->failed[0] != '\0';
	struct captures_end end = { .number = capture->number,
		.id = capture->id,
		.interface = capture->interface,
		.failed = is_failed ? capture->failed : NULL,
		.refused = capture->refused,
		.memfd = memfd };

	if (!is_failed)
		end.result = capture->result;
	hang_up(capture);
	unlink_capture(capture);
	count_end(&captures->counts, &end);
	captures->handler.on_end(capture->order.ctx, &end);
	if (memfd >= 0)
		close(memfd);
	capture_free(capture);
}

static void
on_ended(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	tell_end(ctx, -1);
}

/* on_end comes from the loop. */
static void
end_later(struct capture *capture)
{
	if (capture->step == STEP_ENDED)
		return;
	hang_up(capture);
	capture->step = STEP_ENDED;
	listen_to(capture, -1, 0, on_ended);
	loop_start_timer(capture->event, 0);
}

static void
fail(struct capture *capture, bool refused, const char *text)
{
	if (capture->step == STEP_ENDED)
		return;
	(void)snprintf(capture->failed, sizeof(capture->failed), "%s", text);
	capture->refused = refused;
	end_later(capture);
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
		tell_end(capture, memfd);
		return;
	case CAPTURE_FAILED:
	default:
		fail(capture, false, saying->text);
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
	if (got == (ssize_t)sizeof(saying) && (saying.word != CAPTURE_END || memfd >= 0)) {
		hear(capture, &saying, memfd);
		return;
	}
	if (memfd >= 0)
		close(memfd);
	fail(capture, false, "the capture process was killed");
}

static bool
is_compiled(const struct capture_compiled *compiled, ssize_t got)
{
	return got >= (ssize_t)offsetof(struct capture_compiled, insns) && compiled->count <= BPF_CODE_MAX &&
	    compiled->rewound <= BPF_CODE_MAX && (size_t)got == capture_compiled_len(compiled);
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
	hang_up(capture);
	capture->compiled = compiled;
	compiled->text[sizeof(compiled->text) - 1] = '\0';
	if (!is_compiled(compiled, got))
		fail(capture, true, "bpf: the filter takes too long to compile: a shorter one may do");
	else if (compiled->text[0] != '\0' && compiled->is_wrong == 0)
		fail(capture, false, compiled->text);
	else if (compiled->text[0] != '\0') {
		char text[CAPTURE_TEXT_MAX];

		(void)snprintf(text, sizeof(text), "bpf: %.500s", compiled->text);
		fail(capture, true, text);
	} else {
		capture->step = STEP_TAKE;
		advance(capture);
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
static void
advance(struct capture *capture)
{
	struct captures *captures = capture->captures;
	int rv;

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
		fail(capture, true, "bpf: the filter is longer than 4096 bytes");
	else if (errno == ENODEV)
		fail(capture, true, "there is no such interface in the policy");
	else
		fail(capture, false, "the capture broker has ended");
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct captures *captures = ctx;

	(void)fd;
	(void)what;
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		if (capture->step == STEP_COMPILE || capture->step == STEP_TAKE)
			advance(capture);
}

static void
lose_broker(struct captures *captures)
{
	event_del(captures->readable);
	event_del(captures->writable);
	captures->broker = NULL;
	/* The processes of the captures have ended with it. */
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		fail(capture, false, "the capture broker has ended");
	if (captures->handler.on_lost != NULL)
		captures->handler.on_lost(captures->handler.all, "the capture broker has ended");
}

static void
take_answer(struct captures *captures, struct capture_answer *answer)
{
	struct capture *capture = find(captures, answer->number);

	/* It may have ended since it was asked for; who works for it learns that from the socket. */
	if (capture == NULL || (capture->step != STEP_COMPILING && capture->step != STEP_TAKING)) {
		if (answer->fd >= 0)
			close(answer->fd);
		return;
	}
	if (answer->fd < 0) {
		fail(capture, true, answer->text);
		return;
	}
	if (capture->step == STEP_TAKING)
		capture->step = STEP_RUNS;
	listen_to(capture, answer->fd, EV_READ | EV_PERSIST, capture->step == STEP_RUNS ? on_saying : on_compiled);
}

static void
on_answer(evutil_socket_t fd, short what, void *ctx)
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

/* All. */

struct captures *
captures_new(struct loop *loop, struct capture_broker *broker, const struct captures_config *config,
    const struct captures_handler *handler)
{
	struct captures *captures = xcalloc(1, sizeof(*captures));
	int fd = capture_broker_fd(broker);

	captures->loop = loop;
	captures->broker = broker;
	captures->config = *config;
	captures->handler = *handler;
	captures->counts.memory = config->lookback;
	captures->readable = event_new(loop_base(loop), fd, EV_READ | EV_PERSIST, on_answer, captures);
	captures->writable = event_new(loop_base(loop), fd, EV_WRITE, on_writable, captures);
	if (captures->readable == NULL || captures->writable == NULL || event_add(captures->readable, NULL) != 0)
		abort(); /* out of memory */
	return captures;
}

void
captures_free(struct captures *captures)
{
	if (captures == NULL)
		return;
	while (captures->first != NULL) {
		struct capture *capture = captures->first;

		captures->first = capture->next;
		capture_free(capture);
	}
	event_free(captures->readable);
	event_free(captures->writable);
	free(captures);
}

/* Starting. */

uint64_t
captures_memory_of(const struct captures_order *order)
{
	return take_reserve(&order->limits, order->snaplen != 0 ? order->snaplen : TAKE_SNAPLEN_MAX, order->pcapng);
}

static bool
is_busy(struct captures *captures, uint64_t memory, char *text, size_t size)
{
	uint64_t used = captures->counts.memory, most = captures->config.maxmemory;

	if (captures->broker == NULL)
		(void)snprintf(text, size, "the capture broker has ended");
	else if (captures->stopping)
		(void)snprintf(text, size, "this node is shutting down");
	else if (memory == UINT64_MAX)
		(void)snprintf(text, size, "a capture needs a limit of packets or of bytes");
	else if (captures->counts.running >= captures->config.maxcaptures)
		(void)snprintf(text, size, "busy: %zu captures are under way (maxcaptures)", captures->counts.running);
	else if (used > most || memory > most - used)
		(void)snprintf(text, size,
		    "busy: the capture may need %llu bytes of memory, and %llu of %llu are reserved (maxmemory)",
		    (unsigned long long)memory, (unsigned long long)used, (unsigned long long)most);
	else
		return false;
	captures->counts.busy++;
	return true;
}

static struct capture *
add(struct captures *captures, const struct captures_order *order, uint64_t memory)
{
	struct capture *capture = xcalloc(1, sizeof(*capture)), **link = &captures->first;

	while (*link != NULL)
		link = &(*link)->next;
	*link = capture;
	capture->captures = captures;
	capture->number = ++captures->last_number;
	capture->begun_ms = clock_ms();
	capture->memory = memory;
	capture->fd = -1;
	capture->id = xstrdup(order->id != NULL ? order->id : "");
	capture->interface = xstrdup(order->interface);
	capture->filter = xstrdup(order->filter != NULL ? order->filter : "");
	capture->order = *order;
	captures->counts.memory += memory;
	captures->counts.running++;
	return capture;
}

enum captures_reply
captures_start(struct captures *captures, const struct captures_order *order, uint64_t *number, char *text, size_t size)
{
	uint64_t memory = captures_memory_of(order);
	struct capture *capture;

	if (is_busy(captures, memory, text, size))
		return CAPTURES_BUSY;
	capture = add(captures, order, memory);
	capture->step = capture->filter[0] != '\0' ? STEP_COMPILE : STEP_TAKE;
	*number = capture->number;
	advance(capture);
	return CAPTURES_ACCEPTED;
}

/* Stopping. */

static void
stop(struct capture *capture, enum take_stop reason)
{
	struct capture_command command;

	if (capture->step == STEP_ENDED)
		return;
	if (capture->step != STEP_RUNS) {
		capture->result.stop = reason;
		end_later(capture);
		return;
	}
	memset(&command, 0, sizeof(command));
	command.stop = reason;
	/* If it cannot be told it has just ended. */
	(void)fd_message_send(capture->fd, &command, sizeof(command), -1, MSG_DONTWAIT);
}

size_t
captures_cancel(struct captures *captures, const char *id)
{
	size_t count = 0;

	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next) {
		if (strcmp(capture->id, id) != 0)
			continue;
		stop(capture, TAKE_CANCELLED);
		count++;
	}
	return count;
}

void
captures_stop(struct captures *captures)
{
	captures->stopping = true;
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		stop(capture, TAKE_SHUTDOWN);
}

void
captures_exclude(void *ctx, const struct sockaddr *address)
{
	struct captures *captures = ctx;
	struct capture_command command;

	memset(&command, 0, sizeof(command));
	command.stop = TAKE_RUNS;
	if (captures->broker == NULL || capture_message_address(&command.address, address) != 0)
		return;
	(void)capture_broker_exclude(captures->broker, address);
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		if (capture->step == STEP_RUNS)
			(void)fd_message_send(capture->fd, &command, sizeof(command), -1, MSG_DONTWAIT);
}

/* Looking. */

size_t
captures_running(const struct captures *captures)
{
	return captures->counts.running;
}

void
captures_each(const struct captures *captures, void (*on_state)(void *ctx, const struct captures_state *state), void *ctx)
{
	uint64_t now = clock_ms();

	for (const struct capture *capture = captures->first; capture != NULL; capture = capture->next) {
		const struct captures_state state = { .number = capture->number,
			.id = capture->id,
			.interface = capture->interface,
			.filter = capture->filter,
			.started = capture->started,
			.packets = capture->result.packets,
			.bytes = capture->result.bytes,
			.kernel_drop = capture->result.kernel_drop,
			.interface_drop = capture->result.interface_drop,
			.age_ms = now - capture->begun_ms,
			.limits = capture->order.limits };

		on_state(ctx, &state);
	}
}

void
captures_counts(const struct captures *captures, struct captures_counts *counts)
{
	*counts = captures->counts;
}

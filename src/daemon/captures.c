/* SPDX-License-Identifier: BSD-2-Clause */
/* The captures that run: each is asked for in two steps, its filter and then itself. */
#include "daemon/captures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "daemon/captures_private.h"
#include "process/fd_message.h"

/* The list. */

struct capture *
captures_find(struct captures *captures, uint64_t number)
{
	for (struct capture *capture = captures->first; capture != NULL; capture = capture->next)
		if (capture->number == number)
			return capture;
	return NULL;
}

void
captures_hang_up(struct capture *capture)
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
	captures_hang_up(capture);
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

void
captures_listen(struct capture *capture, int fd, short what, event_callback_fn call)
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
void
captures_tell_end(struct capture *capture, int memfd)
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
	captures_hang_up(capture);
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
	captures_tell_end(ctx, -1);
}

/* on_end comes from the loop. */
static void
end_later(struct capture *capture)
{
	if (capture->step == STEP_ENDED)
		return;
	captures_hang_up(capture);
	capture->step = STEP_ENDED;
	captures_listen(capture, -1, 0, on_ended);
	loop_start_timer(capture->event, 0);
}

void
captures_fail(struct capture *capture, bool refused, const char *text)
{
	if (capture->step == STEP_ENDED)
		return;
	(void)snprintf(capture->failed, sizeof(capture->failed), "%s", text);
	capture->refused = refused;
	end_later(capture);
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
	captures->readable = event_new(loop_base(loop), fd, EV_READ | EV_PERSIST, captures_on_answer, captures);
	captures->writable = event_new(loop_base(loop), fd, EV_WRITE, captures_on_writable, captures);
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
captures_memory_of(const struct captures *captures, const struct captures_order *order)
{
	uint64_t file = take_reserve(&order->limits, order->snaplen != 0 ? order->snaplen : TAKE_SNAPLEN_MAX, order->pcapng);
	/* What begins with a look-back gets its packets from the ring of that. */
	uint64_t ring = order->before_ms > 0 ? 0 : captures->config.ring;

	return file > UINT64_MAX - ring ? UINT64_MAX : file + ring;
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
	uint64_t memory = captures_memory_of(captures, order);
	struct capture *capture;

	if (is_busy(captures, memory, text, size))
		return CAPTURES_BUSY;
	capture = add(captures, order, memory);
	capture->step = capture->filter[0] != '\0' ? STEP_COMPILE : STEP_TAKE;
	*number = capture->number;
	captures_advance(capture);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents as lines on standard output. */
#include "sink/sink_stdout.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ack.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/queue.h"
#include "base/write.h"
#include "base/xalloc.h"

/* Documents are written in pieces of about this size. */
#define WRITE_LEN ((size_t)64 << 10)
/*
 * What cannot be waited for is tried again after so long: a device without poll, and a terminal, for one that is full
 * may count as writable all the time.
 */
#define AGAIN_MS 20
/* Above HIGH bytes queued it is full, until less than LOW are left. */
#define HIGH ((size_t)1 << 20)
#define LOW ((size_t)256 << 10)

/* A document that is queued. */
struct end {
	size_t len;
	struct ack *ack;
};

struct sink_stdout {
	struct sink sink;
	struct loop *loop;
	struct sink_handler handler;
	enum write_kind kind;
	struct event *writable, *again;
	bool flush_pending;
	bool is_waiting;
	bool was_high;
	bool ended;
	struct buffer queue;
	struct queue ends; /* of struct end */
	size_t partial;    /* bytes of the first that are out already */
	uint64_t delivered;
	uint64_t last; /* clock_ms of the last delivered; 0: none */
	bool failed;
	struct error error;
};

static struct sink_stdout *
self(struct sink *sink)
{
	return (struct sink_stdout *)sink;
}

static const struct sink_stdout *
const_self(const struct sink *sink)
{
	return (const struct sink_stdout *)sink;
}

static void
count_delivered(struct sink_stdout *out, size_t len)
{
	out->partial += len;
	while (out->ends.count > 0) {
		const struct end *end = queue_at(&out->ends, 0, sizeof(*end));

		if (out->partial < end->len)
			break;
		out->partial -= end->len;
		ack_deliver(end->ack);
		queue_pop(&out->ends);
		out->delivered++;
		out->last = clock_ms();
	}
}

static void
tell_failure(void *ctx)
{
	struct sink_stdout *out = ctx;

	out->handler.on_fail(out->handler.ctx);
}

static void
fail(struct sink_stdout *out)
{
	out->failed = true;
	if (errno == EPIPE)
		error_set(&out->error, OUTCOME_OK,
		    "the reader of standard output went away");
	else
		error_set(&out->error, OUTCOME_OUTPUT,
		    "standard output: %s", strerror(errno));
	loop_defer(out->loop, tell_failure, out);
}

static void
tell_ready(void *ctx)
{
	struct sink_stdout *out = ctx;

	out->handler.on_ready(out->handler.ctx);
}

static void
tell_drain(void *ctx)
{
	struct sink_stdout *out = ctx;

	out->handler.on_drain(out->handler.ctx);
}

static void
wait_writable(struct sink_stdout *out)
{
	out->is_waiting = true;
	if (out->kind == WRITE_TERMINAL ||
	    event_add(out->writable, NULL) != 0)
		loop_start_timer(out->again, AGAIN_MS);
}

/* On a terminal others write, too: it is left in the middle of a line only if it must. */
static size_t
piece_len(const struct sink_stdout *out)
{
	const char *end;

	if (out->kind != WRITE_TERMINAL || out->queue.len <= WRITE_TERMINAL_PIECE)
		return out->queue.len;
	end = memrchr(out->queue.data, '\n', WRITE_TERMINAL_PIECE);
	return end != NULL ? (size_t)(end - out->queue.data) + 1 :
			     out->queue.len;
}

/* Others may write to the same pipe: what fits is known only when it is written. */
static void
flush(struct sink_stdout *out)
{
	while (out->queue.len > 0 && !out->failed && !out->is_waiting) {
		ssize_t n;

		if (out->kind == WRITE_TERMINAL &&
		    out->handler.on_terminal != NULL)
			out->handler.on_terminal(out->handler.ctx);
		n = write_now(STDOUT_FILENO, out->kind, out->queue.data,
		    piece_len(out));

		if (n < 0 && errno == EAGAIN) {
			wait_writable(out);
			return;
		}
		if (n < 0) {
			fail(out);
			return;
		}
		buffer_consume(&out->queue, (size_t)n);
		count_delivered(out, (size_t)n);
	}
	if (out->queue.len == 0)
		buffer_shrink(&out->queue, HIGH * 2);
	if ((out->was_high && out->queue.len < LOW) ||
	    (out->ended && out->queue.len == 0)) {
		out->was_high = out->ended = false;
		loop_defer(out->loop, tell_drain, out);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct sink_stdout *out = ctx;

	(void)fd;
	(void)what;
	out->is_waiting = false;
	flush(out);
}

static void
deferred_flush(void *ctx)
{
	struct sink_stdout *out = ctx;

	out->flush_pending = false;
	flush(out);
}

static void
stdout_write(struct sink *sink, const struct document_ready *ready)
{
	const struct end end = { ready->len + 1, ready->ack };
	struct sink_stdout *out = self(sink);

	if (out->failed)
		return;
	if (buffer_append(&out->queue, ready->json, ready->len) != 0 ||
	    buffer_append(&out->queue, "\n", 1) != 0)
		abort(); /* the owner went on far above HIGH */
	queue_push(&out->ends, &end, sizeof(end));
	out->was_high = true;
	if (out->queue.len >= WRITE_LEN)
		flush(out);
	else if (!out->flush_pending) {
		out->flush_pending = true;
		loop_defer(out->loop, deferred_flush, out);
	}
}

/* What is queued is under way already. on_drain may have come when a part of it was out. */
static void
stdout_end(struct sink *sink)
{
	struct sink_stdout *out = self(sink);

	out->ended = out->queue.len > 0;
}

static bool
stdout_is_full(const struct sink *sink)
{
	return const_self(sink)->queue.len >= HIGH;
}

static bool
stdout_is_empty(const struct sink *sink)
{
	return const_self(sink)->queue.len == 0;
}

static size_t
stdout_value_max(const struct sink *sink)
{
	(void)sink;
	return 0;
}

static struct sink_counts
stdout_counts(const struct sink *sink)
{
	struct sink_counts counts = {
		.delivered = const_self(sink)->delivered,
		.queued = const_self(sink)->queue.len,
		.resolved_at = const_self(sink)->last,
		.cut = const_self(sink)->partial > 0,
		.is_midline = const_self(sink)->partial > 0 &&
		    const_self(sink)->kind == WRITE_TERMINAL
	};

	return counts;
}

static enum outcome
stdout_failure(const struct sink *sink, struct error *error)
{
	*error = const_self(sink)->error;
	return const_self(sink)->error.outcome;
}

static void
stdout_free(struct sink *sink)
{
	struct sink_stdout *out = self(sink);

	event_free(out->writable);
	event_free(out->again);
	buffer_release(&out->queue);
	queue_release(&out->ends);
	free(out);
}

static const struct sink_type sink_stdout_type = {
	.write = stdout_write,
	.end = stdout_end,
	.is_full = stdout_is_full,
	.is_empty = stdout_is_empty,
	.value_max = stdout_value_max,
	.counts = stdout_counts,
	.failure = stdout_failure,
	.free = stdout_free
};

struct sink *
sink_stdout_new(struct loop *loop, const struct sink_handler *handler,
    struct error *error)
{
	struct sink_stdout *out;

	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		error_set(error, OUTCOME_OUTPUT, "standard output is closed");
		return NULL;
	}
	out = xcalloc(1, sizeof(*out));
	out->sink.type = &sink_stdout_type;
	out->loop = loop;
	out->handler = *handler;
	out->kind = write_kind(STDOUT_FILENO);
	buffer_init(&out->queue, (size_t)8 << 30);
	out->writable = event_new(loop_base(loop), STDOUT_FILENO, EV_WRITE,
	    on_writable, out);
	out->again = evtimer_new(loop_base(loop), on_writable, out);
	if (out->writable == NULL || out->again == NULL)
		abort(); /* out of memory */
	loop_defer(loop, tell_ready, out);
	return &out->sink;
}

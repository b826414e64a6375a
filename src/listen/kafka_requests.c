/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from Kafka: a member of a group (kafka/kafka_feed.h), whose messages are settled one by one. */
#include "listen/kafka_requests.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/kafka_feed.h"
#include "kafka/spans.h"
#include "listen/listener_private.h"
#include "server/backoff.h"

/* What a group that is new hears of the past, ms: clocks differ, and the policy refuses what is too old. */
#define PAST_MS 60000
/* A refusal is borne: the right may be given later. */
#define FOR_EVER ((uint64_t)INT64_MAX)
/* How long the last commits are waited for, ms. */
#define LEAVE_MS 2000
#define RETRY_FIRST 1000
#define RETRY_DOUBLED 5

struct part {
	uint32_t assignment, topic;
	int32_t partition;
	int64_t committed; /* what was ordered last */
	struct spans *spans;
	LIST_ENTRY(part)
	next;
};

struct kafka_requests {
	struct listener listener;
	struct kafka_requests_config config;
	struct member_config member;
	struct kafka_feed *feed; /* NULL: its process has ended */
	LIST_HEAD(, part)
	parts;
	struct tickets done; /* settled while nobody had their partition: not to be given again; LISTENER_OPEN_MAX at most */
	struct event *again;
	char failure[sizeof(((struct error *)NULL)->text)];
	unsigned attempt;
	bool is_settled, is_cut_off, is_paused, is_leaving, has_ended;
};

static struct part *
part_of(const struct kafka_requests *requests, uint32_t assignment)
{
	struct part *part;

	LIST_FOREACH(part, &requests->parts, next)
	if (part->assignment == assignment)
		return part;
	return NULL;
}

/* What is open of it may be given again by whoever has the partition next: if that is us, it keeps its ticket. */
static void
part_free(struct kafka_requests *requests, struct part *part)
{
	struct ticket *ticket;

	TAILQ_FOREACH(ticket, &requests->listener.tickets.list, next) {
		const struct span *span = ticket->own;

		if (span != NULL && span->spans == part->spans)
			ticket->own = NULL;
	}
	LIST_REMOVE(part, next);
	spans_free(part->spans);
	free(part);
}

static void
commit(struct kafka_requests *requests, struct part *part)
{
	int64_t done = spans_done(part->spans);

	if (done <= part->committed)
		return;
	part->committed = done;
	kafka_feed_commit(requests->feed, part->assignment, done);
}

/* The span of one message: each is settled by itself. */
static void
pass(struct kafka_requests *requests, struct span *span)
{
	struct part *part;

	LIST_FOREACH(part, &requests->parts, next)
	if (part->spans == span->spans) {
		span_pass(span);
		commit(requests, part);
		return;
	}
}

/* What the process says. */

static void
on_assigned(void *ctx, const struct intake_assigned *assigned)
{
	struct kafka_requests *requests = ctx;
	struct part *part = xcalloc(1, sizeof(*part));

	part->assignment = assigned->assignment;
	part->topic = assigned->topic;
	part->partition = assigned->partition;
	part->committed = assigned->start;
	part->spans = spans_new(assigned->start);
	LIST_INSERT_HEAD(&requests->parts, part, next);
	if (assigned->missed > 0)
		listener_note(&requests->listener, "%" PRIu64 " messages were deleted before they could be read", assigned->missed);
}

static void
pause_if_full(struct kafka_requests *requests)
{
	if (requests->is_paused || listener_room(&requests->listener) > 0 || requests->listener.is_stopping)
		return;
	requests->is_paused = true;
	kafka_feed_pause(requests->feed);
}

static void
give(struct kafka_requests *requests, const struct intake_message *message, const char *id, struct span *span)
{
	struct listener *listener = &requests->listener;
	struct ticket *open = tickets_find(&listener->tickets, id), *done = tickets_find(&requests->done, id);
	const struct listener_message given = {
		.bytes = (const char *)message->value, .len = message->value_len, .id = id, .sent_ms = message->sent_ms
	};

	if (open != NULL && open->own == NULL) {
		open->own = span;
	} else if (done != NULL) {
		tickets_remove(&requests->done, done);
		pass(requests, span);
	} else if (message->value == NULL) {
		listener->counts.refused++;
		pass(requests, span);
	} else {
		(void)listener_give(listener, &given, id, span);
		pause_if_full(requests);
	}
}

static void
on_message(void *ctx, const struct intake_message *message)
{
	struct kafka_requests *requests = ctx;
	struct part *part = part_of(requests, message->assignment);
	struct span *span;
	char *id;

	/* At the end it is left to the next run. */
	if (part == NULL || requests->listener.is_stopping)
		return;
	id = xasprintf("kafka:%s/%" PRId32 "/%" PRId64, requests->config.topics[part->topic], part->partition,
	    message->offset);
	span = spans_add(part->spans, message->offset);
	spans_close(part->spans);
	give(requests, message, id, span);
	free(id);
}

static void
on_revoked(void *ctx, uint32_t assignment, bool lost)
{
	struct kafka_requests *requests = ctx;
	struct part *part = part_of(requests, assignment);

	(void)lost;
	if (part != NULL)
		part_free(requests, part);
	kafka_feed_release(requests->feed, assignment);
}

static void
on_number(void *ctx, uint32_t assignment, int64_t number)
{
	(void)ctx;
	(void)assignment;
	(void)number;
}

static void
on_missed(void *ctx, uint32_t assignment, uint64_t count)
{
	struct kafka_requests *requests = ctx;

	(void)assignment;
	listener_note(&requests->listener, "%" PRIu64 " messages were deleted before they could be read", count);
}

static void
tell_state(struct kafka_requests *requests)
{
	if (requests->is_cut_off)
		listener_state(&requests->listener, false, "no broker answers");
	else if (requests->is_settled)
		listener_state(&requests->listener, true, "member of its group");
}

static void
on_settled(void *ctx)
{
	struct kafka_requests *requests = ctx;

	requests->is_settled = true;
	requests->attempt = 0;
	tell_state(requests);
}

static void
on_cut_off(void *ctx, bool is_cut_off)
{
	struct kafka_requests *requests = ctx;

	if (requests->is_cut_off && !is_cut_off && requests->is_settled)
		requests->listener.counts.reconnects++;
	requests->is_cut_off = is_cut_off;
	tell_state(requests);
}

static void
on_rebalance(void *ctx)
{
	(void)ctx;
}

static void
on_note(void *ctx, const char *text)
{
	struct kafka_requests *requests = ctx;

	listener_note(&requests->listener, "%s", text);
}

static void
plan_again(struct kafka_requests *requests)
{
	listener_state(&requests->listener, false, requests->failure);
	loop_start_timer(requests->again, backoff_delay(RETRY_FIRST, requests->attempt));
	if (requests->attempt < RETRY_DOUBLED)
		requests->attempt++;
}

static void
on_failed(void *ctx, const struct error *error)
{
	struct kafka_requests *requests = ctx;

	(void)snprintf(requests->failure, sizeof(requests->failure), "%s", error->text);
	/* While it is paused the end does not come: what waits in the pipe is read again by the next process. */
	if (!requests->listener.is_stopping)
		plan_again(requests);
}

static void
forget_parts(struct kafka_requests *requests)
{
	while (!LIST_EMPTY(&requests->parts))
		part_free(requests, LIST_FIRST(&requests->parts));
}

static void
on_end(void *ctx)
{
	struct kafka_requests *requests = ctx;

	requests->has_ended = true;
	forget_parts(requests);
	if (requests->listener.is_stopping)
		listener_look(&requests->listener);
	else if (evtimer_pending(requests->again, NULL) == 0)
		plan_again(requests);
}

static void
listen_to_feed(struct kafka_requests *requests)
{
	const struct kafka_feed_handler handler = { .on_assigned = on_assigned,
		.on_message = on_message,
		.on_revoked = on_revoked,
		.on_at_end = on_number,
		.on_high = on_number,
		.on_missed = on_missed,
		.on_committed = on_number,
		.on_settled = on_settled,
		.on_cut_off = on_cut_off,
		.on_rebalance = on_rebalance,
		.on_note = on_note,
		.on_failed = on_failed,
		.on_end = on_end,
		.ctx = requests,
		.on_connect = requests->listener.context->on_connect,
		.connect_ctx = requests->listener.context->ctx };

	requests->is_settled = requests->is_cut_off = requests->is_paused = requests->has_ended = false;
	(void)snprintf(requests->failure, sizeof(requests->failure), "the Kafka process has ended");
	kafka_feed_listen(requests->feed, requests->listener.context->loop, &handler);
}

/* The process was killed, or could not go on. */
static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct kafka_requests *requests = ctx;
	struct error error;

	(void)fd;
	(void)what;
	if (requests->listener.is_stopping)
		return;
	forget_parts(requests);
	kafka_feed_free(requests->feed);
	requests->feed = kafka_feed_start(&requests->member, &error);
	if (requests->feed != NULL) {
		requests->listener.counts.reconnects++;
		listen_to_feed(requests);
	} else {
		(void)snprintf(requests->failure, sizeof(requests->failure), "%s", error.text);
		plan_again(requests);
	}
}

/* The listener. */

static void
start(struct listener *listener)
{
	struct kafka_requests *requests = (struct kafka_requests *)listener;

	requests->again = evtimer_new(loop_base(listener->context->loop), on_again, requests);
	if (requests->again == NULL)
		abort(); /* out of memory */
	listen_to_feed(requests);
}

static void
settled(struct listener *listener, struct ticket *ticket, enum listener_outcome outcome)
{
	struct kafka_requests *requests = (struct kafka_requests *)listener;
	const struct listener_message nothing = { .bytes = "", .id = ticket->id };

	(void)outcome;
	if (ticket->own != NULL) {
		pass(requests, ticket->own);
		return;
	}
	if (requests->done.count == LISTENER_OPEN_MAX)
		tickets_remove(&requests->done, TAILQ_FIRST(&requests->done.list));
	(void)tickets_add(&requests->done, &nothing, NULL);
}

static void
has_room(struct listener *listener)
{
	struct kafka_requests *requests = (struct kafka_requests *)listener;

	if (!requests->is_paused)
		return;
	requests->is_paused = false;
	if (requests->feed != NULL && !requests->has_ended)
		kafka_feed_resume(requests->feed);
}

static void
stop(struct listener *listener)
{
	struct kafka_requests *requests = (struct kafka_requests *)listener;

	if (requests->feed != NULL && !requests->has_ended)
		kafka_feed_stop(requests->feed);
}

/* With nothing open the process leaves its group, once what it has committed is answered. */
static bool
is_idle(struct listener *listener)
{
	struct kafka_requests *requests = (struct kafka_requests *)listener;

	if (requests->feed == NULL || requests->has_ended)
		return true;
	if (!requests->is_leaving)
		kafka_feed_leave(requests->feed, LEAVE_MS);
	requests->is_leaving = true;
	return false;
}

static void
requests_free(struct listener *listener)
{
	struct kafka_requests *requests = (struct kafka_requests *)listener;

	forget_parts(requests);
	tickets_release(&requests->done);
	if (requests->feed != NULL)
		kafka_feed_close(requests->feed);
	kafka_feed_free(requests->feed);
	if (requests->again != NULL)
		event_free(requests->again);
	free(requests);
}

struct listener *
kafka_requests_new(const struct kafka_requests_config *config, struct error *error)
{
	static const struct listener_methods methods = { .kind = "kafka",
		.start = start,
		.settled = settled,
		.has_room = has_room,
		.stop = stop,
		.is_idle = is_idle,
		.free = requests_free };
	struct kafka_requests *requests = xcalloc(1, sizeof(*requests));
	const char *brokers = properties_get(config->properties, "bootstrap.servers");

	requests->config = *config;
	requests->member = (struct member_config){ .properties = config->properties,
		.topics = config->topics,
		.topic_count = config->topic_count,
		.from = MEMBER_STORED_OR_TIME,
		.from_ms = (int64_t)clock_of_day() - PAST_MS,
		.retry_for = FOR_EVER,
		.is_gated = true,
		.forget = config->forget,
		.ctx = config->ctx };
	LIST_INIT(&requests->parts);
	tickets_init(&requests->done);
	requests->feed = kafka_feed_start(&requests->member, error);
	if (requests->feed == NULL) {
		free(requests);
		return NULL;
	}
	listener_init(&requests->listener, &methods,
	    xasprintf("Kafka topic %s at %s", config->topics[0], brokers != NULL ? brokers : "no broker"));
	return &requests->listener;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from an SQS queue: a long poll, and what becomes of the messages that it brings. */
#include "listen/sqs.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "listen/listener_private.h"
#include "listen/sqs_reply.h"
#include "server/backoff.h"

#define CALL_MS 15000
/* What an answer may take beyond the long poll, ms. */
#define POLL_MS 15000
#define CHUNK_MAX 10
#define WAIT_MAX 20
#define VISIBILITY 30
/* A poll that brings nothing sooner than this, ms, is not repeated at once. */
#define QUICK_MS 500
#define PAUSE_MS 1000
#define RETRY_FIRST 500
#define RETRY_DOUBLED 5
/* How often an acknowledgement is tried. */
#define TRIES 5
#define MEMBERS_MAX ((size_t)64 << 10)

/* What is done with a message that was given. */
enum deed {
	DEED_DELETE,
	DEED_GIVE_BACK, /* visible at once */
	DEED_EXTEND     /* visible later */
};

struct sqs;

struct order {
	struct sqs *sqs;
	enum deed deed;
	char *handle;
	unsigned tries;
	struct event *timer; /* of the next try */
	LIST_ENTRY(order)
	next;
};

struct sqs {
	struct listener listener;
	const struct sqs_config *config;
	struct sqs_client *client; /* NULL until it has started */
	struct event *poll, *extend;
	LIST_HEAD(, order)
	orders;          /* that end with an outcome */
	uint64_t polled; /* ms: when the poll began */
	size_t given;    /* messages of this poll */
	unsigned attempt;
	bool is_polling, is_returning;
	bool is_reached, was_reached; /* the queue is known to be there, or was */
	bool has_told_redrive, has_told_shared, has_told_late;
};

static unsigned
visibility_of(const struct sqs *sqs)
{
	return sqs->config->visibility > 0 ? sqs->config->visibility : VISIBILITY;
}

static void
plan_poll(struct sqs *sqs, uint64_t ms)
{
	if (!sqs->listener.is_stopping && !sqs->is_polling)
		loop_start_timer(sqs->poll, ms);
}

/* What became of an order. */

static void
order_free(struct order *order)
{
	struct sqs *sqs = order->sqs;

	LIST_REMOVE(order, next);
	event_free(order->timer);
	free(order->handle);
	free(order);
	if (LIST_EMPTY(&sqs->orders))
		listener_look(&sqs->listener);
}

static bool
is_late(const struct sqs_answer *answer)
{
	return strcmp(answer->type, "ReceiptHandleIsInvalid") == 0 || strcmp(answer->type, "MessageNotInflight") == 0 ||
	    strcmp(answer->type, "InvalidParameterValue") == 0;
}

static bool
is_open(const struct sqs *sqs, const char *handle)
{
	const struct ticket *ticket;

	TAILQ_FOREACH(ticket, &sqs->listener.tickets.list, next)
		if (strcmp(ticket->handle, handle) == 0)
			return true;
	return false;
}

static void
tell_late(struct sqs *sqs, const struct order *order)
{
	/* Its visibility may be extended and it be deleted at the same time. */
	if (sqs->has_told_late || (order->deed == DEED_EXTEND && !is_open(sqs, order->handle)))
		return;
	sqs->has_told_late = true;
	listener_note(&sqs->listener,
	    "a message was visible to others before it was acknowledged, and may come twice: the queue was out of reach for "
	    "longer than its visibility");
}

static void
on_order_answer(void *ctx, const struct sqs_answer *answer)
{
	struct order *order = ctx;
	struct listener *listener = &order->sqs->listener;

	if (answer->is_good) {
		order_free(order);
	} else if (is_late(answer)) {
		/* Whoever has it now has another handle. */
		tell_late(order->sqs, order);
		order_free(order);
	} else if (order->tries < TRIES && order->deed != DEED_EXTEND) {
		loop_start_timer(order->timer, backoff_delay(RETRY_FIRST, order->tries));
	} else {
		if (order->deed == DEED_DELETE)
			listener_note(listener, "a message could not be deleted, and comes again: %s", answer->text);
		order_free(order);
	}
}

static void
try(struct order *order)
{
	struct buffer members;
	int rv;

	order->tries++;
	buffer_init(&members, MEMBERS_MAX);
	rv = buffer_puts(&members, ",\"ReceiptHandle\":");
	rv |= json_string(&members, order->handle, strlen(order->handle));
	if (order->deed != DEED_DELETE)
		rv |= buffer_printf(&members, ",\"VisibilityTimeout\":%u",
		    order->deed == DEED_EXTEND ? visibility_of(order->sqs) : 0);
	if (rv == 0)
		sqs_client_call(order->sqs->client, order->deed == DEED_DELETE ? "DeleteMessage" : "ChangeMessageVisibility",
		    &members, CALL_MS, on_order_answer, order);
	buffer_release(&members);
	/* Such a handle is none of SQS's. */
	if (rv != 0)
		order_free(order);
}

static void
on_order_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	try(ctx);
}

static void
give_order(struct sqs *sqs, enum deed deed, const char *handle)
{
	struct order *order = xcalloc(1, sizeof(*order));

	order->sqs = sqs;
	order->deed = deed;
	order->handle = xstrdup(handle);
	order->timer = evtimer_new(loop_base(sqs->listener.context->loop), on_order_timer, order);
	if (order->timer == NULL)
		abort(); /* out of memory */
	LIST_INSERT_HEAD(&sqs->orders, order, next);
	try(order);
}

/* Each open message is hidden from others for as long again: a capture may take longer than any visibility. */
static void
on_extend(evutil_socket_t fd, short what, void *ctx)
{
	struct sqs *sqs = ctx;
	struct ticket *ticket;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(ticket, &sqs->listener.tickets.list, next)
		give_order(sqs, DEED_EXTEND, ticket->handle);
	loop_start_timer(sqs->extend, (uint64_t)visibility_of(sqs) * 1000 / 3);
}

/* Polling. */

static void
on_message(void *ctx, const struct sqs_message *message)
{
	struct sqs *sqs = ctx;
	struct listener *listener = &sqs->listener;
	char *id = xasprintf("sqs:%s", message->id);
	struct ticket *open = tickets_find(&listener->tickets, id);
	const struct listener_message given = { .bytes = message->body,
		.len = message->len,
		.id = id,
		.sent_ms = message->sent_ms,
		.is_again = message->receives > 1 };

	if (++sqs->given > CHUNK_MAX) {
		/* More than SQS ever gives. */
		listener->counts.refused++;
	} else if (open != NULL) {
		/* The queue delivers twice, or its visibility ran out: the last handle is the one that deletes it. */
		free(open->handle);
		open->handle = xstrdup(message->handle);
	} else if (listener_room(listener) == 0) {
		give_order(sqs, DEED_GIVE_BACK, message->handle);
	} else {
		(void)listener_give(listener, &given, message->handle, NULL);
	}
	free(id);
}

static void
lose(struct sqs *sqs, const char *text)
{
	sqs->is_reached = false;
	listener_state(&sqs->listener, false, text);
	plan_poll(sqs, backoff_delay(RETRY_FIRST, sqs->attempt));
	if (sqs->attempt < RETRY_DOUBLED)
		sqs->attempt++;
}

static void
reach(struct sqs *sqs)
{
	if (!sqs->is_reached && sqs->was_reached)
		sqs->listener.counts.reconnects++;
	sqs->is_reached = sqs->was_reached = true;
	sqs->attempt = 0;
	listener_state(&sqs->listener, true, "connected");
}

static void
on_polled(void *ctx, const struct sqs_answer *answer)
{
	struct sqs *sqs = ctx;
	int damaged;

	sqs->is_polling = false;
	if (!answer->is_good) {
		lose(sqs, answer->text);
		return;
	}
	sqs->given = 0;
	sqs->is_returning = false;
	damaged = sqs_messages_read(answer->body, answer->len, on_message, sqs);
	if (damaged != 0)
		sqs->listener.counts.refused++;
	if (damaged < 0) {
		lose(sqs, "an answer that is not one of SQS");
		return;
	}
	reach(sqs);
	/* A message that went back must have time to come to another reader. */
	if (sqs->is_returning || (sqs->given == 0 && clock_ms() - sqs->polled < QUICK_MS))
		plan_poll(sqs, PAUSE_MS + backoff_delay(PAUSE_MS, 0));
	else
		plan_poll(sqs, 0);
	listener_look(&sqs->listener);
}

static unsigned
at_most(unsigned number, unsigned most)
{
	return number < most ? number : most;
}

static void
receive(struct sqs *sqs)
{
	size_t room = listener_room(&sqs->listener);
	unsigned chunk = at_most(sqs->config->chunk > 0 ? sqs->config->chunk : 1, CHUNK_MAX),
		 wait = at_most(sqs->config->wait_seconds, WAIT_MAX);
	struct buffer members;

	/* has_room comes here again. */
	if (room == 0)
		return;
	if (chunk > room)
		chunk = (unsigned)room;
	buffer_init(&members, MEMBERS_MAX);
	(void)buffer_printf(&members,
	    ",\"MaxNumberOfMessages\":%u,\"WaitTimeSeconds\":%u,\"VisibilityTimeout\":%u,"
	    "\"AttributeNames\":[\"SentTimestamp\",\"ApproximateReceiveCount\"]",
	    chunk, wait, visibility_of(sqs));
	sqs->is_polling = true;
	sqs->polled = clock_ms();
	sqs_client_call(sqs->client, "ReceiveMessage", &members, (uint64_t)wait * 1000 + POLL_MS, on_polled, sqs);
	buffer_release(&members);
}

static void
tell_redrive(struct sqs *sqs, uint64_t count)
{
	if (count == 0 || sqs->has_told_redrive)
		return;
	sqs->has_told_redrive = true;
	listener_note(&sqs->listener,
	    "the redrive policy of the queue puts a message aside after %" PRIu64
	    " receives: if several nodes share the "
	    "queue, a message for one of them is received by the others, too (a queue for each node avoids it)",
	    count);
}

static void
on_attributes(void *ctx, const struct sqs_answer *answer)
{
	struct sqs *sqs = ctx;

	sqs->is_polling = false;
	/* A key may have the right to receive only: the poll shows it. */
	if (!answer->is_good && strstr(answer->type, "AccessDenied") == NULL) {
		lose(sqs, answer->text);
		return;
	}
	if (answer->is_good) {
		tell_redrive(sqs, sqs_redrive_read(answer->body, answer->len));
		reach(sqs);
	}
	receive(sqs);
}

static void
on_poll(evutil_socket_t fd, short what, void *ctx)
{
	struct sqs *sqs = ctx;
	struct buffer members;

	(void)fd;
	(void)what;
	if (sqs->listener.is_stopping || sqs->is_polling)
		return;
	if (sqs->is_reached) {
		receive(sqs);
		return;
	}
	buffer_init(&members, MEMBERS_MAX);
	(void)buffer_puts(&members, ",\"AttributeNames\":[\"RedrivePolicy\"]");
	sqs->is_polling = true;
	sqs_client_call(sqs->client, "GetQueueAttributes", &members, CALL_MS, on_attributes, sqs);
	buffer_release(&members);
}

/* The listener. */

static void
start(struct listener *listener)
{
	struct sqs *sqs = (struct sqs *)listener;
	struct event_base *base = loop_base(listener->context->loop);

	sqs->client = sqs_client_new(listener->context, sqs->config);
	sqs->poll = evtimer_new(base, on_poll, sqs);
	sqs->extend = evtimer_new(base, on_extend, sqs);
	if (sqs->poll == NULL || sqs->extend == NULL)
		abort(); /* out of memory */
	loop_start_timer(sqs->extend, (uint64_t)visibility_of(sqs) * 1000 / 3);
	plan_poll(sqs, 0);
}

static void
settled(struct listener *listener, struct ticket *ticket, enum listener_outcome outcome)
{
	struct sqs *sqs = (struct sqs *)listener;

	if (outcome == LISTENER_NOT_OURS) {
		sqs->is_returning = true;
		if (!sqs->has_told_shared)
			listener_note(listener,
			    "a message for another node came: it goes back to the queue, which should not be shared by nodes");
		sqs->has_told_shared = true;
	}
	give_order(sqs, outcome == LISTENER_DONE ? DEED_DELETE : DEED_GIVE_BACK, ticket->handle);
}

static void
has_room(struct listener *listener)
{
	struct sqs *sqs = (struct sqs *)listener;

	if (evtimer_pending(sqs->poll, NULL) == 0)
		plan_poll(sqs, sqs->is_returning ? PAUSE_MS : 0);
}

static void
stop(struct listener *listener)
{
	struct sqs *sqs = (struct sqs *)listener;

	event_del(sqs->poll);
}

/* A poll that is under way may still bring messages, which then go back at once. */
static bool
is_idle(struct listener *listener)
{
	const struct sqs *sqs = (const struct sqs *)listener;

	return LIST_EMPTY(&sqs->orders);
}

static void
sqs_free(struct listener *listener)
{
	struct sqs *sqs = (struct sqs *)listener;

	sqs_client_free(sqs->client);
	while (!LIST_EMPTY(&sqs->orders)) {
		struct order *order = LIST_FIRST(&sqs->orders);

		LIST_REMOVE(order, next);
		event_free(order->timer);
		free(order->handle);
		free(order);
	}
	if (sqs->poll != NULL)
		event_free(sqs->poll);
	if (sqs->extend != NULL)
		event_free(sqs->extend);
	free(sqs);
}

struct listener *
sqs_new(const struct sqs_config *config)
{
	static const struct listener_methods methods = { .kind = "sqs",
		.start = start,
		.settled = settled,
		.has_room = has_room,
		.stop = stop,
		.is_idle = is_idle,
		.free = sqs_free };
	struct sqs *sqs = xcalloc(1, sizeof(*sqs));

	sqs->config = config;
	LIST_INIT(&sqs->orders);
	listener_init(&sqs->listener, &methods, sqs_name(config));
	return &sqs->listener;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What all listeners have in common: messages and their tickets, states, the end, metrics. */
#include "listen/listener_private.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exposition.h"
#include "base/xalloc.h"

void
listener_init(struct listener *listener, const struct listener_methods *methods, char *name)
{
	listener->methods = methods;
	listener->name = name;
	tickets_init(&listener->tickets);
}

const char *
listener_name(const struct listener *listener)
{
	return listener->name;
}

const char *
listener_kind(const struct listener *listener)
{
	return listener->methods->kind;
}

struct listener_counts
listener_counts(const struct listener *listener)
{
	struct listener_counts counts = listener->counts;

	counts.open = listener->tickets.count;
	return counts;
}

size_t
listener_room(const struct listener *listener)
{
	if (listener->is_stopping || listener->tickets.count >= LISTENER_OPEN_MAX)
		return 0;
	return LISTENER_OPEN_MAX - listener->tickets.count;
}

/* What is said. */

void
listener_state(struct listener *listener, bool is_connected, const char *text)
{
	if (listener->has_state && listener->counts.is_connected == is_connected && strcmp(listener->state_text, text) == 0)
		return;
	listener->has_state = true;
	listener->counts.is_connected = is_connected;
	free(listener->state_text);
	listener->state_text = xstrdup(text);
	listener->handler.on_state(listener->handler.ctx, listener, is_connected, text);
}

void
listener_note(struct listener *listener, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	listener->handler.on_note(listener->handler.ctx, listener, text);
}

/* Messages. */

struct ticket *
listener_give(struct listener *listener, const struct listener_message *message, const char *handle, void *own)
{
	struct listener_message given = *message;
	struct ticket *ticket = NULL;

	if (handle != NULL) {
		ticket = tickets_add(&listener->tickets, message, handle);
		ticket->own = own;
	}
	given.ticket = ticket != NULL ? ticket->number : 0;
	listener->counts.messages++;
	listener->handler.on_message(listener->handler.ctx, listener, &given);
	return given.ticket > 0 ? tickets_get(&listener->tickets, given.ticket) : NULL;
}

static void
plan_retry(struct listener *listener)
{
	const struct ticket *first = tickets_first_retry(&listener->tickets);
	uint64_t now = clock_ms();

	if (first == NULL || listener->is_stopping)
		event_del(listener->retry);
	else
		loop_start_timer(listener->retry, first->retry_at > now ? first->retry_at - now : 0);
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *listener = ctx;
	struct ticket *ticket;

	(void)fd;
	(void)what;
	while (!listener->is_stopping && (ticket = tickets_first_retry(&listener->tickets)) != NULL &&
	    ticket->retry_at <= clock_ms()) {
		struct listener_message message = ticket_message(ticket);

		ticket->retry_at = 0;
		listener->handler.on_message(listener->handler.ctx, listener, &message);
	}
	plan_retry(listener);
}

void
listener_settle(struct listener *listener, uint64_t number, enum listener_outcome outcome)
{
	struct ticket *ticket = number > 0 ? tickets_get(&listener->tickets, number) : NULL;

	if (ticket == NULL)
		return;
	if (outcome == LISTENER_RETRY) {
		ticket->retry_at = clock_ms() + LISTENER_RETRY_MS;
		plan_retry(listener);
		return;
	}
	listener->methods->settled(listener, ticket, outcome);
	tickets_remove(&listener->tickets, ticket);
	if (!listener->is_stopping && listener->methods->has_room != NULL)
		listener->methods->has_room(listener);
	listener_look(listener);
}

/* Begin and end. */

static void
tell_stopped(struct listener *listener)
{
	if (listener->has_stopped)
		return;
	listener->has_stopped = true;
	event_del(listener->stop_late);
	listener->handler.on_stopped(listener->handler.ctx, listener);
}

static void
on_stop_late(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	tell_stopped(ctx);
}

static void
on_look(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *listener = ctx;

	(void)fd;
	(void)what;
	if (listener->is_stopping && listener->tickets.count == 0 && listener->methods->is_idle(listener))
		tell_stopped(listener);
}

void
listener_look(struct listener *listener)
{
	if (listener->is_stopping && !listener->has_stopped)
		loop_start_timer(listener->look, 0);
}

static struct event *
make_timer(struct listener *listener, event_callback_fn call)
{
	struct event *timer = evtimer_new(loop_base(listener->context->loop), call, listener);

	if (timer == NULL)
		abort(); /* out of memory */
	return timer;
}

void
listener_start(struct listener *listener, const struct listen_context *context, const struct listener_handler *handler)
{
	listener->context = context;
	listener->handler = *handler;
	listener->retry = make_timer(listener, on_retry);
	listener->stop_late = make_timer(listener, on_stop_late);
	listener->look = make_timer(listener, on_look);
	listener->methods->start(listener);
}

void
listener_stop(struct listener *listener, uint64_t grace)
{
	if (listener->is_stopping)
		return;
	listener->is_stopping = true;
	event_del(listener->retry);
	listener->methods->stop(listener);
	loop_start_timer(listener->stop_late, grace);
	listener_look(listener);
}

void
listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->context != NULL) {
		event_free(listener->retry);
		event_free(listener->stop_late);
		event_free(listener->look);
	}
	tickets_release(&listener->tickets);
	free(listener->name);
	free(listener->state_text);
	listener->methods->free(listener);
}

/* Metrics. */

static uint64_t
messages_of(const struct listener_counts *counts)
{
	return counts->messages;
}

static uint64_t
reconnects_of(const struct listener_counts *counts)
{
	return counts->reconnects;
}

static uint64_t
refused_of(const struct listener_counts *counts)
{
	return counts->refused;
}

static uint64_t
open_of(const struct listener_counts *counts)
{
	return counts->open;
}

static uint64_t
connected_of(const struct listener_counts *counts)
{
	return counts->is_connected;
}

int
listener_metrics(struct listener *const *listeners, size_t count, struct buffer *out)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(const struct listener_counts *counts);
	} metrics[] = {
		{ "espcapd_listener_messages_total", "counter", "Messages that were received.", messages_of },
		{ "espcapd_listener_reconnects_total", "counter", "Connections made after the first.", reconnects_of },
		{ "espcapd_listener_refused_total", "counter", "Messages and replies too large or not of the right form.",
		    refused_of },
		{ "espcapd_listener_open", "gauge", "Messages received and not yet acknowledged.", open_of },
		{ "espcapd_listener_connected", "gauge", "1 if the listener is connected.", connected_of },
	};
	struct exposition exposition = { .out = out };

	for (size_t m = 0; count > 0 && m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		exposition_begin(&exposition, metrics[m].name, metrics[m].type, metrics[m].help);
		for (size_t i = 0; i < count; i++) {
			struct listener_counts counts = listener_counts(listeners[i]);

			exposition_put(&exposition, "listener", listener_name(listeners[i]), metrics[m].value(&counts));
		}
	}
	return exposition.rv;
}

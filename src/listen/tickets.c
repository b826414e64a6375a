/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that wait for their outcome. */
#include "listen/tickets.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
tickets_init(struct tickets *tickets)
{
	TAILQ_INIT(&tickets->list);
	tickets->count = 0;
	tickets->last = 0;
}

void
tickets_remove(struct tickets *tickets, struct ticket *ticket)
{
	TAILQ_REMOVE(&tickets->list, ticket, next);
	tickets->count--;
	free(ticket->id);
	free(ticket->handle);
	free(ticket->bytes);
	free(ticket);
}

void
tickets_release(struct tickets *tickets)
{
	while (!TAILQ_EMPTY(&tickets->list))
		tickets_remove(tickets, TAILQ_FIRST(&tickets->list));
}

struct ticket *
tickets_add(struct tickets *tickets, const struct listener_message *message, const char *handle)
{
	struct ticket *ticket = xcalloc(1, sizeof(*ticket));

	ticket->number = ++tickets->last;
	ticket->id = message->id != NULL ? xstrdup(message->id) : NULL;
	ticket->handle = handle != NULL ? xstrdup(handle) : NULL;
	ticket->len = message->len < TICKET_BYTES_MAX ? message->len : TICKET_BYTES_MAX;
	ticket->bytes = xmalloc(ticket->len + 1);
	memcpy(ticket->bytes, message->bytes, ticket->len);
	ticket->sent_ms = message->sent_ms;
	ticket->is_local = message->is_local;
	TAILQ_INSERT_TAIL(&tickets->list, ticket, next);
	tickets->count++;
	return ticket;
}

struct ticket *
tickets_get(const struct tickets *tickets, uint64_t number)
{
	struct ticket *ticket;

	TAILQ_FOREACH(ticket, &tickets->list, next)
		if (ticket->number == number)
			return ticket;
	return NULL;
}

struct ticket *
tickets_find(const struct tickets *tickets, const char *id)
{
	struct ticket *ticket;

	TAILQ_FOREACH(ticket, &tickets->list, next)
		if (ticket->id != NULL && strcmp(ticket->id, id) == 0)
			return ticket;
	return NULL;
}

struct ticket *
tickets_first_retry(const struct tickets *tickets)
{
	struct ticket *ticket, *first = NULL;

	TAILQ_FOREACH(ticket, &tickets->list, next)
		if (ticket->retry_at > 0 && (first == NULL || ticket->retry_at < first->retry_at))
			first = ticket;
	return first;
}

struct listener_message
ticket_message(const struct ticket *ticket)
{
	return (struct listener_message){ .bytes = ticket->bytes,
		.len = ticket->len,
		.id = ticket->id,
		.sent_ms = ticket->sent_ms,
		.ticket = ticket->number,
		.is_local = ticket->is_local,
		.is_again = true };
}

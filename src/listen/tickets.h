/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that were given and wait for their outcome, in the order of their numbers. No I/O. */
#ifndef ESPCAP_LISTEN_TICKETS_H
#define ESPCAP_LISTEN_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "listen/listener_message.h"

/* What is kept of a message: a request is refused above 64 KiB. */
#define TICKET_BYTES_MAX ((size_t)(64 << 10) + 1)

struct ticket {
	uint64_t number; /* from 1, never reused */
	char *id;        /* as of the message */
	char *handle;    /* what the transport acknowledges it by; NULL for none */
	char *bytes;     /* TICKET_BYTES_MAX of them at most */
	size_t len;
	int64_t sent_ms;
	void *own;         /* of the transport */
	uint64_t retry_at; /* ms: when it is given again; 0: not */
	uint64_t held_to;  /* ms: of a transport that hides it from others for a while */
	bool is_local;
	TAILQ_ENTRY(ticket)
	next;
};

TAILQ_HEAD(ticket_list, ticket);

struct tickets {
	struct ticket_list list;
	size_t count;
	uint64_t last; /* the number given last */
};

void tickets_init(struct tickets *tickets);
void tickets_release(struct tickets *tickets);

/* Copies the message; handle may be NULL. */
struct ticket *tickets_add(struct tickets *tickets, const struct listener_message *message, const char *handle);
/* NULL if there is none. */
struct ticket *tickets_get(const struct tickets *tickets, uint64_t number);
struct ticket *tickets_find(const struct tickets *tickets, const char *id);
void tickets_remove(struct tickets *tickets, struct ticket *ticket);

/* The one that is to be given again first; NULL if none is. */
struct ticket *tickets_first_retry(const struct tickets *tickets);
/* The message of a ticket, borrowed from it. */
struct listener_message ticket_message(const struct ticket *ticket);

#endif

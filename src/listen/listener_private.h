/* SPDX-License-Identifier: BSD-2-Clause */
/* What listener.c and each kind of listener know of each other. */
#ifndef ESPCAP_LISTEN_LISTENER_PRIVATE_H
#define ESPCAP_LISTEN_LISTENER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "listen/listener.h"
#include "listen/tickets.h"

struct event;

struct listener_methods {
	const char *kind; /* see listener_kind */
	void (*start)(struct listener *listener);
	/* outcome is DONE or NOT_OURS: acknowledge it. The ticket is removed afterwards. NULL without tickets. */
	void (*settled)(struct listener *listener, struct ticket *ticket, enum listener_outcome outcome);
	/* A ticket was removed: there is room. NULL if nobody waits for that. */
	void (*has_room)(struct listener *listener);
	/* Read no more. What was settled is still to be acknowledged. */
	void (*stop)(struct listener *listener);
	/* Nothing is open any more: whether every acknowledgement has arrived. May begin what the end needs. */
	bool (*is_idle)(struct listener *listener);
	void (*free)(struct listener *listener);
};

/* The first member of each kind. */
struct listener {
	const struct listener_methods *methods;
	const struct listen_context *context; /* from listener_start on */
	struct listener_handler handler;
	struct listener_counts counts;
	struct tickets tickets;
	char *name;
	char *state_text; /* the one that was given last */
	struct event *retry, *stop_late, *look;
	bool has_state, is_stopping, has_stopped;
};

/* name: the listener owns it from now on. */
void listener_init(struct listener *listener, const struct listener_methods *methods, char *name);

/*
 * Gives a message; ticket is ignored. handle: NULL if there is nothing to acknowledge. Returns its ticket, or NULL if
 * it has none or was settled at once. own is set in the ticket before it is given.
 */
struct ticket *listener_give(struct listener *listener, const struct listener_message *message, const char *handle,
    void *own);
void listener_state(struct listener *listener, bool is_connected, const char *text);
void listener_note(struct listener *listener, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* It may be idle now: looks, soon, whether it has stopped. */
void listener_look(struct listener *listener);
/* So many messages may be given now. */
size_t listener_room(const struct listener *listener);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* One place that results are published to: what each kind of it has in common. */
#ifndef ESPCAP_LISTEN_OUTLET_H
#define ESPCAP_LISTEN_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "listen/listener.h"

/* Results that wait for one outlet; a further one takes the place of the oldest, which is counted as lost. */
#define OUTLET_QUEUE_MAX 10000
#define OUTLET_BYTES_MAX ((size_t)16 << 20)
/* A note is given once in so many ms. */
#define OUTLET_NOTE_MS 60000

struct outlet;

struct outlet_item {
	STAILQ_ENTRY(outlet_item)
	next;
	unsigned awaited; /* answers; 0 while it was not sent */
	size_t len;
	char bytes[];
};

struct outlet_methods {
	void (*start)(struct outlet *outlet);
	/* There is something to send, which may be tried. */
	void (*work)(struct outlet *outlet);
	void (*free)(struct outlet *outlet);
};

struct outlet_handler {
	void (*on_state)(void *ctx, const char *name, bool is_connected, const char *text);
	void (*on_note)(void *ctx, const char *name, const char *text);
	/* Nothing waits any more. */
	void (*on_empty)(void *ctx);
	void *ctx;
};

/* The first member of each kind. */
struct outlet {
	const struct outlet_methods *methods;
	const struct listen_context *context; /* from outlet_start on */
	struct outlet_handler handler;
	char *name;
	STAILQ_HEAD(, outlet_item)
	items;
	size_t count, sent, bytes; /* sent: so many of the first ones are on their way */
	uint64_t published, lost;
	uint64_t noted_at; /* ms */
	char *state_text;
	bool is_connected;
};

/* name: the outlet owns it from now on. */
void outlet_init(struct outlet *outlet, const struct outlet_methods *methods, char *name);
void outlet_start(struct outlet *outlet, const struct listen_context *context, const struct outlet_handler *handler);
void outlet_free(struct outlet *outlet);

/* Copies a result and tries to send it. */
void outlet_put(struct outlet *outlet, const char *bytes, size_t len);
/* Gives up what waits, sent or not: it counts as lost. */
void outlet_give_up(struct outlet *outlet);

/* Of the kinds: */

/* The next one to send, with so many answers to await; NULL if all are on their way. */
struct outlet_item *outlet_next(struct outlet *outlet, unsigned answers);
/* An answer to the first one came; once it has all of them, it is done with. */
void outlet_answered(struct outlet *outlet, bool is_published);
/* What is on its way may be lost: it is to be sent again. */
void outlet_again(struct outlet *outlet);
void outlet_state(struct outlet *outlet, bool is_connected, const char *text);
/* At most one in OUTLET_NOTE_MS. */
void outlet_note(struct outlet *outlet, const char *text);

#endif

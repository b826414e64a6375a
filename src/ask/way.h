/* SPDX-License-Identifier: BSD-2-Clause */
/* A way to the nodes: one message goes out, results come back. Redis, Kafka and SQS are the kinds. */
#ifndef ESPCAP_ASK_WAY_H
#define ESPCAP_ASK_WAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/request_options.h"
#include "loop/loop.h"

struct way;

struct way_handler {
	/* The server has the message. nodes: who listens, -1 if that is not known. */
	void (*on_sent)(void *ctx, int64_t nodes);
	/* Borrowed. */
	void (*on_result)(void *ctx, const char *bytes, size_t len);
	void (*on_note)(void *ctx, const char *text);
	/* It did not go out, or nobody knows. Nothing follows. */
	void (*on_failed)(void *ctx, enum outcome outcome, const char *text);
	void *ctx;
};

/* What goes out, and what is to come back. Borrowed for the life of the way. */
struct way_config {
	const struct request_options *options;
	const char *message;
	size_t len;
	struct loop *loop;
	struct way_handler handler;
};

struct way_methods {
	void (*free)(struct way *way);
};

/* The first member of each kind. */
struct way {
	const struct way_methods *methods;
	const struct way_config *config;
};

/* Not from within the handler. NULL is allowed. */
static inline void
way_free(struct way *way)
{
	if (way != NULL)
		way->methods->free(way);
}

#endif

/* Where documents go: what every sink can do. */
#ifndef ESPCAP_SINK_SINK_H
#define ESPCAP_SINK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"

struct sink;

/* What a sink tells its owner, from the loop. */
struct sink_handler {
	/* Less than SINK_LOW bytes are queued again. */
	void (*on_drain)(void *ctx);
	/* Nothing more can be delivered: see sink_failure. Once. */
	void (*on_fail)(void *ctx);
	void *ctx;
};

/* Above SINK_HIGH bytes queued the owner is expected to stop giving documents. */
#define SINK_HIGH ((size_t)1 << 20)
#define SINK_LOW ((size_t)256 << 10)

/* One kind of sink. */
struct sink_type {
	/* Queues a copy of a document. After a failure it is dropped. */
	void (*write)(struct sink *sink, const char *json, size_t len);
	size_t (*queued)(const struct sink *sink);	/* bytes */
	uint64_t (*delivered)(const struct sink *sink);	/* documents */
	/* OUTCOME_OK with a text if the reader is gone, which is no error. */
	enum outcome (*failure)(const struct sink *sink, struct error *error);
	void (*free)(struct sink *sink);
};

/* The first member of each sink. */
struct sink {
	const struct sink_type *type;
};

#endif

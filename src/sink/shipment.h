/* SPDX-License-Identifier: BSD-2-Clause */
/* Bulk requests on their way: a few at the same time, each sent again as often as its owner says. */
#ifndef ESPCAP_SINK_SHIPMENT_H
#define ESPCAP_SINK_SHIPMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "loop/http.h"
#include "loop/loop.h"
#include "server/cluster.h"
#include "sink/batch.h"
#include "sink/item_verdicts.h"

struct event;
struct shipments;

/* What its owner remembers of the answers to a shipment. */
struct shipment_past {
	unsigned attempt;      /* for the next wait */
	unsigned unknown;      /* tries in a row without a readable answer */
	unsigned forbidden;    /* answers that the credentials are at fault */
	unsigned stumbled;     /* replies in a row in which the server stumbled over a document */
	uint64_t taken_before; /* documents that it had taken when it first did */
	unsigned gone;         /* times that an index was not there */
	bool examined;         /* the mappings of its indices were looked at since the last reply, and are espcap's */
	bool suspect;          /* it, or what it was halved from, got no readable answer */
	uint64_t answered;     /* requests that had a readable answer when that was first so */
};

/* A batch that is not resolved. past and verdicts are its owner's. */
struct shipment {
	struct shipments *shipments;
	struct batch *batch;
	struct buffer zipped;
	struct event *again;
	long retry_after; /* s, what the last reply asked for */
	struct shipment_past past;
	struct item_verdicts verdicts; /* of the last reply */
	TAILQ_ENTRY(shipment) next;
};

TAILQ_HEAD(shipment_list, shipment);

struct shipments_config {
	const char *pipeline; /* borrowed; NULL for none */
	uint64_t backoff;     /* ms, the first wait */
	bool compress;
};

struct shipments_handler {
	/* An answer or a fault. The owner sends the shipment again, or frees it. */
	void (*on_reply)(void *ctx, struct shipment *shipment, size_t node, const struct http_reply *reply);
	void *ctx;
};

/* Read the members freely; change them only through the functions. */
struct shipments {
	struct loop *loop;
	struct cluster *cluster;
	struct shipments_config config;
	struct shipments_handler handler;
	bool started, stopped;
	struct shipment_list queue, slots;
	size_t slot_count;
	uint64_t retries;   /* requests sent again */
	uint64_t in_flight; /* documents that wait for an answer */
};

/* loop and cluster are borrowed. Nothing is sent before shipments_start. */
void shipments_init(struct shipments *shipments, struct loop *loop, struct cluster *cluster, const struct shipments_config *config,
    const struct shipments_handler *handler);
/* The cluster, which has requests of them, must be freed before. */
void shipments_release(struct shipments *shipments);

void shipments_start(struct shipments *shipments);
/* Nothing more is sent, and no answer is reported. */
void shipments_stop(struct shipments *shipments);

/* Takes over a batch that is not empty. */
void shipments_add(struct shipments *shipments, struct batch *batch);
/* Sends what waits, as far as there are slots. */
void shipments_pump(struct shipments *shipments);

/*
 * Sends it again: after the wait of that attempt (server/backoff.h) but not before the server wants it, or from the
 * loop at once.
 */
void shipment_later(struct shipment *shipment, unsigned attempt);
void shipment_now(struct shipment *shipment);
/* Takes the second half of its batch, which has two documents or more, away into a new shipment that is sent next. */
struct shipment *shipment_halve(struct shipment *shipment);
/* Its documents are resolved. */
void shipment_free(struct shipment *shipment);

#endif

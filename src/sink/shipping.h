/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches on their way: a few bulk requests at the same time, sent again until each of their documents is resolved. */
#ifndef ESPCAP_SINK_SHIPPING_H
#define ESPCAP_SINK_SHIPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "server/cluster.h"
#include "sink/batch.h"
#include "sink/mapping_check.h"
#include "sink/rejects.h"
#include "sink/sink.h"

struct shipping;

/* Texts are borrowed for the life of the shipping. */
struct shipping_config {
	const char *pipeline; /* NULL for none */
	uint64_t backoff;     /* ms, the first wait */
	bool auto_id;         /* the server makes the ids */
	bool compress;
	const char *remedy; /* what to do about refused credentials */
	bool is_patient;    /* waits for an administrator to repair the mapping of an index, instead of giving up */
};

/* What the shipping tells its owner, from the loop; it must not be freed from there. */
struct shipping_handler {
	/* So many documents, and bytes of batches, have left: they are in the counts, or count as rejected. */
	void (*on_resolved)(void *ctx, uint64_t documents, size_t bytes);
	/* Before a reply is read: what others have added to the rejects must be synced, because this may forget it. */
	void (*on_reply)(void *ctx);
	/* It cannot go on. The owner is expected to call shipping_stop. */
	void (*on_fail)(void *ctx, enum outcome outcome, const char *text);
	void *ctx;
};

/* loop, log, cluster and rejects are borrowed. Nothing is sent before shipping_start. */
struct shipping *shipping_new(struct loop *loop, struct log *log, const struct shipping_config *config,
    struct cluster *cluster, struct rejects *rejects, const struct shipping_handler *handler);
/* The cluster, which has requests of it, must be freed before. NULL is allowed. */
void shipping_free(struct shipping *shipping);

void shipping_start(struct shipping *shipping);
/* Nothing more is sent, and no answer taken. */
void shipping_stop(struct shipping *shipping);

/*
 * From now on documents that do not fit into the mapping of their index are rejected only if the guard (borrowed) finds
 * that mapping to be espcap's.
 */
void shipping_mapping_check(struct shipping *shipping, struct mapping_check *guard);

/* Takes over a batch that is not empty. */
void shipping_add(struct shipping *shipping, struct batch *batch);

/* All but rejected. */
struct sink_counts shipping_counts(const struct shipping *shipping);
/* What went wrong last with a request, "" if nothing did; borrowed. */
const char *shipping_trouble(const struct shipping *shipping);

#endif

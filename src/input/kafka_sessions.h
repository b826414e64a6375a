/* SPDX-License-Identifier: BSD-2-Clause */
/* The tsharks of a worker: one for each capture in each partition, as long as there are not too many. */
#ifndef ESPCAP_INPUT_KAFKA_SESSIONS_H
#define ESPCAP_INPUT_KAFKA_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/kafka_partition.h"

struct kafka_sessions;

struct kafka_sessions_config {
	const struct dissection_config *dissection; /* borrowed, as the log in it */
	uint64_t lifetime, lifetime_ms;             /* as in struct dissection_live */
	size_t max;                                 /* tsharks, 1.. */
};

struct kafka_sessions_handler {
	void (*on_document)(void *ctx, const struct document_ready *ready);
	/* Packets of so many bytes were read, and are not kept any more. */
	void (*on_taken)(void *ctx, size_t len);
	/* Something went wrong with one, which was logged. is_lost: it takes no packets any more, and should. */
	void (*on_failure)(void *ctx, enum outcome outcome, bool is_lost);
	/* From the loop: one has ended. */
	void (*on_end)(void *ctx);
	void *ctx;
};

/* Free with kafka_sessions_free, when the loop has ended and before the partitions. */
struct kafka_sessions *kafka_sessions_new(const struct kafka_sessions_config *config,
    const struct kafka_sessions_handler *handler);
void kafka_sessions_free(struct kafka_sessions *sessions);

/*
 * The session that the packets of this pair of the partition go to, which is the pair's from now on: that which it has,
 * a new one, or one that other captures of the partition have. *shared: packets of several captures go there.
 */
struct kafka_session *kafka_sessions_of(struct kafka_sessions *sessions, struct kafka_partition *partition,
    struct kafka_pair *pair, bool *shared);
/* What was put into them is read. */
void kafka_sessions_wake(struct kafka_sessions *sessions);

/* Ends those to which nothing has come for long. */
void kafka_sessions_tick(struct kafka_sessions *sessions);
/* No more packets come for any. */
void kafka_sessions_end(struct kafka_sessions *sessions);
/* None come for those that there are now; of what comes later new ones begin. */
void kafka_sessions_finish(struct kafka_sessions *sessions);
/* Those of this partition are given up at once. */
void kafka_sessions_abandon(struct kafka_sessions *sessions, const struct kafka_partition *partition);

/* As in struct input_type; a document may have the handler pause them while they are resumed. */
void kafka_sessions_pause(struct kafka_sessions *sessions);
void kafka_sessions_resume(struct kafka_sessions *sessions);

size_t kafka_sessions_count(const struct kafka_sessions *sessions);
uint64_t kafka_sessions_memory(const struct kafka_sessions *sessions);
/* As kafka_session_counts, of all that there were. */
struct dissection_counts kafka_sessions_counts(const struct kafka_sessions *sessions);

#endif

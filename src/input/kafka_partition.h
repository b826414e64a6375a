/* SPDX-License-Identifier: BSD-2-Clause */
/* A partition while it is assigned to this worker: what of it is done with, and which capture goes to which tshark. */
#ifndef ESPCAP_INPUT_KAFKA_PARTITION_H
#define ESPCAP_INPUT_KAFKA_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "input/kafka_session.h"
#include "kafka/intake.h"
#include "kafka/spans.h"
#include "kafka/wire.h"

/* A capture of the partition that has a session. */
struct kafka_pair {
	struct kafka_capture *capture;
	struct kafka_session *session; /* NULL if it has ended since */
	uint64_t used;                 /* as clock_ms */
};

/* Captures that are remembered at a time; of more the oldest is forgotten, and is a new one if it comes again. */
#define KAFKA_PAIRS_MAX 64

struct kafka_partition {
	TAILQ_ENTRY(kafka_partition)
	entry; /* of who has it */
	struct intake_assigned assigned;
	const char *topic;
	char own_capture[CAPTURE_ID_LEN]; /* of messages that name none */
	struct spans *spans;
	struct kafka_pair pairs[KAFKA_PAIRS_MAX];
	size_t pair_count, last; /* last: the pair used last */
	int64_t next;            /* the offset after the message that came last */
	int64_t high;            /* the offset after the last message there is */
	int64_t committed;       /* what was ordered last */
	bool is_at_end;          /* of --exit-at-end */
};

/* topic is borrowed, cluster the id of the cluster. NULL without SHA-256. Free with kafka_partition_free. */
struct kafka_partition *kafka_partition_new(const struct intake_assigned *assigned, const char *topic, const char *cluster);
/* The acks of its documents go with it. */
void kafka_partition_free(struct kafka_partition *partition);

/*
 * The pair of the capture that the packet is of; its session is NULL if it has none yet. NULL without SHA-256. Valid
 * until the next call.
 */
struct kafka_pair *kafka_partition_pair(struct kafka_partition *partition, const struct wire_packet *packet);
/* A session has ended: no pair has it any more. */
void kafka_partition_forget(struct kafka_partition *partition, const struct kafka_session *session);
/* The session of it that the fewest pairs have, which may take another; NULL if it has none. */
struct kafka_session *kafka_partition_share(const struct kafka_partition *partition);
/* How many pairs have this session. */
size_t kafka_partition_sharers(const struct kafka_partition *partition, const struct kafka_session *session);

/* Messages that are there and have no outcome yet. */
uint64_t kafka_partition_lag(const struct kafka_partition *partition);

#endif

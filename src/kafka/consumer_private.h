/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the consumer, and where it begins in each partition: for consumer.c and consumer_begin.c alone.
 */
#ifndef ESPCAP_KAFKA_CONSUMER_PRIVATE_H
#define ESPCAP_KAFKA_CONSUMER_PRIVATE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/asker.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/merge.h"
#include "kafka/trouble.h"

struct event;

/* What librdkafka may hold of all partitions together, kB. Messages take up to twice that. */
#define HOLD_KBYTES 32768
/* Messages taken out of librdkafka's queue of a partition at once. */
#define BATCH 32

/* One partition. */
struct lane {
	int32_t partition, leader;
	rd_kafka_queue_t *queue;
	rd_kafka_message_t *batch[BATCH];
	size_t count, at;
	uint64_t arrived;             /* when the batch was taken, ms */
	struct consumer_message head; /* that of batch[at], if has_head */
	bool has_head;
	int64_t start;    /* what is before it is not wanted */
	int64_t end;      /* the same from here on; INT64_MAX for no end */
	int64_t next;     /* the offset after the last message taken */
	int64_t given;    /* the same of the last message given */
	int64_t stored;   /* the same of what is where it belongs */
	int64_t commited; /* and of what was committed last */
	bool is_at_end;   /* nothing was there when it was last looked at */
	bool is_done;
	bool is_lost;   /* what would be next is not there: it goes on where the partition begins now */
	bool has_begun; /* something was given */
	uint64_t eaten; /* bytes given since the broker's thread was last seen or made to look */
};

struct consumer {
	struct consumer_config config;
	struct consumer_handler handler;
	struct client *client;
	struct asker *asker;
	struct event *tick, *later;
	struct lane *lanes;
	struct merge_lane *merge;
	size_t count;
	rd_kafka_message_t *given; /* the message of the last consumer_next */
	struct trouble trouble;
	uint64_t missed, commit_at;
	uint64_t look_at, look_every; /* for new partitions, ms */
	unsigned commits;             /* under way */
	uint64_t hold;                /* kB that librdkafka holds of a partition, then it fetches no more */
	bool has_failed, is_cut_off, is_sized, asks_for_lost;
	bool is_growing; /* partitions that are begun now were added */
};

/* Asks where partitions begin that are not read yet. */
void consumer_ask(struct consumer *consumer);
/* The same now and then: partitions may be added to a topic, and are read from their beginning. */
void consumer_look_for_partitions(struct consumer *consumer);
/* Asks where a partition begins, of which the offset to be read is not there any more. */
void consumer_find_lost(struct consumer *consumer);
/* The answer to each of them, ctx being the consumer: new partitions are read, lost ones are read on. */
void consumer_take_answer(void *ctx, const struct asker_answer *answer);

/* Nothing more comes, and the handler hears why; once. */
void consumer_fail(struct consumer *consumer, enum outcome outcome, const char *text);
void consumer_note_code(struct consumer *consumer, rd_kafka_resp_err_t code);
/* Something went well. */
void consumer_recover(struct consumer *consumer);
/* kbytes: what it may hold of a partition. */
int consumer_start_client(struct consumer *consumer, uint64_t kbytes, struct error *error);
void consumer_stop_client(struct consumer *consumer);

#endif

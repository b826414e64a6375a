/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets from all partitions of a topic, in the order of their times. */
#ifndef ESPCAP_KAFKA_CONSUMER_H
#define ESPCAP_KAFKA_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/properties.h"
#include "kafka/root_log.h"
#include "kafka/wire.h"
#include "loop/loop.h"

struct consumer;

enum consumer_start {
	CONSUMER_BEGIN,
	CONSUMER_LATEST,
	CONSUMER_STORED, /* where the group is: what is written is stored again */
	CONSUMER_AT      /* one partition, from an offset on */
};

struct consumer_config {
	struct loop *loop;
	const struct root_log *log;
	const struct properties *properties; /* group.id among them */
	const char *topic;
	enum consumer_start start;
	int32_t partition; /* of CONSUMER_AT, as the next two */
	int64_t offset;
	uint64_t count;     /* messages */
	bool exit_at_end;   /* at the end that the topic has at the start */
	uint64_t reorder;   /* ms, see merge_next */
	uint64_t retry_for; /* ms: how long a refusal is borne */
};

struct consumer_handler {
	/* consumer_next may have something. */
	void (*on_ready)(void *ctx);
	/* Nothing more comes. Once. */
	void (*on_fail)(void *ctx, const struct error *error);
	void *ctx;
};

/* All of config is borrowed. NULL with OUTCOME_USAGE, see client_new. Free with consumer_free. */
struct consumer *consumer_new(const struct consumer_config *config, const struct consumer_handler *handler,
    struct error *error);
void consumer_free(struct consumer *consumer);

struct consumer_message {
	enum wire_verdict verdict;
	struct wire_packet packet; /* if that is WIRE_PACKET */
	const uint8_t *value;
	uint32_t value_len;
	int32_t partition;
	int64_t offset;
	/* It comes before what is to be read, and tells only what kind of packets the topic holds. */
	bool is_before;
};

enum consumer_event {
	CONSUMER_MESSAGE,
	CONSUMER_WAIT, /* until on_ready */
	CONSUMER_END
};

/* The next message, valid until the next call. */
enum consumer_event consumer_next(struct consumer *consumer, struct consumer_message *message);

/* All partitions are known to hold nothing that consumer_next has not given: a topic where nothing happens. */
bool consumer_is_idle(const struct consumer *consumer);
/* Messages that were deleted before they could be read. */
uint64_t consumer_missed(const struct consumer *consumer);
/* No broker answers, or one is waited for at this moment: to free the consumer may take long. */
bool consumer_is_cut_off(const struct consumer *consumer);

/*
 * With CONSUMER_STORED: the messages given so far are where they belong. Their offsets are committed now and then, and
 * with last at once; consumer_is_stored says when that was confirmed.
 */
void consumer_store(struct consumer *consumer, bool last);
bool consumer_is_stored(const struct consumer *consumer);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Publishes results to a Redis channel and stream, a Kafka topic and an SQS queue: whichever are configured. */
#ifndef ESPCAP_LISTEN_PUBLISHER_H
#define ESPCAP_LISTEN_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "kafka/properties.h"
#include "listen/listener.h"
#include "listen/redis_link.h"
#include "listen/sqs_client.h"

/* Borrowed for the life of the publisher. */
struct publisher_config {
	const struct redis_config *redis; /* NULL for none */
	const char *redis_channel;        /* NULL for none */
	const char *redis_stream;         /* NULL for none: entries have one field, "result" */
	uint64_t stream_max;              /* entries that the stream keeps, about (MAXLEN ~); 0: 10,000 */
	const struct sqs_config *sqs;     /* NULL for none */
	const struct properties *kafka;   /* NULL for none; group.id is not used */
	const char *kafka_topic;
	void (*forget)(void *ctx); /* as of struct kafka_requests_config */
	void *forget_ctx;
};

struct publisher_handler {
	/* A place of results is reached (true), or is not any more, and the reason. place: "Redis at HOST:PORT". */
	void (*on_state)(void *ctx, const char *place, bool is_connected, const char *text);
	/* A place refused a result, or too many wait; said once in a while. */
	void (*on_note)(void *ctx, const char *place, const char *text);
	/* After publisher_stop: nothing waits any more. Once. */
	void (*on_stopped)(void *ctx);
	void *ctx;
};

/* With Kafka it forks a process: see kafka_requests_new. NULL with OUTCOME_USAGE if a property is refused. */
struct publisher *publisher_new(const struct publisher_config *config, struct error *error);
void publisher_start(struct publisher *publisher, const struct listen_context *context,
    const struct publisher_handler *handler);
/*
 * Sends one JSON text without NUL to all places, or as soon as they are reached. It is copied. Each place has a bounded
 * queue (see outlet.h): what is beyond is lost, and counted.
 */
void publisher_send(struct publisher *publisher, const char *json, size_t len);
/* on_stopped follows when nothing waits any more, or after grace ms; the rest is lost, and counted. */
void publisher_stop(struct publisher *publisher, uint64_t grace);
/* At any time but from its own calls. NULL is allowed. */
void publisher_free(struct publisher *publisher);

struct publisher_counts {
	uint64_t published; /* confirmed, each place counts */
	uint64_t lost;      /* given up or refused, each place counts */
	uint64_t waiting;
};
struct publisher_counts publisher_counts(const struct publisher *publisher);
int publisher_metrics(const struct publisher *publisher, struct buffer *out);

#endif

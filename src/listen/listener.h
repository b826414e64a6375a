/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who hears requests: the interface of all listeners (Redis channel and stream, SQS, Kafka). Several may run at once.
 * Each connects again with back-off for ever, and none ends the others.
 */
#ifndef ESPCAP_LISTEN_LISTENER_H
#define ESPCAP_LISTEN_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "listen/listener_message.h"
#include "loop/loop.h"

struct listener;

/* Where a listener or publisher runs. Borrowed for its life. */
struct listen_context {
	struct loop *loop;
	/* Before each connection of this process, with the address it goes to; NULL if nobody wants to know. */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *ctx;
};

/* None of them may free the listener. listener_settle and listener_stop may be called from within. */
struct listener_handler {
	void (*on_message)(void *ctx, struct listener *listener, const struct listener_message *message);
	/* It hears (true), or does not any more, and the reason. Not repeated while both stay the same. */
	void (*on_state)(void *ctx, struct listener *listener, bool is_connected, const char *text);
	/* Something the operator should know: messages lost meanwhile, a group made again, a queue that is shared. */
	void (*on_note)(void *ctx, struct listener *listener, const char *text);
	/* After listener_stop: everything is settled and acknowledged, as far as it can be. Once. */
	void (*on_stopped)(void *ctx, struct listener *listener);
	void *ctx;
};

enum listener_outcome {
	LISTENER_DONE,     /* its captures are durable, it ended without, or it was refused: acknowledge it */
	LISTENER_NOT_OURS, /* for another node: a queue that is shared gives it to another reader */
	LISTENER_RETRY     /* it could not be taken: it is given again after LISTENER_RETRY_MS, with the same ticket */
};
#define LISTENER_RETRY_MS 5000

/* No more than so many messages wait for listener_settle; then the listener stops reading (but for a Redis channel). */
#define LISTENER_OPEN_MAX 1000

/* Begins. context is borrowed for the life of the listener, handler is copied. */
void listener_start(struct listener *listener, const struct listen_context *context, const struct listener_handler *handler);
/* An unknown ticket is ignored. */
void listener_settle(struct listener *listener, uint64_t ticket, enum listener_outcome outcome);
/* No more messages are given. What is open may still be settled: on_stopped follows when it is, or after grace ms. */
void listener_stop(struct listener *listener, uint64_t grace);
/* At any time but from its own calls. NULL is allowed. */
void listener_free(struct listener *listener);

/* For logs: "Redis channel capture at localhost:6379". Never a secret. */
const char *listener_name(const struct listener *listener);
/* For metrics: "redis_channel", "redis_stream", "sqs", "kafka". */
const char *listener_kind(const struct listener *listener);

struct listener_counts {
	uint64_t messages;   /* given to on_message for the first time */
	uint64_t reconnects; /* connections that were made after the first */
	uint64_t refused;    /* messages and replies that could not be taken: too large, not of the transport's form */
	uint64_t open;       /* messages that wait for listener_settle */
	bool is_connected;
};
struct listener_counts listener_counts(const struct listener *listener);

/* Appends the metrics of all of them, in the text format of Prometheus (base/exposition.h). -1 if out is full. */
int listener_metrics(struct listener *const *listeners, size_t count, struct buffer *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts into a topic, one at a time, by a process of its own: librdkafka's threads stay out of this one. */
#ifndef ESPCAP_KAFKA_SENDER_H
#define ESPCAP_KAFKA_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"
#include "kafka/sender_work.h"
#include "loop/loop.h"

struct sender;

/* None of them may free the sender. */
struct sender_handler {
	/* What was put last is in the topic, as its in-sync replicas confirm. */
	void (*on_delivered)(void *ctx);
	/* It is not; is_final: sending it again is of no use. It may be there all the same if the connection broke. */
	void (*on_refused)(void *ctx, bool is_final, const char *text);
	/* No broker answers, or all refuse: what was put waits. */
	void (*on_cut_off)(void *ctx, const char *text);
	void (*on_note)(void *ctx, const char *text);
	/* The process has ended. Nothing follows. */
	void (*on_end)(void *ctx, const char *text);
	void *ctx;
	/* With is_gated: the process is about to connect to this address. NULL: nobody wants to know. */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *connect_ctx;
};

/*
 * Forks the process (process/helper.h) and waits until it has started, which takes no broker. It keeps the rights that
 * this one has now. NULL with OUTCOME_USAGE if a property is refused. Free with sender_free, which kills it.
 */
struct sender *sender_start(const struct sender_config *config, struct error *error);
void sender_free(struct sender *sender);
/* Before the first sender_put. */
void sender_listen(struct sender *sender, struct loop *loop, const struct sender_handler *handler);

/* After the outcome of the one before. False if it is too large to be given to the process, or that has ended. */
bool sender_put(struct sender *sender, const char *bytes, size_t len);

#endif

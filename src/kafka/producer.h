/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets into a topic: asks for its limits, sends without waiting, and knows what became of each packet. */
#ifndef ESPCAP_KAFKA_PRODUCER_H
#define ESPCAP_KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "kafka/properties.h"
#include "kafka/root_log.h"
#include "kafka/wire.h"
#include "loop/loop.h"

struct producer;

/* Which partition a packet goes to. */
enum producer_partition {
	PRODUCER_BY_CONVERSATION, /* all packets between two addresses to the same one */
	PRODUCER_BY_KEY,          /* as the client spreads keys: what Pycapa did */
	PRODUCER_BY_NUMBER
};

struct producer_config {
	struct loop *loop;
	const struct root_log *log;
	const struct properties *properties;
	const char *topic;
	enum producer_partition partition;
	int32_t partition_number;
	uint64_t retry_for; /* ms: how long a refusal is borne */
	/* See struct client_config. */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *connect_ctx;
};

struct producer_handler {
	/* Packets may be sent: the topic is known. Once. */
	void (*on_ready)(void *ctx);
	/* Outcomes came: a packet that found the queue full may be tried again, and fewer wait. */
	void (*on_outcome)(void *ctx);
	/* Nothing more will be delivered. Once. OUTCOME_USAGE: the topic cannot hold packets. */
	void (*on_fail)(void *ctx, const struct error *error);
	void *ctx;
};

struct producer_counts {
	uint64_t sent;      /* taken by producer_send, those refused too */
	uint64_t delivered; /* as the topic's in-sync replicas confirm */
	uint64_t failed;    /* all others that have an outcome */
	uint64_t too_large; /* of these, larger than the topic allows */
	uint64_t uncertain; /* of these, perhaps in the topic */
};

/*
 * All of config is borrowed. Call it without rights that threads must not have. NULL with OUTCOME_USAGE, see
 * client_new. Free with producer_free.
 */
struct producer *producer_new(const struct producer_config *config, const struct producer_handler *handler,
    struct error *error);
void producer_free(struct producer *producer);

/* Copies the packet and its message. False if there is no room: nothing was taken. */
bool producer_send(struct producer *producer, const struct capture_record *packet, const struct wire_message *message);

struct producer_counts producer_counts(const struct producer *producer);
/* A broker has told the limits of the topic, or confirmed packets, since one was last out of reach. */
bool producer_is_connected(const struct producer *producer);
/* How many of those sent have no outcome yet. */
uint64_t producer_waiting(const struct producer *producer);

/* Gives up what has no outcome: within moments it counts as failed, and on_outcome is called. */
void producer_give_up(struct producer *producer);

#endif

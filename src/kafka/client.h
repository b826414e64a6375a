/* SPDX-License-Identifier: BSD-2-Clause */
/* One client of librdkafka on the event loop: its properties, its events, its troubles. */
#ifndef ESPCAP_KAFKA_CLIENT_H
#define ESPCAP_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "kafka/properties.h"
#include "kafka/root_log.h"
#include "loop/loop.h"

struct client;

/* What does not go right by itself. */
enum client_trouble {
	CLIENT_UNREACHABLE,   /* no broker answers */
	CLIENT_REFUSED,       /* the credentials, the certificate or a right */
	CLIENT_FATAL,         /* the client cannot go on */
	CLIENT_FATAL_REFUSED, /* the same because a right is missing: a new client may succeed later */
	CLIENT_OTHER
};

struct client_handler {
	/* Every other event; it is destroyed afterwards. */
	void (*on_event)(void *ctx, rd_kafka_event_t *event);
	/* All events that waited were given. */
	void (*on_served)(void *ctx);
	void (*on_trouble)(void *ctx, enum client_trouble trouble, const char *text);
	void *ctx;
};

/* A property that holds unless the user gives another value. */
struct client_preset {
	const char *name, *value;
};

struct client_config {
	struct loop *loop;
	const struct root_log *log;
	rd_kafka_type_t type;
	const struct properties *properties; /* borrowed until client_new returns */
	const struct client_preset *presets;
	size_t preset_count;
	/* Of a consumer: it is a member of its group, and the handler gets and answers RD_KAFKA_EVENT_REBALANCE. */
	bool is_member;
	bool needs_group; /* else a missing right to the group does not matter */
	/* Called by a thread of librdkafka before it connects to this address; NULL for none. */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *connect_ctx;
	struct client_handler handler;
};

/*
 * Starts the threads of librdkafka: they keep whatever rights the process has now. NULL with OUTCOME_USAGE if a
 * property is unknown, has a value that it cannot have, or contradicts another. Free with client_free.
 */
struct client *client_new(const struct client_config *config, struct error *error);
/* Waits until the threads of librdkafka have ended: moments, if a broker answers. */
void client_free(struct client *client);

rd_kafka_t *client_handle(const struct client *client);
/* Where its events come from; borrowed. */
rd_kafka_queue_t *client_queue(const struct client *client);
/* Events of this queue wake the loop as well, and on_served is called; borrowed. */
void client_watch(struct client *client, rd_kafka_queue_t *queue);
/* Serves what waits now, and no more: at the end, when the loop does not run. */
void client_serve(struct client *client);

/* The value of a property that is a number. */
uint64_t client_number(const struct client *client, const char *name);

/* Which trouble an error is. */
enum client_trouble client_classify(const struct client *client, rd_kafka_resp_err_t code);

#endif

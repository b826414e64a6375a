/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests from Kafka topics: the value of a message is one. At least once, by a consumer group: with one group for
 * each node every node hears all. librdkafka runs in a process of its own.
 */
#ifndef ESPCAP_LISTEN_KAFKA_REQUESTS_H
#define ESPCAP_LISTEN_KAFKA_REQUESTS_H

#include <stddef.h>

#include "base/error.h"
#include "kafka/properties.h"
#include "listen/listener.h"

/* What it points to is borrowed for the life of the listener: a process that was killed is started again. */
struct kafka_requests_config {
	const struct properties *properties; /* bootstrap.servers, group.id ("espcapd-HOST") and what the user gives */
	const char *const *topics;
	size_t topic_count;
	/* In the process, first: takes secrets that it need not know out of its memory. NULL for nothing. */
	void (*forget)(void *ctx);
	void *ctx;
};

/*
 * Forks the process, before the loop runs and when this process has only the rights that librdkafka may keep. A group
 * that has never been there begins with what was sent in the last minute. NULL with OUTCOME_USAGE if a property is
 * refused.
 */
struct listener *kafka_requests_new(const struct kafka_requests_config *config, struct error *error);

#endif

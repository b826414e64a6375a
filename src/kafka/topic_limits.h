/* SPDX-License-Identifier: BSD-2-Clause */
/* What a topic is configured to do with messages, asked of its cluster. */
#ifndef ESPCAP_KAFKA_TOPIC_LIMITS_H
#define ESPCAP_KAFKA_TOPIC_LIMITS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct topic_limits {
	uint64_t max_bytes; /* of a batch: max.message.bytes; 0 if it is not known */
	bool is_compacted;  /* of messages with the same key only the last is kept */
};

/* Asks this node, negative for any; the answer is an event of the queue, which the caller takes there. */
void topic_limits_ask(rd_kafka_t *handle, const char *topic, int32_t node, int timeout_ms, rd_kafka_queue_t *queue);

/*
 * Reads the answer, an RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT. What the cluster says of the question, with *text (of the
 * event) for a person.
 */
rd_kafka_resp_err_t topic_limits_read(rd_kafka_event_t *event, struct topic_limits *limits, const char **text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Topics of Kafka as an input: a worker of a consumer group. */
#ifndef ESPCAP_INPUT_KAFKA_INPUT_H
#define ESPCAP_INPUT_KAFKA_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/input_config.h"
#include "input/kafka_window.h"
#include "kafka/kafka_feed.h"

struct kafka_input_config {
	struct kafka_feed *feed; /* it has started; who started it frees it after the input */
	const char *const *topics;
	size_t topic_count;
	uint64_t commit_every, grace;   /* ms */
	uint64_t lifetime, lifetime_ms; /* as in struct dissection_live */
	size_t max_sessions;            /* 1.. */
	struct kafka_window window;
	bool exit_at_end;
};

/* NULL if the options ask for another kind. */
struct input *kafka_input_new(const struct input_config *config);

#endif

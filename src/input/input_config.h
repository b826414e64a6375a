/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options say about the input, whatever its kind. */
#ifndef ESPCAP_INPUT_INPUT_CONFIG_H
#define ESPCAP_INPUT_INPUT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/dissection.h"

struct dead_letter;
struct inputs;
struct kafka_input_config;
struct live;
struct priv_broker;
struct watching;

/* One live capture of the run. */
struct input_live {
	struct live *live;
	struct dissection_live about; /* what its documents say of it */
};

/* Copied by who needs it; all pointers are borrowed for the life of the input. */
struct input_config {
	const struct dissection_config *dissection; /* its loop and log are the input's; the rest is of no interest to a replay */
	struct priv_broker *broker;
	uint64_t count; /* packets over all, 0 for all */
	uint64_t jobs;  /* captures at a time, 1.. */
	unsigned parts; /* tsharks for one capture, 1.. */
	bool progress;  /* how much there is to read is of interest */

	/* Each NULL if it is not asked for; inputs is read if none of the others is. */
	const struct inputs *inputs;
	const struct input_live *lives;
	const struct watching *watching;
	const char *replay; /* the name of a dead letter file */
	const struct kafka_input_config *kafka;

	size_t live_count;                     /* of lives, 1.. */
	uint64_t idle, duration;               /* of a watched folder, ms; see watch/follow.h */
	size_t replay_index;                   /* in the privileged broker */
	const struct dead_letter *dead_letter; /* which the run writes: not to be replayed */
};

#endif

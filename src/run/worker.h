/* SPDX-License-Identifier: BSD-2-Clause */
/* What --kafka needs: the process that is a member of the group, and what the input is to do with it. */
#ifndef ESPCAP_RUN_WORKER_H
#define ESPCAP_RUN_WORKER_H

#include "base/error.h"
#include "config/options.h"
#include "input/kafka_input.h"
#include "kafka/properties.h"

/* A zeroed one is that of a run without --kafka. */
struct worker {
	struct kafka_input_config input; /* feed is NULL without --kafka */
};

/*
 * Starts the process, which keeps the rights that espcap has now, and the memory but for what forget(ctx) takes out of
 * it; nothing without --kafka. Options are borrowed, properties until it returns. -1 with OUTCOME_USAGE, or
 * OUTCOME_INTERNAL. Release with worker_release, when the input is freed, also then.
 */
int worker_open(struct worker *worker, const struct options *options, const struct properties *properties,
    void (*forget)(void *ctx), void *ctx, struct error *error);
void worker_release(struct worker *worker);

#endif

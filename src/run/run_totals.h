/* SPDX-License-Identifier: BSD-2-Clause */
/* The sums of a run, over its input and its sink. */
#ifndef ESPCAP_RUN_RUN_TOTALS_H
#define ESPCAP_RUN_RUN_TOTALS_H

#include "input/input.h"
#include "run/metrics.h"
#include "run/progress.h"
#include "sink/sink_server.h"

/* Borrowed. */
struct run_totals {
	const struct input *input;
	const struct sink *sink;
	const struct sink_server_config *server; /* NULL: documents go to stdout */
	struct totals_part *parts;               /* with the names, in the order of the input; see struct run_config */
	size_t part_count;
};

/*
 * As struct status_source wants them; ctx is the struct run_totals. What has no document yet, or whose document did not
 * get out yet, is unsent.
 */
void run_totals_progress(void *ctx, struct progress *progress);
void run_totals_totals(void *ctx, struct totals *totals);
void run_totals_metrics(void *ctx, struct metrics *metrics);

#endif

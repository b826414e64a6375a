/* SPDX-License-Identifier: BSD-2-Clause */
/* The sums of a run, over what has ended, what is going on, the capture and the sink. */
#ifndef ESPCAP_RUN_RUN_TOTALS_H
#define ESPCAP_RUN_RUN_TOTALS_H

#include "run/run_private.h"

/* ctx is the run. The time that has passed is not put in. */
void run_totals_progress(void *ctx, struct progress *progress);
/* ctx is the run. What has no document yet, or whose document did not get out yet, is unsent. */
void run_totals_totals(void *ctx, struct totals *totals);

/* ctx is the run. All but what struct metrics_file puts in. */
void run_totals_metrics(void *ctx, struct metrics *metrics);

/* Adds what one input counted; of a job that could not be opened that is nothing. */
void run_totals_add_job(struct totals *totals, const struct job *job);

#endif

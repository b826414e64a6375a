/* SPDX-License-Identifier: BSD-2-Clause */
/* How a run stands, reported to the user while it goes on: the progress line, and "so far". */
#ifndef ESPCAP_RUN_STATUS_H
#define ESPCAP_RUN_STATUS_H

#include <stdbool.h>

#include "base/log.h"
#include "loop/loop.h"
#include "loop/notify.h"
#include "run/metrics_file.h"
#include "run/progress.h"

struct status;

/* Where it comes from. All fill in everything, but for the time that has passed and what metrics_file.h names. */
struct status_source {
	void (*progress)(void *ctx, struct progress *progress);
	void (*totals)(void *ctx, struct totals *totals);
	void (*metrics)(void *ctx, struct metrics *metrics);
	void *ctx;
};

/* What is told beside the sums on SIGUSR1. */
struct status_config {
	bool progress;                /* the progress line */
	bool minutely;                /* the sums each minute */
	struct metrics_file *metrics; /* every 15 seconds, NULL for none; borrowed */
	struct notify *notify;        /* the service manager, told each minute, NULL for none; borrowed */
};

/*
 * loop and log are borrowed. status_stop, after the loop, draws the line and writes the metrics once more, and frees.
 */
struct status *status_start(struct loop *loop, struct log *log, const struct status_source *source,
    const struct status_config *config);
void status_stop(struct status *status);

/* The run has begun: all that can be wrong with the start was not. Without it a few seconds of running say the same. */
void status_ready(struct status *status);
/* It takes nothing new, and ends when what it has is delivered. */
void status_stopping(struct status *status);

#endif

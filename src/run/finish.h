/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a run ends for whoever started it: the last messages, the final line, the summary, the metrics, the exit status.
 */
#ifndef ESPCAP_RUN_FINISH_H
#define ESPCAP_RUN_FINISH_H

#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "run/metrics_file.h"
#include "run/progress.h"
#include "run/summary.h"

/* All borrowed. */
struct finish {
	const struct loop *loop; /* counts the signals */
	struct log *log;
	const struct summary *summary;
	struct metrics_file *metrics; /* NULL for none */
	const char *ring;             /* the folder of --ring; NULL for none */
	uint64_t sanitized;           /* documents with texts that were not UTF-8 */
};

/*
 * Logs and writes all of it, and ends the log. signal_number is the signal that ended the run, 0 for
 * none. There is nothing left to deliver: one more signal, or two before, end the waiting for those who do not read.
 * Returns the exit status: 128 and the number of the signal that ended it, else the outcome.
 */
int finish_run(const struct finish *finish, const struct totals *totals, enum outcome outcome, int signal_number);

/* When everything is released: a run that a signal ended ends by that signal. Returns the status to exit with, else. */
int finish_exit(int status);

#endif

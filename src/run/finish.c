/* SPDX-License-Identifier: BSD-2-Clause */
/* How a run ends for whoever started it. */
#include "run/finish.h"

#include <stdbool.h>

/* How many signals came until what is waited for at the end began. */
struct last_wait {
	const struct loop *loop;
	unsigned before;
};

static unsigned
signals(const struct loop *loop)
{
	int last;

	return loop_signals(loop, &last);
}

static int
last_signal(const struct loop *loop)
{
	int last;

	(void)loop_signals(loop, &last);
	return last;
}

static bool
is_hurried(void *ctx)
{
	const struct last_wait *wait = ctx;

	return wait->before > 1 || signals(wait->loop) > wait->before;
}

/* What is worth a message beside the final line. */
static void
log_remarks(const struct finish *finish, const struct totals *totals)
{
	if (finish->sanitized > 0)
		log_note(finish->log,
		    "%llu documents had texts that were not "
		    "UTF-8; these were sanitized",
		    (unsigned long long)finish->sanitized);
	if (totals->fallbacks > 0)
		log_note(finish->log,
		    "tshark failed with the plugin and was run "
		    "without it: %llu times",
		    (unsigned long long)totals->fallbacks);
	if (totals->discarded > 0)
		log_note(finish->log,
		    "an ingest pipeline of the server dropped "
		    "%llu packets",
		    (unsigned long long)totals->discarded);
	if (totals->ring_missing > 0)
		log_error(finish->log,
		    "%llu packets are missing in the packet ring files in %s",
		    (unsigned long long)totals->ring_missing,
		    finish->ring);
}

/* Statuses above are signals, as in a shell. */
#define SIGNALS 128

int
finish_exit(int status)
{
	if (status > SIGNALS)
		loop_end_by(status - SIGNALS);
	return status;
}

int
finish_run(const struct finish *finish, const struct totals *totals,
    enum outcome outcome, int signal_number)
{
	struct last_wait wait = { finish->loop, signals(finish->loop) };
	char line[PROGRESS_TOTALS_LEN];
	int status = signal_number != 0 ? SIGNALS + signal_number : (int)outcome;

	log_remarks(finish, totals);
	for (size_t i = 0; i < totals->part_count; i++) {
		progress_totals(&totals->parts[i].totals, line, sizeof(line));
		log_note(finish->log, "%s: %s", totals->parts[i].interface, line);
	}
	progress_totals(totals, line, sizeof(line));
	log_final(finish->log, "%s", line);
	/* Before the summary, which may go to the same place. */
	log_end(finish->log, is_hurried, &wait);
	if (signals(finish->loop) > wait.before)
		status = SIGNALS + last_signal(finish->loop);
	summary_write(finish->summary, totals, status, is_hurried, &wait,
	    finish->log);
	metrics_file_end(finish->metrics, finish->log, totals, status);
	return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run has to do with its live capture. */
#include "run/run_live.h"

/* A live capture that was interrupted tries as long to deliver what it has as files do by default, ms. */
#define RETRY_LAST 300000

static void
on_note(void *ctx, const char *text)
{
	struct run *run = ctx;

	log_note(run->log, "%s", text);
}

static void
on_lost(void *ctx, const char *text)
{
	struct run *run = ctx;

	run->lost = true;
	log_error(run->log, "%s; what was captured is still delivered", text);
	run->outcome = outcome_worse(run->outcome, OUTCOME_TSHARK);
}

void
run_live_listen(struct run *run)
{
	const struct live_handler handler = { on_note, on_lost, run };

	if (run->config->live != NULL)
		live_listen(run->config->live, run->config->dissection.loop,
		    &handler);
}

void
run_live_hurry(struct run *run)
{
	if (run->config->server != NULL && run->config->server->retry_for == 0)
		run->sink->type->give_up_after(run->sink, RETRY_LAST);
}

void
run_live_stop(struct run *run)
{
	live_stop(run->config->live);
	run_live_hurry(run);
}

/* What the capture process saw is what was read; of the packets in its queue when it ended nobody else knows. */
void
run_live_count(const struct run *run, struct totals *totals)
{
	struct live_counts counts;

	if (run->config->live == NULL)
		return;
	counts = live_counts(run->config->live);
	totals->is_live = true;
	totals->read = counts.captured;
	totals->dropped = counts.queue_drop;
	totals->kernel_drop = counts.kernel_drop;
	totals->ring_missing = counts.ring_missing;
	totals->interface_drop = counts.interface_drop;
}

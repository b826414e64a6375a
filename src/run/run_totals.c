/* SPDX-License-Identifier: BSD-2-Clause */
/* The sums of a run. */
#include "run/run_totals.h"

#include <unistd.h>

#include "base/clock.h"
#include "process/process_memory.h"
#include "run/run_live.h"

static void
add_counts(struct totals *totals, const struct dissection_counts *counts)
{
	totals->read += counts->read;
	totals->filtered += counts->filtered;
	totals->undissected += counts->undissected;
	totals->skipped += counts->skipped;
	totals->fallbacks += counts->fallbacks;
	totals->tsharks += counts->tsharks;
}

void
run_totals_add_job(struct totals *totals, const struct job *job)
{
	struct dissection_counts counts;

	if (job->work == NULL)
		return;
	counts = work_counts(job->work);
	add_counts(totals, &counts);
}

static void
add_job(struct progress *progress, const struct job *job)
{
	uint64_t done, all;

	if (job->work == NULL)
		return;
	work_bytes(job->work, &done, &all);
	progress->bytes_done += done;
	progress->packets += work_counts(job->work).read;
}

static void
add_follow(struct progress *progress, const struct follow *follow)
{
	struct follow_counts counts = follow_counts(follow);

	progress->packets += counts.dissection.read;
	progress->files_done = counts.files_done;
	progress->files_all = counts.files_all;
	progress->bytes_done = counts.bytes_done;
}

static void
put_live(struct progress *progress, const struct run *run)
{
	struct totals totals = { 0 };

	run_live_count(run, &totals);
	progress->interface = live_interface(run->config->live);
	progress->packets = totals.read;
	progress->dropped = totals.dropped + totals.kernel_drop +
	    totals.interface_drop;
}

void
run_totals_progress(void *ctx, struct progress *progress)
{
	struct run *run = ctx;
	struct sink_counts counts = run->sink->type->counts(run->sink);

	*progress = (struct progress){ .files_done = run->files_done,
		.files_all = run->config->inputs->count,
		.packets = run->totals.read,
		.bytes_done = run->bytes_done,
		.bytes_all = run->bytes_all };
	for (size_t i = 0; i < run->job_count; i++)
		add_job(progress, job_at(run, i));
	if (run->replay != NULL)
		progress->packets += replay_read(run->replay);
	if (run->follow != NULL)
		add_follow(progress, run->follow);
	if (run->config->live != NULL)
		put_live(progress, run);
	progress->has_server = run->config->server != NULL;
	progress->indexed = counts.delivered;
	progress->duplicate = counts.duplicate;
	progress->rejected = counts.rejected;
	progress->discarded = counts.discarded;
	progress->retries = counts.retries;
	progress->in_flight = counts.in_flight;
}

void
run_totals_totals(void *ctx, struct totals *totals)
{
	struct run *run = ctx;
	struct sink_counts counts = run->sink->type->counts(run->sink);

	*totals = run->totals;
	for (size_t i = 0; i < run->job_count; i++)
		run_totals_add_job(totals, job_at(run, i));
	if (run->replay != NULL)
		totals->read += replay_read(run->replay);
	if (run->follow != NULL) {
		struct follow_counts follow = follow_counts(run->follow);

		add_counts(totals, &follow.dissection);
		totals->duplicate += follow.duplicate;
	}
	totals->delivered = counts.delivered;
	totals->duplicate += counts.duplicate;
	totals->rejected = counts.rejected;
	totals->discarded = counts.discarded;
	totals->retries = counts.retries;
	totals->maybe_duplicate = counts.maybe_duplicate;
	totals->cut = counts.cut;
	totals->has_server = run->config->server != NULL;
	totals->has_auto_id = totals->has_server &&
	    run->config->server->auto_id;
	run_live_count(run, totals);
	totals->unsent = totals->read - totals->delivered -
	    totals->duplicate - totals->rejected - totals->discarded -
	    totals->filtered - totals->undissected - totals->dropped;
}

static void
put_capture(struct metrics *metrics, const struct live *live)
{
	struct live_counts counts = live_counts(live);

	metrics->capture_reader_bytes = counts.queued;
	metrics->spool_bytes = counts.spooled;
	metrics->spool_room = live_spool_room(live);
	metrics->has_ring = live_has_ring(live);
	metrics->capture_reader_room = live_room(live);
	metrics->capture_reader_memory = live_memory(live);
}

void
run_totals_metrics(void *ctx, struct metrics *metrics)
{
	struct run *run = ctx;
	const struct run_config *config = run->config;
	struct sink_counts counts = run->sink->type->counts(run->sink);

	*metrics = (struct metrics){ .in_flight = counts.in_flight,
		.delivery_bytes = counts.queued,
		.own_memory = process_memory_bytes(getpid()) };
	run_totals_totals(run, &metrics->totals);
	/* A replay has none. */
	if (config->dissection.tshark->version != NULL) {
		metrics->tshark = config->dissection.tshark->version;
		metrics->dissection = config->dissection.tshark->has_plugin ?
		    "plugin" :
		    config->dissection.tshark_config->pdml ?
		    "pdml" :
		    "ek";
	}
	if (counts.resolved_at > 0)
		metrics->resolved = clock_of_day() -
		    (clock_ms() - counts.resolved_at);
	if (config->server != NULL)
		metrics->delivery_room = config->server->memory;
	if (config->live != NULL)
		put_capture(metrics, config->live);
	for (size_t i = 0; i < run->job_count; i++)
		if (job_at(run, i)->work != NULL)
			metrics->tshark_memory +=
			    work_memory(job_at(run, i)->work);
}

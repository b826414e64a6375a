/* SPDX-License-Identifier: BSD-2-Clause */
/* The sums of a run. */
#include "run/run_totals.h"

#include <unistd.h>

#include "base/clock.h"
#include "process/process_memory.h"

void
run_totals_progress(void *ctx, struct progress *progress)
{
	const struct run_totals *run = ctx;
	const struct sink_counts counts = run->sink->type->counts(run->sink);
	struct input_progress input = { 0 };
	struct totals totals;

	run_totals_totals(ctx, &totals);
	run->input->type->progress(run->input, &input);
	*progress = (struct progress){ .files_done = input.files_done,
		.files_all = input.files_all,
		.packets = input.packets,
		.resolved = totals.read - totals.unsent,
		.bytes_done = input.bytes_done,
		.bytes_all = input.bytes_all,
		.interface = input.interface,
		.dropped = input.dropped,
		.is_midline = counts.is_midline,
		.has_server = run->server != NULL,
		.indexed = counts.delivered,
		.duplicate = counts.duplicate,
		.rejected = counts.rejected,
		.discarded = counts.discarded,
		.retries = counts.retries,
		.in_flight = counts.in_flight };
}

void
run_totals_totals(void *ctx, struct totals *totals)
{
	const struct run_totals *run = ctx;
	const struct sink_counts counts = run->sink->type->counts(run->sink);
	struct input_counts input = { 0 };

	run->input->type->counts(run->input, &input);
	*totals = (struct totals){ .read = input.read,
		.delivered = counts.delivered,
		.duplicate = input.duplicate + counts.duplicate,
		.rejected = counts.rejected,
		.discarded = counts.discarded,
		.filtered = input.filtered,
		.undissected = input.undissected,
		.dropped = input.dropped,
		.skipped = input.skipped,
		.retries = counts.retries,
		.maybe_duplicate = counts.maybe_duplicate,
		.kernel_drop = input.kernel_drop,
		.interface_drop = input.interface_drop,
		.ring_missing = input.ring_missing,
		.has_drops = input.has_drops,
		.fallbacks = input.fallbacks,
		.tsharks = input.tsharks,
		.has_server = run->server != NULL,
		.has_auto_id = run->server != NULL && run->server->auto_id,
		.cut = counts.cut };
	totals->unsent = totals->read - totals->delivered -
	    totals->duplicate - totals->rejected - totals->discarded -
	    totals->filtered - totals->undissected - totals->dropped;
}

void
run_totals_metrics(void *ctx, struct metrics *metrics)
{
	const struct run_totals *run = ctx;
	const struct sink_counts counts = run->sink->type->counts(run->sink);
	struct input_metrics input = { 0 };

	if (run->input->type->metrics != NULL)
		run->input->type->metrics(run->input, &input);
	*metrics = (struct metrics){ .tshark = input.tshark,
		.dissection = input.dissection,
		.in_flight = counts.in_flight,
		.capture_reader_bytes = input.capture_reader_bytes,
		.capture_reader_room = input.capture_reader_room,
		.spool_bytes = input.spool_bytes,
		.spool_room = input.spool_room,
		.has_ring = input.has_ring,
		.delivery_bytes = counts.queued,
		.own_memory = process_memory_bytes(getpid()),
		.capture_reader_memory = input.capture_reader_memory,
		.tshark_memory = input.tshark_memory };
	run_totals_totals(ctx, &metrics->totals);
	if (counts.resolved_at > 0)
		metrics->resolved = clock_of_day() -
		    (clock_ms() - counts.resolved_at);
	if (run->server != NULL)
		metrics->delivery_room = run->server->memory;
}

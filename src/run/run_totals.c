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
		.is_cut_off = input.is_cut_off,
		.has_lag = input.has_lag,
		.lag = input.lag,
		.is_midline = counts.is_midline,
		.has_server = run->server != NULL,
		.indexed = counts.delivered,
		.duplicate = counts.duplicate,
		.rejected = counts.rejected,
		.discarded = counts.discarded,
		.retries = counts.retries,
		.in_flight = counts.in_flight,
		.is_down = counts.is_down };
}

static void
set_input(const struct input_counts *input, struct totals *totals)
{
	totals->read = input->read;
	totals->filtered = input->filtered;
	totals->undissected = input->undissected;
	totals->dropped = input->dropped;
	totals->skipped = input->skipped;
	totals->kernel_drop = input->kernel_drop;
	totals->interface_drop = input->interface_drop;
	totals->ring_missing = input->ring_missing;
	totals->has_drops = input->has_drops;
	totals->is_kafka = input->is_kafka;
	totals->released = input->released;
	totals->warmed = input->warmed;
	totals->missed = input->missed;
	totals->mixed = input->mixed;
	totals->malformed = input->malformed;
	totals->fallbacks = input->fallbacks;
	totals->tsharks = input->tsharks;
}

static void
set_unsent(struct totals *totals)
{
	totals->unsent = totals->read - totals->delivered -
	    totals->duplicate - totals->rejected - totals->discarded -
	    totals->filtered - totals->undissected - totals->dropped -
	    totals->released;
}

/* What the sink counted is on the ack. */
static void
set_part(const struct run_totals *run, const struct input_part *from, struct totals_part *part)
{
	const struct ack *ack = &from->ack;
	struct totals *totals = &part->totals;
	struct input_counts counts = { 0 };

	from->input->type->counts(from->input, &counts);
	*totals = (struct totals){ .delivered = ack->acknowledged - ack->duplicate - ack->discarded,
		.duplicate = ack->duplicate,
		.rejected = ack->rejected,
		.discarded = ack->discarded,
		.has_server = run->server != NULL,
		.is_part = true };
	set_input(&counts, totals);
	set_unsent(totals);
}

static void
set_part_metrics(const struct input *input, struct totals_part *part)
{
	struct input_metrics metrics = { 0 };

	input->type->metrics(input, &metrics);
	part->capture_reader_bytes = metrics.capture_reader_bytes;
	part->capture_reader_room = metrics.capture_reader_room;
	part->capture_reader_memory = metrics.capture_reader_memory;
	part->spool_bytes = metrics.spool_bytes;
	part->spool_room = metrics.spool_room;
	part->tshark_memory = metrics.tshark_memory;
}

void
run_totals_totals(void *ctx, struct totals *totals)
{
	const struct run_totals *run = ctx;
	const struct sink_counts counts = run->sink->type->counts(run->sink);
	struct input_counts input = { 0 };

	run->input->type->counts(run->input, &input);
	*totals = (struct totals){ .delivered = counts.delivered,
		.duplicate = input.duplicate + counts.duplicate,
		.rejected = counts.rejected,
		.discarded = counts.discarded,
		.retries = counts.retries,
		.maybe_duplicate = counts.maybe_duplicate,
		.has_server = run->server != NULL,
		.has_auto_id = run->server != NULL && run->server->auto_id,
		.cut = counts.cut,
		.parts = run->parts,
		.part_count = run->part_count };
	set_input(&input, totals);
	set_unsent(totals);
	for (size_t i = 0; i < run->part_count; i++)
		set_part(run, run->input->type->part(run->input, i), &run->parts[i]);
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
		.kafka = input.kafka,
		.delivery_bytes = counts.queued,
		.own_memory = process_memory_bytes(getpid()),
		.capture_reader_memory = input.capture_reader_memory,
		.tshark_memory = input.tshark_memory };
	run_totals_totals(ctx, &metrics->totals);
	for (size_t i = 0; i < run->part_count; i++)
		set_part_metrics(run->input->type->part(run->input, i)->input, &run->parts[i]);
	if (counts.resolved_at > 0)
		metrics->resolved = clock_of_day() -
		    (clock_ms() - counts.resolved_at);
	if (run->server != NULL)
		metrics->delivery_room = run->server->memory;
}

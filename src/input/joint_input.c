/* SPDX-License-Identifier: BSD-2-Clause */
/* Several inputs at the same time as one. */
#include "input/joint_input.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "dissect/dissection.h"

struct joint_input;

struct member {
	struct joint_input *joint;
	struct input_part part;
};

struct joint_input {
	struct input input;
	struct member *members;
	size_t count, ended;
	size_t first; /* whose turn it is to be resumed first */
	bool paused;
	char name[32]; /* for the progress */
};

static struct joint_input *
self(struct input *input)
{
	return (struct joint_input *)(void *)input;
}

static const struct joint_input *
const_self(const struct input *input)
{
	return (const struct joint_input *)(const void *)input;
}

/* What they tell. */

/* What becomes of a document is counted for its input, too. */
static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct member *member = ctx;
	const struct input_handler *handler = &member->joint->input.handler;
	struct document_ready own = *ready;

	own.ack = &member->part.ack;
	own.ack->given++;
	handler->on_document(handler->ctx, &own);
}

static void
on_failure(void *ctx, enum outcome outcome)
{
	const struct member *member = ctx;
	const struct input_handler *handler = &member->joint->input.handler;

	handler->on_failure(handler->ctx, outcome);
}

/* They are stopped together, which is reported once. */
static void
on_hurry(void *ctx)
{
	(void)ctx;
}

static void
on_end(void *ctx)
{
	const struct member *member = ctx;
	struct joint_input *joint = member->joint;

	if (++joint->ended == joint->count)
		joint->input.handler.on_end(joint->input.handler.ctx);
}

/* What they are told. */

static void
prepare(struct input *input)
{
	struct joint_input *joint = self(input);

	for (size_t i = 0; i < joint->count; i++) {
		struct member *member = &joint->members[i];
		struct input *own = member->part.input;

		own->handler = (struct input_handler){ .on_document = on_document,
			.on_failure = on_failure,
			.on_hurry = on_hurry,
			.on_end = on_end,
			.ctx = member };
		own->type->prepare(own);
	}
}

static void
start(struct input *input, size_t value_max)
{
	struct joint_input *joint = self(input);

	for (size_t i = 0; i < joint->count; i++) {
		struct input *own = joint->members[i].part.input;

		own->type->start(own, value_max);
	}
}

static void
pause_all(struct input *input)
{
	struct joint_input *joint = self(input);

	joint->paused = true;
	for (size_t i = 0; i < joint->count; i++) {
		struct input *own = joint->members[i].part.input;

		own->type->pause(own);
	}
}

/*
 * Documents of one may fill the sink at once, and then the others stay paused. Each time another is resumed first: the
 * loop reads them in that order, and one that fills the sink alone would keep the others from it forever.
 */
static void
resume(struct input *input)
{
	struct joint_input *joint = self(input);

	joint->paused = false;
	joint->first = (joint->first + 1) % joint->count;
	for (size_t i = 0; i < joint->count && !joint->paused; i++) {
		size_t index = (joint->first + i) % joint->count;
		struct input *own = joint->members[index].part.input;

		own->type->resume(own);
	}
}

static void
stop(struct input *input)
{
	struct joint_input *joint = self(input);

	for (size_t i = 0; i < joint->count; i++) {
		struct input *own = joint->members[i].part.input;

		own->type->stop(own);
	}
	input->handler.on_hurry(input->handler.ctx);
}

static void
close_all(struct input *input)
{
	struct joint_input *joint = self(input);

	for (size_t i = 0; i < joint->count; i++) {
		struct input *own = joint->members[i].part.input;

		own->type->close(own);
	}
}

static void
free_all(struct input *input)
{
	struct joint_input *joint = self(input);

	for (size_t i = 0; i < joint->count; i++) {
		struct input *own = joint->members[i].part.input;

		own->type->free(own);
	}
	free(joint->members);
	free(joint);
}

/* The sums. */

static void
counts(const struct input *input, struct input_counts *counts)
{
	const struct joint_input *joint = const_self(input);

	for (size_t i = 0; i < joint->count; i++) {
		const struct input *one = joint->members[i].part.input;
		struct input_counts own = { 0 };

		one->type->counts(one, &own);
		counts->read += own.read;
		counts->filtered += own.filtered;
		counts->undissected += own.undissected;
		counts->skipped += own.skipped;
		counts->fallbacks += own.fallbacks;
		counts->tsharks += own.tsharks;
		counts->duplicate += own.duplicate;
		counts->has_drops = own.has_drops;
		counts->dropped += own.dropped;
		counts->kernel_drop += own.kernel_drop;
		counts->interface_drop += own.interface_drop;
		counts->ring_missing += own.ring_missing;
		counts->is_kafka = own.is_kafka;
		counts->released += own.released;
		counts->warmed += own.warmed;
		counts->missed += own.missed;
		counts->mixed += own.mixed;
		counts->malformed += own.malformed;
	}
}

static void
progress(const struct input *input, struct input_progress *progress)
{
	const struct joint_input *joint = const_self(input);

	for (size_t i = 0; i < joint->count; i++) {
		const struct input *one = joint->members[i].part.input;
		struct input_progress own = { 0 };

		one->type->progress(one, &own);
		progress->packets += own.packets;
		progress->dropped += own.dropped;
	}
	progress->interface = joint->name;
}

static void
metrics(const struct input *input, struct input_metrics *metrics)
{
	const struct joint_input *joint = const_self(input);

	for (size_t i = 0; i < joint->count; i++) {
		const struct input *one = joint->members[i].part.input;
		struct input_metrics own = { 0 };

		one->type->metrics(one, &own);
		metrics->tshark = own.tshark;
		metrics->dissection = own.dissection;
		metrics->tshark_memory += own.tshark_memory;
		metrics->capture_reader_bytes += own.capture_reader_bytes;
		metrics->capture_reader_room += own.capture_reader_room;
		metrics->capture_reader_memory += own.capture_reader_memory;
		metrics->spool_bytes += own.spool_bytes;
		metrics->spool_room += own.spool_room;
		metrics->has_ring = own.has_ring;
	}
}

static const struct input_part *
part(const struct input *input, size_t index)
{
	const struct joint_input *joint = const_self(input);

	return index < joint->count ? &joint->members[index].part : NULL;
}

static const struct input_type type = { .is_endless = true,
	.is_minutely = true,
	.prepare = prepare,
	.start = start,
	.pause = pause_all,
	.resume = resume,
	.stop = stop,
	.close = close_all,
	.counts = counts,
	.progress = progress,
	.metrics = metrics,
	.part = part,
	.free = free_all };

struct input *
joint_input_new(struct input *const *inputs, size_t count)
{
	struct joint_input *joint = xcalloc(1, sizeof(*joint));

	joint->input.type = &type;
	joint->members = xcalloc(count, sizeof(*joint->members));
	joint->count = count;
	(void)snprintf(joint->name, sizeof(joint->name), "%zu interfaces", count);
	for (size_t i = 0; i < count; i++)
		joint->members[i] = (struct member){ joint, { .input = inputs[i] } };
	return &joint->input;
}

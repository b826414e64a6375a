/* SPDX-License-Identifier: BSD-2-Clause */
/* A live capture as an input: the stream of an interface, what its process says, and what that counts. */
#include "input/live_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "input/joint_input.h"
#include "input/live.h"
#include "input/sequence_input.h"
#include "source/source.h"

struct live_input {
	struct sequence_input base;
	struct dissection_config dissection; /* as given, and with the live capture */
	struct live *live;
	unsigned parts;
	bool has_peers; /* other interfaces: messages must name this one */
	bool lost;
};

static struct live_input *
self(struct input *input)
{
	return (struct live_input *)(void *)input;
}

static const struct live_input *
const_self(const struct input *input)
{
	return (const struct live_input *)(const void *)input;
}

/* What the capture process says. */

/* The name and ": " if the text needs it; room for both. */
#define LABEL_LEN 100

static void
make_label(const struct live_input *capture, const char *text, char label[LABEL_LEN])
{
	const char *name = live_interface(capture->live);
	size_t len = strlen(name);

	label[0] = '\0';
	if (capture->has_peers && (strncmp(text, name, len) != 0 || text[len] != ' '))
		(void)snprintf(label, LABEL_LEN, "%s: ", name);
}

static void
on_note(void *ctx, const char *text)
{
	const struct live_input *capture = ctx;
	char label[LABEL_LEN];

	make_label(capture, text, label);
	log_note(capture->base.given->log, "%s%s", label, text);
}

static void
on_lost(void *ctx, const char *text)
{
	struct live_input *capture = ctx;
	const struct input_handler *handler = &capture->base.input.handler;
	char label[LABEL_LEN];

	capture->lost = true;
	make_label(capture, text, label);
	log_error(capture->base.given->log,
	    "%s%s; what was captured %sis still delivered", label, text,
	    capture->has_peers ? "there " : "");
	handler->on_failure(handler->ctx, OUTCOME_TSHARK);
}

static void
prepare(struct input *input)
{
	struct live_input *capture = self(input);
	const struct live_handler handler = { on_note, on_lost, capture };

	live_listen(capture->live, capture->base.given->loop, &handler);
}

/* Its stream. */

static void
on_retire(struct input *input, const struct sequence_end *end)
{
	/* A process that was killed left half a packet: that it was killed is said. */
	if (!self(input)->lost || end->error.outcome != OUTCOME_INPUT)
		sequence_input_report(input, end);
}

static void
start(struct input *input, size_t value_max)
{
	struct live_input *capture = self(input);
	struct source *source = source_new(capture->base.given->loop,
	    live_take_fd(capture->live));
	/* The capture counts by itself, for it counts what it drops, too. */
	const struct sequence_capture stream = {
		.dissection = &capture->base.dissection,
		.parts = capture->parts,
		.source = source_base(source),
		.name = live_interface(capture->live)
	};

	/* It is our own stream. */
	source_trust(source);
	sequence_input_begin(&capture->base, value_max);
	sequence_add(capture->base.sequence, &stream);
}

/* What was captured is still dissected. */
static void
stop(struct input *input)
{
	live_stop(self(input)->live);
	input->handler.on_hurry(input->handler.ctx);
}

static void
close_all(struct input *input)
{
	live_close(self(input)->live);
	sequence_input_close(input);
}

/* The sums. */

/* What the capture process saw is what was read; of the packets in its queue when it ended nobody else knows. */
static void
counts(const struct input *input, struct input_counts *counts)
{
	const struct live_counts captured = live_counts(const_self(input)->live);

	sequence_input_counts(input, counts);
	counts->has_drops = true;
	counts->read = captured.captured;
	counts->dropped = captured.queue_drop;
	counts->kernel_drop = captured.kernel_drop;
	counts->interface_drop = captured.interface_drop;
	counts->ring_missing = captured.ring_missing;
}

static void
progress(const struct input *input, struct input_progress *progress)
{
	const struct live *live = const_self(input)->live;
	const struct live_counts captured = live_counts(live);

	progress->interface = live_interface(live);
	progress->packets = captured.captured;
	progress->dropped = captured.queue_drop + captured.kernel_drop +
	    captured.interface_drop;
}

static void
metrics(const struct input *input, struct input_metrics *metrics)
{
	const struct live *live = const_self(input)->live;
	const struct live_counts captured = live_counts(live);

	sequence_input_metrics(input, metrics);
	metrics->capture_reader_bytes = captured.queued;
	metrics->capture_reader_room = live_room(live);
	metrics->capture_reader_memory = live_memory(live);
	metrics->spool_bytes = captured.spooled;
	metrics->spool_room = live_spool_room(live);
	metrics->has_ring = live_has_ring(live);
}

static const struct input_type type = { .is_endless = true,
	.is_minutely = true,
	.prepare = prepare,
	.start = start,
	.pause = sequence_input_pause,
	.resume = sequence_input_resume,
	.stop = stop,
	.close = close_all,
	.counts = counts,
	.progress = progress,
	.metrics = metrics,
	.free = sequence_input_free };

static struct input *
one_new(const struct input_config *config, const struct input_live *live)
{
	static const struct sequence_handler handler = { on_retire,
		sequence_input_check_end };
	struct live_input *capture = xcalloc(1, sizeof(*capture));
	struct input_config own = *config;

	capture->dissection = *config->dissection;
	capture->dissection.live = &live->about;
	own.dissection = &capture->dissection;
	capture->live = live->live;
	capture->parts = config->parts;
	capture->has_peers = config->live_count > 1;
	sequence_input_init(&capture->base, &type, &own, 1, &handler);
	return &capture->base.input;
}

/*
 * A tshark for each interface: two of them may see the same packets, as a bridge and its ports do, which one tshark
 * would take for retransmissions.
 */
struct input *
live_input_new(const struct input_config *config)
{
	struct input **inputs, *input;

	if (config->lives == NULL)
		return NULL;
	if (config->live_count == 1)
		return one_new(config, config->lives);
	inputs = xcalloc(config->live_count, sizeof(struct input *));
	for (size_t i = 0; i < config->live_count; i++)
		inputs[i] = one_new(config, &config->lives[i]);
	input = joint_input_new(inputs, config->live_count);
	free(inputs);
	return input;
}

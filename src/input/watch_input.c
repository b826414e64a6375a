/* SPDX-License-Identifier: BSD-2-Clause */
/* A watched folder as an input: all is done by watch/follow.c. */
#include "input/watch_input.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "input/dissection_input.h"
#include "watch/follow.h"

struct watch_input {
	struct input input;
	struct input_config config;
	struct dissection_config dissection; /* as the sink wants it */
	struct follow *follow;               /* NULL before start */
};

static struct watch_input *
self(struct input *input)
{
	return (struct watch_input *)(void *)input;
}

static const struct watch_input *
const_self(const struct input *input)
{
	return (const struct watch_input *)(const void *)input;
}

static void
on_document(void *ctx, const struct document_ready *ready)
{
	const struct input_handler *handler = &self(ctx)->input.handler;

	handler->on_document(handler->ctx, ready);
}

/* There is no more to come: it is not tried forever any more. */
static void
on_end(void *ctx)
{
	const struct input_handler *handler = &self(ctx)->input.handler;

	handler->on_hurry(handler->ctx);
	handler->on_end(handler->ctx);
}

static void
start(struct input *input, size_t value_max)
{
	struct watch_input *folder = self(input);
	const struct input_config *config = &folder->config;
	const struct follow_config follow = { .dissection = &folder->dissection,
		.watching = config->watching,
		.broker = config->broker,
		.count = config->count,
		.jobs = config->jobs,
		.idle = config->idle,
		.duration = config->duration,
		.omit = !config->dissection->ids,
		.on_document = on_document,
		.on_end = on_end,
		.ctx = input };

	folder->dissection = dissection_input_config(config->dissection, value_max);
	folder->follow = follow_new(&follow);
}

static void
hold(struct input *input)
{
	follow_pause(self(input)->follow);
}

static void
resume(struct input *input)
{
	follow_resume(self(input)->follow);
}

static void
stop(struct input *input)
{
	follow_stop(self(input)->follow);
	input->handler.on_hurry(input->handler.ctx);
}

static void
close_all(struct input *input)
{
	struct watch_input *folder = self(input);

	dissection_input_judge(input, folder->config.dissection);
	if (folder->follow == NULL)
		return;
	follow_close(folder->follow);
	input->handler.on_failure(input->handler.ctx,
	    follow_outcome(folder->follow));
}

static void
counts(const struct input *input, struct input_counts *counts)
{
	struct follow_counts follow;

	if (const_self(input)->follow == NULL)
		return;
	follow = follow_counts(const_self(input)->follow);
	dissection_input_counts(&follow.dissection, counts);
	counts->duplicate = follow.duplicate;
}

static void
progress(const struct input *input, struct input_progress *progress)
{
	struct follow_counts counts;

	if (const_self(input)->follow == NULL)
		return;
	counts = follow_counts(const_self(input)->follow);
	progress->packets = counts.dissection.read;
	progress->files_done = counts.files_done;
	progress->files_all = counts.files_all;
	progress->bytes_done = counts.bytes_done;
}

static void
metrics(const struct input *input, struct input_metrics *metrics)
{
	dissection_input_metrics(const_self(input)->config.dissection, metrics);
}

static void
free_all(struct input *input)
{
	follow_free(self(input)->follow);
	free(input);
}

static const struct input_type type = { .is_endless = true,
	.start = start,
	.pause = hold,
	.resume = resume,
	.stop = stop,
	.close = close_all,
	.counts = counts,
	.progress = progress,
	.metrics = metrics,
	.free = free_all };

struct input *
watch_input_new(const struct input_config *config)
{
	struct watch_input *folder;

	if (config->watching == NULL)
		return NULL;
	folder = xcalloc(1, sizeof(*folder));
	folder->input.type = &type;
	folder->config = *config;
	return &folder->input;
}

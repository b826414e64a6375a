/* SPDX-License-Identifier: BSD-2-Clause */
/* A dead letter file as an input: its lines are read by replay.c. */
#include "input/replay_input.h"

#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "dissect/dissection.h"
#include "input/replay.h"
#include "process/priv_broker.h"
#include "sink/dead_letter.h"

struct replay_input {
	struct input input;
	struct input_config config;
	struct replay *replay; /* NULL before start, and if it could not be opened */
	bool ended;
};

static struct replay_input *
self(struct input *input)
{
	return (struct replay_input *)(void *)input;
}

static const struct replay_input *
const_self(const struct input *input)
{
	return (const struct replay_input *)(const void *)input;
}

static void
blame(struct replay_input *file, const struct error *error)
{
	const struct input_handler *handler = &file->input.handler;

	log_error(file->config.dissection->log, "%s: %s", file->config.replay,
	    error->text);
	handler->on_failure(handler->ctx, error->outcome);
}

static int
on_letter(void *ctx, const struct sink_place *place, const char *json,
    size_t len)
{
	const struct input_handler *handler = &self(ctx)->input.handler;

	return handler->on_placed(handler->ctx, place, json, len);
}

static void
on_end(void *ctx)
{
	const struct input_handler *handler = &self(ctx)->input.handler;

	self(ctx)->ended = true;
	handler->on_end(handler->ctx);
}

static int
open_replay(struct replay_input *file, struct error *error)
{
	const struct input_config *config = &file->config;
	const struct replay_handler handler = { on_letter, on_end, file };
	int fd = priv_broker_open(config->broker, config->replay_index, error);

	if (fd < 0)
		return -1;
	if (dead_letter_is_fd(config->dead_letter, fd)) {
		close(fd);
		return error_set(error, OUTCOME_USAGE,
		    "it is also the dead letter file of this run: move it, or give "
		    "--dead-letter");
	}
	/* A run that looks for a file for its own dead letters passes this one: see dead_letter.c. */
	(void)flock(fd, LOCK_SH | LOCK_NB);
	file->replay = replay_new(config->dissection->loop, fd, &handler);
	replay_resume(file->replay);
	return 0;
}

static void
start(struct input *input, size_t value_max)
{
	struct replay_input *file = self(input);
	struct error error;

	(void)value_max;
	if (open_replay(file, &error) == 0)
		return;
	blame(file, &error);
	input->handler.on_end(input->handler.ctx);
}

static void
hold(struct input *input)
{
	if (self(input)->replay != NULL)
		replay_pause(self(input)->replay);
}

static void
resume(struct input *input)
{
	if (self(input)->replay != NULL)
		replay_resume(self(input)->replay);
}

static void
stop(struct input *input)
{
	if (self(input)->replay != NULL)
		replay_stop(self(input)->replay);
}

/* One that could not be opened has told its end. */
static bool
is_read(const struct input *input)
{
	return const_self(input)->replay == NULL || const_self(input)->ended;
}

static void
close_all(struct input *input)
{
	struct replay_input *file = self(input);
	struct error error;

	if (file->replay != NULL &&
	    replay_outcome(file->replay, &error) != OUTCOME_OK)
		blame(file, &error);
}

static void
counts(const struct input *input, struct input_counts *counts)
{
	if (const_self(input)->replay != NULL)
		counts->read = replay_read(const_self(input)->replay);
}

static void
progress(const struct input *input,
    struct input_progress *progress)
{
	const struct replay_input *file = const_self(input);

	if (file->replay != NULL)
		progress->packets = replay_read(file->replay);
	progress->files_done = file->ended ? 1 : 0;
}

static void
free_all(struct input *input)
{
	replay_free(self(input)->replay);
	free(input);
}

/* Its documents are made: it has no tshark to measure. */
static const struct input_type type = { .start = start,
	.pause = hold,
	.resume = resume,
	.stop = stop,
	.is_read = is_read,
	.close = close_all,
	.counts = counts,
	.progress = progress,
	.free = free_all };

struct input *
replay_input_new(const struct input_config *config)
{
	struct replay_input *file;

	if (config->replay == NULL)
		return NULL;
	file = xcalloc(1, sizeof(*file));
	file->input.type = &type;
	file->config = *config;
	return &file->input;
}

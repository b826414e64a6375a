/* SPDX-License-Identifier: BSD-2-Clause */
/* Files and standard input, in the order of the list. */
#include "input/file_input.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "input/inputs.h"
#include "input/sequence_input.h"
#include "process/priv_broker.h"
#include "source/source.h"

struct file_input {
	struct sequence_input base;
	struct input_config config;
	size_t next; /* of the list */
	uint64_t bytes_all;
	bool stopping;
};

static struct file_input *
self(struct input *input)
{
	return (struct file_input *)(void *)input;
}

static const struct file_input *
const_self(const struct input *input)
{
	return (const struct file_input *)(const void *)input;
}

static int
open_standard_input(struct error *error)
{
	int fd;

	if (isatty(STDIN_FILENO))
		return error_set(error, OUTCOME_INPUT,
		    "standard input is a "
		    "terminal: redirect a capture to it");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT,
		    "standard input is closed");
	return fd;
}

static struct record_source *
open_file(const struct file_input *files, size_t index, struct error *error)
{
	const struct input_file *file = &files->config.inputs->list[index];
	const int fd = file->path == NULL && strcmp(file->name, "-") == 0 ?
	    open_standard_input(error) :
	    priv_broker_open(files->config.broker, index, error);

	return fd < 0 ?
	    NULL :
	    source_base(source_new(files->base.given->loop, fd));
}

static void
begin_next(struct file_input *files)
{
	const struct input_config *config = &files->config;
	const struct input_file *file = &config->inputs->list[files->next];
	struct sequence *sequence = files->base.sequence;
	struct error error;
	const struct sequence_capture capture = {
		.dissection = &files->base.dissection,
		.parts = config->parts,
		.source = open_file(files, files->next++, &error),
		.error = &error,
		.name = file->name,
		.path = file->path,
		.count = config->count == 0 ?
		    0 :
		    config->count - sequence_retired(sequence)
	};

	sequence_add(sequence, &capture);
}

static bool
wants_more(const struct file_input *files)
{
	const struct sequence *sequence = files->base.sequence;
	const uint64_t count = files->config.count;

	if (files->stopping || files->next == files->config.inputs->count ||
	    !sequence_has_room(sequence))
		return false;
	/* How many packets are left to the next file only the one before can tell. */
	return count == 0 ||
	    (sequence_is_empty(sequence) && sequence_retired(sequence) < count);
}

static void
on_room(struct input *input)
{
	while (wants_more(self(input)))
		begin_next(self(input));
	sequence_input_check_end(input);
}

static void
on_retire(struct input *input, const struct sequence_end *end)
{
	const struct file_input *files = self(input);

	if (end->is_no_capture && end->error.outcome != OUTCOME_OK &&
	    files->config.inputs->from_dir)
		log_note(files->base.given->log, "%s: skipped: %s",
		    end->name, end->error.text);
	else
		sequence_input_report(input, end);
}

static void
prepare(struct input *input)
{
	struct file_input *files = self(input);

	if (files->config.progress)
		files->bytes_all = inputs_bytes(files->config.inputs);
}

static void
start(struct input *input, size_t value_max)
{
	sequence_input_begin(&self(input)->base, value_max);
	on_room(input);
}

static void
stop(struct input *input)
{
	self(input)->stopping = true;
	sequence_input_stop(input);
}

static bool
is_read(const struct input *input)
{
	const struct file_input *files = const_self(input);
	const struct sequence *sequence = files->base.sequence;
	const uint64_t count = files->config.count;

	return sequence_is_read(sequence) &&
	    (files->next == files->config.inputs->count ||
		(count > 0 && sequence_counts(sequence).read >= count));
}

static void
progress(const struct input *input, struct input_progress *progress)
{
	const struct file_input *files = const_self(input);

	sequence_input_progress(input, progress);
	progress->files_all = files->config.inputs->count;
	progress->bytes_all = files->bytes_all;
}

static const struct input_type type = { .prepare = prepare,
	.start = start,
	.pause = sequence_input_pause,
	.resume = sequence_input_resume,
	.stop = stop,
	.is_read = is_read,
	.close = sequence_input_close,
	.counts = sequence_input_counts,
	.progress = progress,
	.metrics = sequence_input_metrics,
	.free = sequence_input_free };

struct input *
file_input_new(const struct input_config *config)
{
	static const struct sequence_handler handler = { on_retire, on_room };
	struct file_input *files = xcalloc(1, sizeof(*files));

	files->config = *config;
	sequence_input_init(&files->base, &type, config, config->jobs, &handler);
	return &files->base.input;
}

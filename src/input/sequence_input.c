/* SPDX-License-Identifier: BSD-2-Clause */
/* What inputs have in common that give captures to a sequence. */
#include "input/sequence_input.h"

#include <stdlib.h>

static struct sequence_input *
from(struct input *input)
{
	return (struct sequence_input *)(void *)input;
}

static const struct sequence_input *
const_from(const struct input *input)
{
	return (const struct sequence_input *)(const void *)input;
}

void
sequence_input_init(struct sequence_input *self, const struct input_type *type,
    const struct input_config *config, size_t room,
    const struct sequence_handler *handler)
{
	self->input.type = type;
	self->given = config->dissection;
	self->sequence = sequence_new(&self->input, config->dissection->loop,
	    room, handler);
}

void
sequence_input_begin(struct sequence_input *self, size_t value_max)
{
	self->dissection = dissection_input_config(self->given, value_max);
}

void
sequence_input_report(struct input *input, const struct sequence_end *end)
{
	if (end->error.outcome == OUTCOME_OK)
		return;
	log_error(from(input)->given->log, "%s: %s", end->name, end->error.text);
	input->handler.on_failure(input->handler.ctx, end->outcome);
}

void
sequence_input_check_end(struct input *input)
{
	struct sequence_input *self = from(input);

	if (!sequence_is_empty(self->sequence) || self->ended)
		return;
	self->ended = true;
	input->handler.on_end(input->handler.ctx);
}

void
sequence_input_pause(struct input *input)
{
	sequence_pause(from(input)->sequence);
}

void
sequence_input_resume(struct input *input)
{
	sequence_resume(from(input)->sequence);
}

void
sequence_input_stop(struct input *input)
{
	sequence_stop(from(input)->sequence);
}

void
sequence_input_close(struct input *input)
{
	sequence_close(from(input)->sequence);
	dissection_input_judge(input, from(input)->given);
}

void
sequence_input_counts(const struct input *input, struct input_counts *counts)
{
	const struct dissection_counts own =
	    sequence_counts(const_from(input)->sequence);

	dissection_input_counts(&own, counts);
}

void
sequence_input_progress(const struct input *input,
    struct input_progress *progress)
{
	sequence_progress(const_from(input)->sequence, progress);
}

void
sequence_input_metrics(const struct input *input, struct input_metrics *metrics)
{
	const struct sequence_input *self = const_from(input);

	dissection_input_metrics(self->given, metrics);
	metrics->tshark_memory = sequence_memory(self->sequence);
}

void
sequence_input_free(struct input *input)
{
	sequence_free(from(input)->sequence);
	free(input);
}

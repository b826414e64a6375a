/* SPDX-License-Identifier: BSD-2-Clause */
/* What inputs have in common that give captures to a sequence: most of the functions of their struct input_type. */
#ifndef ESPCAP_INPUT_SEQUENCE_INPUT_H
#define ESPCAP_INPUT_SEQUENCE_INPUT_H

#include "input/dissection_input.h"
#include "input/input_config.h"
#include "input/sequence.h"

/* The first member of such an input. */
struct sequence_input {
	struct input input;
	const struct dissection_config *given;
	struct dissection_config dissection; /* as the sink wants it, from sequence_input_begin on */
	struct sequence *sequence;
	bool ended;
};

/* Of zeros. room and handler are those of sequence_new, type and config->dissection are borrowed. */
void sequence_input_init(struct sequence_input *self, const struct input_type *type, const struct input_config *config,
    size_t room, const struct sequence_handler *handler);

/* What start does first; then captures may be added. */
void sequence_input_begin(struct sequence_input *self, size_t value_max);

/* For on_retire: logs what went wrong with the capture, and tells the run. */
void sequence_input_report(struct input *input, const struct sequence_end *end);
/* For on_room: without any capture left the input has ended. */
void sequence_input_check_end(struct input *input);

/* For struct input_type. */
void sequence_input_pause(struct input *input);
void sequence_input_resume(struct input *input);
void sequence_input_stop(struct input *input);
void sequence_input_close(struct input *input);
void sequence_input_counts(const struct input *input, struct input_counts *counts);
void sequence_input_progress(const struct input *input, struct input_progress *progress);
void sequence_input_metrics(const struct input *input, struct input_metrics *metrics);
/* Frees the input, which came from malloc. */
void sequence_input_free(struct input *input);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What all inputs have in common that dissect packets. */
#include "input/dissection_input.h"

struct dissection_config
dissection_input_config(const struct dissection_config *config, size_t value_max)
{
	struct dissection_config copy = *config;

	if (value_max > 0 && (copy.max_value == 0 || copy.max_value > value_max))
		copy.max_value = value_max;
	return copy;
}

void
dissection_input_judge(const struct input *input,
    const struct dissection_config *config)
{
	if (config->filter != NULL && filter_is_futile(config->filter))
		input->handler.on_failure(input->handler.ctx, OUTCOME_USAGE);
}

void
dissection_input_counts(const struct dissection_counts *from,
    struct input_counts *counts)
{
	counts->read = from->read;
	counts->filtered = from->filtered;
	counts->undissected = from->undissected;
	counts->skipped = from->skipped;
	counts->fallbacks = from->fallbacks;
	counts->tsharks = from->tsharks;
}

void
dissection_input_metrics(const struct dissection_config *config,
    struct input_metrics *metrics)
{
	metrics->tshark = config->tshark->version;
	metrics->dissection = config->tshark->has_plugin ?
	    "plugin" :
	    config->tshark_config->pdml ?
	    "pdml" :
	    "ek";
}

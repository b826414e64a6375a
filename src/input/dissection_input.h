/* SPDX-License-Identifier: BSD-2-Clause */
/* What all inputs have in common that dissect packets. */
#ifndef ESPCAP_INPUT_DISSECTION_INPUT_H
#define ESPCAP_INPUT_DISSECTION_INPUT_H

#include "dissect/dissection.h"
#include "input/input.h"

/* A copy for a sink that takes values of so many bytes, see input_type.start. */
struct dissection_config dissection_input_config(const struct dissection_config *config, size_t value_max);

/* For close: a --bpf that has no meaning for any packet of the run is a failure. */
void dissection_input_judge(const struct input *input, const struct dissection_config *config);

/* Sets what dissections count; the rest stays. */
void dissection_input_counts(const struct dissection_counts *from, struct input_counts *counts);
/* Sets which tshark it is, and how its output is read. */
void dissection_input_metrics(const struct dissection_config *config, struct input_metrics *metrics);

#endif

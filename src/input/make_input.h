/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the kinds of input. */
#ifndef ESPCAP_INPUT_MAKE_INPUT_H
#define ESPCAP_INPUT_MAKE_INPUT_H

#include "input/input.h"
#include "input/input_config.h"

/* The input that the options ask for. Free with its type->free. */
struct input *make_input(const struct input_config *config);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A watched folder as an input. */
#ifndef ESPCAP_INPUT_WATCH_INPUT_H
#define ESPCAP_INPUT_WATCH_INPUT_H

#include "input/input.h"
#include "input/input_config.h"

/* For config->watching, NULL without it; see make_input.c. */
struct input *watch_input_new(const struct input_config *config);

#endif

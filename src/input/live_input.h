/* SPDX-License-Identifier: BSD-2-Clause */
/* Live captures as an input. */
#ifndef ESPCAP_INPUT_LIVE_INPUT_H
#define ESPCAP_INPUT_LIVE_INPUT_H

#include "input/input.h"
#include "input/input_config.h"

/* For config->lives, NULL without them; see make_input.c. */
struct input *live_input_new(const struct input_config *config);

#endif

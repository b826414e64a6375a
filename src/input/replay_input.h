/* SPDX-License-Identifier: BSD-2-Clause */
/* A dead letter file as an input. */
#ifndef ESPCAP_INPUT_REPLAY_INPUT_H
#define ESPCAP_INPUT_REPLAY_INPUT_H

#include "input/input.h"
#include "input/input_config.h"

/* For config->replay, NULL without it; see make_input.c. */
struct input *replay_input_new(const struct input_config *config);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files and standard input, in the order of the list. */
#ifndef ESPCAP_INPUT_FILE_INPUT_H
#define ESPCAP_INPUT_FILE_INPUT_H

#include "input/input.h"
#include "input/input_config.h"

/* For config->inputs; see make_input.c. */
struct input *file_input_new(const struct input_config *config);

#endif

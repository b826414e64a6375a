/* SPDX-License-Identifier: BSD-2-Clause */
/* Several inputs at the same time as one: documents come as they are ready, and counts are the sums. */
#ifndef ESPCAP_INPUT_JOINT_INPUT_H
#define ESPCAP_INPUT_JOINT_INPUT_H

#include "input/input.h"

/* Takes the inputs over, 1.., which are live captures; the array is copied. */
struct input *joint_input_new(struct input *const *inputs, size_t count);

#endif

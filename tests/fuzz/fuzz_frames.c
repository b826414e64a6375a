/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: frames in two different cuts become the same documents. */
#include "readers/frames_wire.h"
#include "documents.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct target target = { .form = READER_FRAMES,
		.choices = 2,
		.start = FRAMES_MAGIC,
		.start_len = FRAMES_MAGIC_LEN };

	return documents_are_equal(&target, data, size);
}

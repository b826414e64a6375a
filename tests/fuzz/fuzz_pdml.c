/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: PDML in two different cuts becomes the same documents. */
#include "documents.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct target target = { .form = READER_PDML,
		.choices = 3 };

	return documents_are_equal(&target, data, size);
}

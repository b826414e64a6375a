/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: EK lines in two different cuts become the same documents. */
#include "documents.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct target target = { .form = READER_EK, .choices = 3 };

	return documents_are_equal(&target, data, size);
}

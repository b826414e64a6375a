/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a link type, and a packet of it. Its share is one of those there are. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "packet/flow_hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact;

	if (size < 3)
		return 0;
	size -= 3;
	/* In memory of its own, so that no byte after it can be read. */
	exact = malloc(size > 0 ? size : 1);
	assert(exact != NULL);
	memcpy(exact, data + 3, size);
	assert(flow_hash_shard(data[0] | (uint32_t)data[1] << 8, exact, size,
		   1u + data[2]) <= data[2]);
	free(exact);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a registry; what is taken from it is printed and read again as the same. */
#include <assert.h>
#include <string.h>

#include "watch/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry *registry = registry_new(), *again = registry_new();
	struct buffer first, second;
	size_t newer;

	buffer_init(&first, SIZE_MAX);
	buffer_init(&second, SIZE_MAX);
	(void)registry_parse(registry, (const char *)data, size, &newer);
	assert(registry_print_all(registry, &first) == 0);
	assert(registry_parse(again, first.data, first.len, &newer) == 0);
	assert(newer == 0);
	assert(registry_count(again) == registry_count(registry));
	assert(registry_print_all(again, &second) == 0);
	assert(first.len == second.len &&
	    memcmp(first.data, second.data, first.len) == 0);
	buffer_release(&first);
	buffer_release(&second);
	registry_free(registry);
	registry_free(again);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: expands the bytes in large and in small pieces, with the same outcome. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "packet/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No more is looked at of what a small input can become. */
#define MADE_MAX 100000

/* What came of it. */
struct result {
	int got;
	size_t made;
	uint64_t hash;
};

static void
hash_bytes(struct result *result, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		result->hash = (result->hash ^ bytes[i]) * 0x100000001b3;
	result->made += len;
}

static struct result
run(enum expand_kind kind, const uint8_t *data, size_t size, size_t in_step,
    size_t out_step)
{
	struct expand *expand = expand_new(kind);
	struct result result = { 0, 0, 0 };
	uint8_t *out = malloc(out_step);
	size_t at = 0, used, made;
	struct error error;
	int idle = 0;

	assert(out != NULL);
	while (result.got == 0 && result.made < MADE_MAX) {
		size_t len = size - at < in_step ? size - at : in_step;
		uint8_t *in = malloc(len == 0 ? 1 : len);

		assert(in != NULL);
		memcpy(in, data + at, len);
		result.got = expand_run(expand, in, len, at + len == size,
		    &used, out, out_step, &made, &error);
		free(in);
		assert(used <= len && made <= out_step);
		hash_bytes(&result, out, made);
		at += used;
		idle = used == 0 && made == 0 ? idle + 1 : 0;
		assert(idle < 3);
	}
	assert(result.got != 1 || at == size);
	free(out);
	expand_free(expand);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum expand_kind kind = expand_probe(data, size);
	struct result large = run(kind, data, size, size + 1, MADE_MAX + 1);
	struct result small = run(kind, data, size, 7, 61);

	if (large.made >= MADE_MAX || small.made >= MADE_MAX)
		return 0;
	assert(large.got == small.got);
	/* After damage, more or less may have come out before it was seen. */
	assert(large.got < 0 ||
	    (large.made == small.made && large.hash == small.hash));
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: bytes of a journal of nonces, and the same bytes as a list of things to do. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "request/nonces.h"
#include "sanitizers.h"

#define MAX 8
#define NAMES 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
load(const uint8_t *data, size_t size)
{
	struct nonces *nonces = nonces_new(MAX);
	size_t taken = nonces_load(nonces, (const char *)data, size, 0);

	assert(taken <= size && nonces_count(nonces) <= MAX);
	nonces_free(nonces);
}

/* What is known, the simple way. */
struct model {
	bool is_known[NAMES];
	int64_t until[NAMES];
};

static size_t
count_at(const struct model *model, int64_t now)
{
	size_t count = 0;

	for (size_t i = 0; i < NAMES; i++)
		if (model->is_known[i] && model->until[i] >= now)
			count++;
	return count;
}

static void
step(struct nonces *nonces, struct model *model, const uint8_t *bytes, int64_t now)
{
	size_t i = bytes[0] % NAMES;
	const char name[2] = { (char)('a' + i), '\0' };
	bool was_known = model->is_known[i] && model->until[i] >= now;
	int64_t until = now + bytes[1];
	enum nonces_answer answer;

	assert(nonces_has(nonces, "o", name, now) == was_known);
	if (bytes[0] >= 240) {
		nonces_remove(nonces, "o", name);
		model->is_known[i] = false;
		return;
	}
	answer = nonces_add(nonces, "o", name, until, now);
	assert((answer == NONCES_KNOWN) == was_known);
	assert((answer == NONCES_FULL) == (!was_known && count_at(model, now) == MAX));
	if (answer != NONCES_NEW)
		return;
	model->is_known[i] = true;
	model->until[i] = until;
}

/* Two bytes a step: which name, for how long; time goes on by one. */
static void
play(const uint8_t *data, size_t size)
{
	struct nonces *nonces = nonces_new(MAX), *again = nonces_new(MAX);
	struct model model = { 0 };
	struct buffer saved;
	int64_t now = 0;

	for (; size >= 2; data += 2, size -= 2)
		step(nonces, &model, data, now++);
	buffer_init(&saved, SIZE_MAX);
	assert(nonces_save(nonces, &saved, now) == 0);
	assert(nonces_load(again, saved.data, saved.len, now) == saved.len);
	assert(nonces_count(again) == count_at(&model, now));
	for (size_t i = 0; i < NAMES; i++) {
		const char name[2] = { (char)('a' + i), '\0' };

		assert(nonces_has(again, "o", name, now) == (model.is_known[i] && model.until[i] >= now));
	}
	buffer_release(&saved);
	nonces_free(nonces);
	nonces_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load(data, size);
	play(data, size);
	return 0;
}

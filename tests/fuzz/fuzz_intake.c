/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: what comes through a pipe of the Kafka process (its first byte is 0), or through that of its orders. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All bytes can be read that an event points to, and written again it is the same frame. */
static void
repeat(const struct intake_event *event, const uint8_t *frame, size_t len)
{
	struct buffer out;

	buffer_init(&out, INTAKE_FRAME_MAX);
	assert(intake_write(&out, event) == 0);
	assert(out.len == len && memcmp(out.data, frame, len) == 0);
	buffer_release(&out);
}

static void
read_frames(const uint8_t *data, size_t size)
{
	struct intake_event event;
	ssize_t used;

	while ((used = intake_read(data, size, &event)) > 0) {
		assert((size_t)used <= size);
		repeat(&event, data, (size_t)used);
		data += used;
		size -= (size_t)used;
	}
}

static void
read_orders(const uint8_t *data, size_t size)
{
	struct intake_order order;
	struct buffer out;
	ssize_t used;

	buffer_init(&out, 4096);
	while ((used = intake_read_order(data, size, &order)) > 0) {
		assert((size_t)used <= size);
		buffer_clear(&out);
		assert(intake_write_order(&out, &order) == 0);
		assert(out.len == (size_t)used && memcmp(out.data, data, out.len) == 0);
		data += used;
		size -= (size_t)used;
	}
	buffer_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact;
	bool is_frames;

	if (size == 0)
		return 0;
	is_frames = *data++ == 0;
	size--;
	/* In memory of its own, so that no byte behind it can be read. */
	exact = malloc(size > 0 ? size : 1);
	assert(exact != NULL);
	if (size > 0)
		memcpy(exact, data, size);
	if (is_frames)
		read_frames(exact, size);
	else
		read_orders(exact, size);
	free(exact);
	return 0;
}

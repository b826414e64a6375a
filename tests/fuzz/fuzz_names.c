/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: field lists, EK keys and saved tables of any bytes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/table.h"
#include "base/buffer.h"
#include "fields/names_private.h"
#include "sanitizers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where names_save puts its checksum, and how long its header is. */
#define SUM_AT 28
#define HEAD_LEN 40

static void
check_name(const struct names *names, uint32_t id)
{
	size_t len;
	const char *name = names_name(names, id, &len);

	assert(id < names_count(names) && len > 0);
	for (size_t i = 0; i < len; i++)
		assert(name[i] > ' ' && name[i] <= '~' && name[i] != '"' &&
		    name[i] != '\\');
	assert(names_protocol(names, id) == NAMES_NONE ||
	    names_protocol(names, id) < names_count(names));
	assert(names_kind(names, id) <= NAMES_KIND_PROTOCOL);
}

/* Looks up each line as a key, within the protocol found last. */
static void
find_all(struct names *names, const uint8_t *data, size_t size)
{
	uint32_t within = NAMES_NONE;

	while (size > 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t len = newline == NULL ? size : (size_t)(newline - data);
		enum names_kind kind = (enum names_kind)(len % 4);
		uint32_t id = names_find(names, (const char *)data, len, kind,
		    within);

		check_name(names, id);
		/* The same key is the same name for good. */
		assert(names_find(names, (const char *)data, len, kind,
			   within) == id);
		(void)names_id(names, (const char *)data, len);
		if (kind == NAMES_KIND_PROTOCOL)
			within = id;
		data += newline == NULL ? len : len + 1;
		size -= newline == NULL ? len : len + 1;
	}
}

/* Adds each line from memory that ends after it. */
static void
add_all(struct names *names, const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size;
	char *memory = malloc(size == 0 ? 1 : size);

	assert(memory != NULL);
	while (at < end) {
		const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline == NULL ?
		    (size_t)(end - at) :
		    (size_t)(newline - at);
		char *exact = memory + size - len;

		memcpy(exact, at, len);
		names_add(names, exact, len);
		at += newline == NULL ? len : len + 1;
	}
	free(memory);
}

static void
add_lines(const uint8_t *data, size_t size)
{
	struct names *names = names_new();

	add_all(names, data, size);
	table_fill(names);
	assert(names_finish(names, NULL) == 0);
	for (uint32_t id = 0; id < names_count(names); id++)
		check_name(names, id);
	find_all(names, data, size);
	names_free(names);
}

static const struct buffer *
good_bytes(void)
{
	static struct buffer saved;
	struct names *names;

	if (saved.len > 0)
		return &saved;
	names = table_new();
	buffer_init(&saved, SIZE_MAX);
	assert(names_save(names, &saved) == 0);
	names_free(names);
	return &saved;
}

/* A saved table with some of its words replaced (offset and value of 4 bytes each), and the checksum right again. */
static void
load_changed(const uint8_t *data, size_t size)
{
	const struct buffer *good = good_bytes();
	char *bytes = malloc(good->len);
	struct names *names;
	struct names_sum sum = { 0 };
	uint32_t at, right;

	assert(bytes != NULL);
	memcpy(bytes, good->data, good->len);
	for (; size >= 8; data += 8, size -= 8) {
		memcpy(&at, data, 4);
		memcpy(bytes + at % (good->len - 4), data + 4, 4);
	}
	names_sum_add(&sum, bytes + HEAD_LEN, good->len - HEAD_LEN);
	right = names_sum_end(&sum);
	memcpy(bytes + SUM_AT, &right, sizeof(right));
	names = table_load(bytes, good->len);
	free(bytes);
	if (names == NULL)
		return;
	for (uint32_t id = 0; id < names_count(names); id++)
		check_name(names, id);
	find_all(names, data, size);
	find_all(names, (const uint8_t *)"ip_ip_src\nbgp_bgp_prefix_length\nx", 33);
	names_free(names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		names_free(table_load((const char *)data, size));
		break;
	case 1:
		load_changed(data + 1, size - 1);
		break;
	default:
		add_lines(data + 1, size - 1);
		break;
	}
	return 0;
}

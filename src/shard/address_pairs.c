/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs of texts, numbered as they appear. */
#include "shard/address_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"

struct entry {
	size_t at, len; /* in texts */
	uint64_t hash;
};

struct address_pairs {
	struct buffer texts, key;
	struct entry *entries;
	uint32_t count, room;
	uint32_t *slots; /* 1 + the number, 0 for a free one; a power of two, twice the room */
	uint64_t seed;   /* so that nobody can know which pairs share a slot */
};

struct address_pairs *
address_pairs_new(void)
{
	struct address_pairs *pairs = xcalloc(1, sizeof(*pairs));

	buffer_init(&pairs->texts, SIZE_MAX / 2);
	buffer_init(&pairs->key, SIZE_MAX / 2);
	pairs->seed = (uint64_t)(uintptr_t)pairs;
	return pairs;
}

void
address_pairs_free(struct address_pairs *pairs)
{
	if (pairs == NULL)
		return;
	buffer_release(&pairs->texts);
	buffer_release(&pairs->key);
	free(pairs->entries);
	free(pairs->slots);
	free(pairs);
}

static uint64_t
hash_of(const struct address_pairs *pairs)
{
	uint64_t hash = pairs->seed;

	for (size_t i = 0; i < pairs->key.len; i++) {
		hash = (hash ^ (uint8_t)pairs->key.data[i]) *
		    UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash;
}

/* The two texts with a zero byte between them, the lower first. */
static void
make_key(struct address_pairs *pairs, const char *one, size_t one_len,
    const char *other, size_t other_len)
{
	int order =
	    memcmp(one, other, one_len < other_len ? one_len : other_len);

	buffer_clear(&pairs->key);
	if (order > 0 || (order == 0 && one_len > other_len)) {
		(void)buffer_append(&pairs->key, other, other_len);
		(void)buffer_append(&pairs->key, "", 1);
		(void)buffer_append(&pairs->key, one, one_len);
		return;
	}
	(void)buffer_append(&pairs->key, one, one_len);
	(void)buffer_append(&pairs->key, "", 1);
	(void)buffer_append(&pairs->key, other, other_len);
}

static uint32_t *
free_slot(struct address_pairs *pairs, uint64_t hash)
{
	uint32_t mask = pairs->room * 2 - 1, at = (uint32_t)hash & mask;

	while (pairs->slots[at] != 0)
		at = (at + 1) & mask;
	return &pairs->slots[at];
}

static void
grow(struct address_pairs *pairs)
{
	pairs->room = pairs->room == 0 ? 64 : pairs->room * 2;
	pairs->entries = xreallocarray(pairs->entries, pairs->room,
	    sizeof(*pairs->entries));
	free(pairs->slots);
	pairs->slots = xcalloc((size_t)pairs->room * 2,
	    sizeof(*pairs->slots));
	for (uint32_t i = 0; i < pairs->count; i++)
		*free_slot(pairs, pairs->entries[i].hash) = 1 + i;
}

/* 1 + the number of the pair in key, 0 if it has none. */
static uint32_t
find(const struct address_pairs *pairs, uint64_t hash)
{
	uint32_t mask = pairs->room * 2 - 1, at = (uint32_t)hash & mask;
	const struct entry *entry;

	if (pairs->room == 0)
		return 0;
	for (; pairs->slots[at] != 0; at = (at + 1) & mask) {
		entry = &pairs->entries[pairs->slots[at] - 1];
		if (entry->hash == hash && entry->len == pairs->key.len &&
		    memcmp(pairs->texts.data + entry->at, pairs->key.data,
			entry->len) == 0)
			return pairs->slots[at];
	}
	return 0;
}

uint32_t
address_pairs_number(struct address_pairs *pairs, const char *one, size_t one_len,
    const char *other, size_t other_len)
{
	uint64_t hash;
	uint32_t found;

	make_key(pairs, one, one_len, other, other_len);
	hash = hash_of(pairs);
	found = find(pairs, hash);
	if (found != 0)
		return found - 1;
	if (pairs->count == pairs->room)
		grow(pairs);
	pairs->entries[pairs->count] = (struct entry){ .at = pairs->texts.len,
		.len = pairs->key.len,
		.hash = hash };
	(void)buffer_append(&pairs->texts, pairs->key.data, pairs->key.len);
	*free_slot(pairs, hash) = 1 + pairs->count;
	return pairs->count++;
}

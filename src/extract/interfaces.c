/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces of the packets that were found. */
#include "extract/interfaces.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Fowler/Noll/Vo, 64 bits: who makes descriptions collide makes only his own extract slow. */
#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

struct known {
	uint64_t hash;
	size_t at, len; /* in bytes */
	uint32_t nth, linktype, number;
	bool is_used;
	int64_t next; /* of the same slot, -1 for none */
};

struct interfaces {
	struct known *list;
	size_t count, room;
	struct buffer bytes;
	int64_t slots[4096];
};

struct interfaces *
interfaces_new(void)
{
	struct interfaces *interfaces = xcalloc(1, sizeof(*interfaces));

	buffer_init(&interfaces->bytes, INTERFACES_BYTES_MAX);
	memset(interfaces->slots, 0xff, sizeof(interfaces->slots));
	return interfaces;
}

void
interfaces_free(struct interfaces *interfaces)
{
	if (interfaces == NULL)
		return;
	buffer_release(&interfaces->bytes);
	free(interfaces->list);
	free(interfaces);
}

static uint64_t
hash_of(const uint8_t *block, size_t len)
{
	uint64_t hash = FNV_BASIS;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ block[i]) * FNV_PRIME;
	return hash;
}

int64_t
interfaces_find(struct interfaces *interfaces, const void *block, size_t len, uint32_t nth, uint32_t linktype)
{
	uint64_t hash = hash_of(block, len);
	int64_t *slot = &interfaces->slots[hash % 4096];
	struct known *known;

	for (int64_t i = *slot; i >= 0; i = known->next) {
		known = &interfaces->list[i];
		if (known->hash == hash && known->nth == nth && known->len == len &&
		    memcmp(interfaces->bytes.data + known->at, block, len) == 0)
			return i;
	}
	if (interfaces->count == INTERFACES_MAX || buffer_append(&interfaces->bytes, block, len) != 0)
		return -1;
	if (interfaces->count == interfaces->room) {
		interfaces->room = interfaces->room == 0 ? 16 : interfaces->room * 2;
		interfaces->list = xreallocarray(interfaces->list, interfaces->room, sizeof(*interfaces->list));
	}
	known = &interfaces->list[interfaces->count];
	*known = (struct known){ .hash = hash,
		.at = interfaces->bytes.len - len,
		.len = len,
		.nth = nth,
		.linktype = linktype,
		.next = *slot };
	*slot = (int64_t)interfaces->count;
	return (int64_t)interfaces->count++;
}

void
interfaces_use(struct interfaces *interfaces, uint32_t index)
{
	interfaces->list[index].is_used = true;
}

size_t
interfaces_linktypes(const struct interfaces *interfaces, uint32_t *linktype)
{
	size_t count = 0;

	for (size_t i = 0; i < interfaces->count; i++) {
		const struct known *known = &interfaces->list[i];

		if (!known->is_used || (count > 0 && known->linktype == *linktype))
			continue;
		if (count++ > 0)
			return count;
		*linktype = known->linktype;
	}
	return count;
}

int
interfaces_write(struct interfaces *interfaces, struct buffer *out)
{
	uint32_t number = 0;

	for (size_t i = 0; i < interfaces->count; i++) {
		struct known *known = &interfaces->list[i];

		if (!known->is_used)
			continue;
		known->number = number++;
		if (buffer_append(out, interfaces->bytes.data + known->at, known->len) != 0)
			return -1;
	}
	return 0;
}

uint32_t
interfaces_number(const struct interfaces *interfaces, uint32_t index)
{
	return interfaces->list[index].number;
}

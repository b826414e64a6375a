/* SPDX-License-Identifier: BSD-2-Clause */
/* The sources that documents name: a table by what they are. */
#include "extract/origins.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define SLOTS 16384
#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

struct known {
	struct origin origin;
	char *text; /* what the texts of origin point into */
	uint64_t hash;
	uint32_t next; /* of the same slot */
};

struct origins {
	struct known *list;
	size_t count, room;
	uint32_t slots[SLOTS];
};

struct origins *
origins_new(void)
{
	struct origins *origins = xcalloc(1, sizeof(*origins));

	memset(origins->slots, 0xff, sizeof(origins->slots));
	return origins;
}

void
origins_free(struct origins *origins)
{
	if (origins == NULL)
		return;
	for (size_t i = 0; i < origins->count; i++)
		free(origins->list[i].text);
	free(origins->list);
	free(origins);
}

static uint64_t
add_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
	while (*text++ != '\0');
	return hash;
}

static uint64_t
hash_of(const struct wanted_source *source, bool has_offset)
{
	uint64_t hash = FNV_BASIS ^ (uint64_t)source->kind ^ (has_offset ? 16 : 0) ^ ((uint64_t)(uint32_t)source->partition << 8);

	hash = add_text(hash, source->path);
	hash = add_text(hash, source->capture);
	return add_text(add_text(hash, source->host), source->topic);
}

static bool
is_same(const struct origin *origin, const struct wanted_source *source, bool has_offset)
{
	return origin->kind == source->kind && origin->has_offsets == has_offset && origin->partition == source->partition &&
	    strcmp(origin->path, source->path) == 0 && strcmp(origin->capture, source->capture) == 0 &&
	    strcmp(origin->host, source->host) == 0 && strcmp(origin->topic, source->topic) == 0;
}

static const char *
put_text(char **at, const char *text)
{
	char *put = *at;
	size_t len = strlen(text) + 1;

	memcpy(put, text, len);
	*at += len;
	return put;
}

static void
fill(struct known *known, const struct wanted_source *source, bool has_offset)
{
	char *at;

	known->text = at = xmalloc(strlen(source->path) + strlen(source->capture) + strlen(source->host) +
	    strlen(source->topic) + 4);
	known->origin = (struct origin){ .kind = source->kind, .has_offsets = has_offset, .partition = source->partition };
	known->origin.path = put_text(&at, source->path);
	known->origin.capture = put_text(&at, source->capture);
	known->origin.host = put_text(&at, source->host);
	known->origin.topic = put_text(&at, source->topic);
}

uint32_t
origins_find(struct origins *origins, const struct wanted_source *source, bool has_offset)
{
	uint64_t hash = hash_of(source, has_offset);
	uint32_t *slot = &origins->slots[hash % SLOTS], i;
	struct known *known;

	for (i = *slot; i != ORIGINS_NONE; i = origins->list[i].next)
		if (origins->list[i].hash == hash && is_same(&origins->list[i].origin, source, has_offset))
			break;
	if (i == ORIGINS_NONE) {
		if (origins->count == ORIGINS_MAX)
			return ORIGINS_NONE;
		if (origins->count == origins->room) {
			origins->room = origins->room == 0 ? 64 : origins->room * 2;
			origins->list = xreallocarray(origins->list, origins->room, sizeof(*origins->list));
		}
		i = (uint32_t)origins->count++;
		known = &origins->list[i];
		fill(known, source, has_offset);
		known->hash = hash;
		known->next = *slot;
		*slot = i;
	}
	origins->list[i].origin.needs_scan |= source->needs_scan;
	return i;
}

const struct origin *
origins_at(const struct origins *origins, uint32_t number)
{
	return &origins->list[number].origin;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Where documents have a field. */
#include "run/places.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "base/jsonwalk.h"

/* Bytes of a path; longer ones are cut. */
#define PATH_LEN 512

struct place {
	char *path;
	uint64_t count;
	uint64_t last; /* the document that it was last found in */
};

struct places {
	const char *field;
	struct place list[PLACES_MAX];
	size_t count;
	uint64_t documents;
	/* Of the document that is read: the keys that lead to a value, and where each ends. */
	struct buffer path;
	size_t ends[JSONWALK_DEPTH_MAX + 1];
	bool is_layer;
};

struct places *
places_new(const char *field)
{
	struct places *places = xcalloc(1, sizeof(*places));

	places->field = field;
	buffer_init(&places->path, (size_t)1 << 20);
	return places;
}

void
places_free(struct places *places)
{
	if (places == NULL)
		return;
	for (size_t i = 0; i < places->count; i++)
		free(places->list[i].path);
	buffer_release(&places->path);
	free(places);
}

/* The same path several times in a document: in the objects of an array. */
static void
count_path(struct places *places, const char *path, size_t len)
{
	struct place *place;

	if (len > PATH_LEN)
		len = json_cut(path, len, PATH_LEN);
	for (size_t i = 0; i < places->count; i++) {
		place = &places->list[i];
		if (strlen(place->path) != len || memcmp(place->path, path, len) != 0)
			continue;
		place->count += place->last != places->documents;
		place->last = places->documents;
		return;
	}
	if (places->count == PLACES_MAX)
		return;
	place = &places->list[places->count++];
	place->path = xmalloc(len + 1);
	memcpy(place->path, path, len);
	place->path[len] = '\0';
	place->count = 1;
	place->last = places->documents;
}

/* Arrays have no key of their own: what they are in ends where they begin. */
static void
on_name(void *ctx, size_t depth, const char *name, size_t len)
{
	struct places *places = ctx;
	size_t before = places->ends[depth - 1];

	if (depth == 1)
		places->is_layer = len == strlen("layers") && memcmp(name, "layers", len) == 0;
	if (!places->is_layer)
		return;
	places->path.len = before;
	if (memchr(name, '\0', len) != NULL || (before > 0 && buffer_puts(&places->path, ".") != 0) ||
	    buffer_append(&places->path, name, len) != 0)
		return;
	places->ends[depth] = places->path.len;
	if (depth > 1 && len == strlen(places->field) && memcmp(name, places->field, len) == 0)
		count_path(places, places->path.data, places->path.len);
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct places *places = ctx;

	if (value->depth == 0)
		return value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_END;
	/* The elements of an array stand where it does. */
	if (value->path[value->depth - 1] == JSONWALK_ELEMENT)
		places->ends[value->depth] = places->ends[value->depth - 1];
	return true;
}

int
places_add(struct places *places, const char *json, size_t len)
{
	static const struct jsonwalk_key none = { NULL, 0 };
	const struct jsonwalk walk = { .keys = &none, .on_value = on_value, .on_name = on_name, .ctx = places };

	places->documents++;
	buffer_clear(&places->path);
	memset(places->ends, 0, sizeof(places->ends));
	return jsonwalk(&walk, json, len);
}

size_t
places_count(const struct places *places)
{
	return places->count;
}

static int
compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->path, y->path);
}

int
places_write(struct places *places, bool is_json, struct buffer *out)
{
	char path[4 * PATH_LEN + 1];
	int rv = 0;

	qsort(places->list, places->count, sizeof(*places->list), compare);
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->list[i];

		if (is_json) {
			rv |= buffer_puts(out, "{\"field\":") | json_string(out, places->field, strlen(places->field));
			rv |= buffer_puts(out, ",\"path\":") | json_string(out, place->path, strlen(place->path));
			rv |= buffer_printf(out, ",\"documents\":%" PRIu64 "}\n", place->count);
			continue;
		}
		(void)text_visible(path, sizeof(path), place->path, strlen(place->path));
		rv |= buffer_printf(out, "%10" PRIu64 " %s\n", place->count, path);
	}
	return rv;
}

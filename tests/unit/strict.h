/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A strict look at JSON: UTF-8, no key twice in an object, no NUL in a key, bounded nesting; goes after assert.h or
 * cmocka.h.
 */
#ifndef ESPCAP_TESTS_STRICT_H
#define ESPCAP_TESTS_STRICT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define STRICT_DEPTH 50

struct strict_key {
	unsigned object;
	size_t at;        /* in the texts; */
	const char *text; /* there, when all have been read */
	size_t len;
};

struct strict {
	const char *why; /* what is wrong, NULL if nothing is */
	struct strict_key *keys;
	size_t key_count, key_room;
	char *texts; /* of the keys, one after the other */
	size_t texts_len, texts_room;
	unsigned objects[STRICT_DEPTH], object_count, depth;
};

static inline int
strict_fail(struct strict *strict, const char *why)
{
	strict->why = why;
	return 0;
}

/* Memory for so many more items, of which there are count. */
static inline void *
strict_grow(void *list, size_t count, size_t more, size_t *room, size_t size)
{
	if (list != NULL && *room - count >= more)
		return list;
	*room = (count + more) * 2 < 64 ? 64 : (count + more) * 2;
	list = realloc(list, *room * size);
	if (list == NULL)
		abort();
	return list;
}

static inline int
strict_key(void *ctx, const unsigned char *text, size_t len)
{
	struct strict *strict = ctx;

	if (memchr(text, '\0', len) != NULL)
		return strict_fail(strict, "NUL in a key");
	strict->keys = strict_grow(strict->keys, strict->key_count, 1,
	    &strict->key_room, sizeof(*strict->keys));
	strict->texts = strict_grow(strict->texts, strict->texts_len, len,
	    &strict->texts_room, 1);
	strict->keys[strict->key_count++] = (struct strict_key){
		.object = strict->objects[strict->depth - 1],
		.at = strict->texts_len,
		.len = len
	};
	memcpy(strict->texts + strict->texts_len, text, len);
	strict->texts_len += len;
	return 1;
}

static inline int
strict_start(void *ctx)
{
	struct strict *strict = ctx;

	if (strict->depth == STRICT_DEPTH)
		return strict_fail(strict, "nested too deeply");
	strict->objects[strict->depth++] = strict->object_count++;
	return 1;
}

static inline int
strict_end(void *ctx)
{
	((struct strict *)ctx)->depth--;
	return 1;
}

static inline int
strict_compare(const void *a, const void *b)
{
	const struct strict_key *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->text, y->text, x->len);
}

static inline void
strict_release(struct strict *strict)
{
	for (size_t i = 0; i < strict->key_count; i++)
		strict->keys[i].text = strict->texts + strict->keys[i].at;
	if (strict->key_count > 0)
		qsort(strict->keys, strict->key_count, sizeof(*strict->keys),
		    strict_compare);
	for (size_t i = 1; i < strict->key_count; i++)
		if (strict->why == NULL &&
		    strict_compare(&strict->keys[i - 1], &strict->keys[i]) == 0)
			strict->why = "a key twice";
	free(strict->keys);
	free(strict->texts);
}

/* NULL if the JSON text is all of that, else what is wrong with it. */
static inline const char *
strict_json(const char *text, size_t len)
{
	static const yajl_callbacks callbacks = {
		.yajl_start_map = strict_start,
		.yajl_map_key = strict_key,
		.yajl_end_map = strict_end,
		.yajl_start_array = strict_start,
		.yajl_end_array = strict_end
	};
	struct strict strict = { .why = NULL };
	yajl_handle yajl = yajl_alloc(&callbacks, NULL, &strict);

	if (yajl == NULL)
		abort();
	if ((yajl_parse(yajl, (const unsigned char *)text, len) !=
		    yajl_status_ok ||
		yajl_complete_parse(yajl) != yajl_status_ok) &&
	    strict.why == NULL)
		strict.why = "no JSON";
	yajl_free(yajl);
	strict_release(&strict);
	return strict.why;
}

#endif

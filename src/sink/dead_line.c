/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a line of a dead letter file. */
#include "sink/dead_line.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define DEPTH_MAX 128

struct reader {
	yajl_handle yajl;
	struct dead_line *out;
	unsigned depth;
	enum { KEY_OTHER,
		KEY_INDEX,
		KEY_ID,
		KEY_DOCUMENT } key;
	size_t start; /* of the document */
	bool has_index, has_id, has_document;
};

static int
on_key(void *ctx, const unsigned char *key, size_t len)
{
	static const char *const names[] = { "", "index", "id", "document" };
	struct reader *reader = ctx;

	if (reader->depth != 1)
		return 1;
	reader->key = KEY_OTHER;
	for (int i = KEY_INDEX; i <= KEY_DOCUMENT; i++)
		if (strlen(names[i]) == len && memcmp(names[i], key, len) == 0)
			reader->key = i;
	return 1;
}

static int
copy_name(char out[BATCH_NAME_MAX + 1], const unsigned char *text, size_t len,
    bool *has)
{
	if (*has || !batch_is_safe((const char *)text, len))
		return 0;
	memcpy(out, text, len);
	out[len] = '\0';
	*has = true;
	return 1;
}

static int
on_string(void *ctx, const unsigned char *text, size_t len)
{
	struct reader *reader = ctx;

	if (reader->depth != 1)
		return 1;
	if (reader->key == KEY_INDEX)
		return copy_name(reader->out->index, text, len,
		    &reader->has_index);
	if (reader->key == KEY_ID)
		return copy_name(reader->out->id, text, len, &reader->has_id);
	return reader->key != KEY_DOCUMENT;
}

static int
on_start_map(void *ctx)
{
	struct reader *reader = ctx;

	if (reader->depth == 1 && reader->key == KEY_DOCUMENT) {
		if (reader->has_document)
			return 0;
		reader->start = yajl_get_bytes_consumed(reader->yajl) - 1;
	}
	return ++reader->depth <= DEPTH_MAX;
}

static int
on_end_map(void *ctx)
{
	struct reader *reader = ctx;

	if (--reader->depth == 1 && reader->key == KEY_DOCUMENT &&
	    !reader->has_document) {
		reader->has_document = true;
		reader->out->len = yajl_get_bytes_consumed(reader->yajl) -
		    reader->start;
	}
	return 1;
}

/* An array, number or the like is no name and no document. */
static int
is_other(const struct reader *reader)
{
	return reader->depth > 1 ||
	    (reader->depth == 1 && reader->key == KEY_OTHER);
}

static int
on_start_array(void *ctx)
{
	struct reader *reader = ctx;

	return is_other(reader) && ++reader->depth <= DEPTH_MAX;
}

static int
on_end_array(void *ctx)
{
	struct reader *reader = ctx;

	reader->depth--;
	return 1;
}

static int
on_null(void *ctx)
{
	return is_other(ctx);
}

static int
on_boolean(void *ctx, int value)
{
	(void)value;
	return is_other(ctx);
}

static int
on_number(void *ctx, const char *text, size_t len)
{
	(void)text;
	(void)len;
	return is_other(ctx);
}

int
dead_line_read(const char *line, size_t len, struct dead_line *out)
{
	static const yajl_callbacks callbacks = { .yajl_null = on_null,
		.yajl_boolean = on_boolean,
		.yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_map_key = on_key,
		.yajl_start_map = on_start_map,
		.yajl_end_map = on_end_map,
		.yajl_start_array = on_start_array,
		.yajl_end_array = on_end_array };
	struct reader reader = { .out = out };
	bool good;

	memset(out, 0, sizeof(*out));
	reader.yajl = yajl_alloc(&callbacks, NULL, &reader);
	if (reader.yajl == NULL)
		abort(); /* out of memory */
	good = yajl_parse(reader.yajl, (const unsigned char *)line, len) ==
		yajl_status_ok &&
	    yajl_complete_parse(reader.yajl) == yajl_status_ok &&
	    reader.has_index && reader.has_document;
	yajl_free(reader.yajl);
	if (!good)
		return -1;
	out->document = line + reader.start;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks JSON text and tells each value with the keys that lead to it. */
#include "base/jsonwalk.h"

#include <string.h>
#include <yajl/yajl_parse.h>

struct walker {
	const struct jsonwalk *walk;
	yajl_handle yajl;
	unsigned char path[JSONWALK_DEPTH_MAX];
	size_t depth;
};

static int
tell(struct walker *walker, enum jsonwalk_kind kind, const char *text,
    size_t len)
{
	const struct jsonwalk_value value = { .kind = kind,
		.path = walker->path,
		.depth = walker->depth,
		.text = text,
		.len = len,
		.end = yajl_get_bytes_consumed(walker->yajl) };

	return walker->walk->on_value(walker->walk->ctx, &value);
}

static int
open_scope(struct walker *walker, enum jsonwalk_kind kind)
{
	if (walker->depth == JSONWALK_DEPTH_MAX || !tell(walker, kind, "", 0))
		return 0;
	walker->path[walker->depth++] = kind == JSONWALK_ARRAY ?
	    JSONWALK_ELEMENT :
	    JSONWALK_OTHER;
	return 1;
}

/* yajl's callbacks; 0 ends the parse. */

static int
on_object(void *ctx)
{
	return open_scope(ctx, JSONWALK_OBJECT);
}

static int
on_array(void *ctx)
{
	return open_scope(ctx, JSONWALK_ARRAY);
}

static int
on_end(void *ctx)
{
	struct walker *walker = ctx;

	walker->depth--;
	return tell(walker, JSONWALK_END, "", 0);
}

static int
on_key(void *ctx, const unsigned char *bytes, size_t len)
{
	struct walker *walker = ctx;
	unsigned char id = JSONWALK_OTHER;

	for (const struct jsonwalk_key *key = walker->walk->keys;
	     key->name != NULL; key++)
		if (strlen(key->name) == len &&
		    memcmp(key->name, bytes, len) == 0) {
			id = key->id;
			break;
		}
	walker->path[walker->depth - 1] = id;
	if (walker->walk->on_name != NULL)
		walker->walk->on_name(walker->walk->ctx, walker->depth,
		    (const char *)bytes, len);
	return 1;
}

static int
on_string(void *ctx, const unsigned char *bytes, size_t len)
{
	return tell(ctx, JSONWALK_STRING, (const char *)bytes, len);
}

static int
on_number(void *ctx, const char *text, size_t len)
{
	return tell(ctx, JSONWALK_NUMBER, text, len);
}

static int
on_boolean(void *ctx, int value)
{
	return tell(ctx, JSONWALK_LITERAL, value ? "true" : "false", value ? 4 : 5);
}

static int
on_null(void *ctx)
{
	return tell(ctx, JSONWALK_LITERAL, "null", 4);
}

int
jsonwalk(const struct jsonwalk *walk, const char *text, size_t len)
{
	/* With yajl_number no number is converted: none overflows. */
	static const yajl_callbacks callbacks = { .yajl_null = on_null,
		.yajl_boolean = on_boolean,
		.yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_start_map = on_object,
		.yajl_map_key = on_key,
		.yajl_end_map = on_end,
		.yajl_start_array = on_array,
		.yajl_end_array = on_end };
	struct walker walker = { .walk = walk };
	yajl_handle yajl = yajl_alloc(&callbacks, NULL, &walker);
	yajl_status status;
	bool is_cut;

	if (yajl == NULL)
		return -1;
	walker.yajl = yajl;
	status = yajl_parse(yajl, (const unsigned char *)text, len);
	is_cut = status == yajl_status_ok;
	if (is_cut)
		status = yajl_complete_parse(yajl);
	if (status == yajl_status_error && walk->damage != NULL)
		*walk->damage = (struct jsonwalk_damage){ true, is_cut, yajl_get_bytes_consumed(yajl) };
	yajl_free(yajl);
	return status == yajl_status_ok ? 0 : -1;
}

bool
jsonwalk_at(const struct jsonwalk_value *value, const unsigned char *path,
    size_t depth)
{
	return value->depth == depth &&
	    (depth == 0 || memcmp(value->path, path, depth) == 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a list of indices, and makes the paths that delete some. */
#include "server/retention.h"

#include <string.h>
#include <yajl/yajl_parse.h>

#include "server/day.h"

/* What fits into one request line: longer lists of indices are deleted in several. */
#define DELETE_MAX 3000

struct listing {
	const char *prefix;
	uint64_t days;
	struct buffer *names;
	unsigned depth;
	char index[160], key[4][16];
	uint32_t today;
};

static int
on_list_key(void *ctx, const unsigned char *key, size_t len)
{
	struct listing *list = ctx;

	if (list->depth == 1) {
		if (len >= sizeof(list->index))
			len = 0;
		memcpy(list->index, key, len);
		list->index[len] = '\0';
	} else if (list->depth <= 4 && list->depth > 1) {
		char *to = list->key[list->depth - 2];

		if (len >= sizeof(list->key[0]))
			len = 0;
		memcpy(to, key, len);
		to[len] = '\0';
	}
	return 1;
}

static int
on_list_open(void *ctx)
{
	struct listing *list = ctx;

	list->depth++;
	return list->depth < 64;
}

static int
on_list_close(void *ctx)
{
	struct listing *list = ctx;

	list->depth--;
	return 1;
}

/* {"packets-2015-07-30":{"mappings":{"_meta":{"created_by":"espcap"}}}} */
static int
on_list_string(void *ctx, const unsigned char *text, size_t len)
{
	struct listing *list = ctx;
	size_t prefix_len = strlen(list->prefix);
	uint32_t day;

	if (list->depth == 4 && strcmp(list->key[0], "mappings") == 0 &&
	    strcmp(list->key[1], "_meta") == 0 &&
	    strcmp(list->key[2], "created_by") == 0 && len == 6 &&
	    memcmp(text, "espcap", 6) == 0 &&
	    strncmp(list->index, list->prefix, prefix_len) == 0 &&
	    day_read(list->index + prefix_len, &day) &&
	    day + list->days < list->today)
		(void)buffer_printf(list->names, "%s\n", list->index);
	return 1;
}

void
retention_list(const char *body, size_t len, const char *prefix, uint64_t days, uint32_t today,
    struct buffer *names)
{
	static const yajl_callbacks callbacks = { .yajl_map_key = on_list_key,
		.yajl_string = on_list_string,
		.yajl_start_map = on_list_open,
		.yajl_end_map = on_list_close,
		.yajl_start_array = on_list_open,
		.yajl_end_array = on_list_close };
	struct listing list = { .prefix = prefix, .days = days, .names = names, .today = today };
	yajl_handle parser = yajl_alloc(&callbacks, NULL, &list);

	buffer_clear(names);
	if (yajl_parse(parser, (const unsigned char *)body, len) != yajl_status_ok ||
	    yajl_complete_parse(parser) != yajl_status_ok)
		buffer_clear(names);
	yajl_free(parser);
}

void
retention_take(struct buffer *names, struct buffer *path)
{
	while (names->len > 0 && path->len < DELETE_MAX) {
		const char *end = memchr(names->data, '\n',
		    names->len);
		size_t len = (size_t)(end - names->data);

		(void)buffer_append(path,
		    path->len > 1 ? "," : "",
		    path->len > 1 ? 1 : 0);
		(void)buffer_append(path, names->data, len);
		buffer_consume(names, len + 1);
	}
}

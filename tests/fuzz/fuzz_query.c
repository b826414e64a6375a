/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a display filter, a byte of zero, a document, a byte of zero and names of matched queries. Clauses are
 * valid JSON of bounded depth, and messages are printable and point into the filter.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "../unit/querying.h"
#include "base/json.h"
#include "sanitizers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "bool" in each other, with the objects and arrays around and in them. */
#define DEPTH_MAX (3 * 16 + 6)

struct piece {
	const char *text;
	size_t len;
};

/* What stands in front of the next byte of zero. */
static struct piece
next_piece(const uint8_t **data, size_t *size)
{
	const uint8_t *zero = *size == 0 ? NULL : memchr(*data, 0, *size);
	struct piece piece = { (const char *)*data, zero == NULL ? *size : (size_t)(zero - *data) };
	size_t used = piece.len + (zero != NULL);

	*data += used;
	*size -= used;
	return piece;
}

static int
on_open(void *ctx)
{
	size_t *depth = ctx;

	assert(++*depth <= DEPTH_MAX);
	return 1;
}

static int
on_close(void *ctx)
{
	--*(size_t *)ctx;
	return 1;
}

static void
check_clause(const struct buffer *json)
{
	static const yajl_callbacks callbacks = { .yajl_start_map = on_open, .yajl_end_map = on_close, .yajl_start_array = on_open, .yajl_end_array = on_close };
	static const char empty[] = "\"should\":[]";
	size_t depth = 0;
	yajl_handle yajl = yajl_alloc(&callbacks, NULL, &depth);

	assert(yajl != NULL);
	assert(yajl_parse(yajl, (const unsigned char *)json->data, json->len) == yajl_status_ok);
	assert(yajl_complete_parse(yajl) == yajl_status_ok);
	yajl_free(yajl);
	assert(json_is_utf8(json->data, json->len));
	/* Servers take that for everything. */
	assert(memmem(json->data, json->len, empty, strlen(empty)) == NULL);
}

static void
check_error(const struct query_error *error, size_t len)
{
	size_t n = strlen(error->text);

	assert(error->column >= 1 && error->column <= len + 1);
	assert(n > 0 && n < sizeof(error->text));
	for (size_t i = 0; i < n; i++)
		assert((unsigned char)error->text[i] >= ' ' && error->text[i] != 0x7f);
	assert(json_is_utf8(error->text, n));
}

static void
check_query(const struct query *query, struct piece document, struct piece matched)
{
	struct buffer json;
	int rv;

	buffer_init(&json, SIZE_MAX);
	assert(query_json(query, &json) == 0);
	check_clause(&json);
	buffer_clear(&json);
	assert(query_json_certain(query, &json) == 0);
	check_clause(&json);
	buffer_release(&json);
	rv = query_matches(query, document.text, document.len, matched.text, matched.len);
	assert(rv >= -1 && rv <= 1);
	assert(query_needs_check(query) || rv == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct names *names;
	struct piece filter = next_piece(&data, &size), document = next_piece(&data, &size), matched = { (const char *)data, size };
	char *copy = malloc(filter.len + 1);
	struct query_values *values;
	struct query_error error;
	struct query *query;

	assert(copy != NULL);
	/* Memory that ends with the filter. */
	copy = realloc(copy, filter.len > 0 ? filter.len : 1);
	assert(copy != NULL);
	if (filter.len > 0)
		memcpy(copy, filter.text, filter.len);
	if (names == NULL)
		names = querying_names();
	values = query_values_new(copy, filter.len);
	query_values_add(values, "V\tip.proto\t6\tTCP", 16);
	query_values_add(values, document.text, document.len);
	query = query_parse(names, document.len % 2 == 0 ? NULL : values, copy, filter.len, &error);
	if (query == NULL)
		check_error(&error, filter.len);
	else
		check_query(query, document, matched);
	query_free(query);
	query_values_free(values);
	free(copy);
	return 0;
}

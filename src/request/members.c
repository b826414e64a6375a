/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of one JSON object of a message. */
#include "request/members.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"

struct reader {
	const struct members *members;
	struct error *error;
	size_t depth; /* of open objects and lists */
	struct members_text names[MEMBERS_MAX];
	size_t count;
	/* The list that is the value of the last member. */
	struct members_text texts[MEMBERS_TEXTS_MAX];
	size_t text_count;
	bool is_list;     /* what is open at depth 2 is a list */
	bool is_of_texts; /* and holds nothing else so far */
};

void
members_visible(char out[MEMBERS_NAME_SIZE], const char *name, size_t len)
{
	(void)text_visible(out, MEMBERS_NAME_SIZE, name, len);
}

/* Whatever bytes, U+0000 too. */
static struct members_text
copy(const char *bytes, size_t len)
{
	struct members_text text = { .bytes = xmalloc(len + 1), .len = len };

	memcpy(text.bytes, bytes, len);
	text.bytes[len] = '\0';
	return text;
}

static int
fail(struct reader *reader, const char *text)
{
	(void)error_set(reader->error, OUTCOME_INPUT, "%s", text);
	return 0;
}

static int
tell(struct reader *reader, const struct members_value *value)
{
	const struct members_text *name = &reader->names[reader->count - 1];

	return reader->members->on_member(reader->members->ctx, name->bytes,
		   name->len, value, reader->error) == 0;
}

/* A value that is no text, and neither object nor list. */
static int
simple(struct reader *reader, enum members_kind kind, const char *text,
    size_t len)
{
	const struct members_value value = { .kind = kind,
		.text = { .bytes = (char *)text, .len = len } };

	if (reader->depth == 0)
		return fail(reader, "message: is not a JSON object");
	if (reader->depth == 1)
		return tell(reader, &value);
	reader->is_of_texts = false;
	return 1;
}

/* yajl's callbacks; 0 ends the parse. */

static int
on_null(void *ctx)
{
	return simple(ctx, MEMBERS_NULL, "", 0);
}

static int
on_boolean(void *ctx, int value)
{
	return simple(ctx, value ? MEMBERS_TRUE : MEMBERS_FALSE, "", 0);
}

static int
on_number(void *ctx, const char *text, size_t len)
{
	return simple(ctx, MEMBERS_NUMBER, text, len);
}

static int
on_string(void *ctx, const unsigned char *bytes, size_t len)
{
	struct reader *reader = ctx;

	if (reader->depth < 2)
		return simple(reader, MEMBERS_TEXT, (const char *)bytes, len);
	if (reader->depth > 2 || !reader->is_list)
		return 1;
	if (reader->text_count == MEMBERS_TEXTS_MAX) {
		reader->is_of_texts = false;
		return 1;
	}
	reader->texts[reader->text_count++] =
	    copy((const char *)bytes, len);
	return 1;
}

static int
open_scope(struct reader *reader, bool is_list)
{
	char text[64];

	if (reader->depth == 0 && is_list)
		return fail(reader, "message: is not a JSON object");
	if (reader->depth == reader->members->depth_max) {
		(void)snprintf(text, sizeof(text),
		    "message: is nested more than %zu levels deep", reader->depth);
		return fail(reader, text);
	}
	reader->depth++;
	if (reader->depth == 2) {
		reader->is_list = is_list;
		reader->is_of_texts = is_list;
	} else
		reader->is_of_texts = false;
	return 1;
}

static int
on_object(void *ctx)
{
	return open_scope(ctx, false);
}

static int
on_array(void *ctx)
{
	return open_scope(ctx, true);
}

static void
drop_texts(struct reader *reader)
{
	for (size_t i = 0; i < reader->text_count; i++)
		free(reader->texts[i].bytes);
	reader->text_count = 0;
}

static int
on_end(void *ctx)
{
	struct reader *reader = ctx;
	struct members_value value = { .kind = MEMBERS_OTHER };
	int result;

	if (--reader->depth != 1)
		return 1;
	if (reader->is_of_texts) {
		value.kind = MEMBERS_TEXTS;
		value.texts = reader->texts;
		value.count = reader->text_count;
	}
	result = tell(reader, &value);
	drop_texts(reader);
	return result;
}

static char
lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') :
						letter;
}

/* Upper and lower case of ASCII are the same; a NUL ends nothing. */
static bool
is_same(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

static bool
is_known(const struct reader *reader, const char *name, size_t len)
{
	for (size_t i = 0; i < reader->count; i++)
		if (reader->names[i].len == len &&
		    is_same(reader->names[i].bytes, name, len))
			return true;
	return false;
}

static int
on_key(void *ctx, const unsigned char *bytes, size_t len)
{
	struct reader *reader = ctx;
	const char *name = (const char *)bytes;
	char shown[MEMBERS_NAME_SIZE];

	if (reader->depth != 1)
		return 1;
	if (is_known(reader, name, len)) {
		members_visible(shown, name, len);
		(void)error_set(reader->error, OUTCOME_INPUT,
		    "%s: is there twice", shown);
		return 0;
	}
	if (reader->count == MEMBERS_MAX)
		return fail(reader, "message: has too many members");
	reader->names[reader->count++] = copy(name, len);
	return 1;
}

static int
parse(struct reader *reader, const char *bytes, size_t len)
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
	yajl_handle yajl = yajl_alloc(&callbacks, NULL, reader);
	yajl_status status;

	if (yajl == NULL)
		return error_set(reader->error, OUTCOME_INTERNAL,
		    "message: no memory to read it");
	status = yajl_parse(yajl, (const unsigned char *)bytes, len);
	if (status == yajl_status_error)
		(void)error_set(reader->error, OUTCOME_INPUT,
		    "message: is not JSON, near byte %zu",
		    yajl_get_bytes_consumed(yajl));
	if (status == yajl_status_ok) {
		status = yajl_complete_parse(yajl);
		if (status == yajl_status_error)
			(void)error_set(reader->error, OUTCOME_INPUT,
			    "message: is not JSON, it ends too early");
	}
	yajl_free(yajl);
	return status == yajl_status_ok ? 0 : -1;
}

int
members_read(const struct members *members, const char *bytes, size_t len,
    struct error *error)
{
	struct reader *reader;
	int result;

	if (len > members->len_max)
		return error_set(error, OUTCOME_INPUT,
		    "message: is longer than %zu bytes", members->len_max);
	/* yajl takes sequences that are longer than need be. */
	if (!json_is_utf8(bytes, len))
		return error_set(error, OUTCOME_INPUT,
		    "message: is not UTF-8");
	reader = xcalloc(1, sizeof(*reader));
	reader->members = members;
	reader->error = error;
	result = parse(reader, bytes, len);
	drop_texts(reader);
	for (size_t i = 0; i < reader->count; i++)
		free(reader->names[i].bytes);
	free(reader);
	return result;
}

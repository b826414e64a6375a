/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of one JSON object of a message. */
#include "request/members.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonwalk.h"
#include "base/text.h"
#include "base/xalloc.h"

struct reader {
	const struct members *members;
	struct error *error;
	bool has_failed; /* the error has the reason */
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

static bool
fail(struct reader *reader, const char *text)
{
	reader->has_failed = true;
	(void)error_set(reader->error, OUTCOME_INPUT, "%s", text);
	return false;
}

static void
drop_texts(struct reader *reader)
{
	for (size_t i = 0; i < reader->text_count; i++)
		free(reader->texts[i].bytes);
	reader->text_count = 0;
}

static bool
tell(struct reader *reader, const struct members_value *value)
{
	const struct members_text *name = &reader->names[reader->count - 1];

	reader->has_failed = reader->members->on_member(reader->members->ctx, name->bytes, name->len, value,
				 reader->error) != 0;
	return !reader->has_failed;
}

/* A value of a member that is neither object nor list. */
static bool
tell_simple(struct reader *reader, const struct jsonwalk_value *value)
{
	struct members_value member = { .text = { .bytes = (char *)value->text, .len = value->len } };

	if (value->kind == JSONWALK_STRING)
		member.kind = MEMBERS_TEXT;
	else if (value->kind == JSONWALK_NUMBER)
		member.kind = MEMBERS_NUMBER;
	else {
		member.kind = value->text[0] == 't' ? MEMBERS_TRUE : value->text[0] == 'f' ? MEMBERS_FALSE :
											     MEMBERS_NULL;
		member.text.len = 0;
	}
	return tell(reader, &member);
}

/* A value within that of a member. */
static void
take_inner(struct reader *reader, const struct jsonwalk_value *value)
{
	if (value->kind != JSONWALK_STRING)
		reader->is_of_texts = false;
	else if (value->depth == 2 && reader->is_list && reader->text_count == MEMBERS_TEXTS_MAX)
		reader->is_of_texts = false;
	else if (value->depth == 2 && reader->is_list)
		reader->texts[reader->text_count++] = copy(value->text, value->len);
}

static bool
open_scope(struct reader *reader, const struct jsonwalk_value *value)
{
	char text[64];

	if (value->depth == reader->members->depth_max) {
		(void)snprintf(text, sizeof(text),
		    "message: is nested more than %zu levels deep", value->depth);
		return fail(reader, text);
	}
	if (value->depth == 1)
		reader->is_list = value->kind == JSONWALK_ARRAY;
	reader->is_of_texts = value->depth == 1 && reader->is_list;
	return true;
}

static bool
close_scope(struct reader *reader, const struct jsonwalk_value *value)
{
	struct members_value member = { .kind = MEMBERS_OTHER };
	bool result;

	if (value->depth != 1)
		return true;
	if (reader->is_of_texts) {
		member.kind = MEMBERS_TEXTS;
		member.texts = reader->texts;
		member.count = reader->text_count;
	}
	result = tell(reader, &member);
	drop_texts(reader);
	return result;
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reader *reader = ctx;

	if (reader->has_failed)
		return false;
	if (value->depth == 0 && value->kind != JSONWALK_OBJECT && value->kind != JSONWALK_END)
		return fail(reader, "message: is not a JSON object");
	if (value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_ARRAY)
		return open_scope(reader, value);
	if (value->kind == JSONWALK_END)
		return close_scope(reader, value);
	if (value->depth == 1)
		return tell_simple(reader, value);
	take_inner(reader, value);
	return true;
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

static void
on_name(void *ctx, size_t depth, const char *name, size_t len)
{
	struct reader *reader = ctx;
	char shown[MEMBERS_NAME_SIZE], text[MEMBERS_NAME_SIZE + 32];

	if (depth != 1)
		return;
	if (is_known(reader, name, len)) {
		members_visible(shown, name, len);
		(void)snprintf(text, sizeof(text), "%s: is there twice", shown);
		(void)fail(reader, text);
	} else if (reader->count == MEMBERS_MAX)
		(void)fail(reader, "message: has too many members");
	else
		reader->names[reader->count++] = copy(name, len);
}

static int
parse(struct reader *reader, const char *bytes, size_t len)
{
	static const struct jsonwalk_key none = { .name = NULL };
	struct jsonwalk_damage damage = { .is_there = false };
	const struct jsonwalk walk = { .keys = &none, .on_value = on_value, .on_name = on_name, .ctx = reader, .damage = &damage };

	if (jsonwalk(&walk, bytes, len) == 0)
		return 0;
	if (reader->has_failed)
		return -1;
	if (!damage.is_there)
		return error_set(reader->error, OUTCOME_INTERNAL, "message: no memory to read it");
	if (damage.is_cut)
		return error_set(reader->error, OUTCOME_INPUT, "message: is not JSON, it ends too early");
	return error_set(reader->error, OUTCOME_INPUT, "message: is not JSON, near byte %zu", damage.at);
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

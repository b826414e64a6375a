/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/members.c: kinds of values, bounds, and what is no object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request/members.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct seen {
	char text[1000];
	size_t stop_at; /* the member whose callback fails, counted from 1; 0: none */
	size_t count;
};

/* One line for each member: name, kind, what it holds. */
static int
on_member(void *ctx, const char *name, size_t len, const struct members_value *value, struct error *error)
{
	static const char *const kinds[] = { "null", "false", "true", "number", "text", "texts", "other" };
	struct seen *seen = ctx;
	size_t used = strlen(seen->text);

	if (++seen->count == seen->stop_at)
		return error_set(error, OUTCOME_INPUT, "stopped");
	used += (size_t)snprintf(seen->text + used, sizeof(seen->text) - used, "%.*s %s %.*s", (int)len, name,
	    kinds[value->kind], (int)value->text.len, value->text.len > 0 ? value->text.bytes : "");
	for (size_t i = 0; i < value->count; i++)
		used += (size_t)snprintf(seen->text + used, sizeof(seen->text) - used, "[%.*s]", (int)value->texts[i].len,
		    value->texts[i].bytes);
	(void)snprintf(seen->text + used, sizeof(seen->text) - used, "\n");
	return 0;
}

static int
read_text(struct seen *seen, const char *text, size_t len, struct error *error)
{
	const struct members members = { .on_member = on_member, .ctx = seen, .len_max = 4000, .depth_max = 8 };
	char *exact = malloc(len > 0 ? len : 1);
	int result;

	assert_non_null(exact);
	memcpy(exact, text, len);
	result = members_read(&members, exact, len, error);
	free(exact);
	return result;
}

static void
test_kinds(void **state)
{
	static const char text[] =
	    "{\"a\":null,\"b\":true,\"c\":false,\"d\":-12.5e3,\"e\":\"x\\u00e9\\n\",\"f\":[\"x\",\"\",\"y\"],\"g\":[],"
	    "\"h\":[1],\"i\":[\"x\",1],\"j\":{\"k\":\"v\",\"k\":[\"w\"]},\"l\":[[\"x\"]],\"m\":[\"x\",{}],\"n\":\"\"} ";
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	if (read_text(&seen, text, strlen(text), &error) != 0)
		fail_msg("%s", error.text);
	assert_string_equal(seen.text,
	    "a null \nb true \nc false \nd number -12.5e3\ne text x\xc3\xa9\n\nf texts [x][][y]\ng texts \nh other \n"
	    "i other \nj other \nl other \nm other \nn text \n");
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = { { "", "message: is not JSON, it ends too early" },
		{ " ", "message: is not JSON, it ends too early" },
		{ "[]", "message: is not a JSON object" },
		{ "\"x\"", "message: is not a JSON object" },
		{ "1", "message: is not a JSON object" },
		{ "null", "message: is not a JSON object" },
		{ "{\"a\":1", "message: is not JSON, it ends too early" },
		{ "{\"a\":1}}", "message: is not JSON, near byte 8" },
		{ "{\"a\":1} {}", "message: is not JSON, near byte 9" },
		{ "{\"a\":01}", "message: is not JSON, near byte 6" },
		{ "{\"a\":\"\xff\"}", "message: is not UTF-8" },
		{ "{\"a\":\"\xc0\xaf\"}", "message: is not UTF-8" },
		{ "{\"a\":\"\xed\xa0\x80\"}", "message: is not UTF-8" },
		{ "{\"a\":\"\n\"}", "message: is not JSON, near byte 6" },
		{ "/* x */{}", "message: is not JSON, near byte 0" },
		{ "\xef\xbb\xbf{}", "message: is not JSON, near byte 1" },
		{ "{'a':1}", "message: is not JSON, near byte 2" },
		{ "{\"a\":1,}", "message: is not JSON, near byte 8" },
		{ "{\"a\":1,\"a\":2}", "a: is there twice" },
		{ "{\"node\":1,\"NoDe\":2}", "NoDe: is there twice" },
		{ "{\"\":1,\"\":2}", ": is there twice" },
		{ "{\"a\\u0000b\":1,\"a\\u0000b\":2}", "a\\x00b: is there twice" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seen seen = { 0 };
		struct error error = { 0 };

		if (read_text(&seen, rows[i].text, strlen(rows[i].text), &error) == 0)
			fail_msg("taken: %s", rows[i].text);
		if (strcmp(error.text, rows[i].reason) != 0)
			fail_msg("%s: %s", rows[i].text, error.text);
	}
}

/* Names that differ behind a NUL are different ones. */
static void
test_names(void **state)
{
	static const char text[] = "{\"a\\u0000b\":1,\"a\\u0000c\":2,\"a\":3}";
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	assert_int_equal(read_text(&seen, text, strlen(text), &error), 0);
	assert_int_equal(seen.count, 3);
}

static void
test_depth(void **state)
{
	static const char deep[] = "{\"a\":[[[[[[[]]]]]]]}", deeper[] = "{\"a\":[[[[[[[{}]]]]]]]}";
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	assert_int_equal(read_text(&seen, deep, strlen(deep), &error), 0);
	assert_int_equal(read_text(&seen, deeper, strlen(deeper), &error), -1);
	assert_string_equal(error.text, "message: is nested more than 8 levels deep");
}

static void
test_len(void **state)
{
	static char text[4002];
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "{}", 2);
	assert_int_equal(read_text(&seen, text, 4000, &error), 0);
	assert_int_equal(read_text(&seen, text, 4001, &error), -1);
	assert_string_equal(error.text, "message: is longer than 4000 bytes");
}

/* {"0":0,"1":0,...} with so many members, or {"a":["","",...]} with so many texts. */
static int
read_many(size_t members, size_t texts, struct seen *seen, struct error *error)
{
	char text[4000];
	size_t used = (size_t)snprintf(text, sizeof(text), "{");

	for (size_t i = 0; i < members; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"%zu\":0", i == 0 ? "" : ",", i);
	if (texts > 0)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "\"a\":[");
	for (size_t i = 0; i < texts; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"x\"", i == 0 ? "" : ",");
	used += (size_t)snprintf(text + used, sizeof(text) - used, texts > 0 ? "]}" : "}");
	return read_text(seen, text, used, error);
}

static void
test_counts(void **state)
{
	struct seen seen = { 0 };
	struct error error;

	(void)state;
	assert_int_equal(read_many(MEMBERS_MAX, 0, &seen, &error), 0);
	assert_int_equal(seen.count, MEMBERS_MAX);
	assert_int_equal(read_many(MEMBERS_MAX + 1, 0, &seen, &error), -1);
	assert_string_equal(error.text, "message: has too many members");
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(read_many(0, MEMBERS_TEXTS_MAX, &seen, &error), 0);
	assert_memory_equal(seen.text, "a texts [x]", 11);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(read_many(0, MEMBERS_TEXTS_MAX + 1, &seen, &error), 0);
	assert_string_equal(seen.text, "a other \n");
}

static void
test_stopped(void **state)
{
	static const char text[] = "{\"a\":1,\"b\":[\"x\"],\"c\":2}";
	struct error error;

	(void)state;
	for (size_t stop = 1; stop <= 3; stop++) {
		struct seen seen = { .stop_at = stop };

		assert_int_equal(read_text(&seen, text, strlen(text), &error), -1);
		assert_int_equal(seen.count, stop);
		assert_string_equal(error.text, "stopped");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kinds), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names), cmocka_unit_test(test_depth), cmocka_unit_test(test_len),
		cmocka_unit_test(test_counts), cmocka_unit_test(test_stopped) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of query_matches: documents of whose values the index has only the beginning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "querying.h"

#define LONG_LEN 400
/* 400 letters x, then END; and in a document. */
static char long_text[LONG_LEN + 4];

struct row {
	const char *filter, *layers, *truncated, *matched;
	int matches;
};

static int
set_up(void **state)
{
	memset(long_text, 'x', LONG_LEN);
	memcpy(long_text + LONG_LEN, "END", 4);
	*state = querying_names();
	return 0;
}

static int
tear_down(void **state)
{
	names_free(*state);
	return 0;
}

/* The text with the long one for each $. */
static void
expand(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '$')
			buffer_puts(out, long_text);
		else
			buffer_append(out, text, 1);
}

static int
matches(const struct names *names, const struct row *row)
{
	struct buffer filter, source;
	struct query_error error;
	struct query *query;
	int rv;

	buffer_init(&filter, SIZE_MAX);
	buffer_init(&source, SIZE_MAX);
	expand(&filter, row->filter);
	buffer_puts(&source, "{\"http.host\":\"xEND\",\"espcap\":{\"ordinal\":1,\"truncated\":[");
	buffer_puts(&source, row->truncated);
	buffer_puts(&source, "]},\"layers\":{");
	expand(&source, row->layers);
	buffer_puts(&source, "}}");
	query = query_parse(names, NULL, filter.data, filter.len, &error);
	if (query == NULL)
		fail_msg("%s: %s", row->filter, error.text);
	if (!query_needs_check(query))
		fail_msg("%s needs no check", row->filter);
	rv = query_matches(query, source.data, source.len, row->matched, row->matched == NULL ? 0 : strlen(row->matched));
	query_free(query);
	buffer_release(&filter);
	buffer_release(&source);
	return rv;
}

static void
check_rows(const struct names *names, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (matches(names, &rows[i]) != rows[i].matches)
			fail_msg("%s, %s: not %d", rows[i].filter, rows[i].layers, rows[i].matches);
}
#define CHECK_ROWS(names, rows) check_rows(names, rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_values(void **state)
{
	static const struct row rows[] = {
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 1 },
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":\"xen\"}", "", NULL, 0 },
		{ "http.host contains \"xEND\"", "\"http\":{\"http.user_agent\":\"$\"}", "", NULL, 0 },
		/* A member of the document's own is no field. */
		{ "http.host contains \"xEND\"", "\"http\":{}", "", NULL, 0 },
		/* Several values, several layers, deep in others. */
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":[\"a\",\"$\"]}", "", NULL, 1 },
		{ "http.host contains \"xEND\"", "\"http\":[{\"http.host\":\"a\"},{\"http.host\":\"$\"}]", "", NULL, 1 },
		{ "http.host contains \"xEND\"", "\"tunnel\":[{\"a\":{\"b\":{\"http.host\":\"$\"}}}]", "", NULL, 1 },
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":\"a\",\"x\":[1,true,null,\"$\"]}", "", NULL, 0 },
		{ "http.host == \"$\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 1 },
		{ "http.host == \"$\"", "\"http\":{\"http.host\":\"$x\"}", "", NULL, 0 },
		{ "http.host in {\"a\", \"$\"}", "\"http\":{\"http.host\":\"$\"}", "", NULL, 1 },
		{ "http.host > \"$\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 0 },
		{ "http.host >= \"$\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 1 },
		{ "http.host > \"$\"", "\"http\":{\"http.host\":\"$0\"}", "", NULL, 1 },
		{ "http.host < \"$\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 0 },
		{ "http.host < \"$\"", "\"http\":{\"http.host\":\"a\"}", "", NULL, 1 },
		{ "http.host <= \"$\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 1 },
		{ "http.host in {\"$\" .. \"y\"}", "\"http\":{\"http.host\":\"$z\"}", "", NULL, 1 },
		{ "http.host in {\"$\" .. \"y\"}", "\"http\":{\"http.host\":\"ya\"}", "", NULL, 0 },
	};

	CHECK_ROWS(*state, rows);
}

/* Shorter bytes are less, whatever they are. */
static void
test_bytes(void **state)
{
	static const struct row rows[] = {
		{ "t.bytes > 48", "\"t\":{\"t.bytes\":\"00:00\"}", "", NULL, 1 },
		{ "t.bytes > 48", "\"t\":{\"t.bytes\":\"49\"}", "", NULL, 1 },
		{ "t.bytes > 48", "\"t\":{\"t.bytes\":\"48\"}", "", NULL, 0 },
		{ "t.bytes >= 48", "\"t\":{\"t.bytes\":\"48\"}", "", NULL, 1 },
		{ "t.bytes < 00:00", "\"t\":{\"t.bytes\":\"ff\"}", "", NULL, 1 },
		{ "t.bytes in {10..20}", "\"t\":{\"t.bytes\":\"15:00\"}", "", NULL, 0 },
		{ "t.bytes in {10..20}", "\"t\":{\"t.bytes\":\"15\"}", "", NULL, 1 },
		{ "t.bytes contains 15:16", "\"t\":{\"t.bytes\":\"14:15:16\"}", "", NULL, 1 },
		{ "t.bytes contains 15:16", "\"t\":{\"t.bytes\":\"14-15-16\"}", "", NULL, 1 },
		{ "t.bytes contains 15:16", "\"t\":{\"t.bytes\":\"14:15\"}", "", NULL, 0 },
	};

	CHECK_ROWS(*state, rows);
}

/* Not, and what the server has decided. */
static void
test_joined(void **state)
{
	static const struct row rows[] = {
		{ "not http.host contains \"xEND\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 0 },
		{ "not http.host contains \"xEND\"", "\"http\":{\"http.host\":\"a\"}", "", NULL, 1 },
		/* "!=": its presence is a fact of every hit. */
		{ "http.host != \"$\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 0 },
		{ "http.host != \"$\"", "\"http\":{\"http.host\":[\"a\",\"$\"]}", "", NULL, 0 },
		{ "http.host != \"$\"", "\"http\":{\"http.host\":\"$x\"}", "", NULL, 1 },
		{ "not http.host != \"$\"", "\"http\":{\"http.host\":\"$x\"}", "", "[\"2\"]", 0 },
		{ "not http.host != \"$\"", "\"http\":{}", "", NULL, 1 },
		{ "http and http.host contains \"xEND\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 1 },
		/* Found for certain: nothing of the document is needed. */
		{ "http.host contains \"xEND\"", "", "", "[\"0\"]", 1 },
		{ "http.host contains \"xEND\"", "", "", "[\"1\"]", 0 },
		{ "not http.host contains \"xEND\"", "", "", "[\"0\"]", 0 },
		{ "tcp or http.host contains \"xEND\"", "", "", "[\"0\"]", 1 },
		{ "tcp or http.host contains \"xEND\"", "", "", NULL, 0 },
		{ "tcp or http.host contains \"xEND\"", "\"http\":{\"http.host\":\"$\"}", "", NULL, 1 },
		{ "dns and (tcp or not http.host contains \"xEND\")", "\"http\":{\"http.host\":\"$\"}", "", NULL, 0 },
		{ "dns and (tcp or not http.host contains \"xEND\")", "\"http\":{\"http.host\":\"$\"}", "", "[\"2\"]", 1 },
		/* Two that the server decides are one name. */
		{ "tcp or udp or http.host contains \"xEND\"", "", "", "[\"4\"]", 1 },
	};

	CHECK_ROWS(*state, rows);
}

/* What is cut may be anything. */
static void
test_truncated(void **state)
{
	static const struct row rows[] = {
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":\"xxx\"}", "\"http.host\"", NULL, -1 },
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":\"xxx\"}", "\"layers\"", NULL, -1 },
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":\"xxx\"}", "\"http.chat\",\"http\"", NULL, 0 },
		{ "http.host contains \"xEND\"", "\"http\":{\"http.host\":\"xENDx\"}", "\"http.host\"", NULL, 1 },
		{ "http.host == \"$\"", "\"http\":{\"http.host\":\"$\"}", "\"http.host\"", NULL, -1 },
		{ "not http.host == \"$\"", "\"http\":{\"http.host\":\"$\"}", "\"http.host\"", NULL, -1 },
		{ "tcp or http.host == \"$\"", "\"http\":{\"http.host\":\"$\"}", "\"http.host\"", "[\"0\"]", 1 },
		{ "http.host == \"$\" and http.chat contains \"a\"", "\"http\":{\"http.host\":\"$\"}", "\"http.host\"", NULL, 0 },
	};

	CHECK_ROWS(*state, rows);
}

static void
test_damaged(void **state)
{
	static const char filter[] = "http.host contains \"a\"";
	static const char *const sources[] = { "", "{", "{\"layers\":{\"http.host\":\"a\"}", "[]]", "\xff", "{\"layers\":{\"a\":\"\xff\"}}" };
	struct query_error error;
	struct query *query = query_parse(*state, NULL, filter, strlen(filter), &error);

	assert_non_null(query);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		assert_int_equal(query_matches(query, sources[i], strlen(sources[i]), NULL, 0), -1);
	assert_int_equal(query_matches(query, "[]", 2, NULL, 0), 0);
	query_free(query);
}

/* A filter without doubt looks at no document. */
static void
test_certain(void **state)
{
	static const char filter[] = "http.host == \"a\" and not tcp.port in {1..5}";
	struct query_error error;
	struct query *query = query_parse(*state, NULL, filter, strlen(filter), &error);
	struct buffer json, certain;

	assert_non_null(query);
	assert_false(query_needs_check(query));
	assert_int_equal(query_matches(query, "", 0, NULL, 0), 1);
	buffer_init(&json, SIZE_MAX);
	buffer_init(&certain, SIZE_MAX);
	assert_int_equal(query_json(query, &json), 0);
	assert_int_equal(query_json_certain(query, &certain), 0);
	assert_int_equal(json.len, certain.len);
	assert_memory_equal(json.data, certain.data, json.len);
	buffer_release(&json);
	buffer_release(&certain);
	buffer_init(&json, 10);
	assert_int_equal(query_json(query, &json), -1);
	buffer_release(&json);
	query_free(query);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_certain),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

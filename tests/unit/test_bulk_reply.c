/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/bulk_reply.c and base/jsonwalk.c: what servers answer, and what they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "server/bulk_reply.h"

/* "index status type reason\n" of each item, with " store" before the end if it is in the failure store. */
static void
note_item(void *ctx, size_t index, const struct bulk_reply_item *item)
{
	assert_int_equal(
	    buffer_printf(ctx, "%zu %ld %s %s%s\n", index,
		item->status, item->type, item->reason,
		item->in_failure_store ? " store" : ""),
	    0);
}

/* The sanitizer sees a read after the end of memory that ends there. */
static char *
exact(const char *text, size_t len)
{
	char *copy = xmalloc(len + (len == 0));

	memcpy(copy, text, len);
	return copy;
}

static long
parse(const char *body, size_t len, struct buffer *notes)
{
	const struct bulk_reply_handler handler = { note_item, notes };
	char *copy = exact(body, len);
	long count;

	buffer_clear(notes);
	count = bulk_reply_parse(copy, len, &handler);
	assert_int_equal(buffer_append(notes, "", 1), 0);
	free(copy);
	return count;
}

static void
test_items(void **state)
{
	static const struct {
		const char *body;
		long count;
		const char *notes;
	} good[] = {
		{ "{\"items\":[]}", 0, "" },
		{ " {\"took\":1,\"errors\":false,\"items\":[{\"create\":"
		  "{\"status\":201}},{\"create\":{\"status\":200}}]} \r\n",
		    2,
		    "0 201  \n1 200  \n" },
		{ "{\"items\":[{\"create\":{\"status\":100}},{\"create\":"
		  "{\"status\":599}},{\"create\":{\"status\":404}}]}",
		    3,
		    "0 100  \n1 599  \n2 404  \n" },
		{ "{\"items\":[{\"create\":{\"error\":{\"type\":\"t\","
		  "\"reason\":\"r\"},\"status\":400}}]}",
		    1, "0 400 t r\n" },
		{ "{\"items\":[{\"create\":{\"status\":201,"
		  "\"failure_store\":\"used\"}},{\"create\":{\"status\":201,"
		  "\"failure_store\":\"not_applicable_or_unknown\"}},"
		  "{\"create\":{\"failure_store\":true,\"status\":201}}]}",
		    3, "0 201   store\n1 201  \n2 201  \n" },
		/* Nothing of one item stays for the next. */
		{ "{\"items\":[{\"create\":{\"status\":400,\"error\":{\"type\":"
		  "\"t\",\"reason\":\"r\",\"caused_by\":{\"reason\":\"c\"}}}"
		  "},{\"create\":{\"status\":201}}]}",
		    2,
		    "0 400 t r: c\n1 201  \n" },
		{ "{\"items\":[{\"create\":{\"status\":400,\"error\":"
		  "{\"caused_by\":{\"type\":\"x\",\"reason\":\"c\","
		  "\"caused_by\":{\"reason\":\"d\"}},\"reason\":\"r\"}}}]}",
		    1, "0 400  r: c\n" },
		{ "{\"items\":[{\"create\":{\"status\":400,\"error\":"
		  "{\"caused_by\":{\"reason\":\"c\"}}}}]}",
		    1, "0 400  c\n" },
		{ "{\"items\":[{\"create\":{\"status\":400,\"error\":\"old\"}}"
		  "]}",
		    1, "0 400  old\n" },
		{ "{\"items\":[{\"create\":{\"status\":400,\"error\":null}},"
		  "{\"create\":{\"status\":400,\"error\":[1]}},"
		  "{\"create\":{\"status\":400,\"error\":{\"type\":7,"
		  "\"reason\":null,\"caused_by\":\"x\"}}}]}",
		    3,
		    "0 400  \n1 400  \n2 400  \n" },
		/* All else is skipped, numbers of any size, too. */
		{ "{\"took\":99999999999999999999999e999999,\"status\":5,"
		  "\"error\":{\"type\":\"no\"},\"x\":[{\"items\":[1]}],"
		  "\"items\":[{\"x\":{\"status\":7},\"create\":{\"_index\":"
		  "\"i\",\"_shards\":{\"status\":1},\"s\":[{\"status\":2}],"
		  "\"status\":201}}]}",
		    1, "0 201  \n" },
		{ "{\"items\":[{\"create\":{\"status\":400,\"error\":"
		  "{\"root_cause\":[{\"type\":\"no\",\"reason\":\"no\"}],"
		  "\"type\":\"a\\u0000\\n\\udc00\\u00e9\"}}}]}",
		    1,
		    "0 400 a  \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9 \n" }
	};
	struct buffer notes;

	(void)state;
	buffer_init(&notes, 1 << 20);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		long count = parse(good[i].body, strlen(good[i].body), &notes);

		if (count != good[i].count)
			fail_msg("%ld: %s", count, good[i].body);
		assert_string_equal(notes.data, good[i].notes);
		/* Each cut of it is no reply. */
		for (size_t len = 0; len + 4 < strlen(good[i].body); len++)
			assert_int_equal(parse(good[i].body, len, &notes), -1);
	}
	buffer_release(&notes);
}

#define ITEM(inner) "{\"items\":[{\"create\":{" inner "}}]}"

static void
test_no_replies(void **state)
{
	static const char *const bad[] = {
		"", " ", "<html>502</html>", "null", "1", "\"items\"", "[]",
		"[{\"items\":[]}]", "{}", "{\"error\":{},\"status\":400}",
		"{\"items\":[]}x", "{\"items\":[]}{}", "{\"items\":[]},",
		"{\"items\":[]", "{\"items\":{}}", "{\"items\":null}",
		"{\"items\":{\"0\":{\"create\":{\"status\":201}}}}",
		"{\"items\":[],\"items\":[]}", "{\"x\":{\"items\":[]}}",
		"{\"items\":[null]}", "{\"items\":[[]]}", "{\"items\":[1]}",
		"{\"items\":[{}]}", "{\"items\":[{\"x\":{\"status\":201}}]}",
		"{\"items\":[{\"create\":[]}]}",
		"{\"items\":[{\"create\":201}]}",
		"{\"items\":[{\"create\":{\"status\":201},\"index\":"
		"{\"status\":201}}]}",
		"{\"items\":[{\"index\":{\"status\":201},\"create\":"
		"{\"status\":201}}]}",
		"{\"items\":[{\"delete\":{\"status\":200}}]}",
		"{\"items\":[{\"index\":{\"status\":201}}]}",
		"{\"items\":[{\"update\":{\"status\":200}}]}",
		"{\"items\":[{\"create\":{},\"create\":{\"status\":201}}]}",
		"{\"items\":[{\"create\":{\"status\":201}},{\"create\":{}}]}",
		ITEM(""), ITEM("\"status\":\"201\""), ITEM("\"status\":200.5"),
		ITEM("\"status\":2e2"), ITEM("\"status\":1e2"),
		ITEM("\"status\":-201"), ITEM("\"status\":0"),
		ITEM("\"status\":99"), ITEM("\"status\":600"),
		ITEM("\"status\":1000"), ITEM("\"status\":20"),
		ITEM("\"status\":18446744073709551817"),
		ITEM("\"status\":4294967497"), ITEM("\"status\":0201"),
		ITEM("\"status\":true"), ITEM("\"status\":null"),
		ITEM("\"status\":{\"status\":201}"), ITEM("\"status\":[201]"),
		ITEM("\"status\":201,\"status\":400"),
		ITEM("\"status\":201,\"status\":201"),
		ITEM("\"status\":400,\"error\":{},\"error\":{\"type\":\"t\"}"),
		ITEM("\"status\":400,\"error\":{\"type\":\"a\",\"type\":\"b\"}"),
		ITEM("\"status\":201,\"failure_store\":\"used\","
		     "\"failure_store\":\"used\""),
		ITEM("\"status\":400,\"error\":{\"type\":\"a\xff\"}"),
		ITEM("\"status\":201}")
	};
	struct buffer notes;

	(void)state;
	buffer_init(&notes, 1 << 20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], strlen(bad[i]), &notes) != -1)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(parse("{\"items\":[]}\0", 13, &notes), -1);
	buffer_release(&notes);
}

/* An array in each other, depth of them around "deep". */
static long
parse_deep(int depth, struct buffer *notes)
{
	struct buffer body;
	long count;

	buffer_init(&body, 1 << 20);
	assert_int_equal(buffer_puts(&body, "{\"deep\":"), 0);
	for (int i = 0; i < depth; i++)
		assert_int_equal(buffer_puts(&body, "["), 0);
	for (int i = 0; i < depth; i++)
		assert_int_equal(buffer_puts(&body, "]"), 0);
	assert_int_equal(buffer_puts(&body, ",\"items\":[]}"), 0);
	count = parse(body.data, body.len, notes);
	buffer_release(&body);
	return count;
}

static void
test_depth(void **state)
{
	struct buffer notes;

	(void)state;
	buffer_init(&notes, 1 << 20);
	assert_int_equal(parse_deep(63, &notes), 0);
	assert_int_equal(parse_deep(64, &notes), -1);
	assert_int_equal(parse_deep(100000, &notes), -1);
	buffer_release(&notes);
}

static void
test_long_texts(void **state)
{
	struct bulk_reply_item item;
	struct buffer body;

	(void)state;
	buffer_init(&body, 1 << 20);
	assert_int_equal(buffer_puts(&body, "{\"error\":{\"type\":\""), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(buffer_puts(&body, "\xe2\x82\xac"), 0);
	assert_int_equal(buffer_puts(&body, "\",\"reason\":\""), 0);
	for (int i = 0; i < 510; i++)
		assert_int_equal(buffer_puts(&body, "\xc3\xa4"), 0);
	assert_int_equal(
	    buffer_puts(&body,
		"\",\"caused_by\":{\"reason\":"
		"\"because\"}}}"),
	    0);
	assert_true(bulk_reply_error(body.data, body.len, &item));
	/* At a character: 42 of three bytes in 127. */
	assert_int_equal(strlen(item.type), 126);
	/* 1,020 bytes of the reason, and one of the cause. */
	assert_int_equal(strlen(item.reason), 1023);
	assert_string_equal(item.reason + 1020, ": b");
	buffer_release(&body);
}

static void
test_many_items(void **state)
{
	struct buffer body, notes;
	long count;

	(void)state;
	buffer_init(&body, 64 << 20);
	buffer_init(&notes, 64 << 20);
	assert_int_equal(buffer_puts(&body, "{\"items\":["), 0);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(
		    buffer_printf(&body,
			"%s{\"create\":"
			"{\"status\":%d}}",
			i > 0 ? "," : "", 100 + i % 500),
		    0);
	assert_int_equal(buffer_puts(&body, "]}"), 0);
	count = parse(body.data, body.len, &notes);
	assert_int_equal(count, 10000);
	assert_non_null(strstr(notes.data, "\n9999 599  \n"));
	buffer_release(&body);
	buffer_release(&notes);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *body;
		bool is_json;
		long status;
		const char *type, *reason;
	} rows[] = {
		{ "{\"error\":{\"root_cause\":[{\"type\":\"x\"}],\"type\":\"t\""
		  ",\"reason\":\"r\",\"caused_by\":{\"type\":\"y\",\"reason\""
		  ":\"c\"}},\"status\":400}",
		    true, 400, "t", "r: c" },
		{ "{\"error\":\"text\",\"status\":405}", true, 405, "",
		    "text" },
		{ "{\"error\":\"text\",\"status\":\"405\"}", true, 0, "",
		    "text" },
		{ "{}", true, 0, "", "" }, { "[]", true, 0, "", "" },
		{ "null", true, 0, "", "" }, { "{\"error\":{}}", true, 0, "", "" },
		{ "{\"message\":\"Forbidden\"}", true, 0, "", "" },
		{ "", false, 0, "", "" },
		{ "<html>\r\n\tBad \x7fGateway\x01", false, 0, "",
		    "<html>   Bad  Gateway " },
		{ "{\"error\":{\"type\":\"t\",\"reason\":\"r\"}", false, 0, "",
		    "{\"error\":{\"type\":\"t\",\"reason\":\"r\"}" },
		{ "b\xff"
		  "d",
		    false, 0, "",
		    "b\xef\xbf\xbd"
		    "d" }
	};
	struct bulk_reply_item item;
	char page[402];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].body);
		char *copy = exact(rows[i].body, len);

		memset(&item, 'x', sizeof(item));
		assert_int_equal(bulk_reply_error(copy, len, &item),
		    rows[i].is_json);
		assert_int_equal(item.status, rows[i].status);
		assert_string_equal(item.type, rows[i].type);
		assert_string_equal(item.reason, rows[i].reason);
		free(copy);
	}
	/* 200 bytes, and no half character. */
	for (int i = 0; i < 400; i += 2)
		memcpy(page + i, "\xc3\xa4", 2);
	assert_false(bulk_reply_error(page, 400, &item));
	assert_int_equal(strlen(item.reason), 200);
	memmove(page + 1, page, 400);
	page[0] = '<';
	assert_false(bulk_reply_error(page, 401, &item));
	assert_int_equal(strlen(item.reason), 199);
}

static void
test_versions(void **state)
{
	static const struct {
		const char *body, *number;
		bool good, is_opensearch;
	} rows[] = {
		{ "{\"name\":\"n\",\"version\":{\"number\":\"8.8.2\","
		  "\"build_flavor\":\"default\"}}",
		    "8.8.2", true, false },
		{ "{\"version\":{\"distribution\":\"opensearch\",\"number\":"
		  "\"2.19.1\"}}",
		    "2.19.1", true, true },
		{ "{\"version\":{\"distribution\":\"opensearch2\",\"number\":"
		  "\"1\"}}",
		    "1", true, false },
		{ "{\"version\":{\"number\":\"0123456789012345678901234567890"
		  "123456789\"}}",
		    "0123456789012345678901234567890", true,
		    false },
		{ "{\"version\":{\"distribution\":\"opensearch\"}}", "", false,
		    false },
		{ "{\"version\":{\"number\":8}}", "", false, false },
		{ "{\"version\":{\"number\":\"\"}}", "", false, false },
		{ "{\"version\":\"8.8.2\"}", "", false, false },
		{ "{\"number\":\"8.8.2\"}", "", false, false },
		{ "[{\"version\":{\"number\":\"8.8.2\"}}]", "", false, false },
		{ "{\"version\":{\"number\":\"8.8.2\"}", "", false, false },
		{ "SSH-2.0-OpenSSH", "", false, false }, { "", "", false, false }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bulk_reply_version version = { .number = "x",
			.is_opensearch = true };

		assert_int_equal(
		    bulk_reply_version(rows[i].body,
			strlen(rows[i].body), &version),
		    rows[i].good);
		assert_string_equal(version.number, rows[i].number);
		assert_int_equal(version.is_opensearch,
		    rows[i].is_opensearch);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_no_replies),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_many_items),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

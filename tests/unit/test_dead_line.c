/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sink/dead_line.c: what is a dead letter, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/dead_line.h"

static void
expect(const char *line, const char *index, const char *id,
    const char *document)
{
	struct dead_line dead;

	assert_int_equal(dead_line_read(line, strlen(line), &dead), 0);
	assert_string_equal(dead.index, index);
	assert_string_equal(dead.id, id);
	assert_int_equal(dead.len, strlen(document));
	assert_memory_equal(dead.document, document, dead.len);
}

static void
test_lines(void **state)
{
	(void)state;
	expect(
	    "{\"index\":\"packets-2015-07-30\",\"id\":\"a_-B\",\"status\":400,"
	    "\"type\":\"x\",\"reason\":\"{\\\"document\\\":1}\",\"document\":"
	    "{\"a\":{\"document\":[{\"index\":\"no\"}]},\"b\":\"}\"}}",
	    "packets-2015-07-30", "a_-B",
	    "{\"a\":{\"document\":[{\"index\":\"no\"}]},\"b\":\"}\"}");
	expect(
	    " { \"document\" : { } , \"index\" : \"i\" , \"more\" : "
	    "[1,{\"id\":\"x\"},null,true] } ",
	    "i", "", "{ }");
}

static void
test_rubbish(void **state)
{
	static const char *const lines[] = { "", "{}", "[]", "null", "x",
		"{\"index\":\"i\"}", "{\"document\":{}}",
		"{\"index\":\"i\",\"document\":[]}",
		"{\"index\":\"i\",\"document\":\"{}\"}",
		"{\"index\":\"i\",\"document\":null}",
		"{\"index\":\"i\",\"document\":1}",
		"{\"index\":1,\"document\":{}}",
		"{\"index\":{\"index\":\"i\"},\"document\":{}}",
		"{\"index\":\"i\\\"}}\",\"document\":{}}",
		"{\"index\":\"i\",\"id\":\"a\\nb\",\"document\":{}}",
		"{\"index\":\"i\",\"id\":7,\"document\":{}}",
		"{\"index\":\"i\",\"id\":\"\",\"document\":{}}",
		"{\"index\":\"i\",\"document\":{}",
		"{\"index\":\"i\",\"document\":{}}}",
		"{\"index\":\"i\",\"document\":{}} {}",
		"{\"index\":\"i\",\"index\":\"j\",\"document\":{}}",
		"{\"index\":\"i\",\"document\":{},\"document\":{}}",
		"{\"index\":\"i\",\"document\":{\"a\":tru}}" };
	struct dead_line dead;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (dead_line_read(lines[i], strlen(lines[i]), &dead) == 0)
			fail_msg("taken: %s", lines[i]);
}

static void
test_deep(void **state)
{
	size_t len = 1000000;
	char *line = malloc(len);
	struct dead_line dead;

	(void)state;
	memset(line, '[', len);
	memcpy(line, "{\"a\":", 5);
	assert_int_equal(dead_line_read(line, len, &dead), -1);
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

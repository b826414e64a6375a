/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of config/config_lines.c.
 *
 *   line                          is
 *   ----------------------------  ------------------------------------------------
 *   empty, blanks, # ...          skipped, but counted
 *   name = value                  the name, and the value as it stands
 *   no =, no name, other names    bad
 *   control characters but a tab  bad, also in comments
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_lines.h"

static struct error error;

/* What is made of the text: "NUMBER:NAME=[VALUE] ..." and how it ends. */
static const char *
read_lines(const char *text, size_t len)
{
	static char result[1000];
	char *copy = malloc(len + 1);
	struct config_lines lines = { .at = copy, .end = copy + len };
	struct config_line line;
	enum config_lines_event event;
	size_t used = 0;

	assert_non_null(copy);
	memcpy(copy, text, len);
	copy[len] = '\0';
	memset(&error, 0, sizeof(error));
	while ((event = config_lines_next(&lines, &line, &error)) == CONFIG_LINES_LINE)
		used += (size_t)snprintf(result + used, sizeof(result) - used, "%u:%.*s=[%s] ", lines.number,
		    (int)line.len, line.name, line.value);
	(void)snprintf(result + used, sizeof(result) - used, event == CONFIG_LINES_END ? "end" : "%u bad", lines.number);
	free(copy);
	return result;
}

#define READ(text) read_lines((text), sizeof(text) - 1)

static void
test_lines(void **state)
{
	(void)state;
	assert_string_equal(READ(""), "end");
	assert_string_equal(READ("\n\n"), "end");
	assert_string_equal(READ("a = b"), "1:a=[b] end");
	assert_string_equal(READ("a = b\nc=d\n"), "1:a=[b] 2:c=[d] end");
	assert_string_equal(READ("\t\n  # = x\n \tmax-doc\t=\t 4k \t\n#a = b\n"), "3:max-doc=[4k] end");
}

/* Nothing in a value means anything. */
static void
test_values_are_literal(void **state)
{
	(void)state;
	assert_string_equal(READ("a = \"b c\""), "1:a=[\"b c\"] end");
	assert_string_equal(READ("a = 'b'"), "1:a=['b'] end");
	assert_string_equal(READ("a = b # c"), "1:a=[b # c] end");
	assert_string_equal(READ("a = #b"), "1:a=[#b] end");
	assert_string_equal(READ("a = b\\"), "1:a=[b\\] end");
	assert_string_equal(READ("a = b = c"), "1:a=[b = c] end");
	assert_string_equal(READ("a == b"), "1:a=[= b] end");
	assert_string_equal(READ("a = $HOME ~ % \xff\xc3\xa4"), "1:a=[$HOME ~ % \xff\xc3\xa4] end");
	assert_string_equal(READ("a = b\tc"), "1:a=[b\tc] end");
	assert_string_equal(READ("a ="), "1:a=[] end");
	assert_string_equal(READ("a = \nb = c"), "1:a=[] 2:b=[c] end");
}

static void
test_bad_lines(void **state)
{
	static const char *const bad[] = { "a", "a b = c", "= c", "a: b", "a.b = c", "[a]",
		"\xef\xbb\xbf"
		"a = b",
		"a b", "a # = c",
		"\xc3\xa4 = b" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_equal(read_lines(bad[i], strlen(bad[i])), "1 bad");
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		assert_string_equal(error.text, "expected \"option = value\"; a comment begins with #");
	}
	assert_string_equal(READ("x = y\n\nroot:$6$secret:\n"), "1:x=[y] 3 bad");
	assert_null(strstr(error.text, "secret"));
}

static void
test_control_characters(void **state)
{
	char line[] = "a = b?c";

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		line[5] = (char)byte;
		if (byte == '\n')
			continue;
		assert_string_equal(strrchr(read_lines(line, 7), ' '), (byte < ' ' && byte != '\t') || byte == 0x7f ? " bad" : " end");
	}
	assert_string_equal(READ("a = b\r\n"), "1 bad");
	assert_string_equal(error.text, "the line has a control character (0x0d): end lines with a line feed alone");
	assert_string_equal(READ("# \x1b[2J\n"), "1 bad");
	assert_string_equal(error.text, "the line has a control character (0x1b)");
	assert_string_equal(READ("a = b\n\0\n"), "1:a=[b] 2 bad");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_values_are_literal),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_control_characters),
	};

	return cmocka_run_group_tests_name("config_lines", tests, NULL, NULL);
}

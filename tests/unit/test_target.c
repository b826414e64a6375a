/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/target.c: names, expressions, and those that backtrack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "in_valgrind.h"
#include "requesting.h"
#include "request/target.h"

static int
match(const char *node, const char *nodere, const char *name, struct error *error)
{
	const struct request request = { .node = (char *)node, .nodere = (char *)nodere };

	return target_matches(&request, name, error);
}

static void
test_names(void **state)
{
	static const struct {
		const char *node;
		const char *name;
		int matches;
	} rows[] = { { "web1", "web1", 1 }, { "web1", "web", 0 }, { "web", "web1", 0 }, { "any", "web1", 1 }, { "any", "any", 1 },
		{ "Any", "web1", 0 }, { "WEB1", "web1", 0 }, { "web1", "web1.example.org", 0 }, { "web1.example.org", "web1", 0 },
		{ "web1.example.org", "web1.example.org", 1 }, { ".*", "web1", 0 }, { NULL, "web1", 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (match(rows[i].node, NULL, rows[i].name, NULL) != rows[i].matches)
			fail_msg("%s, %s", rows[i].node, rows[i].name);
}

/* Expected values by Go's regexp.MatchString. */
static void
test_expressions(void **state)
{
	static const struct {
		const char *nodere;
		const char *name;
		int matches;
	} rows[] = { { "web", "xweb1", 1 }, { "^web", "xweb1", 0 }, { "^web[0-9]+$", "web12", 1 }, { "^web[0-9]+$", "web12x", 0 },
		{ "web|db", "mydb", 1 }, { "^(web|db)\\d$", "db7", 1 }, { "(?i)^WEB", "web1", 1 }, { "^WEB", "web1", 0 },
		{ "", "web1", 1 }, { ".", "\xc3\xbc", 1 }, { "^.$", "\xc3\xbc", 1 }, { "a$", "a\n", 0 }, { "\\.example\\.org$", "web1.example.org", 1 }, { "^web1$", "web1.example.org", 0 }, { "\\x77eb", "web1", 1 },
		{ "any", "web1", 0 }, { "(?P<n>w)eb", "web1", 1 } };
	struct error error = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (match(NULL, rows[i].nodere, rows[i].name, &error) != rows[i].matches)
			fail_msg("%s, %s: %s", rows[i].nodere, rows[i].name, error.text);
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *nodere;
		const char *reason;
	} rows[] = { { "(", "nodere: is no regular expression: missing closing parenthesis, at byte 1" },
		{ "[a", "nodere: is no regular expression: missing terminating ] for character class, at byte 2" },
		{ "*", "nodere: is no regular expression: quantifier does not follow a repeatable item, at byte 0" },
		{ "\\C", "nodere: is no regular expression: using \\C is disabled by the application, at byte 2" },
		{ "(*LIMIT_MATCH=4294967295)^(a+)+$", "nodere: begins with (*, which would change its limits" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error error = { 0 };

		assert_int_equal(match(NULL, rows[i].nodere, "a", &error), -1);
		assert_string_equal(error.text, rows[i].reason);
	}
}

/* Of the processor, not of the day: nobody else's load counts. */
static void
expect_quick(clock_t start)
{
	if (!in_valgrind())
		assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
}

/* Each takes for ever without limits; a name is that long at most. */
static void
test_backtracking(void **state)
{
	static const char *const expressions[] = { "^(a+)+$", "(a*)*[bd]", "(a|aa)+$", "(.*)*(.*)*(.*)*[xy]", "^(((a+)+)+)+$",
		"(?:(?:a?){200}){20}[bd]", "a*a*a*a*a*a*a*a*a*[bd]" };
	char name[256];
	clock_t start = clock();

	(void)state;
	memset(name, 'a', 254);
	memcpy(name + 254, "c", 2);
	for (size_t i = 0; i < COUNT(expressions); i++) {
		struct error error = { 0 };

		if (match(NULL, expressions[i], name, &error) != -1)
			fail_msg("%s", expressions[i]);
		assert_string_equal(error.text, "nodere: takes too long to match: it backtracks");
	}
	expect_quick(start);
}

/* Small text that becomes much when it is compiled. */
static void
test_large(void **state)
{
	static const char *const expressions[] = { "((((a{1,1000}){1,1000}){1,1000}){1,1000})", "(a{65535}){65535}",
		"((((((((((((((((((((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))))))))))))))))))))" };
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < COUNT(expressions); i++) {
		struct error error = { 0 };

		if (match(NULL, expressions[i], "a", &error) != -1)
			fail_msg("%s", expressions[i]);
	}
	expect_quick(start);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_wrong), cmocka_unit_test(test_backtracking), cmocka_unit_test(test_large) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

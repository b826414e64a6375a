/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of ask/answers.c.
 *
 *   a node                                     is done
 *   -----------------------------------------  ------------------------------------------------------
 *   refused, busy                              at once
 *   accepted                                   when each capture is finished and each destination known
 *   finished with no packets                   without destinations
 *   failed without a destination               counts as a finished capture
 *   already                                    only by what follows
 *   any line, of a request that is brief       at once
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ask/answers.h"

#define ACCEPTED(node) "{\"result\":\"accepted\",\"id\":\"me\",\"node\":\"" node "\",\"interfaces\":[\"a\",\"b\"],\"destinations\":[\"local\",\"s3\"]}"
#define LINE(node, result, more) "{\"result\":\"" result "\",\"id\":\"me\",\"node\":\"" node "\"" more "}"
#define FINISHED(node) LINE(node, "finished", ",\"packets\":5")
#define EMPTY(node) LINE(node, "finished", ",\"packets\":0")
#define OUTCOME(node, result) LINE(node, result, ",\"destination\":\"x\"")

/* Takes lines up to NULL; all must be ours. */
static void
take(struct answers *answers, const char *const *lines)
{
	for (; *lines != NULL; lines++)
		assert_true(answers_take(answers, *lines, strlen(*lines)));
}

/* What one node of those expected comes to. */
static void
check(uint64_t nodes, enum answers_state state, enum outcome outcome, const char *const *lines)
{
	struct answers *answers = answers_new("me", nodes, false);

	take(answers, lines);
	assert_int_equal(answers_state(answers), state);
	assert_int_equal(answers_outcome(answers), outcome);
	answers_free(answers);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_delivered(void **state)
{
	(void)state;
	check(1, ANSWERS_MORE, OUTCOME_OUTPUT, LINES(ACCEPTED("n")));
	check(1, ANSWERS_MORE, OUTCOME_OUTPUT, LINES(ACCEPTED("n"), FINISHED("n"), OUTCOME("n", "uploaded"), OUTCOME("n", "uploaded")));
	check(1, ANSWERS_MORE, OUTCOME_OUTPUT,
	    LINES(ACCEPTED("n"), FINISHED("n"), FINISHED("n"), OUTCOME("n", "uploaded"), OUTCOME("n", "uploaded"),
		OUTCOME("n", "uploaded")));
	check(1, ANSWERS_ALL, OUTCOME_OK,
	    LINES(ACCEPTED("n"), FINISHED("n"), FINISHED("n"), OUTCOME("n", "uploaded"), OUTCOME("n", "uploaded"),
		OUTCOME("n", "uploaded"), OUTCOME("n", "uploaded")));
	check(1, ANSWERS_ALL, OUTCOME_OK,
	    LINES(ACCEPTED("n"), EMPTY("n"), FINISHED("n"), OUTCOME("n", "uploaded"), OUTCOME("n", "uploaded")));
	check(1, ANSWERS_ALL, OUTCOME_OK, LINES(ACCEPTED("n"), EMPTY("n"), EMPTY("n")));
}

/* A node that does not say how many there will be: one for each that starts, and one destination. */
static void
test_unannounced(void **state)
{
	(void)state;
	check(1, ANSWERS_MORE, OUTCOME_OUTPUT, LINES(LINE("n", "accepted", "")));
	check(1, ANSWERS_MORE, OUTCOME_OUTPUT,
	    LINES(LINE("n", "accepted", ""), LINE("n", "started", ""), LINE("n", "started", ""), FINISHED("n"),
		OUTCOME("n", "uploaded")));
	check(1, ANSWERS_ALL, OUTCOME_OK,
	    LINES(LINE("n", "accepted", ""), LINE("n", "started", ""), FINISHED("n"), OUTCOME("n", "uploaded")));
}

static void
test_failures(void **state)
{
	(void)state;
	check(1, ANSWERS_ALL, OUTCOME_USAGE, LINES(LINE("n", "refused", "")));
	check(1, ANSWERS_ALL, OUTCOME_OUTPUT, LINES(LINE("n", "busy", "")));
	check(1, ANSWERS_MORE, OUTCOME_OUTPUT, LINES(LINE("n", "already", "")));
	check(1, ANSWERS_ALL, OUTCOME_OUTPUT,
	    LINES(ACCEPTED("n"), EMPTY("n"), FINISHED("n"), OUTCOME("n", "uploaded"), OUTCOME("n", "failed")));
	check(1, ANSWERS_ALL, OUTCOME_OUTPUT,
	    LINES(ACCEPTED("n"), EMPTY("n"), FINISHED("n"), OUTCOME("n", "unknown"), OUTCOME("n", "uploaded")));
	check(1, ANSWERS_ALL, OUTCOME_OUTPUT, LINES(ACCEPTED("n"), EMPTY("n"), LINE("n", "failed", ",\"reason\":\"interrupted\"")));
}

static void
test_several_nodes(void **state)
{
	(void)state;
	check(0, ANSWERS_IDLE, OUTCOME_OK, LINES(ACCEPTED("n"), EMPTY("n"), EMPTY("n")));
	check(0, ANSWERS_MORE, OUTCOME_OUTPUT, LINES(ACCEPTED("n"), EMPTY("n"), EMPTY("n"), ACCEPTED("m")));
	check(2, ANSWERS_MORE, OUTCOME_OUTPUT, LINES(ACCEPTED("n"), EMPTY("n"), EMPTY("n")));
	check(2, ANSWERS_ALL, OUTCOME_USAGE, LINES(LINE("m", "refused", ""), ACCEPTED("n"), EMPTY("n"), EMPTY("n")));
	/* What is not delivered is worse than a refusal. */
	check(2, ANSWERS_ALL, OUTCOME_OUTPUT, LINES(LINE("m", "refused", ""), LINE("n", "busy", "")));
}

static void
test_nobody(void **state)
{
	struct answers *answers = answers_new("me", 0, false);

	(void)state;
	assert_int_equal(answers_state(answers), ANSWERS_MORE);
	assert_int_equal(answers_outcome(answers), OUTCOME_OUTPUT);
	answers_free(answers);
}

static void
test_brief(void **state)
{
	struct answers *answers = answers_new("me", 1, true);

	(void)state;
	take(answers, LINES(LINE("n", "status", "")));
	assert_int_equal(answers_state(answers), ANSWERS_ALL);
	assert_int_equal(answers_outcome(answers), OUTCOME_OK);
	answers_free(answers);
}

static void
test_lines_of_others(void **state)
{
	static const char *const lines[] = { "", "{", "[]", "{}", "no JSON", "{\"result\":\"refused\"}",
		"{\"result\":\"refused\",\"id\":\"you\",\"node\":\"n\"}", "{\"id\":\"me\",\"node\":\"n\"}",
		"{\"result\":1,\"id\":\"me\"}", "{\"result\":\"refused\",\"id\":\"me\"} more",
		"{\"result\":\"refused\",\"id\":\"me\\u0000\",\"node\":\"n\"}" };
	struct answers *answers = answers_new("me", 1, false);

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(answers_take(answers, lines[i], strlen(lines[i])));
	assert_int_equal(answers_state(answers), ANSWERS_MORE);
	answers_free(answers);
}

/* Somebody who publishes names without end fills no memory. */
static void
test_too_many_nodes(void **state)
{
	struct answers *answers = answers_new("me", 0, false);
	char line[100];

	(void)state;
	for (int i = 0; i < 2 * ANSWERS_NODES_MAX; i++) {
		(void)snprintf(line, sizeof(line), LINE("n%d", "refused", ""), i);
		assert_true(answers_take(answers, line, strlen(line)));
	}
	assert_int_equal(answers_state(answers), ANSWERS_IDLE);
	answers_free(answers);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivered),
		cmocka_unit_test(test_unannounced),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_several_nodes),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_lines_of_others),
		cmocka_unit_test(test_too_many_nodes),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}

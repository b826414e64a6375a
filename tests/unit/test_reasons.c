/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of dissect/reasons.c: several causes of one failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "dissect/reasons.h"

static void
assert_reasons(const struct reasons *reasons, enum outcome outcome,
    const char *text)
{
	struct error error = { .text = "left from before" };

	assert_int_equal(reasons_outcome(reasons, &error), outcome);
	assert_int_equal(error.outcome, outcome);
	assert_string_equal(error.text, text);
}

static void
test_worst_first(void **state)
{
	struct reasons reasons = { { NULL } };

	(void)state;
	assert_reasons(&reasons, OUTCOME_OK, "");
	reasons_add(&reasons, OUTCOME_INPUT, "cut short");
	assert_reasons(&reasons, OUTCOME_INPUT, "cut short");
	reasons_add(&reasons, OUTCOME_TSHARK, "tshark failed");
	reasons_add(&reasons, OUTCOME_USAGE, "no filter");
	reasons_add(&reasons, OUTCOME_OK, "nothing");
	assert_reasons(&reasons, OUTCOME_TSHARK,
	    "tshark failed; no filter; cut short");
	reasons_release(&reasons);
	assert_reasons(&reasons, OUTCOME_OK, "");
}

static void
test_same_outcome(void **state)
{
	struct reasons reasons = { { NULL } };

	(void)state;
	reasons_add(&reasons, OUTCOME_INPUT, "cut short");
	reasons_add(&reasons, OUTCOME_INPUT, "cut short again");
	assert_reasons(&reasons, OUTCOME_INPUT, "cut short");
	reasons_join(&reasons, OUTCOME_INPUT, "link type unknown");
	reasons_join(&reasons, OUTCOME_INPUT, "link type unknown");
	assert_reasons(&reasons, OUTCOME_INPUT, "cut short; link type unknown");
	reasons_join(&reasons, OUTCOME_TSHARK, "it failed");
	assert_reasons(&reasons, OUTCOME_TSHARK,
	    "it failed; cut short; link type unknown");
	reasons_release(&reasons);
}

static void
test_merge(void **state)
{
	struct reasons one = { { NULL } }, other = { { NULL } };

	(void)state;
	reasons_add(&one, OUTCOME_INPUT, "cut short");
	reasons_add(&other, OUTCOME_INPUT, "cut shorter");
	reasons_add(&other, OUTCOME_TSHARK, "tshark failed");
	reasons_merge(&one, &other);
	assert_reasons(&one, OUTCOME_TSHARK, "tshark failed; cut short");
	assert_int_equal(reasons_lesser(&one, OUTCOME_TSHARK), OUTCOME_INPUT);
	assert_int_equal(reasons_lesser(&one, OUTCOME_USAGE), OUTCOME_INPUT);
	assert_int_equal(reasons_lesser(&one, OUTCOME_INPUT), OUTCOME_OK);
	reasons_release(&one);
	reasons_release(&other);
}

/* What is too long is cut, not written past the end. */
static void
test_long(void **state)
{
	struct reasons reasons = { { NULL } };
	char text[1000];
	struct error error;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	reasons_add(&reasons, OUTCOME_INPUT, text);
	reasons_add(&reasons, OUTCOME_TSHARK, text);
	reasons_add(&reasons, OUTCOME_OUTPUT, text);
	text[0] = 'y';
	reasons_join(&reasons, OUTCOME_INPUT, text);
	assert_int_equal(reasons_outcome(&reasons, &error), OUTCOME_OUTPUT);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	reasons_release(&reasons);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worst_first),
		cmocka_unit_test(test_same_outcome),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_long)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

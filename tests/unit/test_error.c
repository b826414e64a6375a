/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/error.c: filling an error, and the order of outcomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void
test_error_is_filled(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(
	    error_set(&error, OUTCOME_INPUT, "open %s: %d", "a.pcap",
		7),
	    -1);
	assert_int_equal(error.outcome, OUTCOME_INPUT);
	assert_string_equal(error.text, "open a.pcap: 7");
	assert_int_equal(error_set(NULL, OUTCOME_INPUT, "%s", "nobody"), -1);
}

static void
test_long_text_is_cut_and_terminated(void **state)
{
	struct error error;
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&error, OUTCOME_INTERNAL, "%s", text);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

/* Best first, as EXIT STATUS in espcap(1). */
static void
test_worse_outcome_wins(void **state)
{
	static const enum outcome order[] = { OUTCOME_OK, OUTCOME_INPUT,
		OUTCOME_USAGE, OUTCOME_REJECTED, OUTCOME_TSHARK, OUTCOME_OUTPUT,
		OUTCOME_INTERNAL };

	(void)state;
	for (size_t i = 0; i < 7; i++)
		for (size_t j = 0; j < 7; j++)
			assert_int_equal(outcome_worse(order[i], order[j]),
			    order[i > j ? i : j]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_is_filled),
		cmocka_unit_test(test_long_text_is_cut_and_terminated),
		cmocka_unit_test(test_worse_outcome_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

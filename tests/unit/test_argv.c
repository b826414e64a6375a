/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/argv.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/argv.h"

static void
test_words_are_copied_and_terminated(void **state)
{
	struct argv argv = { NULL, 0 };
	char word[] = "tshark";

	(void)state;
	argv_push(&argv, word);
	word[0] = 'X';
	argv_pushf(&argv, "-%c %s", 'r', "a; rm -rf \"*\"");
	argv_push(&argv, "");
	assert_int_equal(argv.count, 3);
	assert_string_equal(argv.words[0], "tshark");
	assert_string_equal(argv.words[1], "-r a; rm -rf \"*\"");
	assert_string_equal(argv.words[2], "");
	assert_null(argv.words[3]);
	argv_release(&argv);
	assert_null(argv.words);
	assert_int_equal(argv.count, 0);
	argv_release(&argv);
}

static void
test_many_words(void **state)
{
	struct argv argv = { NULL, 0 };
	char text[16];

	(void)state;
	for (int i = 0; i < 1000; i++)
		argv_pushf(&argv, "%d", i);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		assert_string_equal(argv.words[i], text);
	}
	assert_null(argv.words[1000]);
	argv_release(&argv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_copied_and_terminated),
		cmocka_unit_test(test_many_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

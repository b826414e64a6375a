/* Tests of app/ledger.c: lines that are whole and lines that are not, what is found, what is dropped. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/ledger.h"

#define ID_A "0123456789abcdef0123456789abcdef"
#define ID_B "ffffffffffffffffffffffffffffffff"

static size_t
parse(struct ledger *ledger, const char *text)
{
	return ledger_parse(ledger, text, strlen(text));
}

static void
test_round_trip(void **state)
{
	static const char text[] = "# captures that espcap --watch has read: "
	    "capture device:inode bytes packets state time name\n"
	    ID_A " 1:2 3 4 delivered 5 cap.pcap\n"
	    ID_B " 18446744073709551615:0 0 1 incomplete 0 a%20b%25%0ac%7f\xc3\xa4\n"
	    ID_B " 1:0 9 7 partial 0 x\n";
	struct ledger *ledger = ledger_new();
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	assert_int_equal(parse(ledger, text), 0);
	assert_int_equal(ledger_count(ledger), 3);
	assert_string_equal(ledger_find(ledger, ID_B, 0)->name,
	    "a b%\nc\x7f\xc3\xa4");
	assert_int_equal(ledger_print_all(ledger, &out), 0);
	assert_int_equal(out.len, strlen(text));
	assert_memory_equal(out.data, text, out.len);
	buffer_release(&out);
	buffer_init(&out, 40);
	assert_int_equal(ledger_print(ledger_find(ledger, ID_A, 3), &out), -1);
	assert_int_equal(out.len, 0);
	buffer_release(&out);
	ledger_free(ledger);
}

static void
test_damaged(void **state)
{
	static const char *const lines[] = { "x\n",
		"0123456789abcdef0123456789abcde 1:2 3 4 delivered 5 n\n",
		"0123456789ABCDEF0123456789abcdef 1:2 3 4 delivered 5 n\n",
		ID_A " 1 3 4 delivered 5 n\n", ID_A " 1:2 -3 4 delivered 5 n\n",
		ID_A " 1:2 3 4 finished 5 n\n", ID_A " 1:2 3 4 delivered 5\n",
		ID_A " 1:2 3 4 delivered 5 n m\n", ID_A " 1:2 3 4 delivered 5 \n",
		ID_A " 1:2 3 4 delivered 5 a/b\n", ID_A " 1:2 3 4 delivered 5 a%2fb\n",
		ID_A " 1:2 3 4 delivered 5 a%0\n", ID_A " 1:2 3 4 delivered 5 a%00\n",
		ID_A " 1:2 3 4 delivered 9999999999999999999 n\n",
		ID_A " 1:2 3 4 delivered 5 torn" };
	struct ledger *ledger = ledger_new();
	char text[LINE_MAX * 2];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(text, sizeof(text), "\n# note\n%s", lines[i]);
		assert_int_equal(parse(ledger, text), 1);
		assert_int_equal(ledger_count(ledger), 0);
	}
	assert_int_equal(ledger_parse(ledger, "a\0b\n", 4), 1);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	assert_int_equal(ledger_parse(ledger, text, sizeof(text)), 1);
	/* One line does not spoil the others. */
	assert_int_equal(parse(ledger, "?\n" ID_A " 1:2 3 4 delivered 5 n\n?\n"), 2);
	assert_int_equal(ledger_count(ledger), 1);
	ledger_free(ledger);
}

static void
test_find(void **state)
{
	struct ledger *ledger = ledger_new();

	(void)state;
	assert_null(ledger_find(ledger, ID_A, 3));
	assert_int_equal(ledger_packets(ledger, ID_A), 0);
	assert_int_equal(parse(ledger, ID_A " 1:2 3 4 delivered 5 n\n"
	    ID_A " 1:2 9 8 partial 6 n\n"
	    ID_A " 1:2 3 4 incomplete 7 m\n"), 0);
	/* The later line of the same capture and size holds. */
	assert_int_equal(ledger_count(ledger), 2);
	assert_int_equal(ledger_find(ledger, ID_A, 3)->state, LEDGER_INCOMPLETE);
	assert_string_equal(ledger_find(ledger, ID_A, 3)->name, "m");
	/* What is partial is not finished, but its packets are delivered. */
	assert_null(ledger_find(ledger, ID_A, 9));
	assert_int_equal(ledger_packets(ledger, ID_A), 8);
	assert_null(ledger_find(ledger, ID_B, 3));
	ledger_free(ledger);
}

static bool
is_odd(void *ctx, const struct ledger_entry *entry)
{
	(void)ctx;
	return entry->size % 2 == 1;
}

static void
test_prune(void **state)
{
	struct ledger *ledger = ledger_new();
	char line[100];

	(void)state;
	ledger_prune(ledger, is_odd, NULL, 0);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(line, sizeof(line), ID_A " 1:2 %d 4 delivered 5 n\n", i);
		assert_int_equal(parse(ledger, line), 0);
	}
	ledger_prune(ledger, is_odd, NULL, 10);
	assert_int_equal(ledger_count(ledger), 10);
	assert_null(ledger_find(ledger, ID_A, 98));
	assert_non_null(ledger_find(ledger, ID_A, 99));
	assert_non_null(ledger_find(ledger, ID_A, 81));
	assert_null(ledger_find(ledger, ID_A, 79));
	ledger_free(ledger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_prune)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

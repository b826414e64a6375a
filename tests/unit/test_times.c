/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/times.c: the time of a record in place of what tshark could not print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "readers/times.h"
#include "table.h"

#define GARBLED "55840-11-08T22:13:\xbb-|U.000000000Z"
#define FAR INT64_C(1700000000000)

static struct names *
make_names(const char *epoch)
{
	const char *const lines[] = { "frame",
		"frame.time FT_ABSOLUTE_TIME frame",
		"frame.time_utc FT_ABSOLUTE_TIME frame", epoch,
		"frame.time_delta FT_RELATIVE_TIME frame" };
	struct names *names = names_new();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		table_add_line(names, lines[i]);
	table_fill(names);
	assert_int_equal(names_finish(names, NULL), 0);
	return names;
}

/* What becomes of a field that tshark printed so. */
static void
expect(const char *epoch_line, const char *field, const char *printed,
    int64_t sec, uint32_t nsec, const char *wanted)
{
	struct names *names = make_names(epoch_line);
	struct times times;
	struct tree tree;

	times_init(&times, names);
	tree_init(&tree, 0, 1 << 20);
	tree_clear(&tree);
	tree_text(&tree, table_id(names, field), printed, strlen(printed),
	    false);
	times_write(&times, &tree, sec, nsec);
	assert_int_equal(tree.leaves[0].len, strlen(wanted));
	assert_memory_equal(tree_leaf_text(&tree, &tree.leaves[0]), wanted,
	    strlen(wanted));
	tree_release(&tree);
	names_free(names);
}

#define SECONDS "frame.time_epoch FT_RELATIVE_TIME frame"
#define DATE "frame.time_epoch FT_ABSOLUTE_TIME frame"

static void
test_what_tshark_can_print_stays(void **state)
{
	(void)state;
	expect(SECONDS, "frame.time", "2015-07-30T05:22:10.498075000Z",
	    1438233730, 498075000, "2015-07-30T05:22:10.498075000Z");
	/* tshark 3.4 */
	expect(SECONDS, "frame.time", "2015-07-30T05:22:10.1Z", 1438233730, 1,
	    "2015-07-30T05:22:10.1Z");
	expect(SECONDS, "frame.time", "9999-12-31T23:59:59.000000000Z",
	    INT64_C(253402300799), 0, "9999-12-31T23:59:59.000000000Z");
	expect(SECONDS, "frame.time_delta", "x", FAR, 0, "x");
}

static void
test_time_of_the_record(void **state)
{
	static const char far[] = "55840-11-08T22:13:20.000000000Z";

	(void)state;
	expect(SECONDS, "frame.time", GARBLED, FAR, 0, far);
	expect(SECONDS, "frame.time", ".000000000Z", FAR, 0, far);
	expect(DATE, "frame.time_utc", "55840-11-08T22:13:20.000000000", FAR,
	    0, far);
	expect(DATE, "frame.time_epoch", "1700000000000.000000000", FAR, 0,
	    far);
	expect(SECONDS, "frame.time_epoch", "1700000000000.0", FAR, 0,
	    "1700000000000.000000000");
	expect(SECONDS, "frame.time_epoch", "-1.500000000", -1, 500000000,
	    "-0.500000000");
	expect(SECONDS, "frame.time", "Not representable", INT64_MAX, 0,
	    "292277026596-12-04T15:30:07.000000000Z");
	expect(SECONDS, "frame.time", "-1-12-31T23:59:59.000000000Z",
	    INT64_C(-62167219201), 0, "-001-12-31T23:59:59.000000000Z");
	/* Fractions that the file did not keep below a second. */
	expect(SECONDS, "frame.time", "2015-07-30T05:22:09.1000000000Z",
	    1438233730, 0, "2015-07-30T05:22:10.000000000Z");
	expect(SECONDS, "frame.time", "2015-07-30T05:22:10.4294967295Z",
	    1438233730, 5, "2015-07-30T05:22:10.000000005Z");
}

static void
expect_certain(const char *text, size_t wanted)
{
	assert_int_equal(times_certain(text, strlen(text)), wanted);
}

static void
test_what_is_certain(void **state)
{
	static const char *const all[] = { "", "-", "x", "Not representable",
		"2015-07-30T05:22:10.498075000Z",
		"-249-10-15T19:33:20.000000000Z", "1-01-01T00:00:00.0Z",
		"30828-09-14T02:48:05.477580700Z",
		"-9504652-06-12T18:40:00.000000000Z",
		/* Not dates. */
		"1438233730.498075000", "12345-", "12345-1-01" };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		expect_certain(all[i], strlen(all[i]));
	expect_certain(GARBLED, strlen("55840-11-08"));
	expect_certain("55840-11-08.000000000Z", strlen("55840-11-08"));
	expect_certain("30828-09-14T02:48:05.477580700",
	    strlen("30828-09-14"));
	expect_certain("-9504652-06-12T18\x01\x02.000000000Z",
	    strlen("-9504652-06-12"));
	expect_certain("2147483647-12-31T23", strlen("2147483647-12-31"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_tshark_can_print_stays),
		cmocka_unit_test(test_time_of_the_record),
		cmocka_unit_test(test_what_is_certain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

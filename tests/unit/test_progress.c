/* Tests of app/progress.c: the line a person sees, and the sums at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/progress.h"

static void
assert_line(const struct progress *progress, const char *wanted)
{
	char line[256];

	progress_line(progress, line, sizeof(line));
	assert_string_equal(line, wanted);
}

static void
test_lines(void **state)
{
	struct progress progress = { .files_all = 3 };

	(void)state;
	assert_line(&progress, "0/3 files, 0 packets, 0 B of ?, "
	    "0 packets/s, -:-- left");
	progress = (struct progress){ 1, 3, 12000, 25000000, 100000000, 4000 };
	assert_line(&progress, "1/3 files, 12000 packets, 25.0 MB of 100 MB, "
	    "3000 packets/s, 0:12 left");
	progress = (struct progress){ 0, 1, 5, 1000, 100000000, 60000 };
	assert_line(&progress, "0/1 files, 5 packets, 1.0 kB of 100 MB, "
	    "0 packets/s, 1666h39m left");
	/* A guess in the first second would only jump. */
	progress = (struct progress){ 0, 1, 5, 999, 1000, 999 };
	assert_line(&progress, "0/1 files, 5 packets, 999 B of 1.0 kB, "
	    "5 packets/s, -:-- left");
	progress = (struct progress){ 1, 1, 5, 1000, 1000, 1000 };
	assert_line(&progress, "1/1 files, 5 packets, 1.0 kB of 1.0 kB, "
	    "5 packets/s, 0:00 left");
	/* A file that grew while it was read, and a pipe. */
	progress = (struct progress){ 0, 1, 5, 2000, 1000, 2000 };
	assert_line(&progress, "0/1 files, 5 packets, 2.0 kB of 1.0 kB, "
	    "2 packets/s, -:-- left");
	progress = (struct progress){ 0, 1, 5, 2000, 0, 2000 };
	assert_line(&progress, "0/1 files, 5 packets, 2.0 kB of ?, "
	    "2 packets/s, -:-- left");
}

static void
test_largest_numbers_and_least_room(void **state)
{
	struct progress progress = { UINT64_MAX, UINT64_MAX, UINT64_MAX / 1000,
		UINT64_MAX / 2, UINT64_MAX, UINT64_MAX };
	char line[256], small[10];

	(void)state;
	progress_line(&progress, line, sizeof(line));
	assert_non_null(strstr(line, " PB of 18447 PB"));
	progress_line(&progress, small, sizeof(small));
	assert_string_equal(small, "184467440");
}

static void
test_totals(void **state)
{
	struct totals totals = { .read = 36, .printed = 1, .duplicate = 2,
		.rejected = 3, .filtered = 4, .undissected = 5, .dropped = 6,
		.unsent = 15, .skipped = 8, .retries = 9 };
	char line[512];

	(void)state;
	progress_totals(&totals, line, sizeof(line));
	assert_string_equal(line, "read=36 printed=1 duplicate=2 rejected=3 "
	    "filtered=4 undissected=5 dropped=6 unsent=15 skipped=8 retries=9");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_largest_numbers_and_least_room),
		cmocka_unit_test(test_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

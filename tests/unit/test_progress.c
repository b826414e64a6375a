/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/progress.c: the line a person sees, and the sums at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/progress.h"

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
	assert_line(&progress,
	    "0/3 files, 0 packets, 0 B of ?, "
	    "0 packets/s, -:-- left");
	progress = (struct progress){ .files_done = 1,
		.files_all = 3,
		.packets = 12000,
		.bytes_done = 25000000,
		.bytes_all = 100000000,
		.elapsed = 4000 };
	assert_line(&progress,
	    "1/3 files, 12000 packets, 25.0 MB of 100 MB, "
	    "3000 packets/s, 0:12 left");
	progress = (struct progress){ .files_done = 0,
		.files_all = 1,
		.packets = 5,
		.bytes_done = 1000,
		.bytes_all = 100000000,
		.elapsed = 60000 };
	assert_line(&progress,
	    "0/1 files, 5 packets, 1.0 kB of 100 MB, "
	    "0 packets/s, 1666h39m left");
	/* A guess in the first second would only jump. */
	progress = (struct progress){ .files_done = 0,
		.files_all = 1,
		.packets = 5,
		.bytes_done = 999,
		.bytes_all = 1000,
		.elapsed = 999 };
	assert_line(&progress,
	    "0/1 files, 5 packets, 999 B of 1.0 kB, "
	    "5 packets/s, -:-- left");
	progress = (struct progress){ .files_done = 1,
		.files_all = 1,
		.packets = 5,
		.bytes_done = 1000,
		.bytes_all = 1000,
		.elapsed = 1000 };
	assert_line(&progress,
	    "1/1 files, 5 packets, 1.0 kB of 1.0 kB, "
	    "5 packets/s, 0:00 left");
	/* A file that grew while it was read, and a pipe. */
	progress = (struct progress){ .files_done = 0,
		.files_all = 1,
		.packets = 5,
		.bytes_done = 2000,
		.bytes_all = 1000,
		.elapsed = 2000 };
	assert_line(&progress,
	    "0/1 files, 5 packets, 2.0 kB of 1.0 kB, "
	    "2 packets/s, -:-- left");
	progress = (struct progress){ .files_done = 0,
		.files_all = 1,
		.packets = 5,
		.bytes_done = 2000,
		.bytes_all = 0,
		.elapsed = 2000 };
	assert_line(&progress,
	    "0/1 files, 5 packets, 2.0 kB of ?, "
	    "2 packets/s, -:-- left");
}

static void
test_largest_numbers_and_least_room(void **state)
{
	struct progress progress = { .files_done = UINT64_MAX,
		.files_all = UINT64_MAX,
		.packets = UINT64_MAX / 1000,
		.bytes_done = UINT64_MAX / 2,
		.bytes_all = UINT64_MAX,
		.elapsed = UINT64_MAX };
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
	struct totals totals = { .read = 52,
		.delivered = 1,
		.duplicate = 2,
		.rejected = 3,
		.discarded = 16,
		.filtered = 4,
		.undissected = 5,
		.dropped = 6,
		.unsent = 15,
		.skipped = 8,
		.retries = 9 };
	char line[512];

	(void)state;
	progress_totals(&totals, line, sizeof(line));
	assert_string_equal(line,
	    "read=52 printed=1 duplicate=2 rejected=3 "
	    "discarded=16 filtered=4 undissected=5 dropped=6 unsent=15 "
	    "skipped=8 retries=9");
	totals.has_server = totals.has_auto_id = true;
	totals.maybe_duplicate = 10;
	progress_totals(&totals, line, sizeof(line));
	assert_string_equal(line,
	    "read=52 indexed=1 duplicate=2 rejected=3 "
	    "discarded=16 filtered=4 undissected=5 dropped=6 unsent=15 "
	    "skipped=8 retries=9 "
	    "maybe_duplicate=10");
	progress_json(&totals, 6, line, sizeof(line));
	assert_string_equal(line,
	    "{\"read\":52,\"indexed\":1,"
	    "\"duplicate\":2,\"rejected\":3,\"discarded\":16,"
	    "\"filtered\":4,"
	    "\"undissected\":5,\"dropped\":6,\"unsent\":15,"
	    "\"skipped\":8,\"retries\":9,\"maybe_duplicate\":10,"
	    "\"exit\":6}\n");
}

/* All at their largest fit into what the header promises. */
static void
test_largest_totals(void **state)
{
	struct totals totals;
	char line[PROGRESS_TOTALS_LEN];

	(void)state;
	memset(&totals, 0xff, sizeof(totals));
	totals.has_server = totals.has_auto_id = totals.has_drops = true;
	progress_totals(&totals, line, sizeof(line));
	assert_non_null(strstr(line,
	    " maybe_duplicate=18446744073709551615"));
	progress_json(&totals, 255, line, sizeof(line));
	assert_non_null(strstr(line, ",\"exit\":255}\n"));
}

static void
test_server(void **state)
{
	struct progress progress = { .files_done = 1,
		.files_all = 2,
		.packets = 30,
		.bytes_done = 10,
		.bytes_all = 20,
		.elapsed = 2000,
		.has_server = true,
		.indexed = 20,
		.duplicate = 1,
		.rejected = 2,
		.discarded = 4,
		.retries = 3,
		.in_flight = 7 };
	char line[300];

	(void)state;
	progress_line(&progress, line, sizeof(line));
	assert_string_equal(line,
	    "1/2 files, 30 packets, 10 B of 20 B, "
	    "15 packets/s, 0:02 left, 20 indexed, 1 duplicate, 2 rejected, "
	    "4 discarded, 3 retries, 7 in flight");
}

static void
test_live(void **state)
{
	struct totals totals = { .read = 10,
		.delivered = 7,
		.dropped = 3,
		.has_drops = true,
		.kernel_drop = 4,
		.interface_drop = 5 };
	struct progress progress = { .interface = "eth0",
		.packets = 30,
		.dropped = 12,
		.elapsed = 2000 };
	char line[PROGRESS_TOTALS_LEN];

	(void)state;
	progress_totals(&totals, line, sizeof(line));
	assert_string_equal(line,
	    "read=10 printed=7 duplicate=0 rejected=0 "
	    "discarded=0 filtered=0 undissected=0 dropped=3 unsent=0 skipped=0 retries=0 "
	    "kernel_drop=4 interface_drop=5 queue_drop=3");
	progress_json(&totals, 0, line, sizeof(line));
	assert_non_null(strstr(line,
	    ",\"retries\":0,\"kernel_drop\":4,"
	    "\"interface_drop\":5,\"queue_drop\":3,\"exit\":0}\n"));
	progress_line(&progress, line, sizeof(line));
	assert_string_equal(line,
	    "eth0: 30 packets, 15 packets/s, 12 dropped");
	/* A name may have any bytes, and the longest of them still fits. */
	progress.interface = "\x1b[2J\xe2\x80\xaen";
	progress_line(&progress, line, sizeof(line));
	assert_string_equal(line,
	    "\\x1b[2J\\xe2\\x80\\xaen: 30 packets, "
	    "15 packets/s, 12 dropped");
	progress.interface = "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1";
	progress_line(&progress, line, sizeof(line));
	assert_ptr_equal(strstr(line, ": 30 packets, "), line + 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_largest_numbers_and_least_room),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_largest_totals),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

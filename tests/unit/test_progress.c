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
	char line[PROGRESS_LINE_LEN];

	progress_line(progress, 200, line);
	assert_string_equal(line, wanted);
}

/* As a text, to be released. */
static void
json_of(const struct totals *totals, int status, struct buffer *out)
{
	buffer_init(out, (totals->part_count + 1) * PROGRESS_TOTALS_LEN);
	assert_int_equal(progress_json(totals, status, out), 0);
	assert_int_equal(buffer_append(out, "", 1), 0);
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
		.resolved = 12000,
		.bytes_done = 25000000,
		.bytes_all = 100000000,
		.elapsed = 4000 };
	assert_line(&progress,
	    "1/3 files, 12000 packets, 25.0 MB of 100 MB, "
	    "3000 packets/s, 0:12 left");
	progress = (struct progress){ .files_done = 0,
		.files_all = 1,
		.packets = 5,
		.resolved = 5,
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
		.resolved = 5,
		.bytes_done = 999,
		.bytes_all = 1000,
		.elapsed = 999 };
	assert_line(&progress,
	    "0/1 files, 5 packets, 999 B of 1.0 kB, "
	    "5 packets/s, -:-- left");
	progress = (struct progress){ .files_done = 1,
		.files_all = 1,
		.packets = 5,
		.resolved = 5,
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
		.resolved = 5,
		.bytes_done = 2000,
		.bytes_all = 1000,
		.elapsed = 2000 };
	assert_line(&progress,
	    "0/1 files, 5 packets, 2.0 kB of 1.0 kB, "
	    "2 packets/s, -:-- left");
	progress = (struct progress){ .files_done = 0,
		.files_all = 1,
		.packets = 5,
		.resolved = 5,
		.bytes_done = 2000,
		.bytes_all = 0,
		.elapsed = 2000 };
	assert_line(&progress,
	    "0/1 files, 5 packets, 2.0 kB of ?, "
	    "2 packets/s, -:-- left");
}

/* That nothing is indexed has a reason, which only the number of packets outlives. */
static void
test_no_server(void **state)
{
	struct progress progress = { .files_all = 1, .bytes_all = 1000, .has_server = true, .is_down = true };
	char line[PROGRESS_LINE_LEN];

	(void)state;
	assert_line(&progress,
	    "0/1 files, 0 packets, 0 B of 1.0 kB, 0 packets/s, -:-- left, waiting for the server, 0 indexed, "
	    "0 duplicate, 0 rejected, 0 discarded, 0 retries, 0 in flight");
	progress_line(&progress, 79, line);
	assert_string_equal(line, "0/1 files, 0 packets, 0 packets/s, -:-- left, waiting for the server");
	progress_line(&progress, 40, line);
	assert_string_equal(line, "0 packets, waiting for the server");
	progress_line(&progress, 20, line);
	assert_string_equal(line, "0 packets");
	progress = (struct progress){ .interface = "eth0", .packets = 5, .has_server = true, .is_down = true };
	progress_line(&progress, 40, line);
	assert_string_equal(line, "eth0: 5 packets, waiting for the server");
	progress.is_down = false;
	progress_line(&progress, 200, line);
	assert_null(strstr(line, "waiting"));
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
	char line[PROGRESS_LINE_LEN];

	(void)state;
	progress_line(&progress, 200, line);
	assert_non_null(strstr(line, " PB of 18447 PB"));
	progress_line(&progress, 13, line);
	assert_string_equal(line, "1844674407...");
	progress_line(&progress, 2, line);
	assert_string_equal(line, "..");
	progress_line(&progress, 0, line);
	assert_string_equal(line, "");
	/* A live capture with all counters has the longest line. */
	progress.has_server = true;
	progress.indexed = progress.duplicate = progress.rejected =
	    progress.discarded = progress.retries = progress.in_flight =
		progress.dropped = UINT64_MAX;
	progress.interface = "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1";
	progress_line(&progress, SIZE_MAX, line);
	assert_non_null(strstr(line, " in flight"));
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
	struct buffer json;

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
	json_of(&totals, 6, &json);
	assert_string_equal(json.data,
	    "{\"read\":52,\"indexed\":1,"
	    "\"duplicate\":2,\"rejected\":3,\"discarded\":16,"
	    "\"filtered\":4,"
	    "\"undissected\":5,\"dropped\":6,\"unsent\":15,"
	    "\"skipped\":8,\"retries\":9,\"maybe_duplicate\":10,"
	    "\"exit\":6}\n");
	buffer_release(&json);
}

/* Of each by itself: not what only the run has. */
static void
test_several_interfaces(void **state)
{
	const struct totals_part parts[] = {
		{ .interface = "eth0",
		    .totals = { .read = 6, .delivered = 4, .rejected = 2, .has_drops = true, .kernel_drop = 9, .has_server = true, .is_part = true } },
		{ .interface = "a\"\xff", .totals = { .read = 1, .unsent = 1, .has_server = true, .is_part = true } }
	};
	const struct totals totals = { .read = 7,
		.delivered = 4,
		.rejected = 2,
		.unsent = 1,
		.retries = 3,
		.has_server = true,
		.parts = parts,
		.part_count = 2 };
	char line[PROGRESS_TOTALS_LEN];
	struct buffer json;

	(void)state;
	progress_totals(&totals, line, sizeof(line));
	assert_string_equal(line,
	    "read=7 indexed=4 duplicate=0 rejected=2 discarded=0 filtered=0 undissected=0 dropped=0 unsent=1 skipped=0 "
	    "retries=3");
	progress_totals(&parts[0].totals, line, sizeof(line));
	assert_string_equal(line,
	    "read=6 indexed=4 duplicate=0 rejected=2 discarded=0 filtered=0 undissected=0 dropped=0 unsent=0 skipped=0 "
	    "kernel_drop=9 interface_drop=0 queue_drop=0");
	json_of(&totals, 0, &json);
	assert_string_equal(json.data,
	    "{\"read\":7,\"indexed\":4,\"duplicate\":0,\"rejected\":2,\"discarded\":0,\"filtered\":0,\"undissected\":0,"
	    "\"dropped\":0,\"unsent\":1,\"skipped\":0,\"retries\":3,\"exit\":0,\"interfaces\":["
	    "{\"name\":\"eth0\",\"read\":6,\"indexed\":4,\"duplicate\":0,\"rejected\":2,\"discarded\":0,\"filtered\":0,"
	    "\"undissected\":0,\"dropped\":0,\"unsent\":0,\"skipped\":0,\"kernel_drop\":9,\"interface_drop\":0,"
	    "\"queue_drop\":0},"
	    "{\"name\":\"a\\\"\xef\xbf\xbd\",\"read\":1,\"indexed\":0,\"duplicate\":0,\"rejected\":0,\"discarded\":0,"
	    "\"filtered\":0,\"undissected\":0,\"dropped\":0,\"unsent\":1,\"skipped\":0}]}\n");
	buffer_release(&json);
	/* No room. */
	buffer_init(&json, 300);
	assert_int_equal(progress_json(&totals, 0, &json), -1);
	buffer_release(&json);
}

/* All at their largest fit into what the header promises. */
static void
test_largest_totals(void **state)
{
	struct totals totals;
	char line[PROGRESS_TOTALS_LEN];
	struct buffer json;

	(void)state;
	memset(&totals, 0xff, sizeof(totals));
	totals.has_server = totals.has_auto_id = totals.has_drops = totals.is_kafka = true;
	totals.is_part = false;
	totals.part_count = 0;
	totals.dead_letter = NULL;
	progress_totals(&totals, line, sizeof(line));
	assert_non_null(strstr(line,
	    " maybe_duplicate=18446744073709551615"));
	json_of(&totals, 255, &json);
	assert_non_null(strstr(json.data, ",\"exit\":255}\n"));
	buffer_release(&json);
}

static void
test_server(void **state)
{
	struct progress progress = { .files_done = 1,
		.files_all = 2,
		.packets = 30,
		.resolved = 30,
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

	(void)state;
	assert_line(&progress,
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
	char line[PROGRESS_LINE_LEN];
	struct buffer json;

	(void)state;
	progress_totals(&totals, line, sizeof(line));
	assert_string_equal(line,
	    "read=10 printed=7 duplicate=0 rejected=0 "
	    "discarded=0 filtered=0 undissected=0 dropped=3 unsent=0 skipped=0 retries=0 "
	    "kernel_drop=4 interface_drop=5 queue_drop=3");
	json_of(&totals, 0, &json);
	assert_non_null(strstr(json.data,
	    ",\"retries\":0,\"kernel_drop\":4,"
	    "\"interface_drop\":5,\"queue_drop\":3,\"exit\":0}\n"));
	buffer_release(&json);
	assert_line(&progress,
	    "eth0: 30 packets, 15 packets/s, 12 dropped");
	/* A name may have any bytes, and the longest of them still fits. */
	progress.interface = "\x1b[2J\xe2\x80\xaen";
	assert_line(&progress,
	    "\\x1b[2J\\xe2\\x80\\xaen: 30 packets, "
	    "15 packets/s, 12 dropped");
	progress.interface = "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1";
	progress_line(&progress, 200, line);
	assert_ptr_equal(strstr(line, ": 30 packets, "), line + 60);
}

static void
test_kafka(void **state)
{
	struct totals totals = { .read = 10,
		.delivered = 7,
		.released = 2,
		.unsent = 1,
		.has_server = true,
		.has_auto_id = true,
		.is_kafka = true,
		.warmed = 3,
		.missed = 4,
		.mixed = 5,
		.malformed = 6 };
	char line[PROGRESS_TOTALS_LEN];
	struct buffer json;

	(void)state;
	progress_totals(&totals, line, sizeof(line));
	assert_string_equal(line,
	    "read=10 indexed=7 duplicate=0 rejected=0 discarded=0 filtered=0 undissected=0 dropped=0 released=2 unsent=1 "
	    "skipped=0 retries=0 warmed=3 missed=4 mixed=5 malformed=6 maybe_duplicate=0");
	json_of(&totals, 0, &json);
	assert_non_null(strstr(json.data, ",\"dropped\":0,\"released\":2,\"unsent\":1,"));
	assert_non_null(strstr(json.data,
	    ",\"retries\":0,\"warmed\":3,\"missed\":4,\"mixed\":5,\"malformed\":6,\"maybe_duplicate\":0,\"exit\":0}\n"));
	buffer_release(&json);
}

static void
test_lag(void **state)
{
	struct progress progress = { .has_lag = true,
		.packets = 1300,
		.resolved = 500,
		.lag = 800,
		.elapsed = 5000,
		.has_server = true,
		.indexed = 500 };
	char line[PROGRESS_LINE_LEN];

	(void)state;
	/* 8 s at the 100 packets/s that are done with, and not at the rate of reading. */
	progress_line(&progress, 68, line);
	assert_string_equal(line, "1300 packets, 260 packets/s, lag 800, 0:08 left, 500 indexed");
	progress.is_cut_off = true;
	progress_line(&progress, 60, line);
	assert_string_equal(line, "1300 packets, 260 packets/s, waiting for Kafka, 500 indexed");
	progress.is_cut_off = false;
	progress_line(&progress, 27, line);
	assert_string_equal(line, "1300 packets, lag 800");
	progress.has_server = false;
	progress.lag = 0;
	assert_line(&progress, "1300 packets, 260 packets/s, lag 0, 0:00 left");
	progress.lag = 1;
	assert_line(&progress, "1300 packets, 260 packets/s, lag 1, 0:01 left");
	/* Nothing to judge by. */
	progress.resolved = 0;
	assert_line(&progress, "1300 packets, 260 packets/s, lag 1, -:-- left");
	progress.resolved = 500;
	progress.elapsed = 999;
	assert_line(&progress, "1300 packets, 1301 packets/s, lag 1, -:-- left");
	/* No number overflows. */
	progress.elapsed = progress.lag = UINT64_MAX;
	progress.resolved = 1;
	progress_line(&progress, 200, line);
	assert_non_null(strstr(line, ", lag 18446744073709551615, -:-- left"));
}

static void
assert_left(const struct progress *progress, const char *wanted)
{
	char line[PROGRESS_LINE_LEN];

	progress_line(progress, 200, line);
	if (strstr(line, wanted) == NULL)
		fail_msg("%s is not in %s", wanted, line);
}

/* All was read in 5 s, and documents arrive at a steady rate for 8 s more. */
static void
test_time_left_waits_for_the_documents(void **state)
{
	struct progress progress = { .files_done = 1,
		.files_all = 1,
		.packets = 1300,
		.resolved = 500,
		.bytes_done = 1000000,
		.bytes_all = 1000000,
		.elapsed = 5000 };

	(void)state;
	assert_left(&progress, ", 0:08 left");
	progress.resolved = 900;
	progress.elapsed = 9000;
	assert_left(&progress, ", 0:04 left");
	/* Less than a second is not none. */
	progress.resolved = 1299;
	progress.elapsed = 12990;
	assert_left(&progress, ", 0:01 left");
	progress.resolved = 1300;
	progress.elapsed = 13000;
	assert_left(&progress, ", 0:00 left");
	/* Nothing has arrived: nothing is known. */
	progress.resolved = 0;
	assert_left(&progress, ", -:-- left");
	/* A pipe is as long as it was, and a file that grew. */
	progress.resolved = 650;
	progress.bytes_all = 0;
	assert_left(&progress, ", 0:13 left");
	progress.bytes_all = 999999;
	assert_left(&progress, ", 0:13 left");
	progress.bytes_all = 1000000;
	/* Half is read, half of that has arrived. */
	progress.files_done = 0;
	progress.bytes_done = 500000;
	progress.resolved = 650;
	assert_left(&progress, ", 0:39 left");
	/* --bpf left out each packet so far. */
	progress.packets = progress.resolved = 0;
	assert_left(&progress, ", 0:13 left");
}

/* From the widest to the narrowest: each width has a line that fits, and nothing comes back that was left out. */
static void
test_narrow(void **state)
{
	struct progress progress = { .files_done = 1,
		.files_all = 2,
		.packets = 30,
		.resolved = 30,
		.bytes_done = 10,
		.bytes_all = 20,
		.elapsed = 2000,
		.has_server = true,
		.indexed = 20,
		.rejected = 2,
		.in_flight = 7 };
	static const struct {
		size_t cells;
		const char *line;
	} rows[] = {
		{ 300,
		    "1/2 files, 30 packets, 10 B of 20 B, 15 packets/s, "
		    "0:02 left, 20 indexed, 0 duplicate, 2 rejected, "
		    "0 discarded, 0 retries, 7 in flight" },
		{ 133,
		    "1/2 files, 30 packets, 10 B of 20 B, 15 packets/s, "
		    "0:02 left, 20 indexed, 0 duplicate, 2 rejected, "
		    "0 discarded, 7 in flight" },
		{ 99,
		    "1/2 files, 30 packets, 10 B of 20 B, 15 packets/s, "
		    "0:02 left, 20 indexed, 2 rejected, 7 in flight" },
		{ 79,
		    "1/2 files, 30 packets, 15 packets/s, 0:02 left, "
		    "20 indexed, 2 rejected" },
		{ 55, "30 packets, 0:02 left, 20 indexed, 2 rejected" },
		{ 39, "30 packets, 0:02 left, 2 rejected" },
		{ 23, "30 packets, 2 rejected" },
		{ 19, "30 packets" },
		{ 9, "30 pac..." }
	};
	char line[PROGRESS_LINE_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		progress_line(&progress, rows[i].cells, line);
		assert_string_equal(line, rows[i].line);
	}
	for (size_t cells = 0; cells <= 300; cells++) {
		progress_line(&progress, cells, line);
		assert_in_range(strlen(line), 0, cells);
	}
}

/* A name of wide characters takes two cells each. */
static void
test_wide_names(void **state)
{
	struct progress progress = {
		.interface = "\346\274\242\345\255\227\346\274\242",
		.packets = 5,
		.elapsed = 1000
	};
	char line[PROGRESS_LINE_LEN];

	(void)state;
	progress_line(&progress, 17, line);
	assert_string_equal(line,
	    "\346\274\242\345\255\227\346\274\242: 5 packets");
	progress_line(&progress, 16, line);
	assert_string_equal(line, "5 packets");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_largest_numbers_and_least_room),
		cmocka_unit_test(test_time_left_waits_for_the_documents),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_wide_names),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_several_interfaces),
		cmocka_unit_test(test_largest_totals),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_kafka),
		cmocka_unit_test(test_lag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

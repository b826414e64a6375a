/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/summary.c: a file is replaced, a descriptor is added to. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "messages.h"
#include "run/summary.h"

static struct log log_quiet = { .program = "test", .level = LOG_LEVEL_QUIET };
static const struct totals totals = { .read = 3, .delivered = 3 };
static char name[] = "/tmp/test_summary.XXXXXX";
static int file;

static int
setup(void **state)
{
	(void)state;
	(void)strcpy(strrchr(name, '.'), ".XXXXXX");
	file = mkstemp(name);
	return file < 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(file);
	return unlink(name);
}

static void
write_to(const char *to, const struct totals *sums, int status)
{
	struct summary summary = { .fd = -1 };

	assert_int_equal(summary_open(&summary, to, &log_quiet, NULL), 0);
	summary_write(&summary, sums, status, NULL, NULL, &log_quiet);
	summary_close(&summary);
	assert_int_equal(summary.fd, -1);
}

/* What stands in the file is before, and the summary. */
static void
assert_holds(const char *before, const struct totals *sums, int status)
{
	char text[4096];
	ssize_t n = pread(file, text, sizeof(text), 0);
	struct buffer wanted;

	buffer_init(&wanted, sizeof(text));
	assert_int_equal(buffer_puts(&wanted, before), 0);
	assert_int_equal(progress_json(sums, status, &wanted), 0);
	assert_int_equal(n, wanted.len);
	assert_memory_equal(text, wanted.data, wanted.len);
	buffer_release(&wanted);
}

static void
test_none(void **state)
{
	struct summary summary = { .fd = 7 };
	struct messages messages;

	(void)state;
	assert_int_equal(summary_open(&summary, NULL, &log_quiet, NULL), 0);
	assert_int_equal(summary.fd, -1);
	messages_start(&messages);
	summary_write(&summary, &totals, 0, NULL, NULL, &log_quiet);
	assert_string_equal(messages_end(&messages), "");
	summary_close(&summary);
}

static void
test_a_file_is_replaced(void **state)
{
	char old[2000];

	(void)state;
	memset(old, 'x', sizeof(old));
	assert_int_equal(write(file, old, sizeof(old)), sizeof(old));
	write_to(name, &totals, 4);
	assert_holds("", &totals, 4);
}

/* Until the end nothing of it is lost, and a document that was cut off is none of its concern. */
static void
test_a_file_is_kept_until_the_end(void **state)
{
	struct totals cut = totals;
	struct summary summary;

	(void)state;
	cut.cut = true;
	assert_int_equal(write(file, "old", 3), 3);
	assert_int_equal(summary_open(&summary, name, &log_quiet, NULL), 0);
	assert_int_equal(lseek(file, 0, SEEK_END), 3);
	summary_write(&summary, &cut, 0, NULL, NULL, &log_quiet);
	assert_holds("", &cut, 0);
	summary_close(&summary);
}

/* Several interfaces take more room than the sums alone. */
static void
test_parts(void **state)
{
	struct totals_part parts[10];
	struct totals sums = totals;

	(void)state;
	for (int i = 0; i < 10; i++)
		parts[i] = (struct totals_part){ .interface = "eth0",
			.totals = { .read = UINT64_MAX, .has_drops = true, .is_part = true } };
	sums.parts = parts;
	sums.part_count = 10;
	write_to(name, &sums, 0);
	assert_holds("", &sums, 0);
}

static void
test_a_descriptor_is_added_to(void **state)
{
	char number[32];

	(void)state;
	(void)snprintf(number, sizeof(number), "/dev/fd/%d", file);
	assert_int_equal(write(file, "{}\n", 3), 3);
	/* What was opened before the program was started is inherited. */
	assert_int_equal(fcntl(file, F_SETFD, 0), 0);
	write_to(number, &totals, 130);
	assert_holds("{}\n", &totals, 130);
}

/* As a link that espcap may not follow any more when it has given up root. */
static void
test_the_name_is_asked_once(void **state)
{
	struct summary summary;
	char number[32], link[64];

	(void)state;
	(void)snprintf(number, sizeof(number), "/dev/fd/%d", file);
	(void)snprintf(link, sizeof(link), "%s.link", name);
	assert_int_equal(write(file, "{}\n", 3), 3);
	assert_int_equal(fcntl(file, F_SETFD, 0), 0);
	assert_int_equal(symlink(number, link), 0);
	assert_int_equal(summary_open(&summary, link, &log_quiet, NULL), 0);
	assert_int_equal(unlink(link), 0);
	summary_write(&summary, &totals, 0, NULL, NULL, &log_quiet);
	assert_holds("{}\n", &totals, 0);
	summary_close(&summary);
}

static void
test_behind_a_document_that_was_cut_off(void **state)
{
	struct totals cut = totals;
	char number[32];

	(void)state;
	cut.cut = true;
	(void)snprintf(number, sizeof(number), "/proc/self/fd/%d", file);
	assert_int_equal(write(file, "{\"a", 3), 3);
	assert_int_equal(fcntl(file, F_SETFD, 0), 0);
	write_to(number, &cut, 5);
	assert_holds("{\"a\n", &cut, 5);
}

static void
test_no_such_folder(void **state)
{
	struct summary summary;
	struct error error;

	(void)state;
	assert_int_equal(summary_open(&summary, "/tmp/test_summary/none/s", &log_quiet, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, "--summary-json=/tmp/test_summary/none/s"));
	assert_int_equal(summary.fd, -1);
}

static void
test_no_space(void **state)
{
	struct summary summary;
	struct messages messages;

	(void)state;
	assert_int_equal(summary_open(&summary, "/dev/full", &log_quiet, NULL), 0);
	messages_start(&messages);
	summary_write(&summary, &totals, 0, NULL, NULL, &log_quiet);
	assert_string_equal(messages_end(&messages), "test: /dev/full: No space left on device\n");
	summary_close(&summary);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test_setup_teardown(test_a_file_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_is_kept_until_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_descriptor_is_added_to, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_name_is_asked_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_behind_a_document_that_was_cut_off, setup, teardown),
		cmocka_unit_test(test_no_such_folder),
		cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

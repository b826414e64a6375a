/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/status.c: what SIGUSR1 prints. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "run/status.h"

static const struct input_partition partitions[] = { { "packets", 0, 17 }, { "packets", 11, 3 } };

/* What a source tells, and the loop that has told it. */
struct told {
	struct loop *loop;
	struct totals totals;
	struct metrics metrics;
};

static void
tell_totals(void *ctx, struct totals *totals)
{
	struct told *told = ctx;

	*totals = told->totals;
	loop_stop(told->loop);
}

static void
tell_metrics(void *ctx, struct metrics *metrics)
{
	const struct told *told = ctx;

	*metrics = told->metrics;
}

static void
on_late(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
}

/* Standard error is a file meanwhile. */
static void
assert_said(const struct told *what, const char *wanted)
{
	struct log log = { .program = "test", .level = LOG_LEVEL_QUIET };
	const struct status_config config = { .progress = false };
	struct told told = *what;
	const struct status_source source = { .totals = tell_totals, .metrics = tell_metrics, .ctx = &told };
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	/* What the loop waits for: a signal alone is nothing. */
	const struct timeval late = { 10, 0 };
	struct status *status;
	struct error error;
	char text[2048];
	size_t len;

	assert_true(file != NULL && before >= 0);
	told.loop = loop_new(&error);
	assert_non_null(told.loop);
	status = status_start(told.loop, &log, &source, &config);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	assert_int_equal(event_base_once(loop_base(told.loop), -1, EV_TIMEOUT, on_late, NULL, &late), 0);
	(void)raise(SIGUSR1);
	assert_int_equal(loop_run(told.loop, &error), 0);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	status_stop(status);
	loop_free(told.loop);
	close(before);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	assert_string_equal(text, wanted);
}

static void
test_files(void **state)
{
	const struct told told = { .totals = { .read = 2, .delivered = 2 } };

	(void)state;
	assert_said(&told,
	    "test: so far: read=2 printed=2 duplicate=0 rejected=0 discarded=0 filtered=0 undissected=0 dropped=0 unsent=0 "
	    "skipped=0 retries=0\n");
}

static void
test_kafka(void **state)
{
	struct told told = { .totals = { .read = 2, .delivered = 1, .released = 1, .is_kafka = true },
		.metrics = { .kafka = { .partitions = partitions, .partition_count = 2 } } };
	static const char line[] =
	    "test: so far: read=2 printed=1 duplicate=0 rejected=0 discarded=0 filtered=0 undissected=0 dropped=0 released=1 "
	    "unsent=0 skipped=0 retries=0 warmed=0 missed=0 mixed=0 malformed=0\n";
	char wanted[1024];

	(void)state;
	(void)snprintf(wanted, sizeof(wanted), "%s%s%s%s", "test: lag of topic packets, partition 0: 17\n",
	    "test: lag of topic packets, partition 11: 3\n", "test: lag of 2 partitions: 20\n", line);
	assert_said(&told, wanted);
	told.metrics.kafka = (struct input_kafka){ .is_cut_off = true };
	(void)snprintf(wanted, sizeof(wanted), "test: lag of 0 partitions: 0; a broker does not answer\n%s", line);
	assert_said(&told, wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_files), cmocka_unit_test(test_kafka) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

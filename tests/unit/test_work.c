/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of shard/work.c: one capture by one tshark, or by several, which do as told: whoever uses it sees no
 * difference. What several do is in test_shards.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sharding.h"
#include "shard/work.h"

struct test {
	struct sharding sharding;
	struct work *work;
};

static int
setup(void **state)
{
	static struct test test;

	test.work = NULL;
	*state = &test;
	return sharding_setup(&test.sharding);
}

static int
teardown(void **state)
{
	struct test *test = *state;

	work_free(test->work);
	return sharding_teardown(&test->sharding);
}

/* Of the capture that was made. */
static void
start(struct test *test, const char *script, unsigned most)
{
	test->work = work_new(&test->sharding.bench->config, most,
	    sharding_source(&test->sharding, script), "a.pcap", NULL, 0,
	    &test->sharding.handler);
}

/* Ends the work, so that another one can be begun. */
static void
restart(struct test *test)
{
	const struct bench *bench = test->sharding.bench;

	work_free(test->work);
	test->work = NULL;
	test->sharding.last = 0;
	test->sharding.documents = test->sharding.ends = 0;
	for (unsigned n = 1; n <= 10; n++) {
		bench_remove(bench, "read", n);
		bench_remove(bench, "arguments", n);
	}
	bench_remove(bench, "go", 0);
}

static void
assert_outcome(const struct test *test, enum outcome wanted, const char *why)
{
	struct error error = { .text = "" };

	assert_int_equal(work_outcome(test->work, &error), wanted);
	if (why != NULL)
		assert_non_null(strstr(error.text, why));
}

/* By one, and by two. */

static void
test_all(void **state)
{
	struct test *test = *state;
	struct dissection_counts counts;
	uint64_t done, all;

	sharding_make(&test->sharding, "0110100", 2);
	for (unsigned most = 1; most <= 2; most++) {
		start(test, "", most);
		sharding_run(&test->sharding, 7);
		counts = work_counts(test->work);
		assert_int_equal(counts.read, 7);
		assert_int_equal(counts.printed, 7);
		assert_int_equal(counts.tsharks, most);
		work_bytes(test->work, &done, &all);
		assert_int_equal(done, test->sharding.bench->bytes.len);
		assert_int_equal(all, test->sharding.bench->bytes.len);
		assert_true(work_is_filterable(test->work));
		assert_false(work_is_no_capture(test->work));
		assert_outcome(test, OUTCOME_OK, NULL);
		assert_int_equal(work_memory(test->work), 0);
		restart(test);
	}
	work_free(NULL);
}

/* What cannot be read twice is read by one. */
static void
test_stream(void **state)
{
	struct test *test = *state;
	struct bench *bench = test->sharding.bench;
	int fds[2];

	sharding_make(&test->sharding, "0110", 2);
	bench_write(bench, "script", "");
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	capfile_write(fds[1], bench->bytes.data, bench->bytes.len);
	close(fds[1]);
	test->work = work_new(&bench->config, 2,
	    source_base(source_new(bench->config.loop, fds[0])), "-", NULL, 3,
	    &test->sharding.handler);
	sharding_run(&test->sharding, 3);
	assert_int_equal(work_counts(test->work).tsharks, 1);
}

static void
test_pause(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "0110100", 2);
	for (unsigned most = 1; most <= 2; most++) {
		start(test, "", most);
		work_pause(test->work);
		bench_wait(test->sharding.bench, 200);
		assert_int_equal(test->sharding.documents, 0);
		work_resume(test->work);
		sharding_run(&test->sharding, 7);
		restart(test);
	}
}

static void
test_stop(void **state)
{
	struct test *test = *state;

	capfile_header(&test->sharding.bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= 10000; n++)
		sharding_large(&test->sharding, n, n % 2, 2);
	for (unsigned most = 1; most <= 2; most++) {
		start(test, "deaf", most);
		bench_wait(test->sharding.bench, 200);
		assert_true(work_memory(test->work) > 0);
		assert_false(work_is_read(test->work));
		work_stop(test->work);
		bench_write(test->sharding.bench, "go", "");
		while (test->sharding.ends == 0)
			bench_once(test->sharding.bench);
		assert_in_range(test->sharding.last, 1, 9999);
		assert_int_equal(test->sharding.documents,
		    test->sharding.last);
		assert_int_equal(work_counts(test->work).read,
		    test->sharding.last);
		assert_false(work_is_read(test->work));
		restart(test);
	}
}

/* Its documents are not here yet. */
static void
test_stop_at_the_end(void **state)
{
	struct test *test = *state;

	capfile_header(&test->sharding.bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= 10; n++)
		sharding_large(&test->sharding, n, n % 2, 2);
	for (unsigned most = 1; most <= 2; most++) {
		start(test, "deaf", most);
		while (!work_is_read(test->work))
			bench_once(test->sharding.bench);
		assert_int_equal(test->sharding.documents, 0);
		work_stop(test->work);
		bench_write(test->sharding.bench, "go", "");
		sharding_run(&test->sharding, 10);
		assert_true(work_is_read(test->work));
		restart(test);
	}
}

/* What is wrong. */

static void
test_outcome(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "010101", 2);
	test->sharding.bench->bytes.len -= 10;
	for (unsigned most = 1; most <= 2; most++) {
		start(test, "poison=2", most);
		sharding_run(&test->sharding, 4);
		assert_outcome(test, OUTCOME_TSHARK, "cut short");
		assert_int_equal(
		    work_lesser_outcome(test->work, OUTCOME_TSHARK),
		    OUTCOME_INPUT);
		assert_int_equal(work_counts(test->work).undissected, 1);
		restart(test);
	}
}

static void
test_unfilterable(void **state)
{
	struct test *test = *state;

	test->sharding.bench->config.filter = filter_new("udp", NULL);
	capfile_make(&test->sharding.bench->bytes, CAPFILE_USB, 1, 3);
	for (unsigned most = 1; most <= 2; most++) {
		start(test, "", most);
		sharding_run(&test->sharding, 0);
		assert_false(work_is_filterable(test->work));
		assert_outcome(test, OUTCOME_USAGE, DISSECTION_NO_FILTER);
		restart(test);
	}
}

static void
test_no_capture(void **state)
{
	struct test *test = *state;

	capfile_bytes(&test->sharding.bench->bytes,
	    "It is a letter, not a capture.", 30);
	for (unsigned most = 1; most <= 2; most++) {
		start(test, "refuse", most);
		sharding_run(&test->sharding, 0);
		assert_true(work_is_no_capture(test->work));
		restart(test);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all),
		CASE(test_stream),
		CASE(test_pause),
		CASE(test_stop),
		CASE(test_stop_at_the_end),
		CASE(test_outcome),
		CASE(test_unfilterable),
		CASE(test_no_capture),
	};

	scripted_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of shard/shards.c: one capture by several tsharks that do as told, its documents in order, and all sums. What
 * each shard gets is in test_shard_source.c.
 *
 *   state     event                                     next state
 *   --------  ----------------------------------------  ------------------------------------------------------------
 *   (new)     most is 1, or a stream                    none: it is for one
 *   running   a document whose turn it is               running: it goes out, and those that waited for it
 *   running   one whose turn it is not                  running: it waits
 *   running   a shard ends before the others            running: nobody waits for it
 *   running   shards_pause                              paused: nothing goes out
 *   paused    shards_resume                             running
 *   running   shards_stop                               ending: all read as far as any has
 *   any       all shards have ended                     ended
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sharding.h"
#include "shard/shards.h"

struct test {
	struct sharding sharding;
	struct shards *shards;
};

static int
setup(void **state)
{
	static struct test test;

	test.shards = NULL;
	*state = &test;
	return sharding_setup(&test.sharding);
}

static int
teardown(void **state)
{
	struct test *test = *state;

	shards_free(test->shards);
	return sharding_teardown(&test->sharding);
}

/* The capture that was made, by so many; packets at most: 0 for all. */
static void
start(struct test *test, const char *script, unsigned most, uint64_t packets)
{
	test->shards = shards_new(&test->sharding.bench->config, most,
	    sharding_source(&test->sharding, script), "a.pcap", NULL, packets,
	    &test->sharding.handler);
	assert_non_null(test->shards);
}

static void
assert_counts(const struct test *test, uint64_t printed, uint64_t undissected,
    uint64_t tsharks)
{
	struct dissection_counts counts = shards_counts(test->shards);

	assert_int_equal(counts.printed, printed);
	assert_int_equal(counts.undissected, undissected);
	assert_int_equal(counts.read, printed + undissected);
	assert_int_equal(counts.tsharks, tsharks);
}

/* How it ended, and a part of why, which is reported once. */
static void
assert_outcome(const struct test *test, enum outcome wanted, const char *why)
{
	struct error error = { .text = "" };
	const char *at;

	assert_int_equal(shards_outcome(test->shards, &error), wanted);
	if (why == NULL)
		return;
	at = strstr(error.text, why);
	if (at == NULL || strstr(at + 1, why) != NULL)
		fail_msg("not once %s in %s", why, error.text);
}

/* Order. */

static void
test_two(void **state)
{
	struct test *test = *state;
	uint64_t done, all;

	sharding_make(&test->sharding, "0110100", 2);
	start(test, "", 2, 0);
	sharding_run(&test->sharding, 7);
	assert_counts(test, 7, 0, 2);
	assert_outcome(test, OUTCOME_OK, NULL);
	assert_false(shards_is_no_capture(test->shards));
	assert_true(shards_is_filterable(test->shards));
	shards_bytes(test->shards, &done, &all);
	assert_int_equal(done, test->sharding.bench->bytes.len);
	assert_int_equal(all, test->sharding.bench->bytes.len);
}

static void
test_three(void **state)
{
	struct test *test = *state;
	char shards[601];

	for (unsigned i = 0; i < 600; i++)
		shards[i] = (char)('0' + (i * i + i / 7) % 3);
	shards[600] = '\0';
	sharding_make(&test->sharding, shards, 3);
	start(test, "", 3, 0);
	sharding_run(&test->sharding, 600);
	assert_int_equal(test->sharding.last, 600);
	assert_counts(test, 600, 0, 3);
}

/* The others wait for the one whose turn it is. */
static void
test_turns(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "0210210212", 3);
	start(test, "wait=4", 3, 0);
	sharding_until(&test->sharding, 3);
	bench_wait(test->sharding.bench, 300);
	/* All but the fourth have theirs. */
	assert_int_equal(test->sharding.documents, 3);
	assert_int_equal(test->sharding.ends, 0);
	bench_write(test->sharding.bench, "go", "");
	sharding_run(&test->sharding, 10);
}

/* One has nothing to do, another ends with the first packet. */
static void
test_one_ends_early(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "2000000", 3);
	start(test, "", 3, 0);
	sharding_run(&test->sharding, 7);
	assert_counts(test, 7, 0, 2);
	assert_outcome(test, OUTCOME_OK, NULL);
}

/* The first one has nothing at all, and nobody waits for it. */
static void
test_first_has_none(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "1111", 2);
	start(test, "", 2, 0);
	sharding_run(&test->sharding, 4);
	assert_counts(test, 4, 0, 2);
}

/* A packet that ends its tshark has no document, and its turn passes. */
static void
test_poison(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "010101", 2);
	start(test, "poison=2", 2, 0);
	sharding_run(&test->sharding, 5);
	assert_int_equal(test->sharding.last, 6);
	/* The other one did not notice. */
	assert_counts(test, 5, 1, 4);
	assert_outcome(test, OUTCOME_TSHARK, "killed by signal 11");
	assert_int_equal(shards_lesser_outcome(test->shards, OUTCOME_TSHARK),
	    OUTCOME_OK);
}

/* No tshark of any works: each gives up, and all packets are counted. */
static void
test_all_fail(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "0101", 2);
	start(test, "fail=1", 2, 0);
	sharding_run(&test->sharding, 0);
	assert_int_equal(shards_counts(test->shards).undissected, 4);
	assert_int_equal(shards_counts(test->shards).read, 4);
}

/* Of --count all count. */
static void
test_count(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "1101001", 2);
	start(test, "", 2, 5);
	sharding_run(&test->sharding, 5);
	assert_int_equal(test->sharding.last, 5);
	assert_counts(test, 5, 0, 2);
}

/* Whoever takes the documents. */

static void
pause_at_two(struct sharding *sharding)
{
	struct test *test = (struct test *)sharding;

	if (sharding->documents == 2)
		shards_pause(test->shards);
}

static void
test_pause(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "00110101", 2);
	test->sharding.on_document = pause_at_two;
	start(test, "keep", 2, 0);
	sharding_until(&test->sharding, 2);
	bench_wait(test->sharding.bench, 300);
	assert_int_equal(test->sharding.documents, 2);
	assert_int_equal(test->sharding.ends, 0);
	shards_resume(test->shards);
	/* From the loop, not from there. */
	assert_int_equal(test->sharding.documents, 2);
	sharding_run(&test->sharding, 8);
	/* All is over. */
	shards_pause(test->shards);
	shards_resume(test->shards);
	bench_wait(test->sharding.bench, 20);
	assert_int_equal(test->sharding.ends, 1);
}

/* Those of one wait for the first packet; then it is paused. */
static void
test_pause_from_the_start(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "0111", 2);
	start(test, "", 2, 0);
	shards_pause(test->shards);
	bench_wait(test->sharding.bench, 300);
	assert_int_equal(test->sharding.documents, 0);
	shards_resume(test->shards);
	sharding_run(&test->sharding, 4);
}

/* Packets of the first one are much larger: the other one, to which they are empty, reads further. */
static void
make_uneven(struct test *test, uint32_t packets, bool large)
{
	capfile_header(&test->sharding.bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= packets; n++) {
		if (n % 10 != 0)
			sharding_large(&test->sharding, n, 0, 2);
		else if (large)
			sharding_large(&test->sharding, n, 1, 2);
		else
			sharding_packet(&test->sharding, n, 1, 2);
	}
}

/* What was read so far is what all have read. */
static void
test_bytes(void **state)
{
	struct test *test = *state;
	uint64_t done, all;

	make_uneven(test, 3000, false);
	start(test, "deaf", 2, 0);
	bench_wait(test->sharding.bench, 300);
	assert_true(shards_memory(test->shards) > 0);
	shards_bytes(test->shards, &done, &all);
	assert_int_equal(all, test->sharding.bench->bytes.len);
	assert_in_range(done, 1, all - 1);
	bench_write(test->sharding.bench, "go", "");
	sharding_run(&test->sharding, 3000);
	shards_bytes(test->shards, &done, &all);
	assert_int_equal(done, all);
	assert_int_equal(shards_memory(test->shards), 0);
}

/* The second has read all: the first must as well. */
static void
test_stop(void **state)
{
	struct test *test = *state;

	make_uneven(test, 3000, false);
	start(test, "deaf", 2, 0);
	bench_wait(test->sharding.bench, 300);
	assert_true(shards_counts(test->shards).read < 3000);
	assert_true(shards_is_read(test->shards));
	shards_stop(test->shards);
	bench_write(test->sharding.bench, "go", "");
	sharding_run(&test->sharding, 3000);
	assert_counts(test, 3000, 0, 2);
}

/* The second found nothing of its own to the end, which the first does not come to. */
static void
test_stop_with_an_idle_one(void **state)
{
	struct test *test = *state;

	capfile_header(&test->sharding.bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= 3000; n++)
		sharding_large(&test->sharding, n, 0, 2);
	start(test, "deaf", 2, 0);
	bench_wait(test->sharding.bench, 300);
	assert_false(shards_is_read(test->shards));
	shards_stop(test->shards);
	bench_write(test->sharding.bench, "go", "");
	while (test->sharding.ends == 0)
		bench_once(test->sharding.bench);
	assert_in_range(test->sharding.last, 1, 2999);
	assert_false(shards_is_read(test->shards));
}

/* Neither has: what none has read stays unread. */
static void
test_stop_in_the_middle(void **state)
{
	struct test *test = *state;
	uint64_t before;

	make_uneven(test, 30000, true);
	start(test, "deaf", 2, 0);
	bench_wait(test->sharding.bench, 300);
	before = shards_counts(test->shards).read;
	assert_false(shards_is_read(test->shards));
	shards_stop(test->shards);
	shards_stop(test->shards);
	bench_write(test->sharding.bench, "go", "");
	while (test->sharding.ends == 0)
		bench_once(test->sharding.bench);
	assert_false(test->sharding.is_disordered);
	assert_in_range(test->sharding.last, before + 1, 29999);
	/* No gap. */
	assert_int_equal(test->sharding.documents, test->sharding.last);
	assert_counts(test, test->sharding.last, 0, 2);
	assert_outcome(test, OUTCOME_OK, NULL);
}

/* One that has nothing in the first of two captures goes on when the other one has read that. */
static void
test_sessions(void **state)
{
	struct test *test = *state;
	struct buffer *bytes = &test->sharding.bench->bytes;
	static const uint32_t nanoseconds = 0xa1b23c4d;
	size_t at;

	capfile_header(bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= 3000; n++)
		sharding_large(&test->sharding, n, 0, 2);
	at = bytes->len;
	capfile_header(bytes, CAPFILE_ETHERNET);
	memcpy(bytes->data + at, &nanoseconds, sizeof(nanoseconds));
	sharding_packet(&test->sharding, 1, 1, 2);
	sharding_packet(&test->sharding, 2, 0, 2);
	start(test, "deaf", 2, 0);
	bench_wait(test->sharding.bench, 300);
	assert_true(shards_counts(test->shards).read < 3000);
	shards_pause(test->shards);
	shards_resume(test->shards);
	bench_write(test->sharding.bench, "go", "");
	sharding_run(&test->sharding, 3002);
	assert_counts(test, 3002, 0, 3);
	assert_outcome(test, OUTCOME_OK, NULL);
}

/* How many packets run n has read. */
static unsigned
packets_read(const struct test *test, unsigned n)
{
	FILE *file = scripted_open(test->sharding.bench->home, "read", n, "r");
	unsigned count = 0;

	for (int c; (c = getc(file)) != EOF;)
		count += c == ' ';
	(void)fclose(file);
	return count;
}

/* One whose packets are all at the end is not given those of the others too far ahead of them. */
static void
test_ahead(void **state)
{
	struct test *test = *state;
	const unsigned ahead = 65536;
	unsigned run = 1;

	capfile_header(&test->sharding.bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= ahead + 100; n++)
		sharding_packet(&test->sharding, n, n > ahead + 50, 2);
	start(test, "wait=1", 2, 0);
	while (bench_read(test->sharding.bench, "arguments", 2)[0] == '\0')
		bench_wait(test->sharding.bench, 20);
	/* Either may have been started first. */
	for (; packets_read(test, run) < ahead + 1; run = 3 - run)
		bench_wait(test->sharding.bench, 50);
	bench_wait(test->sharding.bench, 200);
	assert_int_equal(packets_read(test, run), ahead + 1);
	assert_int_equal(test->sharding.documents, 0);
	bench_write(test->sharding.bench, "go", "");
	sharding_until(&test->sharding, 2);
	while (packets_read(test, run) < ahead + 3)
		bench_wait(test->sharding.bench, 20);
}

/* What is wrong. */

/* With the end of the file, of which both know. */
static void
test_cut_short(void **state)
{
	struct test *test = *state;

	sharding_make(&test->sharding, "010101", 2);
	test->sharding.bench->bytes.len -= 10;
	start(test, "poison=2", 2, 0);
	sharding_run(&test->sharding, 4);
	assert_outcome(test, OUTCOME_TSHARK, "cut short");
	assert_int_equal(shards_lesser_outcome(test->shards, OUTCOME_TSHARK),
	    OUTCOME_INPUT);
	assert_int_equal(shards_lesser_outcome(test->shards, OUTCOME_INPUT),
	    OUTCOME_OK);
}

static void
test_no_capture(void **state)
{
	struct test *test = *state;

	capfile_bytes(&test->sharding.bench->bytes,
	    "It is a letter, not a capture.", 30);
	start(test, "refuse", 3, 0);
	sharding_run(&test->sharding, 0);
	assert_true(shards_is_no_capture(test->shards));
	assert_counts(test, 0, 0, 1);
}

static void
test_unfilterable(void **state)
{
	struct test *test = *state;

	test->sharding.bench->config.filter = filter_new("udp", NULL);
	capfile_make(&test->sharding.bench->bytes, CAPFILE_USB, 1, 3);
	start(test, "", 2, 0);
	sharding_run(&test->sharding, 0);
	assert_false(shards_is_filterable(test->shards));
	assert_outcome(test, OUTCOME_USAGE, DISSECTION_NO_FILTER);
	assert_int_equal(shards_counts(test->shards).skipped, 3);
}

/* It has a meaning for those of one. */
static void
test_filter(void **state)
{
	struct test *test = *state;

	test->sharding.bench->config.filter =
	    filter_new("udp dst port 1002 or udp dst port 1003", NULL);
	sharding_make(&test->sharding, "0110", 2);
	start(test, "", 3, 0);
	sharding_run(&test->sharding, 2);
	assert_int_equal(test->sharding.last, 3);
	assert_true(shards_is_filterable(test->shards));
	assert_int_equal(shards_counts(test->shards).skipped, 2);
	assert_outcome(test, OUTCOME_OK, NULL);
}

/* None. */

static void
test_one(void **state)
{
	struct test *test = *state;
	struct record_source *source;
	int fds[2];

	shards_free(NULL);
	sharding_make(&test->sharding, "01", 2);
	source = sharding_source(&test->sharding, "");
	assert_null(shards_new(&test->sharding.bench->config, 1, source, "a",
	    NULL, 0, &test->sharding.handler));
	source->type->free(source);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	source = source_base(
	    source_new(test->sharding.bench->config.loop, fds[0]));
	assert_null(shards_new(&test->sharding.bench->config, 3, source, "a",
	    NULL, 0, &test->sharding.handler));
	source->type->free(source);
	close(fds[1]);
	bench_wait(test->sharding.bench, 20);
	assert_int_equal(test->sharding.ends, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_two),
		CASE(test_three),
		CASE(test_turns),
		CASE(test_one_ends_early),
		CASE(test_first_has_none),
		CASE(test_poison),
		CASE(test_all_fail),
		CASE(test_count),
		CASE(test_pause),
		CASE(test_pause_from_the_start),
		CASE(test_bytes),
		CASE(test_stop),
		CASE(test_stop_with_an_idle_one),
		CASE(test_stop_in_the_middle),
		CASE(test_sessions),
		CASE(test_ahead),
		CASE(test_cut_short),
		CASE(test_no_capture),
		CASE(test_unfilterable),
		CASE(test_filter),
		CASE(test_one),
	};

	scripted_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kafka/spans.c: up to which offset everything has an outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka/spans.h"

struct test {
	struct spans *spans;
};

static int
setup(void **state)
{
	static struct test test;

	test.spans = spans_new(100);
	*state = &test;
	return 0;
}

static int
teardown(void **state)
{
	spans_free(((struct test *)*state)->spans);
	return 0;
}

static void
test_nothing(void **state)
{
	struct spans *spans = ((struct test *)*state)->spans;

	assert_int_equal(spans_done(spans), 100);
	assert_int_equal(spans_open(spans), 0);
	assert_true(spans_is_empty(spans));
	spans_close(spans);
	assert_int_equal(spans_done(spans), 100);
}

/* A message without a document is done when it has passed; gaps in the offsets are none of ours. */
static void
test_passing(void **state)
{
	struct spans *spans = ((struct test *)*state)->spans;
	struct span *first = spans_add(spans, 100), *second = spans_add(spans, 107);

	assert_ptr_equal(first, second);
	span_pass(first);
	assert_int_equal(spans_done(spans), 100);
	assert_int_equal(spans_open(spans), 1);
	span_pass(second);
	assert_int_equal(spans_done(spans), 108);
	assert_true(spans_is_empty(spans));
}

/* Documents are acknowledged in any order: what may be committed ends before the first that is not. */
static void
test_acknowledging(void **state)
{
	struct spans *spans = ((struct test *)*state)->spans;
	struct span *first = spans_add(spans, 100), *second;

	spans_close(spans);
	second = spans_add(spans, 101);
	assert_ptr_not_equal(first, second);
	span_pass(first);
	first->ack.given++;
	span_pass(second);
	second->ack.given++;
	ack_deliver(&second->ack);
	assert_int_equal(spans_done(spans), 100);
	ack_reject(&first->ack);
	assert_int_equal(spans_done(spans), 102);
}

/* However many there are, a span has an end of its own. */
static void
test_many(void **state)
{
	struct spans *spans = ((struct test *)*state)->spans;
	struct span *first = spans_add(spans, 100), *last = NULL;
	int64_t offset = 101;

	span_pass(first);
	while ((last = spans_add(spans, offset++)) == first)
		span_pass(last);
	assert_int_equal(spans_done(spans), offset - 1);
	assert_int_equal(spans_open(spans), 1);
	span_pass(last);
	assert_int_equal(spans_done(spans), offset);
}

/* What is given up is never done, and documents that were given are still waited for. */
static void
test_releasing(void **state)
{
	struct spans *spans = ((struct test *)*state)->spans;
	struct span *span = spans_add(spans, 100);

	(void)spans_add(spans, 101);
	span_pass(span);
	span->ack.given++;
	assert_int_equal(spans_open(spans), 1);
	spans_release(spans);
	assert_int_equal(spans_open(spans), 0);
	(void)spans_done(spans);
	assert_false(spans_is_empty(spans));
	ack_duplicate(&span->ack);
	(void)spans_done(spans);
	assert_true(spans_is_empty(spans));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_nothing),
		CASE(test_passing),
		CASE(test_acknowledging),
		CASE(test_many),
		CASE(test_releasing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

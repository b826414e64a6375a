/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/index_summary.c: how an espcap has ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "deliver/index_summary.h"

static int
read_text(const char *text, struct index_summary *summary)
{
	return index_summary_read(text, strlen(text), summary);
}

static void
test_summary(void **state)
{
	struct index_summary summary;

	(void)state;
	assert_int_equal(
	    read_text("{\"read\":9,\"indexed\":5,\"duplicate\":2,\"rejected\":1,\"undissected\":1,\"status\":6}\n", &summary), 0);
	assert_true(summary.indexed == 5 && summary.duplicate == 2 && summary.rejected == 1 && summary.undissected == 1);
	assert_int_equal(read_text("{\"interfaces\":[{\"indexed\":3}],\"indexed\":\"4\"}", &summary), 0);
	assert_true(summary.indexed == 0);
	assert_int_equal(read_text("", &summary), -1);
	assert_int_equal(read_text("[]", &summary), -1);
	assert_int_equal(read_text("{\"indexed\":5", &summary), -1);
	assert_int_equal(read_text("{\"indexed\":-5}", &summary), -1);
	assert_int_equal(read_text("{\"indexed\":1}{\"indexed\":1}", &summary), -1);
}

static void
test_statuses(void **state)
{
	static const enum attempt_end ends[] = { ATTEMPT_DELIVERED, ATTEMPT_LATER, ATTEMPT_LATER, ATTEMPT_REFUSED,
		ATTEMPT_LATER, ATTEMPT_LATER, ATTEMPT_REFUSED };

	(void)state;
	for (int i = 0; i < 7; i++)
		assert_int_equal(index_judge(i), ends[i]);
	assert_int_equal(index_judge(-1), ATTEMPT_LATER);
	assert_int_equal(index_judge(127), ATTEMPT_LATER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

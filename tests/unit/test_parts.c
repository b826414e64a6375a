/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of dissect/parts.c: which capture a packet is of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dissect/parts.h"

static void
test_find(void **state)
{
	struct parts parts = { NULL, 0, 0 };

	(void)state;
	assert_null(parts_find(&parts, 1));
	assert_string_equal(parts_add(&parts, 0)->id, "");
	/* What has no packets, as a format that only tshark knows, counts none either. */
	assert_int_equal(parts_find(&parts, 0)->before, 0);
	assert_int_equal(parts_find(&parts, UINT64_MAX)->before, 0);
	for (uint64_t before = 1; before < 1000; before += before % 7 + 1)
		(void)parts_add(&parts, before);
	for (uint64_t ordinal = 1; ordinal < 1100; ordinal++) {
		const struct part *part = parts_find(&parts, ordinal);

		assert_true(part->before < ordinal);
		assert_true(part + 1 == parts.list + parts.count ||
		    part[1].before >= ordinal);
	}
	parts_release(&parts);
	assert_null(parts_find(&parts, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

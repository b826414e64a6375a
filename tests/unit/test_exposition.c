/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/exposition.c: the text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/exposition.h"

static void
assert_written(struct buffer *out, const char *text)
{
	assert_int_equal(buffer_append(out, "", 1), 0);
	assert_string_equal(out->data, text);
	buffer_clear(out);
}

static void
test_values(void **state)
{
	struct buffer out;
	struct exposition exposition = { .out = &out };

	(void)state;
	buffer_init(&out, 4096);
	exposition_single(&exposition, "a_total", "counter", "Of a.", UINT64_MAX);
	assert_written(&out, "# HELP a_total Of a.\n# TYPE a_total counter\na_total 18446744073709551615\n");
	exposition_time(&exposition, "t", "When.", 1234);
	assert_written(&out, "# HELP t When.\n# TYPE t gauge\nt 1.234\n");
	exposition_begin(&exposition, "b", "gauge", "Of b.");
	exposition_put(&exposition, "kind", "x", 1);
	exposition.interface = "eth0";
	exposition_put(&exposition, "kind", "y", 2);
	exposition_put(&exposition, NULL, NULL, 3);
	assert_written(&out,
	    "# HELP b Of b.\n# TYPE b gauge\nb{kind=\"x\"} 1\nb{interface=\"eth0\",kind=\"y\"} 2\nb{interface=\"eth0\"} 3\n");
	assert_int_equal(exposition.rv, 0);
	buffer_release(&out);
}

static void
test_labels(void **state)
{
	struct buffer out;
	struct exposition exposition = { .out = &out, .name = "a" };

	(void)state;
	buffer_init(&out, 4096);
	exposition_put(&exposition, "label", "a\"b\\c\nd\xff\xc3\xa9", 1);
	assert_written(&out, "a{label=\"a\\\"b\\\\c\\\\x0ad\\\\xff\xc3\xa9\"} 1\n");
	buffer_release(&out);
}

static void
test_full(void **state)
{
	struct buffer out;
	struct exposition exposition = { .out = &out };

	(void)state;
	buffer_init(&out, 40);
	exposition_single(&exposition, "name", "gauge", "A text that has no room there.", 1);
	assert_int_equal(exposition.rv, -1);
	buffer_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/projection.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "document/layers.h"
#include "document/projection.h"
#include "table.h"

static struct names *names;
static struct typed typed;

static int
setup(void **state)
{
	static const char list[] =
	    "dns.qry.name keyword dns.question.name\n"
	    "no.such_field keyword other.name\n";

	(void)state;
	names = table_new();
	return typed_parse(&typed, list, strlen(list), "list", NULL);
}

static int
teardown(void **state)
{
	(void)state;
	typed_release(&typed);
	names_free(names);
	return 0;
}

static char *
list_for(const char *kept)
{
	struct fields *fields = fields_new(kept, strlen(kept), names, NULL);
	char *list;

	assert_non_null(fields);
	list = projection_list(names, fields, &typed, false);
	fields_free(fields);
	return list;
}

/* How often a name is in a list. */
static unsigned
times(const char *list, const char *name)
{
	size_t len = strlen(name), n;
	unsigned count = 0;

	for (const char *at = list; *at != '\0'; at += n + (at[n] == '+')) {
		n = strcspn(at, "+");
		count += n == len && memcmp(at, name, n) == 0;
	}
	return count;
}

static void
test_kept_and_read(void **state)
{
	char *list = list_for("tcp.port, ip.src");

	(void)state;
	assert_non_null(list);
	/* Kept; kept and read for the flow; typed; read for the stack. */
	assert_int_equal(times(list, "tcp.port"), 1);
	assert_int_equal(times(list, "ip.src"), 1);
	assert_int_equal(times(list, "dns.qry.name"), 1);
	assert_int_equal(times(list, LAYERS_STACK), 1);
	assert_int_equal(times(list, "tcp.srcport"), 1);
	assert_int_equal(times(list, "no.such_field"), 0);
	assert_int_equal(times(list, "bgp.prefix_length"), 0);
	assert_true(list[0] != '+' && list[strlen(list) - 1] != '+');
	assert_null(strstr(list, "++"));
	free(list);
}

/* Lines of text have addresses that documents do not read. */
static void
test_text(void **state)
{
	struct fields *fields = fields_new("tcp.port", 8, names, NULL);
	char *json = projection_list(names, fields, &typed, false);
	char *text = projection_list(names, fields, &typed, true);

	(void)state;
	assert_int_equal(times(json, "eth.dst"), 0);
	assert_int_equal(times(text, "eth.dst"), 1);
	assert_int_equal(times(text, "ip.src"), 1);
	free(json);
	free(text);
	fields_free(fields);
}

/* Rows without a field are made of texts that only the whole tree has. */
static void
test_rows_take_everything(void **state)
{
	(void)state;
	assert_null(list_for("tcp.port,text"));
}

static void
test_too_many(void **state)
{
	struct names *many = names_new();
	struct fields *fields;
	char line[128], *all = malloc(4000 * 40);
	size_t len = 0;

	(void)state;
	names_add(many, "P\tMany\tmany", strlen("P\tMany\tmany"));
	for (unsigned i = 0; i < 4000; i++) {
		int n = snprintf(line, sizeof(line),
		    "F\tField\tmany.field_with_a_long_name_%u\tFT_UINT32\tmany\tBASE_DEC\t0x0\t", i);

		names_add(many, line, (size_t)n);
		len += (size_t)snprintf(all + len, 40,
		    "many.field_with_a_long_name_%u,", i);
	}
	assert_int_equal(names_finish(many, NULL), 0);
	fields = fields_new(all, len, many, NULL);
	assert_non_null(fields);
	assert_null(projection_list(many, fields, &typed, false));
	fields_free(fields);
	names_free(many);
	free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_and_read),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_rows_take_everything),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

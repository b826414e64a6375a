/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of fields/fields.c: the list of --fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fields/fields.h"
#include "table.h"

static struct names *names;

static int
setup(void **state)
{
	(void)state;
	names = table_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	names_free(names);
	return 0;
}

static struct fields *
parse(const char *text, struct error *error)
{
	return fields_new(text, strlen(text), names, error);
}

static bool
keeps(const struct fields *fields, const char *name)
{
	assert_int_not_equal(table_id(names, name), NAMES_NONE);
	return fields_keep(fields, table_id(names, name));
}

static void
test_separators_and_comments(void **state)
{
	struct fields *fields = parse(
	    ",ip.src, tcp.port\t\r\n# udp.srcport\n"
	    "dns.qry.name#dns.a\n,,\nbgp.prefix_length # no newline",
	    NULL);

	(void)state;
	assert_non_null(fields);
	assert_true(keeps(fields, "ip.src"));
	assert_true(keeps(fields, "tcp.port"));
	assert_true(keeps(fields, "dns.qry.name"));
	assert_true(keeps(fields, "bgp.prefix_length"));
	assert_false(keeps(fields, "bgp.prefix.length"));
	assert_false(keeps(fields, "udp.srcport"));
	assert_false(keeps(fields, "dns.a"));
	assert_false(keeps(fields, "ip.dst"));
	assert_false(fields_keep(fields, NAMES_TEXT));
	fields_free(fields);
	fields_free(NULL);
}

static void
test_protocol_stands_for_its_own_value(void **state)
{
	struct fields *fields = parse("tcp,text", NULL);

	(void)state;
	assert_true(keeps(fields, "tcp"));
	assert_false(keeps(fields, "tcp.port"));
	assert_true(fields_keep(fields, NAMES_TEXT));
	fields_free(fields);
}

static void
test_fields_met_later_are_not_kept(void **state)
{
	struct fields *fields = parse("tcp.port", NULL);
	uint32_t id = names_find(names, "tcp_tcp_new", 11, NAMES_KIND_VALUE,
	    table_id(names, "tcp"));

	(void)state;
	assert_int_equal(id, names_count(names) - 1);
	assert_false(fields_keep(fields, id));
	fields_free(fields);
}

static void
assert_refused(const char *text, const char *wanted)
{
	struct error error = { .text = "" };

	assert_null(parse(text, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	if (strstr(error.text, wanted) == NULL)
		fail_msg("%s: %s", text, error.text);
}

static void
test_unknown_names(void **state)
{
	static char longer[1000];

	(void)state;
	assert_refused("ip.src,ip.nonsense,x", "no field \"ip.nonsense\"");
	/* The name must be Wireshark's own, not the EK key, nor in capitals. */
	assert_refused("ip_src", "no field \"ip_src\"");
	assert_refused("IP.SRC", "no field \"IP.SRC\"");
	assert_refused("ip.src;ip.dst", "no field \"ip.src;ip.dst\"");
	assert_refused("a\x1b[m", "no field \"a\\x1b[m\"");
	memset(longer, 'x', sizeof(longer) - 1);
	assert_refused(longer, "no field \"xxx");
}

static void
test_nothing_at_all(void **state)
{
	(void)state;
	assert_refused("", "names no field");
	assert_refused(" ,\n# ip.src", "names no field");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_separators_and_comments),
		TEST(test_protocol_stands_for_its_own_value),
		TEST(test_fields_met_later_are_not_kept),
		TEST(test_unknown_names),
		TEST(test_nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

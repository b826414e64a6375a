/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/stored_line.c, run/places.c and run/question.c: documents that an index has, and the query of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/places.h"
#include "run/question.h"
#include "run/stored_line.h"

/* Lines of text. */

static void
expect_line(const char *json, size_t columns, const char *wanted)
{
	struct buffer out;

	buffer_init(&out, 10000);
	assert_int_equal(stored_line_write(json, strlen(json), false, columns, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted);
	buffer_release(&out);
}

static void
test_line(void **state)
{
	(void)state;
	expect_line(
	    "{\"@timestamp\":\"2015-07-30T05:22:10.634684999Z\",\"frame_number\":18,\"protocol\":\"http\",\"info\":\"OK\","
	    "\"source\":{\"ip\":\"9.9.9.9\"},\"layers\":{\"link\":{\"eth.src\":\"aa\",\"eth.dst\":\"bb\"},"
	    "\"network\":{\"ip.src\":[\"1.1.1.1\",\"x\"],\"ip.dst\":\"2.2.2.2\"}}}",
	    0, "   18 2015-07-30 05:22:10.634684 1.1.1.1 -> 2.2.2.2 http OK");
	/* Addresses of IP headers elsewhere are not the packet's; of the link they may be in any section. */
	expect_line(
	    "{\"@timestamp\":\"2015-07-30T05:22:10.5Z\",\"frame_number\":1,\"protocol\":\"arp\",\"layers\":{\"icmp\":"
	    "{\"ip.src\":\"1.1.1.1\"},\"tunnel\":[{\"eth.src\":\"aa\"},{\"eth.src\":\"cc\"}]}}",
	    0, "    1 2015-07-30 05:22:10.500000 aa -> - arp");
	/* Documents of --fields. */
	expect_line("{\"source\":{\"ip\":\"9.9.9.9\",\"mac\":\"m\"},\"destination\":{\"mac\":\"n\"},\"info\":\"a\\nb\"}", 0,
	    "    0 - 9.9.9.9 -> n  a\\x0ab");
	expect_line("{\"@timestamp\":\"today\",\"frame_number\":\"x\",\"protocol\":7,\"info\":[\"x\"],\"layers\":\"y\"}", 0,
	    "    0 today - -> - ");
	expect_line("{\"protocol\":\"p\",\"info\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", 40, "    0 - - -> - p aaaaaaaaaaaaaaaaaaaa...");
}

static void
test_no_line(void **state)
{
	static const char *const damaged[] = { "", "[]", "{", "{}x", "1" };
	struct buffer out;

	(void)state;
	buffer_init(&out, 10000);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		assert_int_equal(stored_line_write(damaged[i], strlen(damaged[i]), false, 0, &out), -1);
	buffer_release(&out);
}

/* Places. */

static void
expect_places(struct places *places, bool is_json, const char *wanted)
{
	struct buffer out;

	buffer_init(&out, 10000);
	assert_int_equal(places_write(places, is_json, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted);
	buffer_release(&out);
}

static void
add(struct places *places, const char *json)
{
	assert_int_equal(places_add(places, json, strlen(json)), 0);
}

static void
test_places(void **state)
{
	struct places *places = places_new("ip.src");

	(void)state;
	/* Twice in one array is one document; what is not below layers does not count; other names are other fields. */
	add(places, "{\"ip.src\":1,\"layers\":{\"tunnel\":[{\"ip.src\":\"1\"},{\"x\":[{}],\"ip.src\":[\"2\"]}],\"network\":{\"ip.src.x\":1}}}");
	add(places, "{\"layers\":{\"network\":{\"ip.src\":\"1\",\"a\":{\"b\":[[1]],\"ip.src\":2}}},\"ip.src\":{\"ip.src\":1}}");
	add(places, "{\"layers\":{\"a\":[[{}],[]],\"network\":{\"ip.src\":\"1\"}}}");
	assert_int_equal(places_add(places, "{\"layers\":", 10), -1);
	assert_int_equal(places_count(places), 3);
	expect_places(places, false,
	    "         2 layers.network.ip.src\n         1 layers.network.a.ip.src\n         1 layers.tunnel.ip.src\n");
	expect_places(places, true,
	    "{\"field\":\"ip.src\",\"path\":\"layers.network.ip.src\",\"documents\":2}\n"
	    "{\"field\":\"ip.src\",\"path\":\"layers.network.a.ip.src\",\"documents\":1}\n"
	    "{\"field\":\"ip.src\",\"path\":\"layers.tunnel.ip.src\",\"documents\":1}\n");
	places_free(places);
}

/* A hostile document has no end of them. */
static void
test_many_places(void **state)
{
	struct places *places = places_new("f");
	char json[64];

	(void)state;
	for (int i = 0; i < PLACES_MAX + 10; i++) {
		(void)snprintf(json, sizeof(json), "{\"layers\":{\"s%d\":{\"f\":1}}}", i);
		add(places, json);
	}
	assert_int_equal(places_count(places), PLACES_MAX);
	places_free(places);
}

/* --query-dsl */

static void
expect_clause(const char *text, const char *wanted)
{
	struct buffer out;
	struct error error;

	buffer_init(&out, 1000);
	if (wanted == NULL) {
		assert_int_equal(question_read_dsl("x", text, strlen(text), &out, &error), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		assert_int_equal(strncmp(error.text, "x: ", 3), 0);
	} else {
		assert_int_equal(question_read_dsl("x", text, strlen(text), &out, &error), 0);
		assert_int_equal(buffer_append(&out, "", 1), 0);
		assert_string_equal(out.data, wanted);
	}
	buffer_release(&out);
}

static void
test_dsl(void **state)
{
	(void)state;
	expect_clause("{\"term\":{\"a\":1}}", "{\"term\":{\"a\":1}}");
	expect_clause(" {\"query\": {\"term\":{\"query\":{}}} }\n", "{\"term\":{\"query\":{}}}");
	expect_clause("{\"query\":{},\"size\":1}", NULL);
	expect_clause("{\"size\":1,\"query\":{}}", NULL);
	expect_clause("{}", NULL);
	expect_clause("[]", NULL);
	expect_clause("", NULL);
	expect_clause("{\"query\":[]}", NULL);
	expect_clause("{\"a\":{}} {}", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_no_line),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_many_places),
		cmocka_unit_test(test_dsl)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

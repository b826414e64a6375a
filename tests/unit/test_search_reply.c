/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/search_reply.c, search_request.c and search_failure.c: what a search asks, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/search_failure.h"
#include "server/search_reply.h"
#include "server/search_request.h"

#define DAY_MS INT64_C(86400000)
/* 2015-07-30 */
#define TODAY (INT64_C(1438214400) * 1000)

/* Index names. */

static void
expect_indices(int64_t since, int64_t until, const char *wanted)
{
	const struct search_times times = { since, until };
	struct buffer out;

	buffer_init(&out, 4000);
	assert_int_equal(search_indices("p", &times, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted);
	buffer_release(&out);
}

static void
test_indices(void **state)
{
	(void)state;
	expect_indices(INT64_MIN, INT64_MAX, "p-19*-*-*,p-20*-*-*,p-undated");
	expect_indices(TODAY, TODAY + DAY_MS, "p-2015-07-30");
	expect_indices(TODAY + 1, TODAY + DAY_MS + 1, "p-2015-07-30,p-2015-07-31");
	expect_indices(TODAY + DAY_MS - 1, TODAY + DAY_MS, "p-2015-07-30");
	expect_indices(TODAY, TODAY + 60 * DAY_MS, "p-2015-07-*,p-2015-08-*,p-2015-09-*");
	expect_indices(TODAY, TODAY + 3000 * DAY_MS, "p-19*-*-*,p-20*-*-*");
	/* Packets without a day are those before 1990 and from 2100 on. */
	expect_indices(TODAY, INT64_MAX, "p-19*-*-*,p-20*-*-*,p-undated");
	expect_indices(INT64_MIN, TODAY, "p-19*-*-*,p-20*-*-*,p-undated");
	expect_indices(0, DAY_MS, "p-undated");
	expect_indices(0, INT64_C(631152000000), "p-undated");
	expect_indices(0, INT64_C(631152000001), "p-1990-01-01,p-undated");
	expect_indices(INT64_C(4102444800000), INT64_MAX, "p-undated");
	expect_indices(INT64_C(4102444799999), INT64_C(4102444800000), "p-2099-12-31");
	expect_indices(INT64_C(4102444799999), INT64_C(4102444800001), "p-2099-12-31,p-undated");
}

/* The longest prefix and the most names: a server reads a first line of 4096 bytes. */
static void
test_indices_are_short(void **state)
{
	char prefix[101];

	(void)state;
	memset(prefix, 'p', 100);
	prefix[100] = '\0';
	for (int64_t days = 1; days < 4000; days += 13) {
		const struct search_times times = { TODAY, TODAY + days * DAY_MS };
		struct buffer out;

		buffer_init(&out, 3600);
		assert_int_equal(search_indices(prefix, &times, &out), 0);
		buffer_release(&out);
	}
}

/* Bodies. */

static void
expect_body(const struct search_body *body, const char *wanted)
{
	struct buffer out;

	buffer_init(&out, 4000);
	assert_int_equal(search_body_write(body, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted);
	buffer_release(&out);
}

static void
test_body(void **state)
{
	struct search_body body = { .clause = "{\"a\":1}", .clause_len = 7, .times = { INT64_MIN, INT64_MAX }, .counts = true };

	(void)state;
	expect_body(&body, "{\"size\":0,\"track_total_hits\":true,\"query\":{\"bool\":{\"filter\":[{\"a\":1}]}}}");
	body.times = (struct search_times){ TODAY + 5, INT64_MAX };
	body.clause_len = 0;
	expect_body(&body,
	    "{\"size\":0,\"track_total_hits\":true,\"query\":{\"bool\":{\"filter\":["
	    "{\"range\":{\"@timestamp\":{\"gte\":\"2015-07-30T00:00:00.005Z\"}}}]}}}");
	/* Beyond what servers keep to the nanosecond. */
	body.times = (struct search_times){ TODAY, INT64_C(99999999999999) };
	body.clause_len = 7;
	expect_body(&body,
	    "{\"size\":0,\"track_total_hits\":true,\"query\":{\"bool\":{\"filter\":[{\"a\":1},"
	    "{\"range\":{\"@timestamp\":{\"gte\":\"2015-07-30T00:00:00.000Z\",\"lt\":\"2262-04-11T23:47:16.000Z\"}}}]}}}");
	body = (struct search_body){ .times = { INT64_MIN, INT64_MAX },
		.is_sample = true,
		.size = 7,
		.includes = "[\"layers\"]" };
	expect_body(&body,
	    "{\"size\":7,\"track_total_hits\":false,\"query\":{\"function_score\":{\"random_score\":{},\"boost_mode\":\"replace\","
	    "\"query\":{\"match_all\":{}}}},\"_source\":[\"layers\"]}");
}

#define ORDER \
	"\"sort\":[{\"@timestamp\":{\"order\":\"asc\",\"unmapped_type\":\"date_nanos\",\"numeric_type\":\"date_nanos\"}}," \
	"{\"espcap.capture\":{\"order\":\"asc\",\"unmapped_type\":\"keyword\"}}," \
	"{\"espcap.ordinal\":{\"order\":\"asc\",\"unmapped_type\":\"long\"}}"

static void
test_page_body(void **state)
{
	struct search_body body = { .times = { INT64_MIN, INT64_MAX },
		.size = 10,
		.has_order = true,
		.after = "\"search_after\":[1]",
		.after_len = 18,
		.context = "a\"b",
		.keep_alive = 60 };

	(void)state;
	expect_body(&body,
	    "{\"size\":10,\"track_total_hits\":false,\"query\":{\"match_all\":{}}," ORDER
	    "],\"search_after\":[1],"
	    "\"pit\":{\"id\":\"a\\\"b\",\"keep_alive\":\"60s\"}}");
	body.tie = SEARCH_TIE_DOC;
	body.context = NULL;
	expect_body(&body,
	    "{\"size\":10,\"track_total_hits\":false,\"query\":{\"match_all\":{}}," ORDER
	    ",{\"_doc\":{\"order\":\"asc\"}}],\"search_after\":[1]}");
}

/* Replies. */

static const char page[] =
    "{\"pit_id\":\"xyz\",\"took\":3,\"timed_out\":false,\"_shards\":{\"total\":2,\"successful\":2,\"skipped\":0,\"failed\":0},"
    "\"hits\":{\"total\":{\"value\":9,\"relation\":\"eq\"},\"max_score\":null,\"hits\":["
    "{\"_index\":\"p-2015-07-30\",\"_id\":\"one\",\"_score\":null,\"_source\":{\"hits\":{\"total\":4},\"a\":\"\\u00e9]}\"},"
    "\"sort\":[1438233730634684000,\"c,]\",1,7],\"matched_queries\":[\"x\",\"y\"]},"
    "{\"_index\":\"p-2015-07-30\",\"_id\":\"two\",\"_source\":{},\"sort\":[1438233730634684000,\"c,]\",1,8]},"
    "{\"_index\":\"p-undated\",\"_id\":\"three\",\"_source\":{ },\"sort\":[ 9223372036854775807 ,null,9223372036854775807,0]}]}}";

static void
test_page(void **state)
{
	struct search_reply reply;
	const struct search_hit *hit;

	(void)state;
	assert_int_equal(search_reply_read(page, strlen(page), &reply), 0);
	assert_true(reply.has_total);
	assert_int_equal(reply.total, 9);
	assert_int_equal(reply.shards, 2);
	assert_int_equal(reply.failed, 0);
	assert_false(reply.is_timed_out);
	assert_string_equal(reply.context, "xyz");
	assert_int_equal(reply.count, 3);
	hit = &reply.hits[0];
	assert_string_equal(search_hit_index(&reply, hit), "p-2015-07-30");
	assert_string_equal(search_hit_id(&reply, hit), "one");
	assert_int_equal(hit->source_len, strlen("{\"hits\":{\"total\":4},\"a\":\"\\u00e9]}\"}"));
	assert_memory_equal(page + hit->source, "{\"hits\":{\"total\":4},\"a\":\"\\u00e9]}\"}", hit->source_len);
	assert_int_equal(hit->matched_len, strlen("[\"x\",\"y\"]"));
	assert_memory_equal(page + hit->matched, "[\"x\",\"y\"]", hit->matched_len);
	assert_int_equal(reply.hits[1].matched_len, 0);
	assert_int_equal(reply.hits[1].source_len, 2);
	assert_string_equal(search_hit_id(&reply, &reply.hits[2]), "three");
	search_reply_release(&reply);
}

static void
expect_after(const char *body, size_t number, const char *past, const char *wanted)
{
	struct search_reply reply;
	struct buffer out;

	buffer_init(&out, 4000);
	assert_int_equal(search_reply_read(body, strlen(body), &reply), 0);
	if (wanted == NULL)
		assert_int_not_equal(search_after_write(body, &reply.hits[number], past, &out), 0);
	else {
		assert_int_equal(search_after_write(body, &reply.hits[number], past, &out), 0);
		assert_int_equal(buffer_append(&out, "", 1), 0);
		assert_string_equal(out.data, wanted);
	}
	buffer_release(&out);
	search_reply_release(&reply);
}

#define HITS(values) "{\"hits\":{\"hits\":[{\"_id\":\"x\",\"_source\":{},\"sort\":" values "}]}}"

static void
test_after(void **state)
{
	(void)state;
	expect_after(page, 0, NULL, "\"search_after\":[\"2015-07-30T05:22:10.634684000Z\",\"c,]\",1,7]");
	expect_after(page, 0, "99", "\"search_after\":[\"2015-07-30T05:22:10.634684000Z\",\"c,]\",1,99]");
	expect_after(page, 2, NULL, "\"search_after\":[\"2262-04-11T23:47:16.854775807Z\" ,null,9223372036854775807,0]");
	expect_after(HITS("[-1,null,2]"), 0, "99", "\"search_after\":[\"1969-12-31T23:59:59.999999999Z\",null,2]");
	expect_after(HITS("[\"2015-07-30T00:00:00Z\",\"c\",2,3]"), 0, "9",
	    "\"search_after\":[\"2015-07-30T00:00:00Z\",\"c\",2,9]");
	expect_after(HITS("[-9223372036854775808,null,2]"), 0, NULL,
	    "\"search_after\":[\"1677-09-21T00:12:43.145224192Z\",null,2]");
	/* Without @timestamp anywhere. */
	expect_after(HITS("[null,\"c\",2]"), 0, NULL, "\"search_after\":[null,\"c\",2]");
	expect_after(HITS("[1.5,\"c\",2]"), 0, NULL, NULL);
	expect_after("{\"hits\":{\"hits\":[{\"_id\":\"x\",\"_source\":{}}]}}", 0, NULL, NULL);
	expect_after(HITS("[]"), 0, NULL, NULL);
}

static void
expect_turn(const char *values, enum search_turn wanted, size_t wanted_count)
{
	struct search_reply reply;
	struct buffer body;
	size_t count;

	buffer_init(&body, 4000);
	assert_int_equal(buffer_puts(&body, "{\"hits\":{\"hits\":["), 0);
	for (const char *at = values; *at != '\0'; at += 2)
		assert_int_equal(buffer_printf(&body, "%s{\"_id\":\"x\",\"_source\":{},\"sort\":[%c,\"c\",1,%c]}",
				     at == values ? "" : ",", at[0], at[1]),
		    0);
	assert_int_equal(buffer_puts(&body, "]}}"), 0);
	assert_int_equal(search_reply_read(body.data, body.len, &reply), 0);
	assert_int_equal(search_reply_turn(body.data, &reply, &count), wanted);
	assert_int_equal(count, wanted_count);
	search_reply_release(&reply);
	buffer_release(&body);
}

/* Time and what breaks ties of each hit. */
static void
test_turn(void **state)
{
	(void)state;
	expect_turn("102030", SEARCH_TURN_KEY, 2);
	expect_turn("10202122", SEARCH_TURN_KEY, 1);
	expect_turn("101112", SEARCH_TURN_VALUE, 2);
	expect_turn("10111111", SEARCH_TURN_VALUE, 1);
	expect_turn("1010", SEARCH_TURN_STUCK, 0);
	expect_turn("10", SEARCH_TURN_STUCK, 0);
	expect_turn("", SEARCH_TURN_STUCK, 0);
}

static void
test_partial(void **state)
{
	static const char body[] =
	    "{\"timed_out\":true,\"_shards\":{\"total\":3,\"successful\":1,\"failed\":2,\"failures\":[{\"shard\":0,"
	    "\"reason\":{\"type\":\"a\",\"reason\":\"it\\nbroke\"}},{\"reason\":{\"reason\":\"later\"}}]},"
	    "\"hits\":{\"total\":7,\"hits\":[]}}";
	struct search_reply reply;

	(void)state;
	assert_int_equal(search_reply_read(body, strlen(body), &reply), 0);
	assert_true(reply.is_timed_out);
	assert_int_equal(reply.failed, 2);
	assert_string_equal(reply.reason, "it\\x0abroke");
	/* As Elasticsearch 6 writes it. */
	assert_int_equal(reply.total, 7);
	search_reply_release(&reply);
}

/* None of them may be taken for a page with fewer hits. */
static void
test_damage(void **state)
{
	static const char *const bodies[] = { "", "[]", "{", "{\"hits\":{\"hits\":{}}}x", "{\"hits\":{\"hits\":[1]}}",
		"{\"hits\":{\"hits\":[{\"_id\":1}]}}", "{\"hits\":{\"hits\":[{\"_source\":[]}]}}",
		"{\"hits\":{\"hits\":[{\"sort\":[[1]]}]}}", "{\"hits\":{\"hits\":{\"a\":{}}}}",
		"{\"hits\":{\"total\":{\"value\":-1}}}", "{\"_shards\":{\"failed\":\"x\"}}", "{\"pit_id\":[]}",
		"{\"pit_id\":\"a\\u0000b\"}", "{\"timed_out\":\"false\"}" };
	struct search_reply reply;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_int_equal(search_reply_read(bodies[i], strlen(bodies[i]), &reply), -1);
		search_reply_release(&reply);
	}
	for (size_t len = 0; len < strlen(page); len++) {
		assert_int_equal(search_reply_read(page, len, &reply), -1);
		search_reply_release(&reply);
	}
}

/* Failures. */

static void
expect_failure(long status, const char *body, bool has_context, enum search_failure_kind kind, enum outcome outcome,
    const char *text)
{
	const struct http_reply reply = { .fault = HTTP_ANSWERED, .status = status, .body = body, .len = strlen(body) };
	struct search_failure failure;

	search_failure_read("http://a:9200", &reply, has_context, &failure);
	assert_int_equal(failure.kind, kind);
	assert_int_equal(failure.outcome, outcome);
	assert_string_equal(failure.text, text);
}

static void
test_failures(void **state)
{
	static const char syntax[] =
	    "{\"error\":{\"root_cause\":[{\"type\":\"query_shard_exception\",\"reason\":\"Failed to parse query [x:[]\"}],"
	    "\"type\":\"search_phase_execution_exception\",\"reason\":\"all shards failed\",\"failed_shards\":[{\"reason\":"
	    "{\"reason\":\"Failed\",\"caused_by\":{\"reason\":\"Cannot parse\\n 'x:['\",\"caused_by\":{\"reason\":\"deep\"}}}}]},"
	    "\"status\":400}";
	static const char lost[] = "{\"error\":{\"root_cause\":[{\"type\":\"search_context_missing_exception\"}]},\"status\":404}";

	(void)state;
	expect_failure(400, syntax, false, SEARCH_FAILURE_REFUSED, OUTCOME_USAGE,
	    "the server refuses the query (HTTP status 400: Failed to parse query [x:[]: Cannot parse 'x:[')");
	expect_failure(404, lost, true, SEARCH_FAILURE_LOST, OUTCOME_OUTPUT, "the server has lost the point in time of the query");
	expect_failure(404, "{\"error\":\"no\"}", false, SEARCH_FAILURE_REFUSED, OUTCOME_OUTPUT,
	    "http://a:9200: HTTP status 404: no");
	expect_failure(401, "", false, SEARCH_FAILURE_CREDENTIALS, OUTCOME_OUTPUT,
	    "http://a:9200 does not accept the credentials (HTTP status 401)");
	expect_failure(403, "{\"error\":{\"reason\":\"r\"}}", false, SEARCH_FAILURE_REFUSED, OUTCOME_OUTPUT,
	    "these credentials may not search the index: they need the privilege read (HTTP status 403: r)");
	expect_failure(503, "busy\n", false, SEARCH_FAILURE_BUSY, OUTCOME_OUTPUT, "http://a:9200: HTTP status 503: busy ");
	expect_failure(429, "{}", true, SEARCH_FAILURE_BUSY, OUTCOME_OUTPUT, "http://a:9200: HTTP status 429");
	expect_failure(500, "{}", true, SEARCH_FAILURE_BROKEN, OUTCOME_OUTPUT, "http://a:9200: HTTP status 500");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_indices),
		cmocka_unit_test(test_indices_are_short),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_page_body),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_after),
		cmocka_unit_test(test_turn),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_failures)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

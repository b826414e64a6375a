/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/sink_server.c against a scripted server: how it begins, and how documents become batches. How it ends
 * and gives up is in test_sink_server_end.c.
 *
 * The sink is
 *	setting up			test_ready, test_setup_fails
 *	ready				test_ready
 *	full				test_full_and_drain, test_drain_at_a_quarter
 *	ended, failed			test_sink_server_end.c; test_setup_fails, test_dead_letter_fails
 * Its open batch goes on its way by its number of documents (test_chunk), their bytes (test_chunk_bytes), time
 * (test_latency), or because the sink is full (test_full_and_drain). A document of a day too many goes into the dead
 * letter file: test_too_many_days, test_days_*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sinker.h"

/* --- The start ----------------------------------------------------------------------- */

static void
test_no_http(void **state)
{
	const struct sink_handler handler = { .on_ready = on_ready,
		.on_drain = on_drain,
		.on_fail = on_fail };
	struct error error;

	(void)state;
	world.refuses_http = true;
	assert_null(sink_server_new(&world.loop, &world.log, &bench.config,
	    &handler, &error));
	assert_int_equal(error.outcome, OUTCOME_INTERNAL);
}

static void
test_ready(void **state)
{
	struct error error;

	(void)state;
	begin();
	assert_true(is_empty());
	assert_false(is_full());
	assert_int_equal(bench.sink->type->value_max(bench.sink), 0);
	assert_int_equal(bench.sink->type->failure(bench.sink, &error),
	    OUTCOME_OK);
	assert_int_equal(counts().resolved_at, 0);
	anew(state);
	make();
	answer(0, 200, OPENSEARCH);
	/* What a term of flat_object takes. */
	assert_int_equal(bench.sink->type->value_max(bench.sink), 32000);
}

static void
test_setup_fails(void **state)
{
	(void)state;
	make();
	answer(0, 200, "{\"hello\":1}");
	/* A proxy may have a page of its own there. */
	assert_int_equal(bench.failed, 0);
	assert_non_null(strstr(request_at(1)->url, "/_security/_authenticate"));
	answer(1, 200, "{\"hello\":1}");
	assert_int_equal(bench.failed, 0);
	assert_failed(OUTCOME_USAGE,
	    "http://a:9200: a web server or a proxy answers there (HTTP status 200), "
	    "not Elasticsearch or OpenSearch: check the address");
	assert_int_equal(bench.ready, 0);
	/* Without a template it need not let this through. */
	anew(state);
	make();
	answer(0, 200, "<html>");
	answer(1, 404, "<html>");
	assert_int_equal(bench.failed, 0);
	assert_int_equal(bench.ready, 1);
}

/* With espcap's template mappings are looked at, else documents that do not fit are rejected at once. */
static void
test_guard(void **state)
{
	static const char misfit[] =
	    "{\"items\":[{\"create\":{\"status\":400,"
	    "\"error\":{\"type\":\"document_parsing_exception\",\"reason\":"
	    "\"x\"}}}]}";

	(void)state;
	begin();
	give(1);
	pass(500);
	answer(1, 200, misfit);
	assert_int_equal(counts().rejected, 1);
	anew(state);
	bench.config.setup.put = SETUP_TEMPLATE_NEWER;
	make();
	answer(0, 200, ROOT);
	answer(1, 404, "{}");
	answer(2, 404, "{}");
	assert_string_equal(request_at(3)->method, "PUT");
	answer(3, 200, "{}");
	assert_int_equal(bench.ready, 1);
	give(1);
	pass(500);
	answer(4, 200, misfit);
	assert_int_equal(counts().rejected, 0);
	assert_non_null(strstr(request_at(5)->url, "/_mapping?"));
	assert_false(is_empty());
}

/* --- Batches ------------------------------------------------------------------------- */

static void
test_latency(void **state)
{
	(void)state;
	begin();
	give(1);
	pass(499);
	/* One that comes later does not hold up the first. */
	give(1);
	assert_int_equal(world.count, 1);
	assert_int_equal(counts().queued,
	    strlen(
		"{\"create\":{\"_index\":"
		"\"packets-2026-01-01\",\"_id\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}\n"
		"{}\n") *
		2);
	pass(1);
	assert_int_equal(documents_of(1), 2);
	assert_int_equal(counts().in_flight, 2);
	assert_false(is_empty());
	pass(1000);
	create(1);
	assert_true(is_empty());
	assert_int_equal(counts().delivered, 2);
	assert_int_equal(counts().queued, 0);
	assert_int_equal(counts().resolved_at, world.now);
	/* Nobody waits. */
	assert_int_equal(bench.drained, 0);
	give(1);
	pass(500);
	assert_int_equal(documents_of(2), 1);
}

static void
test_chunk(void **state)
{
	(void)state;
	bench.config.chunk = 3;
	begin();
	give(7);
	assert_int_equal(world.count, 3);
	assert_int_equal(documents_of(1), 3);
	assert_int_equal(documents_of(2), 3);
	pass(499);
	assert_int_equal(world.count, 3);
	pass(1);
	assert_int_equal(documents_of(3), 1);
	/* The time of a batch that is gone is no one's. */
	give(2);
	pass(400);
	give(1);
	assert_int_equal(documents_of(4), 3);
	/* Only the one that looks for progress. */
	assert_int_equal(world.timer_count, 1);
	give(1);
	pass(499);
	assert_int_equal(world.count, 5);
}

/* A request has chunk_bytes at most, but for a single document. */
static void
test_chunk_bytes(void **state)
{
	char json[1500];

	(void)state;
	bench.config.chunk_bytes = 1000;
	begin();
	memset(json, ' ', sizeof(json) - 1);
	json[0] = '{';
	json[300] = '}';
	json[301] = '\0';
	write_of(DAY, json, NULL);
	write_of(DAY, json, NULL);
	assert_int_equal(world.count, 1);
	write_of(DAY, json, NULL);
	assert_int_equal(documents_of(1), 2);
	assert_true(request_at(1)->len <= 1000);
	json[300] = json[301] = ' ';
	json[1400] = '}';
	json[1401] = '\0';
	write_of(DAY, json, NULL);
	assert_int_equal(documents_of(2), 1);
	assert_int_equal(documents_of(3), 1);
	assert_true(request_at(3)->len > 1400);
	assert_int_equal(counts().queued,
	    request_at(1)->len + request_at(2)->len + request_at(3)->len);
	assert_int_equal(world.count, 4);
}

static void
test_full_and_drain(void **state)
{
	uint64_t full;

	(void)state;
	bench.config.memory = 2000;
	begin();
	while (!is_full()) {
		assert_int_equal(world.count, 1);
		assert_true(counts().queued < 1000);
		give(1);
	}
	full = counts().queued;
	assert_true(full >= 1000);
	/* Nothing more comes: it need not wait. */
	assert_int_equal(world.count, 2);
	/* Who goes on regardless is served. */
	give(1);
	assert_int_equal(documents_of(2), 1);
	create(2);
	pass(0);
	assert_int_equal(bench.drained, 0);
	create(1);
	assert_int_equal(bench.drained, 0);
	pass(0);
	assert_int_equal(bench.drained, 1);
	assert_false(is_full());
	/* Once. */
	give(1);
	pass(500);
	create(3);
	pass(0);
	assert_int_equal(bench.drained, 1);
}

/* Half full is still too full to go on: a quarter is not. */
static void
test_drain_at_a_quarter(void **state)
{
	(void)state;
	bench.config.memory = 2000;
	bench.config.chunk = 1;
	begin();
	while (!is_full())
		give(1);
	for (size_t n = 1; counts().queued >= 500; n++) {
		assert_int_equal(bench.drained, 0);
		create(n);
		pass(0);
	}
	assert_int_equal(bench.drained, 1);
	assert_true(counts().queued > 0);
}

/* --- Names --------------------------------------------------------------------------- */

static void
test_names(void **state)
{
	(void)state;
	begin();
	write_of(DAY + 86399, "{\"a\":1}", NULL);
	write_of(DAY + 86400, "{\"a\":2}", NULL);
	write_of(0, "{\"a\":3}", NULL);
	assert_int_equal(write_as("other", "id", "{\"a\":4}"), 0);
	assert_int_equal(write_as("other", NULL, "{\"a\":5}"), 0);
	/* What is no name is neither sent nor counted. */
	assert_int_equal(write_as("a\"b", "id", "{}"), -1);
	pass(500);
	assert_string_equal(request_at(1)->body,
	    "{\"create\":{\"_index\":\"packets-2026-01-01\",\"_id\":"
	    "\"AAAAAAAAAAAAAAAAAAAAAA\"}}\n{\"a\":1}\n"
	    "{\"create\":{\"_index\":\"packets-2026-01-02\",\"_id\":"
	    "\"AAAAAAAAAAAAAAAAAAAAAA\"}}\n{\"a\":2}\n"
	    "{\"create\":{\"_index\":\"packets-undated\",\"_id\":"
	    "\"AAAAAAAAAAAAAAAAAAAAAA\"}}\n{\"a\":3}\n"
	    "{\"create\":{\"_index\":\"other\",\"_id\":\"id\"}}\n{\"a\":4}\n"
	    "{\"create\":{\"_index\":\"other\"}}\n{\"a\":5}\n");
	create(1);
	assert_true(is_empty());
	assert_int_equal(counts().delivered, 5);
}

static void
test_auto_id(void **state)
{
	(void)state;
	bench.config.auto_id = true;
	begin();
	give(1);
	pass(500);
	assert_string_equal(request_at(1)->body,
	    "{\"create\":{\"_index\":"
	    "\"packets-2026-01-01\"}}\n{}\n");
}

static void
test_authorize(void **state)
{
	(void)state;
	begin();
	bench.sink->type->authorize(bench.sink, "ApiKey new");
	give(1);
	pass(500);
	assert_string_equal(request_at(1)->authorization, "ApiKey new");
}

/* --- Days too many ------------------------------------------------------------------- */

static void
test_too_many_days(void **state)
{
	struct ack acks[4] = { { 0 } };

	(void)state;
	bench.config.max_indices = 2;
	begin();
	for (unsigned i = 0; i < 4; i++)
		write_of(DAY + 86400 * (i % 3), "{\"a\":1}", &acks[i]);
	/* Not yet on disk. */
	assert_int_equal(counts().rejected, 0);
	assert_int_equal(acks[2].rejected, 0);
	assert_false(is_empty());
	pass(0);
	assert_int_equal(counts().rejected, 1);
	assert_int_equal(counts().resolved_at, world.now);
	assert_int_equal(acks[2].rejected, 1);
	assert_string_equal(dead_letters(),
	    "{\"index\":\"packets-2026-01-03\""
	    ",\"id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"status\":0,\"type\":"
	    "\"espcap_max_indices\",\"reason\":\"the packets of this run are "
	    "of more days than --max-indices allows\",\"document\":"
	    "{\"a\":1}}\n");
	pass(500);
	assert_int_equal(documents_of(1), 3);
	create(1);
	assert_true(is_empty());
	assert_int_equal(acks[3].acknowledged, 1);
}

/* They do not wait in memory without end. */
static void
test_days_by_the_thousand(void **state)
{
	struct ack ack = { 0 };

	(void)state;
	bench.config.max_indices = 0;
	begin();
	for (unsigned i = 0; i < 999; i++)
		write_of(DAY, "{}", &ack);
	assert_int_equal(counts().rejected, 0);
	write_of(DAY, "{}", &ack);
	assert_int_equal(counts().rejected, 1000);
	write_of(DAY, "{}", &ack);
	pass(0);
	assert_int_equal(counts().rejected, 1001);
	assert_int_equal(ack.rejected, 1001);
	assert_true(is_empty());
}

/* What was rejected is on disk before a reply that turns out to be damaged is forgotten. */
static void
test_days_before_a_reply(void **state)
{
	struct ack ack = { 0 };

	(void)state;
	bench.config.max_indices = 1;
	begin();
	give(1);
	pass(500);
	write_of(DAY + 86400, "{}", &ack);
	answer(1, 200, "a page");
	assert_int_equal(ack.rejected, 1);
	assert_int_equal(counts().rejected, 1);
	assert_non_null(strstr(dead_letters(), "packets-2026-01-02"));
}

static void
test_dead_letter_fails(void **state)
{
	struct ack ack = { 0 };

	(void)state;
	bench.config.max_indices = 0;
	begin();
	write_of(DAY, "{}", &ack);
	fill_disk(true);
	pass(0);
	fill_disk(false);
	assert_int_equal(counts().rejected, 0);
	assert_int_equal(ack.rejected, 0);
	assert_false(is_empty());
	assert_failed(OUTCOME_OUTPUT,
	    "the dead letter file dead: File too "
	    "large");
}

/* First for a day, then for what the reply rejects. */
static void
test_dead_letter_fails_twice(void **state)
{
	(void)state;
	bench.config.max_indices = 1;
	begin();
	give(1);
	pass(500);
	write_of(DAY + 86400, "{}", NULL);
	fill_disk(true);
	answer(1, 200,
	    "{\"items\":[{\"create\":{\"status\":400,\"error\":"
	    "{\"type\":\"script_exception\",\"reason\":\"x\"}}}]}");
	fill_disk(false);
	assert_int_equal(counts().rejected, 0);
	assert_failed(OUTCOME_OUTPUT,
	    "the dead letter file dead: File too "
	    "large");
	assert_string_equal(dead_letters(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_http),
		TEST(test_ready),
		TEST(test_setup_fails),
		TEST(test_guard),
		TEST(test_latency),
		TEST(test_chunk),
		TEST(test_chunk_bytes),
		TEST(test_full_and_drain),
		TEST(test_drain_at_a_quarter),
		TEST(test_names),
		TEST(test_auto_id),
		TEST(test_authorize),
		TEST(test_too_many_days),
		TEST(test_days_by_the_thousand),
		TEST(test_days_before_a_reply),
		TEST(test_dead_letter_fails),
		TEST(test_dead_letter_fails_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

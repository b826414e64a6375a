/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/refresh.c, alone and in the sink, against a scripted server. A refresh is
 *	collecting		names are noted: test_names
 *	asking			one request after the other: test_requests
 *	over			after the last answer: test_requests; a failure: test_fails; its time: test_takes_too_long;
 *				cut: test_cut
 * The sink has one at its end if it is told to and the server has a document: test_sink, test_sink_without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sinker.h"
#include "sink/refresh.h"

#define REFRESHED "{\"_shards\":{\"failed\":0}}"
#define QUERY "/_refresh?ignore_unavailable=true&filter_path=_shards.failed"

/* --- Alone --------------------------------------------------------------------------- */

static struct {
	struct cluster *cluster;
	struct refresh *refresh;
	unsigned ended;
} alone;

static void
on_end(void *ctx)
{
	assert_ptr_equal(ctx, &alone);
	alone.ended++;
}

static int
setup_alone(void **state)
{
	if (setup(state) != 0)
		return -1;
	memset(&alone, 0, sizeof(alone));
	assert_int_equal(node_parse("http://a:9200", &bench.nodes, NULL), 0);
	alone.cluster = cluster_new(&world.loop, &world.log, &bench.config.cluster, NULL);
	alone.refresh = refresh_new(&world.loop, &world.log, alone.cluster, on_end, &alone);
	return 0;
}

static int
teardown_alone(void **state)
{
	cluster_free(alone.cluster);
	refresh_free(alone.refresh);
	return teardown(state);
}

static void
add(const char *name)
{
	refresh_note(alone.refresh, name, strlen(name));
}

static void
assert_asked(size_t n, const char *names)
{
	char url[REFRESH_NAMES_MAX + 200];

	(void)snprintf(url, sizeof(url), "http://a:9200/%s" QUERY, names);
	assert_string_equal(request_at(n)->method, "POST");
	assert_string_equal(request_at(n)->url, url);
	assert_int_equal(request_at(n)->len, 0);
}

/* Each once, however often and in which order it is noted; what names another path or other indices not at all. */
static void
test_names(void **state)
{
	static const char *const bad[] = { "", ".", "..", "-x", "_all", "+x" };

	(void)state;
	add("b");
	add("b");
	add("c");
	add("a");
	add("ab");
	add("b");
	add("a");
	add("aa");
	add("..b");
	refresh_note(alone.refresh, "abc", 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		add(bad[i]);
	refresh_start(alone.refresh);
	assert_asked(0, "..b,a,aa,ab,b,c");
	answer(0, 200, REFRESHED);
	assert_int_equal(alone.ended, 1);
	assert_int_equal(world.count, 1);
	assert_heard("");
}

static void
test_no_names(void **state)
{
	(void)state;
	refresh_start(alone.refresh);
	assert_int_equal(alone.ended, 1);
	assert_int_equal(world.count, 0);
}

/* The names of request n, all of them begun at place `at` of the 366; returns the place after them. */
static unsigned
assert_some(size_t n, unsigned at)
{
	const char *url = request_at(n)->url + strlen("http://a:9200/");
	const char *end = strstr(url, QUERY);
	char name[32];

	assert_non_null(end);
	assert_true(end - url < REFRESH_NAMES_MAX);
	for (; url < end; url += strlen(name) + 1) {
		(void)snprintf(name, sizeof(name), "packets-2026-%03u", at++);
		assert_memory_equal(url, name, strlen(name));
		assert_true(url[strlen(name)] == ',' || url + strlen(name) == end);
	}
	return at;
}

/* As many indices as --max-indices allows. */
static void
test_requests(void **state)
{
	unsigned at = 0, requests = 0;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 366; i++) {
		(void)snprintf(name, sizeof(name), "packets-2026-%03u", i * 7 % 366);
		add(name);
	}
	refresh_start(alone.refresh);
	for (; at < 366; requests++) {
		assert_int_equal(world.count, requests + 1);
		assert_int_equal(alone.ended, 0);
		at = assert_some(requests, at);
		answer(requests, 200, REFRESHED);
	}
	/* 366 names of 16 bytes, and what is between them. */
	assert_int_equal(requests, 2);
	assert_int_equal(at, 366);
	assert_int_equal(alone.ended, 1);
	assert_int_equal(world.count, requests);
}

/* A name as long as names get is still asked for, alone. */
static void
test_long_name(void **state)
{
	char name[REFRESH_NAMES_MAX];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	add(name);
	add("y");
	refresh_start(alone.refresh);
	assert_asked(0, name);
	answer(0, 200, REFRESHED);
	assert_asked(1, "y");
	answer(1, 200, REFRESHED);
	assert_int_equal(alone.ended, 1);
}

#define LATER "): searches find the documents after the next refresh of the server\n"

static void
test_fails(void **state)
{
	(void)state;
	add("a");
	refresh_start(alone.refresh);
	answer(0, 403, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no right\"}}");
	assert_int_equal(alone.ended, 1);
	assert_heard("verbose: the indices are not refreshed (HTTP status 403 security_exception: no right" LATER);
	assert_int_equal(world.count, 1);
	assert_int_equal(next_timer(), NO_TIMER);
}

static void
test_no_answer(void **state)
{
	(void)state;
	add("a");
	refresh_start(alone.refresh);
	break_off(0, HTTP_UNREACHED, "refused");
	assert_int_equal(alone.ended, 1);
	assert_heard("verbose: the indices are not refreshed (refused" LATER);
}

static void
test_takes_too_long(void **state)
{
	(void)state;
	add("a");
	refresh_start(alone.refresh);
	pass(REFRESH_LIMIT - 1);
	assert_int_equal(alone.ended, 0);
	pass(1);
	assert_int_equal(alone.ended, 1);
	assert_heard("verbose: the indices are not refreshed (no answer within 10 s" LATER);
	/* What comes later is not heard. */
	answer(0, 403, "{}");
	assert_heard("");
	assert_int_equal(alone.ended, 1);
}

static void
test_cut(void **state)
{
	(void)state;
	add("a");
	assert_false(refresh_cut(alone.refresh));
	refresh_start(alone.refresh);
	assert_true(refresh_cut(alone.refresh));
	assert_int_equal(alone.ended, 1);
	assert_false(refresh_cut(alone.refresh));
	answer(0, 200, REFRESHED);
	pass(REFRESH_LIMIT);
	assert_int_equal(alone.ended, 1);
	assert_heard("");
}

/* --- In the sink --------------------------------------------------------------------- */

static void
begin_refreshing(void)
{
	bench.config.refresh = true;
	begin();
}

static void
test_sink(void **state)
{
	struct sink *sink;

	(void)state;
	begin_refreshing();
	sink = bench.sink;
	give(1);
	write_of(DAY + 86400, "{}", NULL);
	assert_int_equal(write_as("other", "id", "{}"), 0);
	end();
	assert_int_equal(documents_of(1), 3);
	create(1);
	assert_asked(2, "other,packets-2026-01-01,packets-2026-01-02");
	/* It is not over before. */
	pass(1000);
	assert_int_equal(bench.drained, 0);
	assert_false(is_empty());
	answer(2, 200, REFRESHED);
	assert_true(is_empty());
	pass(0);
	assert_int_equal(bench.drained, 1);
	assert_int_equal(bench.failed, 0);
	assert_int_equal(world.count, 3);
	assert_false(sink->type->hurry(sink));
}

static void
test_sink_in_a_hurry(void **state)
{
	(void)state;
	begin_refreshing();
	give(1);
	assert_false(bench.sink->type->hurry(bench.sink));
	end();
	assert_false(bench.sink->type->hurry(bench.sink));
	create(1);
	assert_true(bench.sink->type->hurry(bench.sink));
	assert_true(is_empty());
	pass(0);
	assert_int_equal(bench.drained, 1);
}

/* Nobody gives up because of it, however short the time. */
static void
test_sink_takes_too_long(void **state)
{
	(void)state;
	bench.config.retry_for = 1000;
	begin_refreshing();
	give(1);
	end();
	create(1);
	pass(REFRESH_LIMIT);
	assert_int_equal(bench.failed, 0);
	assert_int_equal(bench.drained, 1);
	assert_true(is_empty());
}

/* Not asked for, or the server has no document of this run. */
static void
test_sink_without(void **state)
{
	(void)state;
	begin();
	give(1);
	end();
	create(1);
	pass(0);
	assert_int_equal(bench.drained, 1);
	assert_int_equal(world.count, 2);
	assert_false(bench.sink->type->hurry(bench.sink));
	anew(state);
	begin_refreshing();
	end();
	assert_true(is_empty());
	pass(0);
	assert_int_equal(bench.drained, 1);
	assert_int_equal(world.count, 1);
	anew(state);
	begin_refreshing();
	give(1);
	end();
	answer(1, 200, "{\"items\":[{\"create\":{\"status\":403,\"error\":{\"type\":\"fail_processor_exception\",\"reason\":\"x\"}}}]}");
	pass(0);
	assert_int_equal(counts().rejected, 1);
	assert_int_equal(bench.drained, 1);
	assert_int_equal(world.count, 2);
}

#define ALONE(name) cmocka_unit_test_setup_teardown(name, setup_alone, teardown_alone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(test_names),
		ALONE(test_no_names),
		ALONE(test_requests),
		ALONE(test_long_name),
		ALONE(test_fails),
		ALONE(test_no_answer),
		ALONE(test_takes_too_long),
		ALONE(test_cut),
		TEST(test_sink),
		TEST(test_sink_in_a_hurry),
		TEST(test_sink_takes_too_long),
		TEST(test_sink_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

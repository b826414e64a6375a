/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/examination.c: whom it asks, and what it tells, with scripted connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scripted.h"
#include "server/examination.h"

static struct {
	struct http_config config;
	struct http *http;
	struct examination *examination;
	unsigned ended;
	char text[400]; /* "" if the address may be right */
} bench;

static int
setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	world_begin();
	bench.http = http_new(&world.loop, &bench.config, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	http_free(bench.http);
	examination_free(bench.examination);
	world_end();
	return 0;
}

static void
on_end(void *ctx, const char *text)
{
	assert_ptr_equal(ctx, &bench);
	bench.ended++;
	(void)snprintf(bench.text, sizeof(bench.text), "%s", text != NULL ? text : "");
	examination_free(bench.examination);
	bench.examination = NULL;
}

static void
examine(const char *url)
{
	bench.ended = 0;
	bench.examination = examination_new(&world.loop, bench.http, url, on_end, &bench);
	assert_int_equal(bench.ended, 0);
	assert_int_equal(world.peeks[world.peek_count - 1].timeout, EXAMINATION_LIMIT);
}

static void
assert_told(const char *text)
{
	assert_int_equal(bench.ended, 1);
	assert_string_equal(bench.text, text);
}

static void
test_by_peek(void **state)
{
	(void)state;
	examine("http://a:9200/path");
	peeked("http://a:9200/", PROTOCOL_TLS, 0);
	assert_told("a server with TLS answers there: write --node=https://a:9200/path");
	examine("https://[::1]:9200");
	peeked("http://[::1]:9200/", PROTOCOL_HTTP, 200);
	assert_told("a server without TLS answers there: write --node=http://[::1]:9200");
	/* It answers after all. */
	examine("http://a:9200");
	peeked("http://a:9200/", PROTOCOL_HTTP, 200);
	assert_told("");
	examine("https://a:9200");
	peeked("http://a:9200/", PROTOCOL_UNKNOWN, 0);
	assert_told("");
	assert_int_equal(world.count, 0);
}

/* A silent server is asked by TLS: whoever it is, and so without anything secret. */
static void
test_by_tls(void **state)
{
	(void)state;
	examine("http://a:9200/path");
	peeked("http://a:9200/", PROTOCOL_UNKNOWN, 0);
	assert_int_equal(bench.ended, 0);
	assert_string_equal(request_at(0)->method, "GET");
	assert_string_equal(request_at(0)->url, "https://a:9200/");
	assert_null(request_at(0)->authorization);
	assert_true(request_at(0)->is_insecure);
	assert_int_equal(request_at(0)->timeout, EXAMINATION_LIMIT);
	answer(0, 401, "{}");
	assert_told("a server with TLS answers there: write --node=https://a:9200/path");
	examine("http://a:9200");
	peeked("http://a:9200/", PROTOCOL_UNKNOWN, 0);
	break_off(1, HTTP_UNREACHED, "no handshake");
	assert_told("");
	/* A proxy that has both on one port, and whose server is on its way up. */
	examine("http://a:9200");
	peeked("http://a:9200/", PROTOCOL_UNKNOWN, 0);
	answer(2, 503, "");
	assert_told("");
}

static void
test_free_early(void **state)
{
	(void)state;
	examine("http://a:9200");
	assert_true(world.peeks[0].is_open);
	examination_free(bench.examination);
	assert_false(world.peeks[0].is_open);
	bench.examination = NULL;
	examination_free(NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_by_peek),
		TEST(test_by_tls),
		TEST(test_free_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

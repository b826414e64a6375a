/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/wrong_server.c: what answers at a wrong address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/wrong_server.h"

#define PORT "not Elasticsearch or OpenSearch: is the port right?"
#define ADDRESS "not Elasticsearch or OpenSearch: is the address right?"

static void
test_first(void **state)
{
	static const struct {
		const char *url;
		enum first_bytes first;
		const char *text; /* NULL: it may be right */
	} rows[] = {
		{ "http://a:1", FIRST_BYTES_NONE, NULL },
		{ "http://a:1", FIRST_BYTES_HTTP, NULL },
		{ "https://a:1", FIRST_BYTES_TLS, NULL },
		{ "https://a:1/p", FIRST_BYTES_HTTP,
		    "a server without TLS answers there: write --node=http://a:1/p" },
		{ "http://[::1]:1", FIRST_BYTES_TLS,
		    "a server with TLS answers there: write --node=https://[::1]:1" },
		{ "http://a:1", FIRST_BYTES_SSH, "an SSH server answers there, " PORT },
		{ "https://a:1", FIRST_BYTES_REDIS, "a Redis server answers there, " PORT },
		{ "https://a:1", FIRST_BYTES_OTHER,
		    "a server of another protocol answers there, " PORT }
	};
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool wrong = wrong_server_by_first(rows[i].url, rows[i].first,
		    text, sizeof(text));

		assert_int_equal(wrong, rows[i].text != NULL);
		if (wrong)
			assert_string_equal(text, rows[i].text);
	}
}

static void
test_other_scheme(void **state)
{
	char *url = wrong_server_other_scheme("http://[fe80::1%25eth0]:9200/p");

	(void)state;
	assert_string_equal(url, "https://[fe80::1%25eth0]:9200/p/");
	free(url);
	url = wrong_server_other_scheme("https://a:9200");
	assert_string_equal(url, "http://a:9200/");
	free(url);
}

/* What the servers say was seen with Elasticsearch 8.8.2, OpenSearch 2.19.1, nginx and Go's net/http. */
static void
test_root(void **state)
{
	static const struct {
		const char *url;
		long status;
		const char *body, *dashboard;
		bool is_elasticsearch, has_version;
		const char *text; /* NULL: go on */
	} rows[] = {
		{ "http://a:1", 200, "{}", NULL, true, true, NULL },
		{ "http://a:1/p", 200, "{}", NULL, true, true, NULL },
		{ "http://a:1", 403, "{\"error\":{}}", NULL, false, false, NULL },
		{ "http://a:1/p", 403, "{\"error\":{}}", NULL, false, false, NULL },
		{ "http://a:1", 404, "{\"error\":\"no handler found for uri [/]\"}", NULL, false, false, NULL },
		{ "http://a:1/p", 404, "<html>", NULL, false, false, NULL },
		{ "http://a:5601", 302, "", "Kibana", false, false,
		    "http://a:5601: Kibana answers there: write the address of its Elasticsearch, which has the port 9200 by default" },
		{ "http://a:5601", 503, "", "OpenSearch Dashboards", false, false,
		    "http://a:5601: OpenSearch Dashboards answers there: write the address of its OpenSearch, which has the port 9200 by default" },
		{ "http://a:1", 400, "<html>The plain HTTP request was sent to HTTPS port", NULL, false, false,
		    "http://a:1: a server with TLS answers there: write --node=https://a:1" },
		{ "http://a:1", 400, "Client sent an HTTP request to an HTTPS server.\n", NULL, false, false,
		    "http://a:1: a server with TLS answers there: write --node=https://a:1" },
		{ "http://a:1/foo", 404, "{\"error\":{\"type\":\"index_not_found_exception\"}}", NULL, true, false,
		    "http://a:1/foo: the server takes /foo for an index or an API of its own: write --node=http://a:1, and name the index with --index" },
		{ "http://a:1/_bulk", 405, "{\"error\":\"Incorrect HTTP method for uri [/_bulk/]\"}", NULL, false, false,
		    "http://a:1/_bulk: the server takes /_bulk for an index or an API of its own: write --node=http://a:1, and name the index with --index" },
		{ "http://a:1/foo", 200, "{\"foo\":{\"aliases\":{}}}", NULL, true, false,
		    "http://a:1/foo: the server takes /foo for an index or an API of its own: write --node=http://a:1, and name the index with --index" },
		{ "http://a:1", 200, "<html>", NULL, false, false,
		    "http://a:1: a web server or a proxy answers there (HTTP status 200), " ADDRESS },
		{ "http://a:1/p", 200, "<html>", NULL, false, false,
		    "http://a:1/p: a web server or a proxy answers there (HTTP status 200), " ADDRESS }
	};
	char text[600];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct http_reply reply = { .status = rows[i].status,
			.body = rows[i].body,
			.len = strlen(rows[i].body),
			.dashboard = rows[i].dashboard,
			.is_elasticsearch = rows[i].is_elasticsearch };
		bool wrong = wrong_server_by_root(rows[i].url, &reply,
		    rows[i].has_version, text, sizeof(text));

		assert_int_equal(wrong, rows[i].text != NULL);
		if (wrong)
			assert_string_equal(text, rows[i].text);
	}
}

static void
test_foreign(void **state)
{
	static const struct {
		long status;
		const char *body;
		bool is_elasticsearch, is_foreign;
	} rows[] = {
		{ 404, "<html>", false, true },
		{ 404, "404 page not found\n", false, true },
		{ 405, "", false, true },
		{ 404, "<html>", true, false },
		{ 404, " \n{\"error\":1}", false, false },
		/* A right that is missing, and what may pass. */
		{ 403, "<html>", false, false },
		{ 503, "<html>", false, false }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct http_reply reply = { .status = rows[i].status,
			.body = rows[i].body,
			.len = strlen(rows[i].body),
			.is_elasticsearch = rows[i].is_elasticsearch };

		assert_int_equal(wrong_server_is_foreign(&reply),
		    rows[i].is_foreign);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_other_scheme),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

#define PORT ", not Elasticsearch or OpenSearch: check the port"
#define ADDRESS ", not Elasticsearch or OpenSearch: check the address"

static void
assert_text(bool is_wrong, const char *text, const char *wanted)
{
	assert_int_equal(is_wrong, wanted != NULL);
	if (is_wrong)
		assert_string_equal(text, wanted);
}

static void
test_peek(void **state)
{
	static const char without_tls[] = "a server without TLS answers there: write --node=http://a:1/p";
	static const struct {
		const char *url;
		struct peeked peeked;
		const char *text; /* NULL: it may be right */
	} rows[] = {
		{ "http://a:1", { PROTOCOL_UNKNOWN, 0 }, NULL },
		{ "https://a:1", { PROTOCOL_UNKNOWN, 0 }, NULL },
		{ "http://a:1", { PROTOCOL_HTTP, 200 }, NULL },
		{ "https://a:1", { PROTOCOL_TLS, 0 }, NULL },
		{ "http://[::1]:1", { PROTOCOL_TLS, 0 },
		    "a server with TLS answers there: write --node=https://[::1]:1" },
		{ "https://a:1/p", { PROTOCOL_HTTP, 200 }, without_tls },
		{ "https://a:1/p", { PROTOCOL_HTTP, 401 }, without_tls },
		/* What TLS servers say to plain HTTP, proxies without their server, and what was cut. */
		{ "https://a:1", { PROTOCOL_HTTP, 400 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 301 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 403 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 404 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 405 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 408 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 429 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 502 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 503 }, NULL },
		{ "https://a:1", { PROTOCOL_HTTP, 0 }, NULL },
		{ "http://a:1", { PROTOCOL_SSH, 0 }, "an SSH server answers there" PORT },
		{ "https://a:1", { PROTOCOL_REDIS, 0 }, "a Redis server answers there" PORT },
		{ "https://a:1", { PROTOCOL_OTHER, 0 }, "a server of another protocol answers there" PORT }
	};
	char text[WRONG_SERVER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_text(wrong_server_by_peek(rows[i].url, &rows[i].peeked,
				text, sizeof(text)),
		    text, rows[i].text);
}

static void
test_tls(void **state)
{
	static const char with_tls[] = "a server with TLS answers there: write --node=https://a:1/p";
	static const struct {
		const char *url;
		enum http_fault fault;
		long status;
		const char *text;
	} rows[] = {
		{ "http://a:1/p", HTTP_ANSWERED, 200, with_tls },
		{ "http://a:1/p", HTTP_ANSWERED, 401, with_tls },
		{ "http://a:1/p", HTTP_REPLY_TOO_LARGE, 200, with_tls },
		{ "http://a:1", HTTP_ANSWERED, 404, NULL },
		{ "http://a:1", HTTP_ANSWERED, 503, NULL },
		{ "http://a:1", HTTP_REPLY_TOO_LARGE, 502, NULL },
		{ "http://a:1", HTTP_UNREACHED, 0, NULL },
		{ "http://a:1", HTTP_LOST, 0, NULL },
		{ "http://a:1", HTTP_LOST, 200, NULL },
		{ "https://a:1", HTTP_ANSWERED, 200, NULL }
	};
	char text[WRONG_SERVER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct http_reply reply = { .fault = rows[i].fault, .status = rows[i].status, .body = "" };

		assert_text(wrong_server_by_tls(rows[i].url, &reply, text, sizeof(text)),
		    text, rows[i].text);
	}
}

static void
test_url(void **state)
{
	char *url = wrong_server_url("http://[fe80::1%25eth0]:9200/p/q", "https");

	(void)state;
	assert_string_equal(url, "https://[fe80::1%25eth0]:9200/");
	free(url);
	url = wrong_server_url("https://a:9200", "http");
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
		const char *text;
	} rows[] = {
		{ "http://a:1", 200, "{\"version\":{}}", NULL, false, true, NULL },
		{ "http://a:1", 200, "{}", NULL, true, false, NULL },
		{ "http://a:1", 401, "{}", NULL, true, false, NULL },
		{ "http://a:1", 403, "<html>", NULL, false, false, NULL },
		{ "http://a:1", 404, "<html>", NULL, false, false, NULL },
		{ "http://a:1", 502, "<html>", NULL, false, false, NULL },
		{ "http://a:1", 503, "{\"error\":{\"type\":\"index_not_found_exception\"}}", NULL, true, false, NULL },
		{ "http://a:1", 400, "{\"error\":\"no handler found for uri [/] and method [GET]\"}", NULL, true, false, NULL },
		{ "http://a:1/p", 200, "{\"version\":{}}", NULL, false, true, NULL },
		{ "http://a:1/p", 200, "{}", NULL, true, false, NULL },
		{ "http://a:1/p", 404, "<html>index_not_found_exception", NULL, false, false, NULL },
		{ "http://a:1", 302, "", "Kibana", false, false,
		    "Kibana answers there: write the address of its Elasticsearch, which has the port 9200 by default" },
		{ "http://a:1", 503, "", "OpenSearch Dashboards", false, false,
		    "OpenSearch Dashboards answers there: write the address of its OpenSearch, which has the port 9200 by default" },
		{ "http://a:1", 400, "<center>The plain HTTP request was sent to HTTPS port</center>", NULL, false, false,
		    "a server with TLS answers there: write --node=https://a:1" },
		{ "http://a:1", 400, "Client sent an HTTP request to an HTTPS server.\n", NULL, false, false,
		    "a server with TLS answers there: write --node=https://a:1" },
		{ "https://a:1", 400, "<center>The plain HTTP request was sent to HTTPS port</center>", NULL, false, false, NULL },
		{ "http://a:1/foo", 404, "{\"error\":{\"type\":\"index_not_found_exception\"}}", NULL, true, false,
		    "the server reads /foo as an index or an API path: write --node=http://a:1, and name the index with --index" },
		{ "http://a:1/_bulk", 405, " {\"error\":\"Incorrect HTTP method for uri [/_bulk/]\"}", NULL, false, false,
		    "the server reads /_bulk as an index or an API path: write --node=http://a:1, and name the index with --index" },
		{ "http://a:1/foo", 200, "{\"foo\":{\"aliases\":{}}}", NULL, true, false,
		    "the server reads /foo as an index or an API path: write --node=http://a:1, and name the index with --index" },
		/* A proxy may answer to this by itself. */
		{ "http://a:1", 200, "<html>", NULL, false, false, NULL },
		{ "http://a:1/p", 200, "<html>", NULL, false, false, NULL }
	};
	char text[WRONG_SERVER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct http_reply reply = { .status = rows[i].status,
			.body = rows[i].body,
			.len = strlen(rows[i].body),
			.dashboard = rows[i].dashboard,
			.is_elasticsearch = rows[i].is_elasticsearch };

		assert_text(wrong_server_by_root(rows[i].url, &reply,
				rows[i].has_version, text, sizeof(text)),
		    text, rows[i].text);
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
		{ 200, "<html>", false, false },
		{ 404, "404 page not found\n", false, true },
		{ 405, "", false, true },
		{ 404, "<html>", true, false },
		{ 404, " \n{\"error\":1}", false, false },
		/* A right that is missing, and what may pass. */
		{ 401, "<html>", false, false },
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
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/document.c: what is cut, and what that must not change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "documents.h"

static void
test_max_value(void **state)
{
	struct maker maker = { .max_value = 4 };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("eth:ethertype:ip:tcp:http") "," ETH "," IP "," TCP
					       ",\"http\":{\"http_http_time\":\"0.121884000\","
					       "\"http_http_user_agent\":\"a long one\",\"http_http_chat\":\"four\"}");
	assert_has(json, "\"http.user_agent\":\"a lo\"");
	assert_has(json, "\"http.chat\":\"four\"");
	assert_has(json, "\"http.user_agent\"");
	assert_has(json, "\"truncated\":[");
	assert_has_not(json, "\"http.chat\",");
	maker_end(&maker);
}

/* Cut values must change neither what the packet is nor what its numbers say. */
static void
test_max_value_leaves_the_meaning(void **state)
{
	static const char layers[] = FRAME("eth:ethertype:ip:tcp:http") "," ETH
									"," IP "," TCP "," HTTP;

	(void)state;
	for (size_t max = 1; max <= 20; max++) {
		struct maker maker = { .max_value = max };
		const char *json;

		start(&maker);
		json = make(&maker, layers);
		assert_has(json, "\"protocol\":\"http\"");
		assert_has(json, "\"frame_number\":18");
		assert_has(json, "\"transport\":{\"tcp.srcport\":");
		assert_has(json, "\"application\":{\"http.response.code\":");
		assert_has(json, "\"1:GVcKzGSN15Tey28v1dNour4Y6XQ=\"");
		/* The right copy, or none. */
		if (strstr(json, "tcp_flags") != NULL)
			assert_has(json, "\"tcp_flags\":24");
		if (strstr(json, "http_time") != NULL)
			assert_has(json, "\"http_time\":0.121884000");
		if (strstr(json, "status_code") != NULL)
			assert_has(json, "\"status_code\":200");
		if (strstr(json, "\"destination\":{\"ip\"") != NULL)
			assert_has(json, "\"destination\":{\"ip\":\"10.0.0.4\"");
		maker_end(&maker);
	}
}

/* Long values are cut to what fits, the longest first, and named once. */
static void
test_max_doc(void **state)
{
	char *layers = xmalloc(200000), *x = xcalloc(1, 60001);
	struct maker maker = { .config = { .max_doc = 20000 } };
	const char *json;

	(void)state;
	start(&maker);
	memset(x, 'x', 60000);
	sprintf(layers,
	    FRAME("eth:ip:tcp:http") "," ETH "," IP "," TCP
				     ",\"http\":{\"http_http_chat\":\"%.1000s\",\"http_http_file_data\":"
				     "[\"%s\",\"%s\"],\"http_http_response_code\":\"200\"}",
	    x, x, x);
	json = make(&maker, layers);
	assert_has(json, "\"truncated\":[\"http.file_data\"]");
	assert_has(json, "\"http.response.code\":\"200\"");
	sprintf(layers, "\"http.chat\":\"%.1000s\",", x);
	assert_has(json, layers);
	/* As much as fits is kept. */
	assert_true(maker.out.len > 13000);
	json = make(&maker, FRAME("eth") "," ETH);
	assert_has_not(json, "truncated");
	free(x);
	free(layers);
	maker_end(&maker);
}

/* Each byte of the value takes six in JSON: what fits as bytes does not fit as text. */
static void
test_max_doc_with_escapes(void **state)
{
	static const size_t lens[] = { 600, 2000, 3000, 10000, 50000 };
	char *layers = xmalloc(400000);

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct maker maker = { .config = { .max_doc = 8192 } };
		const char *json;
		char *at = layers;

		start(&maker);
		at += sprintf(at, FRAME("eth:ip:tcp:http") "," IP "," TCP ",\"http\":{\"http_http_file_data\":\"");
		for (size_t j = 0; j < lens[i]; j++)
			at += sprintf(at, "\\u0001");
		sprintf(at, "\",\"http_http_response_code\":\"200\"}");
		json = make(&maker, layers);
		assert_int_equal(
		    strstr(json,
			"\"truncated\":[\"http.file_data\"]") != NULL,
		    lens[i] > 1500);
		assert_has(json, "\"status_code\":200");
		assert_has(json, "\\u0001\\u0001");
		maker_end(&maker);
	}
	free(layers);
}

/* The names alone do not fit: fields are left out, and the document says so. */
static void
test_max_doc_with_many_fields(void **state)
{
	static const size_t counts[] = { 30, 100, 200, 1000, 16000, 70000 };
	char *layers = xmalloc(4000000);

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct maker maker = { .config = { .max_doc = 4096 } };
		const char *json;
		char *at = layers;

		start(&maker);
		at += sprintf(at, FRAME("eth:ip:tcp:http") "," IP "," TCP ",\"http\":{\"http_http_response_code\":\"200\"");
		for (size_t j = 0; j < counts[i]; j++)
			at += sprintf(at, ",\"http_http_key%zu\":\"0123456789\"",
			    j);
		sprintf(at, "}");
		json = make(&maker, layers);
		assert_int_equal(strstr(json, "\"truncated\":[\"layers\"") !=
			NULL,
		    counts[i] > 100);
		assert_has(json, "\"protocol\":\"http\"");
		assert_has(json, "\"http.response.code\":\"200\"");
		maker_end(&maker);
	}
	free(layers);
}

/* Info is as long as tshark lets it be: it is cut as a value is. */
static void
test_max_doc_with_a_long_head(void **state)
{
	char *line = xmalloc(100000), *at = line, name[4001];
	struct maker maker = { .config = { .max_doc = 4096 } };
	const char *json;

	(void)state;
	memset(name, '\xff', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	maker.capture = (struct document_capture){ .file_name = "a.pcap",
		.id = "00ff" };
	start(&maker);
	at += sprintf(at, "{\"info\":\"");
	for (int i = 0; i < 4000; i++)
		at += sprintf(at, "\\u0001");
	sprintf(at, "\",\"layers\":{" FRAME("eth:ip:tcp:http") "," IP "}}\n");
	json = maker_run(&maker, line, strlen(line));
	assert_non_null(json);
	assert_true(maker.out.len <= 4096);
	assert_null(strict_json(json, maker.out.len));
	assert_has(json, "\"protocol\":\"http\"");
	assert_has(json, "\"truncated\":[\"info\"");
	/* A name that does not fit is told, not cut. */
	maker.capture.file_name = maker.capture.file_path = name;
	assert_null(maker_run(&maker, line, strlen(line)));
	free(line);
	maker_end(&maker);
}

/* The least --max-doc, and all sizes around what an ordinary packet needs. */
static void
test_max_doc_of_every_size(void **state)
{
	char layers[10000], *at = layers;

	(void)state;
	at += sprintf(at, FRAME("eth:ethertype:ip:tcp:http") "," ETH "," IP "," TCP ",\"http\":{\"http_http_time\":\"0.121884000\"");
	for (int i = 0; i < 100; i++)
		at += sprintf(at, ",\"http_http_key%d\":\"%0*d \\u20ac\\\"\"", i,
		    i, 0);
	sprintf(at, "}");
	for (size_t max = 4096; max < 16000; max += 61) {
		struct maker maker = { .config = { .max_doc = max } };
		const char *json;

		start(&maker);
		json = make(&maker, layers);
		assert_has(json, "\"protocol\":\"http\"");
		if (strstr(json, "http_time") != NULL)
			assert_has(json, "\"http_time\":0.121884000");
		maker_end(&maker);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_max_value),
		cmocka_unit_test(test_max_value_leaves_the_meaning),
		cmocka_unit_test(test_max_doc),
		cmocka_unit_test(test_max_doc_with_escapes),
		cmocka_unit_test(test_max_doc_with_many_fields),
		cmocka_unit_test(test_max_doc_with_a_long_head),
		cmocka_unit_test(test_max_doc_of_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/text_line.c: a packet as a line of text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "documents.h"

/* The line of the packet with that info, as JSON has it, and these layers; valid until the next. */
static const char *
line_of(struct maker *maker, const char *info, const char *layers)
{
	char *ek = xasprintf("{%s\"layers\":{%s}}\n", info, layers);
	const char *line = maker_run(maker, ek, strlen(ek));

	free(ek);
	assert_non_null(line);
	return line;
}

static void
start_text(struct maker *maker)
{
	maker->config.text = true;
	start(maker);
}

static void
test_line(void **state)
{
	struct maker maker = { .names = NULL };

	(void)state;
	start_text(&maker);
	assert_string_equal(
	    line_of(&maker, "\"info\":\"HTTP/1.1 200 OK\",",
		FRAME("eth:ethertype:ip:tcp:http") "," ETH "," IP "," TCP "," HTTP),
	    "   18 2015-07-30 05:22:10.634684 74.125.239.39 -> 10.0.0.4 http "
	    "HTTP/1.1 200 OK");
	/* Without IP the addresses are those of the link; one may be missing. */
	assert_string_equal(
	    line_of(&maker, "\"info\":\"x\",", FRAME("eth:data") "," ETH),
	    "   18 2015-07-30 05:22:10.634684 58:23:8c:b4:42:56 -> - eth x");
	maker.packet.ordinal = 1234567;
	maker.packet.has_time = false;
	assert_string_equal(line_of(&maker, "", ""),
	    "1234567 - - -> - frame");
	maker_end(&maker);
}

/* Of several: which it is, whatever bytes its name has. */
static void
test_interfaces(void **state)
{
	struct maker maker = { .config = { .interfaces = true } };

	(void)state;
	start_text(&maker);
	maker.capture.interface = "eth\033";
	assert_string_equal(
	    line_of(&maker, "\"info\":\"x\",", FRAME("eth:data") "," ETH),
	    "   18 eth\\x1b 2015-07-30 05:22:10.634684 58:23:8c:b4:42:56 -> - eth x");
	/* Of a file there is none. */
	maker.capture.interface = NULL;
	assert_string_equal(
	    line_of(&maker, "\"info\":\"x\",", FRAME("eth:data") "," ETH),
	    "   18 2015-07-30 05:22:10.634684 58:23:8c:b4:42:56 -> - eth x");
	maker_end(&maker);
}

static void
test_color(void **state)
{
	struct maker maker = { .config = { .color = true } };

	(void)state;
	start_text(&maker);
	assert_string_equal(
	    line_of(&maker, "\"info\":\"x\",", FRAME("eth:data") "," ETH),
	    "\033[2m   18 2015-07-30 05:22:10.634684\033[m "
	    "58:23:8c:b4:42:56 -> - \033[36meth\033[m x");
	maker_end(&maker);
}

/* Whatever a packet holds, it stays one line that shows what it is. */
static void
test_hostile(void **state)
{
	struct maker maker = { .names = NULL };

	(void)state;
	start_text(&maker);
	assert_string_equal(
	    line_of(&maker,
		"\"info\":\"a\\u001b[2J\\n\\r\\u0000\\u202eb \\u2028 \377\",", FRAME("eth:data") ",\"eth\":{\"eth_eth_src\":\"x\\ny\"}"),
	    "   18 2015-07-30 05:22:10.634684 x\\x0ay -> - eth "
	    "a\\x1b[2J\\x0a\\x0d\\x00\\xe2\\x80\\xaeb \\xe2\\x80\\xa8 \\xff");
	maker_end(&maker);
}

static size_t bench_columns;

static size_t
columns(void)
{
	return bench_columns;
}

/* Info ends where a row does; the sequences of colors take no cells, and wide characters two. */
static void
test_columns(void **state)
{
	static const char before[] = "   18 2015-07-30 05:22:10.634684 58:23:8c:b4:42:56 -> - eth ";
	static const struct {
		size_t columns;
		const char *info, *shown;
	} cases[] = {
		{ 0, "abcdefghijklmnop", "abcdefghijklmnop" },
		{ 65, "abcde", "abcde" },
		{ 65, "abcdef", "ab..." },
		{ 63, "abcd", "abc" },
		{ 60, "abcd", "" },
		{ 32, "abcd", "abcd" },
		{ 32, "abcdef", "a..." },
		{ 66, "\344\270\200\344\270\200\344\270\200", "\344\270\200\344\270\200\344\270\200" },
		{ 65, "\344\270\200\344\270\200\344\270\200", "\344\270\200..." },
		{ 1, "abcd", "" }
	};
	struct maker maker = { .config = { .columns = columns } }, colored = { .config = { .columns = columns, .color = true } };
	const char *line;
	char info[64];

	(void)state;
	assert_int_equal(strlen(before), 60);
	start_text(&maker);
	start_text(&colored);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_columns = cases[i].columns;
		snprintf(info, sizeof(info), "\"info\":\"%s\",", cases[i].info);
		line = line_of(&maker, info, FRAME("eth:data") "," ETH);
		assert_memory_equal(line, before, strlen(before));
		assert_string_equal(line + strlen(before), cases[i].shown);
		line = line_of(&colored, info, FRAME("eth:data") "," ETH);
		assert_string_equal(strstr(line, "eth\033[m ") + strlen("eth\033[m "), cases[i].shown);
	}
	maker_end(&maker);
	maker_end(&colored);
}

/* A line of the longest texts, all escaped, has room where the smallest document has. */
static void
test_longest(void **state)
{
	struct maker maker = { .config = { .max_doc = 4096 } };
	char *info = malloc(60000), *layers;
	size_t len = (size_t)sprintf(info, "\"info\":\"");
	const char *line;

	(void)state;
	start_text(&maker);
	for (size_t i = 0; i < 8000; i++)
		len += (size_t)sprintf(info + len, "\\u0007");
	(void)sprintf(info + len, "\",");
	layers = xasprintf("%s,\"eth\":{\"eth_eth_src\":\"%.*s\"}",
	    FRAME("eth:data"), 3000, info + strlen("\"info\":\""));
	line = line_of(&maker, info, layers);
	assert_in_range(strlen(line), 10000, 4 * 4096);
	assert_string_equal(line + strlen(line) - 8, "\\x07\\x07");
	free(info);
	free(layers);
	maker_end(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_longest)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

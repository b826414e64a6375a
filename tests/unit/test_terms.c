/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/terms.c, by the documents that have the member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "document/terms.h"
#include "documents.h"

#define DOC_MAX ((size_t)64 << 10)

/* The array of a document, terminated; valid until the next call. */
static const char *
terms_of(const char *json)
{
	static char text[DOC_MAX];
	const char *from = strstr(json, "\"terms\":["), *end;

	if (from == NULL)
		return "";
	from += 8;
	end = strchr(from, ']');
	(void)snprintf(text, sizeof(text), "%.*s", (int)(end - from + 1), from);
	return text;
}

static size_t
count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part)) != NULL) {
		count++;
		text += strlen(part);
	}
	return count;
}

static void
start_with(struct maker *maker, const char *fields)
{
	struct error error;

	memset(maker, 0, sizeof(*maker));
	maker->config.terms = true;
	maker->names = table_new();
	if (fields != NULL) {
		maker->config.fields = fields_new(fields, strlen(fields), maker->names, &error);
		assert_non_null(maker->config.fields);
	}
	start(maker);
}

static void
test_all_of_a_packet(void **state)
{
	struct maker maker;
	const char *terms;

	(void)state;
	start_with(&maker, NULL);
	terms = terms_of(make(&maker, FRAME("eth:ip:tcp:http") "," ETH "," IP "," TCP "," HTTP));
	assert_string_equal(terms,
	    "[\"frame\",\"frame.number\",\"frame.number=212\",\"frame.protocols\",\"frame.protocols=eth:ip:tcp:http\","
	    "\"eth\",\"eth.src\",\"eth.src=58:23:8c:b4:42:56\",\"eth.addr\",\"eth.addr=a\",\"eth.addr=b\","
	    "\"ip\",\"ip.src\",\"ip.src=4a7def27\",\"ip.dst\",\"ip.dst=0a000004\",\"ip.proto\",\"ip.proto=16\","
	    "\"ip.flags.df\",\"ip.flags.df=0\",\"tcp\",\"tcp.srcport\",\"tcp.srcport=250\",\"tcp.dstport\","
	    "\"tcp.dstport=4e99c\",\"tcp.flags\",\"tcp.flags=218\",\"tcp.flags.syn\",\"tcp.flags.syn=1\",\"tcp.analysis\","
	    "\"http\",\"http.response.code\",\"http.response.code=2c8\",\"http.time\",\"http.time=7743cd60\"]");
	maker_end(&maker);
}

/* Tunnels, quoted headers, nested protocols, and layers without a value: each once. */
static void
test_every_layer_counts_once(void **state)
{
	struct maker maker;
	const char *terms;

	(void)state;
	start_with(&maker, NULL);
	terms = terms_of(make(&maker,
	    FRAME("ip:icmp:ip:udp") ",\"ip\":[{\"ip_ip_src\":\"1.2.3.4\",\"ip_ip_dst\":\"1.2.3.5\"}],"
				    "\"icmp\":{\"icmp_icmp_type\":\"3\",\"ip\":{\"ip_ip_src\":\"1.2.3.5\",\"ip_ip_dst\":\"1.2.3.4\"},"
				    "\"udp\":{\"udp_udp_srcport\":\"53\",\"udp_udp_dstport\":\"0\"}},"
				    "\"vlan\":{},\"text\":\"a row\""));
	assert_int_equal(count_of(terms, "\"ip\""), 1);
	assert_int_equal(count_of(terms, "\"ip.src\""), 1);
	assert_int_equal(count_of(terms, "\"ip.src=01020304\""), 1);
	assert_int_equal(count_of(terms, "\"ip.src=01020305\""), 1);
	assert_int_equal(count_of(terms, "\"udp.srcport=235\""), 1);
	assert_int_equal(count_of(terms, "\"udp.dstport=10\""), 1);
	assert_int_equal(count_of(terms, "\"vlan\""), 1);
	/* What a text-only row says is no value of a field. */
	assert_int_equal(count_of(terms, "\"text\""), 1);
	assert_int_equal(count_of(terms, "a row"), 0);
	/* The next packet does not remember. */
	terms = terms_of(make(&maker, FRAME("ip") ",\"ip\":{\"ip_ip_src\":\"1.2.3.4\"}"));
	assert_string_equal(terms,
	    "[\"frame\",\"frame.number\",\"frame.number=212\",\"frame.protocols\",\"frame.protocols=ip\",\"ip\","
	    "\"ip.src\",\"ip.src=01020304\"]");
	maker_end(&maker);
}

static void
test_texts(void **state)
{
	struct maker maker;
	char layers[2048], value[600], expected[600];
	const char *terms;

	(void)state;
	start_with(&maker, NULL);
	terms = terms_of(make(&maker,
	    FRAME("http") ",\"http\":{\"http_http_chat\":[\"say \\\"hi\\\"\\r\\n\",\"say \\\"hi\\\"\\r\\n\",\"\xff\"],"
			  "\"http_http_user_agent\":\"\"}"));
	assert_int_equal(count_of(terms, "\"http.chat=say \\\"hi\\\"\\r\\n\""), 1);
	assert_int_equal(count_of(terms, "\"http.chat=\xef\xbf\xbd\""), 1);
	assert_int_equal(count_of(terms, "\"http.user_agent=\""), 1);
	memset(value, 'x', sizeof(value));
	value[300] = '\0';
	(void)snprintf(layers, sizeof(layers), FRAME("http") ",\"http\":{\"http_http_chat\":[\"%s\",\"%sy\"]}", value, value);
	terms = terms_of(make(&maker, layers));
	(void)snprintf(expected, sizeof(expected), "\"http.chat>%.256s\"", value);
	assert_int_equal(count_of(terms, "http.chat>"), 1);
	assert_int_equal(count_of(terms, expected), 1);
	maker_end(&maker);
}

static void
test_of_a_projection(void **state)
{
	struct maker maker;

	(void)state;
	start_with(&maker, "ip.src,tcp.analysis");
	assert_string_equal(terms_of(make(&maker, FRAME("eth:ip:tcp:http") "," ETH "," IP "," TCP "," HTTP)),
	    "[\"ip\",\"ip.src\",\"ip.src=4a7def27\",\"tcp\",\"tcp.analysis\"]");
	fields_free((struct fields *)maker.config.fields);
	maker_end(&maker);
}

static void
test_none_unless_asked(void **state)
{
	struct maker maker = { .config.terms = false };

	(void)state;
	start(&maker);
	assert_has_not(make(&maker, FRAME("ip") "," IP), "\"terms\"");
	maker_end(&maker);
}

/* A document with terms is not longer than it may be, and says so if not all of them are in it. */
static void
test_bounds(void **state)
{
	struct buffer layers;
	const char *json;

	(void)state;
	buffer_init(&layers, DOC_MAX);
	(void)buffer_puts(&layers, FRAME("ip:http") "," IP ",\"http\":{\"http_http_chat\":[\"host\"");
	for (int i = 0; i < 1000; i++)
		(void)buffer_printf(&layers, ",\"host%d.example\"", i);
	(void)buffer_append(&layers, "]}", 3);
	for (size_t max = 4096; max <= 128 << 10; max *= 2) {
		struct maker maker = { .config.terms = true, .config.max_doc = max };
		bool cut;

		start(&maker);
		json = make(&maker, layers.data); /* checks the length */
		assert_has(json, "\"ip.src=4a7def27\"");
		cut = strstr(json, "\"espcap.terms\"") != NULL;
		assert_int_equal(cut, max < 64 << 10);
		assert_int_equal(strstr(json, "\"http.chat=host999.example\"") == NULL, cut);
		assert_true(strlen(terms_of(json)) <= max / 2);
		maker_end(&maker);
	}
	buffer_release(&layers);
}

/* As many as a tree holds, of one field: it takes no time that grows with their square. */
static void
test_many_values(void **state)
{
	struct names *names = table_new();
	struct terms *terms = terms_new(names, NULL);
	uint32_t field = table_id(names, "dns.qry.name"), dns = table_id(names, "dns");
	struct tree tree;
	struct buffer out;
	size_t commas = 0;
	char text[32];

	(void)state;
	buffer_init(&out, SIZE_MAX);
	tree_init(&tree, 0, (size_t)16 << 20);
	tree_open(&tree, dns);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 200000; i++) {
			(void)snprintf(text, sizeof(text), "host%d", i);
			tree_text(&tree, field, text, strlen(text), false);
		}
	assert_int_equal(terms_write(terms, &tree, SIZE_MAX, &out), 1);
	for (size_t i = 0; i < out.len; i++)
		commas += out.data[i] == ',';
	assert_int_equal(commas, 200001);
	/* What is too much is left out as whole terms. */
	buffer_clear(&out);
	assert_int_equal(terms_write(terms, &tree, 64, &out), 0);
	assert_true(out.len <= 64 && out.data[out.len - 1] == ']' && out.data[out.len - 2] == '"');
	buffer_clear(&out);
	assert_int_equal(terms_write(terms, &tree, 2, &out), 0);
	assert_int_equal(out.len, 2);
	buffer_release(&out);
	buffer_init(&out, 1);
	assert_int_equal(terms_write(terms, &tree, SIZE_MAX, &out), -1);
	buffer_release(&out);
	tree_release(&tree);
	terms_free(terms);
	names_free(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_of_a_packet), cmocka_unit_test(test_every_layer_counts_once),
		cmocka_unit_test(test_texts), cmocka_unit_test(test_of_a_projection), cmocka_unit_test(test_none_unless_asked),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_many_values) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

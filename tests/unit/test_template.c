/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/template.c: what the template says, as JSON read by other code, and what is known of a server's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "server/template.h"

static int
parse_list(struct typed *typed, const char *text)
{
	struct error error = { .text = "" };
	int rv = typed_parse(typed, text, strlen(text), "list", &error);

	if (rv != 0)
		print_message("%s\n", error.text);
	return rv;
}

static void
parse_shipped(struct typed *typed)
{
	static char text[1 << 16];
	FILE *file = fopen(ESPCAP_SRCDIR "/conf/typed.list", "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	assert_int_equal(parse_list(typed, text), 0);
}

static struct template_config
rules_for(const struct typed *typed)
{
	return (struct template_config){ .engine = TEMPLATE_ELASTICSEARCH,
		.prefix = "packets",
		.typed = typed,
		.has_terms = true,
		.has_layers = true,
		.shards = -1,
		.replicas = -1,
		.has_wildcard = true };
}

/* The whole text, terminated. */
static void
write_text(const struct template_config *config, struct buffer *out)
{
	buffer_clear(out);
	assert_int_equal(template_write(config, out), 0);
	assert_int_equal(buffer_append(out, "", 1), 0);
}

static void
assert_has(const struct buffer *out, const char *text)
{
	if (strstr(out->data, text) == NULL)
		fail_msg("no %s in %s", text, out->data);
}

static void
assert_lacks(const struct buffer *out, const char *text)
{
	if (strstr(out->data, text) != NULL)
		fail_msg("%s in %s", text, out->data);
}

#define TERMS "{\"type\":\"keyword\",\"doc_values\":false,\"index_options\":\"docs\",\"norms\":false}"
#define RELATED "{\"type\":\"ip\",\"copy_to\":\"related.ip\"}"
#define KEYWORD "{\"type\":\"keyword\",\"ignore_above\":1024}"

static void
test_elasticsearch(void **state)
{
	struct typed typed;
	struct template_config config = rules_for(&typed);
	struct buffer out;

	(void)state;
	parse_shipped(&typed);
	buffer_init(&out, 1 << 20);
	write_text(&config, &out);
	assert_int_equal(
	    strncmp(out.data,
		"{\"index_patterns\":[\"packets-*\"]"
		",\"priority\":150,\"version\":3,\"_meta\":{\"created_by\":"
		"\"espcap\",\"digest\":\"",
		90),
	    0);
	assert_has(&out,
	    "\"settings\":{\"index.codec\":\"best_compression\","
	    "\"index.mapping.ignore_malformed\":true},");
	assert_has(&out,
	    "\"mappings\":{\"dynamic\":false,\"_meta\":"
	    "{\"created_by\":\"espcap\",\"version\":3},\"_source\":{\"excludes\":[\"espcap.terms\"]},\"properties\":{");
	assert_has(&out, "\"@timestamp\":{\"type\":\"date_nanos\"}");
	assert_has(&out,
	    "\"sniff_date_utc\":{\"type\":\"date\",\"format\":"
	    "\"yyyy-MM-dd HH:mm:ss\"}");
	assert_has(&out, "\"file_date_utc\":{\"type\":\"date\",\"format\":");
	assert_has(&out, "\"sniff_timestamp\":{\"type\":\"double\"}");
	assert_has(&out, "\"frame_number\":{\"type\":\"long\"}");
	assert_has(&out, "\"protocol\":" KEYWORD);
	assert_has(&out,
	    "\"info\":{\"type\":\"text\",\"fields\":{\"keyword\":" KEYWORD
	    "}}");
	assert_has(&out,
	    "\"layers\":{\"type\":\"flattened\",\"ignore_above\":"
	    "1024,\"depth_limit\":64,\"doc_values\":false}");
	assert_has(&out, "\"terms\":" TERMS);
	assert_has(&out,
	    "\"url\":{\"properties\":{\"domain\":" KEYWORD
	    ",\"full\":{\"type\":"
	    "\"wildcard\"");
	assert_has(&out,
	    "\"observer\":{\"properties\":{\"ingress\":"
	    "{\"properties\":{\"interface\":{\"properties\":{\"name\":" KEYWORD
	    "}}}},\"name\":");
	assert_has(&out, "\"host\":{\"properties\":{\"name\":" KEYWORD "}}");
	assert_has(&out,
	    "\"kafka\":{\"properties\":{\"offset\":{\"type\":\"long\"},\"partition\":{\"type\":\"integer\"},\"topic\":" KEYWORD
	    "}},\"offset\":{\"type\":\"long\"},\"ordinal\":{\"type\":\"long\"},\"protocols\":" KEYWORD
	    ",\"section\":{\"type\":\"long\"}");
	/* Built-in members and those of the list share one object. */
	assert_has(&out,
	    "\"location\":{\"type\":\"geo_point\"},\"region_name\":" KEYWORD "}},\"ip\":" RELATED
	    ",\"mac\":" KEYWORD ",\"port\":{\"type\":\"integer\"}}}");
	assert_has(&out, "\"related\":{\"properties\":{\"ip\":{\"type\":\"ip\"}}}");
	assert_has(&out, "\"template\":{\"aliases\":{\"logs-espcap.packets\":{}},\"settings\"");
	assert_has(&out, "\"labels\":{\"type\":\"flattened\",\"ignore_above\":1024}");
	/* A group's members are below its name. */
	assert_has(&out, "\"dns\":{\"properties\":{\"answers\":{\"properties\":{\"class\":" KEYWORD ",\"data\":" KEYWORD ",\"name\":" KEYWORD ",\"ttl\":{\"type\":\"long\"},\"type\":" KEYWORD "}}");
	assert_has(&out,
	    "\"espcap\":{\"properties\":{\"ack_rtt\":{\"type\":"
	    "\"double\"},\"capture\":" KEYWORD ",\"certificates\":{\"properties\":{\"issuer\":" KEYWORD
	    ",\"not_after\":{\"type\":\"date\"}");
	assert_has(&out, "\"response_code\":" KEYWORD);
	assert_lacks(&out, "composed_of");
	assert_lacks(&out, "total_fields");
	assert_lacks(&out, "number_of_");
	buffer_release(&out);
	typed_release(&typed);
}

static void
test_every_rule(void **state)
{
	struct typed typed;
	struct template_config config = rules_for(&typed);
	struct buffer out;

	(void)state;
	parse_shipped(&typed);
	buffer_init(&out, 1 << 20);
	config.engine = TEMPLATE_OPENSEARCH;
	config.prefix = "lab-wifi";
	config.has_wildcard = false;
	config.has_custom = true;
	config.shards = 3;
	config.replicas = 0;
	write_text(&config, &out);
	assert_has(&out, "{\"index_patterns\":[\"lab-wifi-*\"]");
	/* Above that of "lab". */
	assert_has(&out, "\"priority\":151,");
	assert_has(&out, "\"composed_of\":[\"lab-wifi@custom\"]");
	assert_has(&out,
	    "\"index.number_of_shards\":3,"
	    "\"index.number_of_replicas\":0}");
	assert_has(&out, "\"layers\":{\"type\":\"flat_object\"}");
	assert_has(&out, "\"labels\":{\"type\":\"flat_object\"}");
	assert_has(&out, "\"url\":{\"properties\":{\"domain\":" KEYWORD ",\"full\":" KEYWORD);
	assert_lacks(&out, "wildcard");
	assert_lacks(&out, "flattened");
	buffer_release(&out);
	typed_release(&typed);
}

/* What of it each profile has, with and without aggregations. */
static void
test_profiles(void **state)
{
	static const struct {
		enum template_engine engine;
		bool has_terms, has_layers, aggregates;
		const char *layers;
	} rows[] = {
		{ TEMPLATE_ELASTICSEARCH, true, true, false,
		    "{\"type\":\"flattened\",\"ignore_above\":1024,\"depth_limit\":64,\"doc_values\":false}" },
		{ TEMPLATE_ELASTICSEARCH, true, true, true,
		    "{\"type\":\"flattened\",\"ignore_above\":1024,\"depth_limit\":64}" },
		{ TEMPLATE_ELASTICSEARCH, false, true, true,
		    "{\"type\":\"flattened\",\"ignore_above\":1024,\"depth_limit\":64}" },
		{ TEMPLATE_ELASTICSEARCH, true, false, false, "{\"type\":\"object\",\"enabled\":false}" },
		{ TEMPLATE_OPENSEARCH, true, true, false, "{\"type\":\"flat_object\"}" },
		{ TEMPLATE_OPENSEARCH, true, true, true, "{\"type\":\"flat_object\"}" },
		{ TEMPLATE_OPENSEARCH, false, true, true, "{\"type\":\"flat_object\"}" },
		{ TEMPLATE_OPENSEARCH, true, false, false, "{\"type\":\"object\",\"enabled\":false}" }
	};
	struct typed typed;
	struct template_config config = rules_for(&typed);
	struct buffer out;
	char layers[200];

	(void)state;
	parse_shipped(&typed);
	buffer_init(&out, 1 << 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		config.engine = rows[i].engine;
		config.has_terms = rows[i].has_terms;
		config.has_layers = rows[i].has_layers;
		config.aggregates = rows[i].aggregates;
		write_text(&config, &out);
		(void)snprintf(layers, sizeof(layers), "\"layers\":%s,", rows[i].layers);
		assert_has(&out, layers);
		if (rows[i].has_terms) {
			assert_has(&out, "\"terms\":" TERMS);
			assert_has(&out, "\"_source\":{\"excludes\":[\"espcap.terms\"]}");
		} else {
			assert_lacks(&out, "terms");
			assert_lacks(&out, "_source");
		}
	}
	buffer_release(&out);
	typed_release(&typed);
}

static void
test_types(void **state)
{
	static const char list[] =
	    "a keyword t.a\nb wildcard t.b\nc ip t.c\n"
	    "d mac t.d\ne long t.e\nf integer t.f\ng double t.g\n"
	    "h boolean t.h\ni long network.vlan.id\nj ip t.c\n";
	struct typed typed;
	struct template_config config = rules_for(&typed);
	struct buffer out;

	(void)state;
	assert_int_equal(parse_list(&typed, list), 0);
	buffer_init(&out, 1 << 20);
	write_text(&config, &out);
	assert_has(&out,
	    "\"t\":{\"properties\":{\"a\":" KEYWORD
	    ",\"b\":"
	    "{\"type\":\"wildcard\",\"ignore_above\":8191},\"c\":" RELATED ",\"d\":" KEYWORD
	    ",\"e\":{\"type\":\"long\"},\"f\":"
	    "{\"type\":\"integer\"},\"g\":{\"type\":\"double\"},\"h\":"
	    "{\"type\":\"boolean\"}}}");
	assert_has(&out,
	    "\"type\":" KEYWORD
	    ",\"vlan\":{\"properties\":{\"id\""
	    ":{\"type\":\"long\"}}}}}");
	buffer_release(&out);
	typed_release(&typed);
}

/* How often the text occurs. */
static size_t
count_text(const struct buffer *out, const char *text)
{
	size_t count = 0;

	for (const char *at = out->data; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* A list that typed_parse would refuse. */
static void
test_clashes(void **state)
{
	static char names[][24] = { "info", "network", "network.bytes",
		"observer.version.x", "layers.ip", "a.b", "a.b.c", "a.b", "a",
		"ab", "a\"b" };
	struct typed_entry entries[sizeof(names) / sizeof(names[0])];
	struct typed typed = { entries, sizeof(names) / sizeof(names[0]) };
	struct template_config config = rules_for(&typed);
	struct buffer out, pretty;

	(void)state;
	memset(entries, 0, sizeof(entries));
	for (size_t i = 0; i < typed.count; i++) {
		entries[i].type = TYPED_IP;
		entries[i].name = names[i];
	}
	buffer_init(&out, 1 << 20);
	buffer_init(&pretty, 1 << 20);
	write_text(&config, &out);
	assert_has(&out, "\"info\":{\"type\":\"text\"");
	assert_has(&out, "\"bytes\":{\"type\":\"long\"}");
	assert_has(&out, "\"layers\":{\"type\":\"flattened\"");
	/* The first of the list stays. */
	assert_has(&out, ",\"a\":{\"properties\":{\"b\":" RELATED "}}");
	assert_has(&out, "\"ab\":" RELATED);
	assert_has(&out, "\"a\\\"b\":" RELATED);
	assert_int_equal(count_text(&out, RELATED), 3);
	assert_int_equal(count_text(&out, "\"network\":"), 1);
	assert_int_equal(json_pretty(&pretty, out.data, out.len - 1), 0);
	buffer_release(&out);
	buffer_release(&pretty);
}

static void
test_large_list(void **state)
{
	struct typed typed;
	struct template_config config = rules_for(&typed);
	struct buffer list, out;

	(void)state;
	buffer_init(&list, 1 << 20);
	buffer_init(&out, 1 << 20);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buffer_printf(&list, "f long o%d.x\n", i), 0);
	assert_int_equal(buffer_append(&list, "", 1), 0);
	assert_int_equal(parse_list(&typed, list.data), 0);
	write_text(&config, &out);
	assert_has(&out, ",\"o999\":{\"properties\":{\"x\":{\"type\":\"long\"}");
	/* 2,000 of the list, and what documents have of themselves. */
	assert_has(&out, "\"index.mapping.total_fields.limit\":41");
	buffer_release(&list);
	buffer_release(&out);
	typed_release(&typed);
}

static void
test_bounds(void **state)
{
	struct typed typed = { NULL, 0 };
	struct template_config config = rules_for(&typed);
	struct buffer whole, out;

	(void)state;
	buffer_init(&whole, 1 << 20);
	assert_int_equal(template_write(&config, &whole), 0);
	for (size_t max = 0; max < whole.len; max += 7) {
		buffer_init(&out, max);
		assert_int_equal(template_write(&config, &out), -1);
		assert_int_equal(out.len, 0);
		buffer_release(&out);
	}
	buffer_init(&out, whole.len);
	assert_int_equal(template_write(&config, &out), 0);
	assert_int_equal(out.len, whole.len);
	assert_memory_equal(out.data, whole.data, whole.len);
	buffer_release(&out);
	buffer_release(&whole);
	buffer_init(&out, 14);
	assert_int_equal(template_name("packets", &out), 0);
	assert_int_equal(out.len, 14);
	assert_memory_equal(out.data, "espcap-packets", 14);
	assert_int_equal(template_name("p", &out), -1);
	assert_int_equal(out.len, 14);
	buffer_release(&out);
}

static void
assert_other_digest(const struct template_config *config, const char *digest)
{
	char other[33];

	assert_int_equal(template_digest(config, other), 0);
	assert_int_equal(strlen(other), 32);
	assert_string_not_equal(other, digest);
}

static void
test_digest(void **state)
{
	struct typed typed = { NULL, 0 }, more;
	const struct template_config config = rules_for(&typed);
	struct template_config other;
	char digest[33], again[33];

	(void)state;
	assert_int_equal(template_digest(&config, digest), 0);
	assert_int_equal(strspn(digest, "0123456789abcdef"), 32);
	assert_int_equal(template_digest(&config, again), 0);
	assert_string_equal(digest, again);
	other = config;
	other.engine = TEMPLATE_OPENSEARCH;
	assert_other_digest(&other, digest);
	other = config;
	other.prefix = "packet";
	assert_other_digest(&other, digest);
	other = config;
	other.shards = 0;
	assert_other_digest(&other, digest);
	other = config;
	other.replicas = 0;
	assert_other_digest(&other, digest);
	other = config;
	other.has_custom = true;
	assert_other_digest(&other, digest);
	other = config;
	other.has_terms = false;
	assert_other_digest(&other, digest);
	other = config;
	other.has_layers = false;
	assert_other_digest(&other, digest);
	other = config;
	other.aggregates = true;
	assert_other_digest(&other, digest);
	other = config;
	assert_int_equal(parse_list(&more, "a ip b"), 0);
	other.typed = &more;
	assert_other_digest(&other, digest);
	typed_release(&more);
}

/* What a server says of our own template. */
static void
test_read_ours(void **state)
{
	struct typed typed = { NULL, 0 };
	struct template_config config = rules_for(&typed);
	struct template_found found;
	struct buffer out;
	char digest[33];

	(void)state;
	config.has_custom = true;
	buffer_init(&out, 1 << 20);
	assert_int_equal(
	    buffer_puts(&out,
		"{\"index_templates\":[{\"name\":"
		"\"espcap-packets\",\"index_template\":"),
	    0);
	assert_int_equal(template_write(&config, &out), 0);
	assert_int_equal(buffer_puts(&out, "}]}"), 0);
	assert_int_equal(template_digest(&config, digest), 0);
	assert_int_equal(template_read(out.data, out.len, &found), 0);
	assert_true(found.exists);
	assert_true(found.is_ours);
	assert_true(found.has_custom);
	assert_int_equal(found.version, TEMPLATE_VERSION);
	assert_string_equal(found.digest, digest);
	assert_int_equal(template_read(out.data, out.len - 1, &found), -1);
	assert_false(found.exists);
	buffer_release(&out);
}

#define ANSWER(template) \
	"{\"index_templates\":[{\"name\":\"n\"," \
	"\"index_template\":" template "}]}"

static void
test_read_others(void **state)
{
	static const struct {
		const char *body;
		bool exists, is_ours, has_custom;
		uint64_t version;
	} rows[] = {
		{ "{\"index_templates\":[]}", 0, 0, 0, 0 },
		{ "{\"index_templates\":[1]}", 0, 0, 0, 0 },
		{ ANSWER("{}"), 1, 0, 0, 0 },
		{ ANSWER("{\"version\":18446744073709551615}"), 1, 0, 0,
		    UINT64_MAX },
		{ ANSWER("{\"version\":18446744073709551616}"), 1, 0, 0, 0 },
		{ ANSWER("{\"version\":1e1}"), 1, 0, 0, 0 },
		{ ANSWER("{\"version\":-1}"), 1, 0, 0, 0 },
		{ ANSWER("{\"version\":\"7\"}"), 1, 0, 0, 0 },
		{ ANSWER("{\"_meta\":{\"created_by\":\"espcap\"}}"), 1, 1, 0,
		    0 },
		{ ANSWER("{\"_meta\":{\"created_by\":\"espcapx\"}}"), 1, 0, 0,
		    0 },
		{ ANSWER("{\"_meta\":\"espcap\"}"), 1, 0, 0, 0 },
		/* Of the mappings, not of the template. */
		{ ANSWER("{\"template\":{\"mappings\":{\"_meta\":{\"created_by"
			 "\":\"espcap\",\"version\":9}}}}"),
		    1, 0, 0, 0 },
		{ ANSWER("{\"composed_of\":[\"a\",\"p@custom\"],\"version\":3}"),
		    1, 0, 1, 3 },
		{ ANSWER("{\"composed_of\":[\"@custom\",\"p@customs\",7]}"), 1,
		    0, 0, 0 },
		/* The second is another's. */
		{ "{\"index_templates\":[{\"index_template\":{\"version\":3}},"
		  "{\"index_template\":{\"version\":5,\"_meta\":"
		  "{\"created_by\":\"espcap\"}}}]}",
		    1, 0, 0, 3 }
	};
	static const char *const bad[] = { "", "{}", "[]", "null", "<html>",
		"{\"index_templates\":{}}", "{\"error\":{},\"status\":404}",
		"{\"index_templates\":[]}x" };
	struct template_found found;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (template_read(rows[i].body, strlen(rows[i].body),
			&found) != 0)
			fail_msg("%s", rows[i].body);
		assert_int_equal(found.exists, rows[i].exists);
		assert_int_equal(found.is_ours, rows[i].is_ours);
		assert_int_equal(found.has_custom, rows[i].has_custom);
		assert_true(found.version == rows[i].version);
		assert_string_equal(found.digest, "");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(template_read(bad[i], strlen(bad[i]), &found),
		    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elasticsearch),
		cmocka_unit_test(test_every_rule),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_clashes),
		cmocka_unit_test(test_large_list),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_read_ours),
		cmocka_unit_test(test_read_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

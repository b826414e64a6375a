/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/ek.c: lines in pieces, deep, damaged, and of every version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "reader.h"
#include "treetext.h"

static void
assert_tree(const struct reader *reader, const char *wanted)
{
	treetext_assert(&reader->tree, reader->names, wanted);
}

#define INDEX "{\"index\":{\"_index\":\"packets-2015-07-30\",\"_type\":\"doc\"}}\n"
#define PACKET \
	"{\"timestamp\":\"1438233730634\",\"no_\":\"7\",\"info\":\"a \\\"b\\\"\"," \
	"\"layers\":{\"frame\":{\"frame_frame_number\":\"7\"}," \
	"\"ip\":{\"ip_ip_src\":\"10.0.0.1\",\"ip_ip_addr\":[\"10.0.0.1\"," \
	"\"10.0.0.2\"],\"ip_ip_flags_df\":false,\"text\":\"a\",\"text\":\"b\"}," \
	"\"tcp\":{\"tcp_tcp_flags_syn\":true,\"tcp_tcp_analysis\":null}," \
	"\"tcp_tcp_segments\":null,\"tcp_tcp_segment\":[\"5\",\"6\"]}}\n"
#define TREE \
	" tcp.segments tcp.segment=5 tcp.segment=6 frame{ frame.number=7}" \
	" ip{ ip.src=10.0.0.1 ip.addr=10.0.0.1 ip.addr=10.0.0.2 ip.flags.df!" \
	" text=a text=b} tcp{ tcp.flags.syn tcp.analysis}"

static void
assert_packet(const struct reader *reader)
{
	assert_tree(reader, TREE);
	assert_int_equal(ek_frame_number(reader->ek), 7);
	assert_true(reader->tree.has_info);
	assert_int_equal(reader->tree.info.len, 5);
	assert_memory_equal(reader->tree.info.data, "a \"b\"", 5);
}

static void
test_pieces_of_every_size(void **state)
{
	static const char lines[] = INDEX PACKET "\n\r\n" INDEX PACKET;
	struct reader *reader = *state;

	for (size_t piece = 1; piece < sizeof(lines); piece++) {
		feed(reader, lines, sizeof(lines) - 1, piece);
		assert_int_equal(reader->documents, 2);
		assert_int_equal(reader->unparsable, 0);
		assert_packet(reader);
		assert_false(ek_in_line(reader->ek));
	}
}

static void
test_document_comes_as_soon_as_its_line_ends(void **state)
{
	struct reader *reader = *state;
	size_t used;

	assert_int_equal(
	    ek_read(reader->ek, PACKET PACKET,
		2 * strlen(PACKET), &used, NULL),
	    EK_DOCUMENT);
	assert_int_equal(used, strlen(PACKET));
	assert_packet(reader);
}

static void
test_half_a_line(void **state)
{
	struct reader *reader = *state;

	feed_text(reader, INDEX);
	assert_false(ek_in_line(reader->ek));
	feed(reader, PACKET, strlen(PACKET) - 1, 50);
	assert_int_equal(reader->documents, 0);
	assert_true(ek_in_line(reader->ek));
	feed_text(reader, "\n");
	assert_int_equal(reader->documents, 1);
	assert_packet(reader);
	/* A reader is freed in the middle of a line, too. */
	feed_text(reader, "{\"layers\":{\"ip\":[{\"ip_ip_src\":\"1");
}

static void
test_index_lines_of_all_versions(void **state)
{
	static const char *const lines[] = { INDEX,
		"{\"index\":{\"_index\":\"packets-2015-07-30\"}}\n",
		"{\"index\":{\"_index\":\"packets-2015-07-30\",\"_type\":\"pcap_file\"}}\n",
		"{\"index\" : {\"_index\": \"packets-2015-07-30\"}}\r\n",
		"{\"index\":{}}\n", "\n", "\r\n" };
	struct reader *reader = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		feed_text(reader, lines[i]);
		assert_int_equal(reader->documents + reader->unparsable, 0);
		assert_false(ek_in_line(reader->ek));
	}
	feed_text(reader, PACKET);
	assert_int_equal(reader->documents, 1);
	assert_packet(reader);
}

static void
test_rubbish_is_passed_over(void **state)
{
	static const char *const lines[] = { "tshark: Aborted\n", "[1]\n",
		"{\"layers\":{\"ip\":{\"ip_ip_src\":}}}\n", "{]\n", "{\"a\"\n",
		"{\"layers\":{}\n", "{\"layers\":{}}}\n", "{} {}\n", "{\"a\":tru}\n",
		"{\"a\":\"\\q\"}\n", "{\"a\":\"\\ud8\"}\n", " {}\n", "}\n",
		"\x1b[31m\xff\n", "{\"a\":\"line\nbreak\"}\n", "{\"a\":01}\n",
		"{\"a\":-}\n", "{\"a\":NaN}\n", "{'a':1}\n", "{\"a\":1,}\n",
		"{\"a\":[1}\n", "{\"a\":\"\x01\"}\n" };
	struct reader *reader = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (size_t piece = 1; piece <= 64; piece *= 4) {
			feed(reader, lines[i], strlen(lines[i]), piece);
			if (reader->documents != 0 || reader->unparsable == 0)
				fail_msg("%s is taken for a packet", lines[i]);
			assert_int_equal(reader->error.outcome, OUTCOME_TSHARK);
			assert_non_null(strstr(reader->error.text,
			    "not a packet"));
			assert_null(strpbrk(reader->error.text, "\n\x1b"));
			feed_text(reader, PACKET);
			assert_int_equal(reader->documents, 1);
			assert_int_equal(reader->unparsable, 0);
			assert_packet(reader);
		}
}

/* "{"x":{"x":...{ and the ends, with a value in the innermost. */
static char *
nested(size_t levels)
{
	char *line = xmalloc(levels * 7 + 100), *at = line;

	at += sprintf(at, "{\"layers\":{\"ip\":");
	for (size_t i = 0; i < levels; i++)
		at += sprintf(at, "{\"ip\":");
	at += sprintf(at, "{\"ip_ip_src\":\"deep\"}");
	memset(at, '}', levels + 2);
	strcpy(at + levels + 2, "\n");
	return line;
}

static void
test_deep_nesting(void **state)
{
	static const size_t levels[] = { 1, 300, 4000, 5000, 100000 };
	struct reader *reader = *state;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		char *line = nested(levels[i]);

		feed(reader, line, strlen(line), 4096);
		free(line);
		assert_int_equal(reader->documents, levels[i] < 4090);
		assert_int_equal(reader->unparsable, levels[i] >= 4090);
		if (levels[i] >= 4090) {
			assert_non_null(strstr(reader->error.text,
			    "nested too deeply"));
			continue;
		}
		assert_int_equal(reader->tree.leaf_count, 1);
		assert_int_equal(reader->tree.current, TREE_ROOT);
	}
	feed_text(reader, PACKET);
	assert_packet(reader);
}

/* Arrays do not pile up either, and their items keep the key. */
static void
test_arrays(void **state)
{
	struct reader *reader = *state;
	char line[20000];

	feed_text(reader,
	    "{\"layers\":{\"ip\":[{\"ip_ip_src\":\"1\"},"
	    "{\"ip_ip_src\":[\"2\",[\"3\",{\"text\":\"x\"}],true,null]}],"
	    "\"tls\":[]}}\n");
	assert_int_equal(reader->documents, 1);
	assert_tree(reader,
	    " ip{ ip.src=1} ip{ ip.src=2 ip.src=3 ip.src ip.src"
	    " ip.src{ text=x}}");
	memset(line, '[', sizeof(line));
	memcpy(line, "{\"layers\":", 10);
	feed(reader, line, sizeof(line), sizeof(line));
	assert_int_equal(reader->unparsable, 1);
}

static void
test_numbers_floats_and_flags(void **state)
{
	struct reader *reader = *state;

	feed_text(reader,
	    "{\"no_\":12,\"layers\":{\"ip\":{\"ip_ip_ttl\":64,"
	    "\"ip_ip_src\":-1.5e10,\"ip_ip_dst\":"
	    "123456789012345678901234567890.123456789,\"ip_ip_flags_df\":true,"
	    "\"ip_ip_proto\":0}}}\n");
	assert_int_equal(reader->documents, 1);
	assert_int_equal(ek_frame_number(reader->ek), 12);
	assert_tree(reader,
	    " ip{ ip.ttl=64 ip.src=-1.5e10"
	    " ip.dst=123456789012345678901234567890.123456789 ip.flags.df"
	    " ip.proto=0}");
}

static void
test_frame_numbers(void **state)
{
	static const struct {
		const char *line;
		uint64_t number;
	} cases[] = {
		{ "{}\n", 0 },
		{ "{\"layers\":{}}\n", 0 },
		{ "{\"no_\":\"5\"}\n", 5 },
		{ "{\"no_\":\"5x\"}\n", 0 },
		{ "{\"no_\":\"-5\"}\n", 0 },
		{ "{\"no_\":\"99999999999999999999999\"}\n", 0 },
		{ "{\"no_\":\"18446744073709551615\"}\n", UINT64_MAX },
		{ "{\"no_\":\"5\",\"layers\":{\"frame\":{\"frame_frame_number\":"
		  "\"6\"}}}\n",
		    6 },
		{ "{\"layers\":{\"frame\":{\"frame_frame_number\":\"6\"}},"
		  "\"no_\":\"5\"}\n",
		    6 },
		/* Not a column: a field of that name. */
		{ "{\"layers\":{\"no_\":\"5\"}}\n", 0 },
		{ "{\"x\":{\"no_\":\"5\"}}\n", 0 }
	};
	struct reader *reader = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		feed_text(reader, cases[i].line);
		assert_int_equal(reader->documents, 1);
		assert_true(ek_frame_number(reader->ek) == cases[i].number);
	}
}

/* An empty line of JSON as the very first, and empty keys and values. */
static void
test_empty_things(void **state)
{
	struct reader *reader = *state;

	feed_text(reader, "{}\n");
	assert_int_equal(reader->documents, 1);
	feed_text(reader,
	    "{\"\":\"\",\"layers\":{\"\":{\"\":\"\",\"text\":\"\"},"
	    "\"ip\":{}}}\n");
	assert_int_equal(reader->documents, 1);
	assert_tree(reader, " text{ text= text=} ip{}");
	assert_false(reader->tree.has_info);
	feed_text(reader, "{\"info\":\"\"}\n");
	assert_true(reader->tree.has_info);
	assert_int_equal(reader->tree.info.len, 0);
}

static void
test_nul_and_bytes_that_are_not_utf8(void **state)
{
	static const char line[] =
	    "{\"layers\":{\"ip\":{\"ip_ip_src\":\"a\\u0000b\","
	    "\"ip_ip\\u0000_dst\":\"c\",\"ip_\xff\":\"\xff\xc3\","
	    "\"ip_ip_dst\":\"\\ud83d\\ude00\"}}}\n";
	struct reader *reader = *state;
	const struct tree_leaf *leaf;

	feed_text(reader, line);
	assert_int_equal(reader->documents, 1);
	leaf = tree_find(&reader->tree, table_id(reader->names, "ip.src"));
	assert_int_equal(leaf->len, 3);
	assert_memory_equal(tree_leaf_text(&reader->tree, leaf), "a\0b", 3);
	assert_int_equal(leaf[1].field, NAMES_TEXT);
	assert_int_equal(leaf[2].field, NAMES_TEXT);
	assert_int_equal(leaf[2].len, 2);
	assert_memory_equal(tree_leaf_text(&reader->tree, &leaf[2]), "\xff\xc3",
	    2);
	assert_false(leaf[2].plain);
	assert_int_equal(leaf[3].len, 4);
	assert_memory_equal(tree_leaf_text(&reader->tree, &leaf[3]),
	    "\xf0\x9f\x98\x80", 4);
}

/* Columns are printed twice by later versions: among the layers they are nobody's. */
static void
test_columns_among_the_layers(void **state)
{
	struct reader *reader = *state;

	feed_text(reader,
	    "{\"no_\":\"3\",\"info\":\"i\",\"layers\":{\"_ws_col\":"
	    "{\"_ws_col_info\":\"i\",\"x\":{\"y\":\"z\"}},\"ip\":{\"ip_ip_src\":"
	    "\"1\"}}}\n");
	assert_int_equal(reader->documents, 1);
	assert_tree(reader, " ip{ ip.src=1}");
}

static void
test_unknown_keys_without_end(void **state)
{
	struct reader *reader = *state;
	char line[200];

	for (unsigned i = 0; i < 20000; i++) {
		(void)snprintf(line, sizeof(line),
		    "{\"layers\":{\"ip\":{"
		    "\"ip_ip_key%u\":\"1\"},\"proto%u\":{}}}\n",
		    i, i);
		feed_text(reader, line);
		assert_int_equal(reader->documents, 1);
	}
	assert_int_equal(names_met(reader->names), 16384);
	feed_text(reader, PACKET);
	assert_packet(reader);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reader_setup, reader_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_pieces_of_every_size),
		TEST(test_document_comes_as_soon_as_its_line_ends),
		TEST(test_half_a_line),
		TEST(test_index_lines_of_all_versions),
		TEST(test_rubbish_is_passed_over),
		TEST(test_deep_nesting),
		TEST(test_arrays),
		TEST(test_numbers_floats_and_flags),
		TEST(test_frame_numbers),
		TEST(test_empty_things),
		TEST(test_nul_and_bytes_that_are_not_utf8),
		TEST(test_columns_among_the_layers),
		TEST(test_unknown_keys_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

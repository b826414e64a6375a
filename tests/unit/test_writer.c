/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of dissect/writer.c: numbers of frames, and the document of a packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissect/writer.h"
#include "maker.h"
#include "strict.h"
#include "table.h"

struct test {
	struct maker maker;
	struct writer *writer;
};

static int
setup(void **state)
{
	static struct test test;
	struct writer_config config;

	memset(&test, 0, sizeof(test));
	test.maker.names = table_new();
	test.maker.config.max_doc = 4096;
	maker_start(&test.maker);
	config = (struct writer_config){ .document = test.maker.document,
		.names = test.maker.names,
		.max_doc = 4096 };
	test.writer = writer_new(&config, &test.maker.capture);
	*state = &test;
	return 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	writer_free(test->writer);
	maker_end(&test->maker);
	return 0;
}

static void
put(struct test *test, const char *name, const char *text)
{
	tree_text(&test->maker.tree, table_id(test->maker.names, name), text,
	    strlen(text), false);
}

/* The leaf of this number has this text. */
static void
assert_leaf(const struct test *test, uint32_t leaf, const char *wanted)
{
	const struct tree *tree = &test->maker.tree;

	assert_in_range(leaf, 0, tree->leaf_count - 1);
	assert_int_equal(tree->leaves[leaf].len, strlen(wanted));
	assert_memory_equal(tree_leaf_text(tree, &tree->leaves[leaf]), wanted,
	    strlen(wanted));
}

static void
put_all(struct test *test)
{
	tree_clear(&test->maker.tree);
	put(test, "frame.number", "7");
	put(test, "tcp.segment", "4294967295");
	put(test, "ip.ttl", "7");
	put(test, "tcp.segment", "42949672950");
	put(test, "tcp.segment", "7a");
	put(test, "tcp.segment", "0");
	put(test, "ip.fragment", "3");
	tree_flag(&test->maker.tree,
	    table_id(test->maker.names, "tcp.segment"), true);
	put(test, "tcp.segment", "4294967296");
	put(test, "tcp.segment", "00000000007");
	put(test, "tcp.segment", "0000000007");
}

static void
test_renumber(void **state)
{
	struct test *test = *state;

	put_all(test);
	writer_renumber(test->writer, &test->maker.tree, &(struct writer_numbers){ .base = 1000 });
	assert_leaf(test, 0, "1007");
	assert_leaf(test, 1, "4294968295");
	assert_leaf(test, 2, "7");
	/* No number of a frame is like these. */
	assert_leaf(test, 3, "42949672950");
	assert_leaf(test, 4, "7a");
	assert_leaf(test, 5, "0");
	assert_leaf(test, 6, "1003");
	assert_int_equal(test->maker.tree.leaves[7].kind, TREE_TRUE);
	assert_leaf(test, 8, "4294967296");
	assert_leaf(test, 9, "00000000007");
	assert_leaf(test, 10, "1007");
}

static void
test_renumber_by_nothing(void **state)
{
	struct test *test = *state;

	put_all(test);
	writer_renumber(test->writer, &test->maker.tree, &(struct writer_numbers){ .base = 0 });
	assert_leaf(test, 0, "7");
	assert_leaf(test, 1, "4294967295");
	assert_leaf(test, 6, "3");
	assert_leaf(test, 10, "0000000007");
}

/* A live capture with empty records in front begins below 0. */
static void
test_renumber_down(void **state)
{
	struct test *test = *state;

	put_all(test);
	writer_renumber(test->writer, &test->maker.tree, &(struct writer_numbers){ .base = (uint64_t)-2 });
	assert_leaf(test, 0, "5");
	assert_leaf(test, 1, "4294967293");
	assert_leaf(test, 6, "1");
}

/* Of packets that come by themselves each number has its own meaning, and 3 is unknown. */
static uint64_t
number(void *ctx, uint64_t of, uint64_t ordinal)
{
	const uint64_t *expected = ctx;

	assert_int_equal(of, *expected);
	return ordinal == 3 ? 0 : ordinal + 500;
}

static void
test_renumber_one_by_one(void **state)
{
	struct test *test = *state;
	uint64_t of = 9;
	uint32_t before;

	put_all(test);
	before = test->maker.tree.leaf_count;
	writer_renumber(test->writer, &test->maker.tree,
	    &(struct writer_numbers){ .number = number, .of = of, .ctx = &of });
	assert_int_equal(test->maker.tree.leaf_count, before - 1);
	assert_leaf(test, 0, "507");
	assert_leaf(test, 1, "4294967795");
	assert_leaf(test, 2, "7");
	/* The one before is gone. */
	assert_int_equal(test->maker.tree.leaves[6].kind, TREE_TRUE);
	assert_leaf(test, 7, "4294967296");
	assert_leaf(test, 9, "507");
}

static const char line[] =
    "{\"timestamp\":\"1\",\"layers\":{\"frame\":{"
    "\"frame_frame_number\":\"12\","
    "\"frame_frame_time\":\"Jan  1, 1970\"}}}\n";

/* The tree of the line. */
static void
read_line(struct test *test)
{
	struct error error;
	size_t used;

	assert_int_equal(ek_read(test->maker.ek, line, strlen(line), &used,
			     &error),
	    EK_DOCUMENT);
}

/* The document with these is in test->maker.out. */
static void
write_document(struct test *test, const char *id, uint64_t before,
    const struct document_packet *packet)
{
	struct document_ready ready;
	struct error error;

	read_line(test);
	writer_place(test->writer, id, before);
	assert_int_equal(writer_write(test->writer, &test->maker.tree, packet, &ready, &error), 0);
	assert_null(strict_json(ready.json, ready.len));
	assert_int_equal(ready.ordinal, packet->ordinal);
	assert_int_equal(ready.has_time, packet->has_time);
	assert_int_equal(ready.sec, packet->sec);
	assert_memory_equal(ready.id, packet->id, sizeof(ready.id));
	buffer_clear(&test->maker.out);
	assert_int_equal(buffer_append(&test->maker.out, ready.json, ready.len),
	    0);
	assert_int_equal(buffer_append(&test->maker.out, "", 1), 0);
}

static void
assert_has(const struct test *test, const char *text, bool wanted)
{
	if ((strstr(test->maker.out.data, text) != NULL) != wanted)
		fail_msg("%s in %s", text, test->maker.out.data);
}

static void
test_write(void **state)
{
	struct test *test = *state;
	struct document_packet packet = { .ordinal = 12,
		.has_time = true,
		.sec = 86400,
		.nsec = 5,
		.wirelen = 77,
		.id = { 1, 2, 3 } };

	write_document(test, "abcdef", 10, &packet);
	assert_has(test, "\"@timestamp\":\"1970-01-02T00:00:00.000000005Z\"",
	    true);
	assert_has(test, "abcdef", true);
	assert_has(test, "\"ordinal\":2", true);
	assert_has(test, "a.pcap", true);
	/* What tshark printed of the time is not that of the record. */
	assert_has(test, "1970-01-01", false);
	assert_has(test, "Jan  1", false);
	/* The next one, of another capture, without a time. */
	packet = (struct document_packet){ .ordinal = 13 };
	write_document(test, "fedcba", 0, &packet);
	assert_has(test, "fedcba", true);
	assert_has(test, "abcdef", false);
	assert_has(test, "\"ordinal\":13", true);
	assert_has(test, "1970-01-02", false);
	assert_has(test, "Jan  1", true);
}

/* A large one before it leaves nothing. */
static void
test_write_again(void **state)
{
	struct test *test = *state;
	const struct document_packet packet = { .ordinal = 1 };
	size_t len;

	write_document(test, "abcdef", 0, &packet);
	len = test->maker.out.len;
	for (unsigned i = 0; i < 1000; i++)
		write_document(test, "abcdef", 0, &packet);
	assert_int_equal(test->maker.out.len, len);
}

/* Its buffer has room for four times what a document may have. */
static void
test_no_room(void **state)
{
	struct test *test = *state;
	const struct document_packet packet = { .ordinal = 1 };
	struct writer_config config = { .document = test->maker.document,
		.names = test->maker.names };
	struct document_ready ready;
	struct error error;
	size_t len;

	write_document(test, "abcdef", 0, &packet);
	len = test->maker.out.len - 1;
	for (unsigned i = 0; i < 2; i++) {
		writer_free(test->writer);
		config.max_doc = i == 0 ? (len + 3) / 4 : 1;
		test->writer = writer_new(&config, &test->maker.capture);
		read_line(test);
		writer_place(test->writer, "abcdef", 0);
		assert_int_equal(writer_write(test->writer, &test->maker.tree, &packet, &ready, &error), i == 0 ? 0 : -1);
	}
	assert_int_equal(error.outcome, OUTCOME_INTERNAL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_renumber),
		CASE(test_renumber_by_nothing),
		CASE(test_renumber_down),
		CASE(test_renumber_one_by_one),
		CASE(test_write),
		CASE(test_write_again),
		CASE(test_no_room),
	};

	writer_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

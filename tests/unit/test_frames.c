/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/frames.c: items in pieces, out of place, damaged, long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "readers/frames.h"
#include "packer.h"
#include "table.h"
#include "treetext.h"

#define TEXT_MIN ((size_t)64 << 10)

struct state {
	struct names *names;
	struct tree tree;
	struct frames *frames;
	struct buffer bytes;
	struct error error;
	unsigned documents, broken;
};

static int
setup(void **state)
{
	struct state *test = xcalloc(1, sizeof(*test));

	test->names = table_new();
	tree_init(&test->tree, 0, 16 << 20);
	test->frames = frames_new(test->names, &test->tree, TEXT_MIN);
	buffer_init(&test->bytes, 64 << 20);
	*state = test;
	return 0;
}

static int
teardown(void **state)
{
	struct state *test = *state;

	frames_free(test->frames);
	frames_free(NULL);
	tree_release(&test->tree);
	names_free(test->names);
	buffer_release(&test->bytes);
	free(test);
	return 0;
}

/* A new reader is given what was packed, in pieces of that size, each in memory of its own. */
static void
feed(struct state *test, size_t piece)
{
	frames_free(test->frames);
	test->frames = frames_new(test->names, &test->tree, TEXT_MIN);
	test->documents = test->broken = 0;
	for (size_t at = 0; at < test->bytes.len; at += piece) {
		size_t left = test->bytes.len - at, done = 0, used;
		size_t n = left < piece ? left : piece;
		char *exact = xmalloc(n);

		memcpy(exact, test->bytes.data + at, n);
		while (done < n && test->broken == 0) {
			switch (frames_read(test->frames, exact + done,
			    n - done, &used, &test->error)) {
			case FRAMES_DOCUMENT:
				test->documents++;
				break;
			case FRAMES_BROKEN:
				test->broken++;
				break;
			case FRAMES_MORE:
				assert_int_equal(done + used, n);
				break;
			}
			done += used;
		}
		free(exact);
	}
}

static void
pack_names(struct buffer *bytes)
{
	pack_name(bytes, 1, FRAMES_TYPE_PROTOCOL, "frame");
	pack_name(bytes, 2, FRAMES_TYPE_VALUE, "frame.number frame");
	pack_name(bytes, 3, FRAMES_TYPE_PROTOCOL, "ip");
	pack_name(bytes, 4, FRAMES_TYPE_VALUE, "ip.src ip");
	pack_name(bytes, 5, FRAMES_TYPE_BOOLEAN, "ip.flags.df ip");
	pack_name(bytes, 6, FRAMES_TYPE_VALUE, "text");
	pack_name(bytes, 7, FRAMES_TYPE_PRESENT, "tcp.segments tcp");
	pack_name(bytes, 8, FRAMES_TYPE_VALUE, "tcp.payload tcp");
}

static void
pack_packet(struct buffer *bytes, uint64_t number)
{
	pack(bytes, FRAMES_PACKET, number);
	pack_text(bytes, 0, "a \"b\"");
	pack(bytes, FRAMES_OPEN, 1);
	pack_text(bytes, 2, "300");
	pack(bytes, FRAMES_CLOSE, 0);
	pack(bytes, FRAMES_OPEN, 3);
	pack_text(bytes, 4, "10.0.0.1");
	pack(bytes, FRAMES_FALSE, 5);
	pack(bytes, FRAMES_TRUE, 5);
	pack_text(bytes, 6, "");
	pack(bytes, FRAMES_OPEN, 3);
	pack_text(bytes, 6, "inner");
	pack(bytes, FRAMES_CLOSE, 0);
	pack(bytes, FRAMES_CLOSE, 0);
	pack(bytes, FRAMES_TRUE, 7);
	pack_hex(bytes, 8, "\x01\xab\xff", 3);
	pack_hex(bytes, 8, "", 0);
	pack_hex(bytes, 8, "", 1);
	pack(bytes, FRAMES_END, 0);
}

#define TREE \
	" tcp.segments tcp.payload=01:ab:ff tcp.payload= tcp.payload=00" \
	" frame{ frame.number=300} ip{ ip.src=10.0.0.1" \
	" ip.flags.df! ip.flags.df text= ip{ text=inner}}"

static void
test_pieces_of_every_size(void **state)
{
	struct state *test = *state;

	pack_magic(&test->bytes);
	pack_names(&test->bytes);
	pack_packet(&test->bytes, 4000000000);
	pack_packet(&test->bytes, 300);
	for (size_t piece = 1; piece <= test->bytes.len; piece++) {
		feed(test, piece);
		assert_int_equal(test->documents, 2);
		assert_int_equal(test->broken, 0);
		treetext_assert(&test->tree, test->names, TREE);
		assert_int_equal(frames_number(test->frames), 300);
		assert_true(test->tree.has_info);
		assert_int_equal(test->tree.info.len, 5);
		assert_memory_equal(test->tree.info.data, "a \"b\"", 5);
		assert_false(frames_is_inside(test->frames));
	}
}

static void
test_a_document_ends_the_call(void **state)
{
	struct state *test = *state;
	size_t used, one;

	pack_magic(&test->bytes);
	pack_names(&test->bytes);
	pack_packet(&test->bytes, 7);
	one = test->bytes.len;
	pack_packet(&test->bytes, 8);
	assert_int_equal(
	    frames_read(test->frames, test->bytes.data,
		test->bytes.len, &used, NULL),
	    FRAMES_DOCUMENT);
	assert_int_equal(used, one);
	assert_int_equal(frames_number(test->frames), 7);
}

static void
test_inside_is_known(void **state)
{
	struct state *test = *state;

	/* Nothing is the beginning of the frames, not of something else. */
	feed(test, 1);
	assert_true(frames_is_inside(test->frames));
	pack_magic(&test->bytes);
	feed(test, 100);
	assert_false(frames_is_inside(test->frames));
	pack_names(&test->bytes);
	pack_packet(&test->bytes, 7);
	for (size_t len = test->bytes.len - 1; len > test->bytes.len - 30; len--) {
		struct buffer whole = test->bytes;

		test->bytes.len = len;
		feed(test, 100);
		assert_int_equal(test->documents, 0);
		assert_true(frames_is_inside(test->frames));
		test->bytes = whole;
	}
}

static void
test_names_are_exact(void **state)
{
	struct state *test = *state;

	pack_magic(&test->bytes);
	/* Two names that are one key in -T ek; two fields that no list has. */
	pack_name(&test->bytes, 1, FRAMES_TYPE_VALUE, "bgp.prefix_length bgp");
	pack_name(&test->bytes, 2, FRAMES_TYPE_PRESENT, "bgp.prefix.length bgp");
	pack_name(&test->bytes, 3, FRAMES_TYPE_VALUE, "made.up_now ip");
	pack_name(&test->bytes, 4, FRAMES_TYPE_VALUE, "made.up.now ip");
	/* What would harm JSON, and the sections' own key, are rows without name. */
	pack_name(&test->bytes, 5, FRAMES_TYPE_VALUE, "a\"b ip");
	pack_name(&test->bytes, 6, FRAMES_TYPE_VALUE, "envelope");
	pack_name(&test->bytes, 7, FRAMES_TYPE_VALUE, "");
	pack(&test->bytes, FRAMES_PACKET, 1);
	for (unsigned id = 1; id <= 7; id++)
		pack_text(&test->bytes, id, "v");
	pack(&test->bytes, FRAMES_END, 0);
	feed(test, 3);
	assert_int_equal(test->documents, 1);
	treetext_assert(&test->tree, test->names,
	    " bgp.prefix_length=v"
	    " bgp.prefix.length=v made.up_now=v made.up.now=v text=v text=v"
	    " text=v");
	/* A new reader finds them again. */
	feed(test, 100);
	assert_int_equal(names_met(test->names), 2);
}

static void
assert_broken(struct state *test, const char *why)
{
	size_t used;

	for (size_t piece = 1; piece < 30; piece += 7) {
		feed(test, piece);
		assert_int_equal(test->broken, 1);
		assert_int_equal(test->error.outcome, OUTCOME_TSHARK);
		if (strstr(test->error.text, why) == NULL)
			fail_msg("%s", test->error.text);
	}
	/* It stays so. */
	assert_int_equal(
	    frames_read(test->frames, "\7", 1, &used,
		&test->error),
	    FRAMES_BROKEN);
	assert_int_equal(used, 0);
	buffer_clear(&test->bytes);
	pack_magic(&test->bytes);
	pack_names(&test->bytes);
}

static void
test_what_is_out_of_place(void **state)
{
	struct state *test = *state;
	struct buffer *bytes = &test->bytes;

	buffer_puts(bytes, "{\"index\":{\"_index\":\"packets-2015-07-30\"}}\n");
	assert_broken(test, "output that is not the plugin's");
	pack(bytes, FRAMES_TRUE, 5);
	assert_broken(test, "a value outside of a packet");
	pack(bytes, FRAMES_CLOSE, 0);
	assert_broken(test, "a value outside of a packet");
	pack(bytes, FRAMES_END, 0);
	assert_broken(test, "the end of a packet at the wrong place");
	pack(bytes, FRAMES_PACKET, 0);
	assert_broken(test, "a packet without a number");
	pack(bytes, FRAMES_PACKET, 1);
	pack(bytes, FRAMES_PACKET, 2);
	assert_broken(test, "a packet inside of a packet");
	pack(bytes, FRAMES_PACKET, 1);
	pack(bytes, FRAMES_CLOSE, 0);
	assert_broken(test, "the end of a protocol that did not begin");
	pack(bytes, FRAMES_PACKET, 1);
	pack(bytes, FRAMES_OPEN, 3);
	pack(bytes, FRAMES_END, 0);
	assert_broken(test, "the end of a packet at the wrong place");
	pack(bytes, FRAMES_PACKET, 1);
	pack(bytes, FRAMES_OPEN, 9);
	assert_broken(test, "a field without a name");
	pack(bytes, FRAMES_PACKET, 1);
	pack_hex(bytes, 0, "x", 1);
	assert_broken(test, "a field without a name");
	pack_hex(bytes, 8, "x", 1);
	assert_broken(test, "a value outside of a packet");
	pack(bytes, FRAMES_PACKET, 1);
	pack(bytes, FRAMES_END + 1, 1);
	assert_broken(test, "an item of unknown kind");
	pack(bytes, FRAMES_PACKET, 1);
	pack(bytes, FRAMES_FALSE, 0);
	assert_broken(test, "a field without a name");
	pack(bytes, FRAMES_PACKET, 1);
	pack_text(bytes, (uint64_t)1 << 59, "x");
	assert_broken(test, "a field without a name");
	pack_name(bytes, 10, FRAMES_TYPE_VALUE, "ip.dst ip");
	assert_broken(test, "a name at the wrong place");
	pack_name(bytes, 8, FRAMES_TYPE_VALUE, "ip.dst ip");
	assert_broken(test, "a name at the wrong place");
	pack(bytes, FRAMES_PACKET, 1);
	for (unsigned i = 0; i < 5000; i++)
		pack(bytes, FRAMES_OPEN, 3);
	assert_broken(test, "protocols nested too deeply");
}

static void
test_numbers_that_lie(void **state)
{
	struct state *test = *state;
	struct buffer *bytes = &test->bytes;

	pack_magic(bytes);
	buffer_append(bytes, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
	assert_broken(test, "a number too large");
	buffer_append(bytes, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
	    12);
	assert_broken(test, "a number too large");
	buffer_append(bytes, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
	feed(test, 1);
	assert_false(frames_is_inside(test->frames));
	assert_broken(test, "a number too large");
	pack(bytes, FRAMES_NAME, 9);
	pack_number(bytes, (uint64_t)5000 << 2);
	assert_broken(test, "a name too long");
	/* More text than comes: it is waited for, in vain, and not believed. */
	pack(bytes, FRAMES_PACKET, 1);
	pack(bytes, FRAMES_TEXT, 4);
	pack_number(bytes, UINT64_MAX);
	for (unsigned i = 0; i < 1000; i++)
		buffer_puts(bytes, "some text, and more, and more");
	feed(test, 1000);
	assert_int_equal(test->documents + test->broken, 0);
	assert_true(frames_is_inside(test->frames));
}

static void
test_long_bytes_are_cut(void **state)
{
	/* As text: one that fits in whole, and those that do not by a digit, a byte, and much more. */
	static const size_t counts[] = { TEXT_MIN / 3, TEXT_MIN / 3 + 1, TEXT_MIN / 3 + 2, TEXT_MIN * 7 };
	struct state *test = *state;
	char *bytes = xmalloc(TEXT_MIN * 7);

	memset(bytes, 0x5a, TEXT_MIN * 7);
	pack_magic(&test->bytes);
	pack_names(&test->bytes);
	pack(&test->bytes, FRAMES_PACKET, 1);
	for (unsigned i = 0; i < 4; i++)
		pack_hex(&test->bytes, 8, bytes, counts[i]);
	pack(&test->bytes, FRAMES_END, 0);
	free(bytes);
	for (size_t piece = 1009; piece < 1 << 20; piece *= 8) {
		feed(test, piece);
		assert_int_equal(test->documents, 1);
		for (unsigned i = 0; i < 4; i++) {
			const struct tree_leaf *leaf = &test->tree.leaves[i];
			size_t len = 3 * counts[i] - 1;

			assert_int_equal(leaf->len, len < TEXT_MIN ? len : TEXT_MIN);
			assert_int_equal(leaf->cut, len > TEXT_MIN);
			for (size_t at = 0; at < leaf->len; at++)
				assert_int_equal(tree_leaf_text(&test->tree, leaf)[at],
				    "5a:"[at % 3]);
		}
	}
}

static void
test_long_texts_are_cut(void **state)
{
	struct state *test = *state;
	size_t len = 3 << 20;
	char *text = xmalloc(len);

	memset(text, 'x', len);
	pack_magic(&test->bytes);
	pack_names(&test->bytes);
	pack(&test->bytes, FRAMES_PACKET, 1);
	pack_bytes(&test->bytes, 4, text, TEXT_MIN);
	pack_bytes(&test->bytes, 4, text, len);
	pack_bytes(&test->bytes, 0, text, len);
	pack_bytes(&test->bytes, 4, text, 1);
	pack(&test->bytes, FRAMES_END, 0);
	free(text);
	/* The same whatever the pieces are. */
	for (size_t piece = 1009; piece < 3 * len; piece *= 8) {
		feed(test, piece);
		assert_int_equal(test->documents, 1);
		assert_int_equal(test->tree.leaf_count, 3);
		assert_int_equal(test->tree.leaves[0].len, TEXT_MIN);
		assert_false(test->tree.leaves[0].cut);
		assert_int_equal(test->tree.leaves[1].len, TEXT_MIN);
		assert_true(test->tree.leaves[1].cut);
		assert_int_equal(test->tree.leaves[2].len, 1);
		assert_false(test->tree.leaves[2].cut);
		assert_true(test->tree.info.len <= TEXT_MIN);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* What a capture that several share tells after each packet. */
static void
test_streams(void **state)
{
	struct state *test = *state;

	pack_magic(&test->bytes);
	for (uint64_t i = 0; i < 2; i++) {
		pack(&test->bytes, FRAMES_PACKET, 1 + i);
		pack(&test->bytes, FRAMES_END,
		    i == 0 ? UINT64_C(7) << 32 | 4000000000u : 0);
		feed(test, 3);
		assert_int_equal(test->broken, 0);
		assert_int_equal(frames_tcp_streams(test->frames),
		    i == 0 ? 4000000000u : 0);
		assert_int_equal(frames_udp_streams(test->frames),
		    i == 0 ? 7 : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pieces_of_every_size),
		TEST(test_a_document_ends_the_call),
		TEST(test_inside_is_known),
		TEST(test_names_are_exact),
		TEST(test_what_is_out_of_place),
		TEST(test_numbers_that_lie),
		TEST(test_long_bytes_are_cut),
		TEST(test_long_texts_are_cut),
		TEST(test_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

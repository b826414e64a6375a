/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/ek.c: strings that are too long to keep, and escapes at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader.h"

static const char *const escapes[] = { "\\\"", "\\\\", "\\u00e9", "\\n",
	"\\\\\\u00e9", "\\\\\\\"", "\\\\u", "\\ud83d\\ude00", "\xc3\xa9",
	"\xf0\x9f\x98\x80" };
#define ESCAPES (sizeof(escapes) / sizeof(escapes[0]))

/* A packet with a text of `front` plain characters, an escape, `after` more characters, and another field. */
static size_t
long_line(char *line, size_t front, const char *escape, size_t behind)
{
	char *at = line;

	at += sprintf(at, "{\"layers\":{\"http\":{\"http_http_file_data\":\"");
	memset(at, 'x', front);
	at += front;
	at += sprintf(at, "%s", escape);
	memset(at, 'y', behind);
	at += behind;
	at += sprintf(at, "\",\"http_http_chat\":\"after\"}}}\n");
	return (size_t)(at - line);
}

static const struct tree_leaf *
leaf_of(const struct reader *reader, const char *name)
{
	const struct tree_leaf *leaf = tree_find(&reader->tree,
	    table_id(reader->names, name));

	assert_non_null(leaf);
	return leaf;
}

static void
assert_after(const struct reader *reader)
{
	const struct tree_leaf *leaf = leaf_of(reader, "http.chat");

	assert_int_equal(reader->documents, 1);
	assert_int_equal(reader->unparsable, 0);
	assert_int_equal(reader->tree.leaf_count, 2);
	assert_false(leaf->cut);
	assert_int_equal(leaf->len, 5);
	assert_memory_equal(tree_leaf_text(&reader->tree, leaf), "after", 5);
}

static void
test_long_strings_are_cut_and_marked(void **state)
{
	static const size_t lens[] = { 1000, 65000, 70000, 140000, 1000000 };
	struct reader *reader = *state;
	char *line = xmalloc(1100000);

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t piece = 1000; piece < 2000000; piece *= 10) {
			size_t len = long_line(line, lens[i], "", 0);
			const struct tree_leaf *leaf;

			feed(reader, line, len, piece);
			assert_after(reader);
			leaf = leaf_of(reader, "http.file_data");
			assert_int_equal(leaf->cut, lens[i] > TEXT_MIN);
			if (!leaf->cut)
				assert_int_equal(leaf->len, lens[i]);
			else
				assert_true(leaf->len >= TEXT_MIN - 64 &&
				    leaf->len <= TEXT_MIN + 64);
		}
	free(line);
}

/* What is kept of a line must not hang on how the pipe delivered it. */
static void
test_long_strings_in_other_pieces(void **state)
{
	static const size_t lens[] = { 65400, 65535, 65536, 65537, 70000, 131072,
		200000 };
	static const size_t pieces[] = { 1009, 4096, 65535, 65536, 65537,
		1 << 20 };
	struct reader *reader = *state;
	char *line = xmalloc(1100000);

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t len = long_line(line, lens[i], "\\u0001", 100);
		uint32_t kept = 0;
		bool cut = false;

		for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
			const struct tree_leaf *leaf;

			feed(reader, line, len, pieces[j]);
			assert_after(reader);
			leaf = leaf_of(reader, "http.file_data");
			if (j > 0 && (leaf->len != kept || leaf->cut != cut))
				fail_msg(
				    "%zu characters in pieces of %zu: "
				    "%u are kept, not %u",
				    lens[i], pieces[j],
				    leaf->len, kept);
			kept = leaf->len;
			cut = leaf->cut;
		}
	}
	free(line);
}

/* Each escape with its bytes on both sides of the place where the keeping ends, and of a piece's end. */
static void
test_escapes_at_the_cut(void **state)
{
	struct reader *reader = *state;
	char *line = xmalloc(1100000);

	for (size_t i = 0; i < ESCAPES; i++)
		for (size_t front = TEXT_MIN - 100; front < TEXT_MIN + 30;
		     front++) {
			size_t len = long_line(line, front, escapes[i], 5000);
			const struct tree_leaf *leaf;

			feed(reader, line, len, 4096);
			if (reader->documents != 1)
				fail_msg("%s behind %zu characters: %s",
				    escapes[i], front, reader->error.text);
			assert_after(reader);
			leaf = leaf_of(reader, "http.file_data");
			assert_true(leaf->cut);
			assert_true(leaf->len >= TEXT_MIN - 64 &&
			    leaf->len <= TEXT_MIN + 64);
		}
	free(line);
}

/* Runs of escapes longer than any look-back. */
static void
test_runs_of_escapes_at_the_cut(void **state)
{
	static const char *const units[] = { "\\\\", "\\u0001", "\\\\\\u0001",
		"\\\"", "\\\\\\\"" };
	struct reader *reader = *state;
	char *line = xmalloc(1100000), *run = xmalloc(200000);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		for (size_t shift = 0; shift < 12; shift++) {
			size_t len = 0, unit = strlen(units[i]);

			for (; len + unit < 150000; len += unit)
				memcpy(run + len, units[i], unit);
			run[len] = '\0';
			len = long_line(line, shift, run, 10);
			for (size_t piece = 2003; piece < 1000000; piece *= 20) {
				feed(reader, line, len, piece);
				if (reader->documents != 1)
					fail_msg("%s, %zu on: %s", units[i],
					    shift, reader->error.text);
				assert_after(reader);
				assert_true(leaf_of(reader,
				    "http.file_data")
						->cut);
			}
		}
	free(run);
	free(line);
}

static void
test_escapes_at_every_piece_boundary(void **state)
{
	static const char text[] =
	    "{\"layers\":{\"http\":{\"http_http_file_data\":"
	    "\"a\\\"b\\\\c\\u00e9d\\\\\\\"e\\ud83d\\ude00f\\n\",\"http_http_chat\":"
	    "\"after\"}}}\n";
	static const char wanted[] =
	    "a\"b\\c\xc3\xa9"
	    "d\\\"e\xf0\x9f\x98\x80"
	    "f\n";
	struct reader *reader = *state;

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		const struct tree_leaf *leaf;

		feed(reader, text, sizeof(text) - 1, piece);
		assert_after(reader);
		leaf = leaf_of(reader, "http.file_data");
		assert_int_equal(leaf->len, sizeof(wanted) - 1);
		assert_memory_equal(tree_leaf_text(&reader->tree, leaf), wanted,
		    leaf->len);
	}
}

/* A long key names nothing, and its value is whole. */
static void
test_long_keys(void **state)
{
	struct reader *reader = *state;
	char *line = xmalloc(400000), *at = line;

	at += sprintf(at, "{\"layers\":{\"http\":{\"");
	memset(at, 'k', 300000);
	at += 300000;
	sprintf(at, "\":\"value\",\"http_http_chat\":\"after\"}}}\n");
	feed(reader, line, strlen(line), 4096);
	assert_after(reader);
	assert_int_equal(reader->tree.leaves[0].field, NAMES_TEXT);
	assert_int_equal(reader->tree.leaves[0].len, 5);
	assert_false(reader->tree.leaves[0].cut);
	free(line);
}

/* 100 MB in one string: what is kept is bounded. */
static void
test_giant_string_takes_little_memory(void **state)
{
	struct reader *reader = *state;
	char piece[65536];

	feed_text(reader, "{\"layers\":{\"http\":{\"http_http_file_data\":\"");
	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 1600; i++)
		feed(reader, piece, sizeof(piece), sizeof(piece));
	feed_text(reader, "\",\"http_http_chat\":\"after\"}}}\n");
	assert_after(reader);
	assert_true(leaf_of(reader, "http.file_data")->cut);
	assert_true(reader->tree.text.size < 1 << 20);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reader_setup, reader_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_long_strings_are_cut_and_marked),
		TEST(test_long_strings_in_other_pieces),
		TEST(test_escapes_at_the_cut),
		TEST(test_runs_of_escapes_at_the_cut),
		TEST(test_escapes_at_every_piece_boundary),
		TEST(test_long_keys),
		TEST(test_giant_string_takes_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/tree.c: nodes that are one, and the bounds on values, texts and nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "document/tree.h"
#include "fields/names.h"

static void
add(struct tree *tree, uint32_t field, const char *text)
{
	tree_text(tree, field, text, strlen(text), false);
}

static void
assert_text(const struct tree *tree, uint32_t leaf, const char *text)
{
	assert_true(leaf < tree->leaf_count);
	assert_int_equal(tree->leaves[leaf].kind, TREE_TEXT);
	assert_int_equal(tree->leaves[leaf].len, strlen(text));
	assert_memory_equal(tree_leaf_text(tree, &tree->leaves[leaf]), text,
	    strlen(text));
}

static void
test_leaves_and_nodes(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 1 << 20);
	add(&tree, 1, "beside");
	tree_open(&tree, 10);
	add(&tree, 2, "a\"");
	tree_flag(&tree, 3, true);
	tree_flag(&tree, 4, false);
	tree_open(&tree, 11);
	add(&tree, 2, "");
	tree_close(&tree);
	add(&tree, 5, "back");
	tree_close(&tree);
	tree_close(&tree);
	assert_int_equal(tree.current, TREE_ROOT);
	assert_int_equal(tree.node_count, 3);
	assert_int_equal(tree.nodes[TREE_ROOT].protocol, NAMES_NONE);
	assert_int_equal(tree.nodes[2].parent, 1);
	assert_int_equal(tree.leaf_count, 6);
	assert_text(&tree, 0, "beside");
	assert_int_equal(tree.leaves[0].node, TREE_ROOT);
	assert_true(tree.leaves[0].plain);
	assert_false(tree.leaves[1].plain);
	assert_int_equal(tree.leaves[2].kind, TREE_TRUE);
	assert_int_equal(tree.leaves[3].kind, TREE_FALSE);
	assert_text(&tree, 4, "");
	assert_int_equal(tree.leaves[4].node, 2);
	assert_int_equal(tree.leaves[5].node, 1);
	assert_ptr_equal(tree_find(&tree, 2), &tree.leaves[1]);
	assert_null(tree_find(&tree, 99));
	assert_false(tree.leaves[1].cut);
	tree_release(&tree);
}

/* Layers of one protocol are many; sub-trees of one protocol in a layer are one. */
static void
test_change(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 1 << 20);
	add(&tree, 1, "7");
	add(&tree, 2, "other");
	tree_change(&tree, 0, "10007", 5);
	assert_text(&tree, 0, "10007");
	assert_true(tree.leaves[0].plain);
	assert_text(&tree, 1, "other");
	/* A number is put right also where values are missing. */
	tree.overflow = true;
	tree_change(&tree, 0, "10008", 5);
	assert_text(&tree, 0, "10008");
	tree_release(&tree);
}

static void
test_which_objects_are_one(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 1 << 20);
	for (int i = 0; i < 2; i++) {
		tree_open(&tree, 10);
		for (int j = 0; j < 3; j++) {
			tree_open(&tree, 11);
			tree_close(&tree);
			tree_open(&tree, 12);
			tree_close(&tree);
		}
		tree_close(&tree);
	}
	assert_int_equal(tree.node_count, 1 + 2 * 3);
	tree_release(&tree);
}

static void
test_clear_forgets(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 1 << 20);
	tree_open(&tree, 10);
	add(&tree, 1, "x");
	tree_info(&tree, "info", 4);
	tree_clear(&tree);
	assert_int_equal(tree.leaf_count, 0);
	assert_int_equal(tree.node_count, 1);
	assert_int_equal(tree.current, TREE_ROOT);
	assert_false(tree.has_info);
	assert_int_equal(tree.text.len, 0);
	tree_release(&tree);
}

/* Bytes that are no UTF-8 stay what they are: they are sanitized when they are written. */
static void
test_info(void **state)
{
	struct tree tree;
	char *text = xmalloc(100000);

	(void)state;
	tree_init(&tree, 0, 1 << 20);
	tree_info(&tree, "a\xff\xc3", 3);
	assert_true(tree.has_info);
	assert_int_equal(tree.info.len, 3);
	for (size_t i = 0; i < 100000; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	tree_info(&tree, text + 1, 99999);
	assert_true(tree.has_info);
	assert_int_equal(tree.info.len, 65535);
	free(text);
	tree_release(&tree);
}

static void
test_longest_value(void **state)
{
	static const uint32_t lens[] = { 4999, 5000, 5000, 4999, 3 };
	struct tree tree;
	char text[6000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 4999, "\xc3\xa9", 2);
	tree_init(&tree, 5000, 1 << 20);
	tree_text(&tree, 1, text, 4999, false);
	tree_text(&tree, 1, text + 3, 5000, false);
	tree_text(&tree, 1, text + 3, 5001, false);
	tree_text(&tree, 1, text, 5001, false);
	tree_text(&tree, 1, "012\xe2\x82", 5, true);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(tree.leaves[i].len, lens[i]);
		assert_int_equal(tree.leaves[i].cut, i >= 2);
	}
	tree_release(&tree);
	/* Little is printed, but what is read from the values needs more. */
	tree_init(&tree, 10, 1 << 20);
	tree_text(&tree, 1, text, 4096, false);
	tree_text(&tree, 1, text, 4097, false);
	assert_int_equal(tree.max_value, 10);
	assert_int_equal(tree.leaves[0].len, 4096);
	assert_false(tree.leaves[0].cut);
	assert_int_equal(tree.leaves[1].len, 4096);
	assert_true(tree.leaves[1].cut);
	tree_hex(&tree, 1, text, 4096, false);
	tree_hex(&tree, 1, text, 4097, false);
	tree_hex(&tree, 1, text, 5, true);
	tree_hex(&tree, 1, text, 0, false);
	for (uint32_t i = 2; i < 6; i++) {
		const struct tree_leaf *leaf = &tree.leaves[i];

		assert_int_equal(leaf->len, i < 4 ? 4096 : i == 4 ? 5 :
								    0);
		assert_int_equal(leaf->cut, i == 3 || i == 4);
		assert_true(leaf->plain);
	}
	assert_memory_equal(tree_leaf_text(&tree, &tree.leaves[4]), "78:78", 5);
	tree_release(&tree);
}

static void
test_number_of_leaves_is_bounded(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 4096);
	for (unsigned i = 0; i < 10000; i++) {
		assert_int_equal(tree.overflow, i > 4096);
		if (i % 2 == 0)
			add(&tree, i, "x");
		else
			tree_flag(&tree, i, true);
	}
	assert_int_equal(tree.leaf_count, 4096);
	assert_text(&tree, 4094, "x");
	tree_clear(&tree);
	assert_false(tree.overflow);
	add(&tree, 1, "again");
	assert_text(&tree, 0, "again");
	tree_release(&tree);
}

static void
test_number_of_nodes_is_bounded(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 1 << 20);
	for (unsigned i = 1; i < 65536; i++) {
		tree_open(&tree, 10);
		tree_close(&tree);
	}
	assert_int_equal(tree.node_count, 65536);
	/* What finds no room joins the node that is open. */
	tree_open(&tree, 10);
	tree_open(&tree, 11);
	add(&tree, 1, "x");
	tree_close(&tree);
	tree_close(&tree);
	assert_int_equal(tree.node_count, 65536);
	assert_int_equal(tree.leaves[0].node, TREE_ROOT);
	assert_int_equal(tree.current, TREE_ROOT);
	tree_clear(&tree);
	tree_open(&tree, 10);
	assert_int_equal(tree.current, 1);
	tree_release(&tree);
}

/* The longest are cut, each marked, none in the middle of a sequence, and the short ones stay. */
static void
test_texts_are_bounded(void **state)
{
	enum { MAX = 1000000 };
	char *text = xmalloc(60000);
	struct tree tree;
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < 60000; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	tree_init(&tree, 0, MAX);
	for (int i = 0; i < 1000; i++) {
		tree_text(&tree, 1, text, 3 * (size_t)(i % 20000), false);
		add(&tree, 2, "short");
		assert_true(tree.text.len <= MAX + MAX / 8);
	}
	assert_true(tree.text.size < 4 * MAX);
	for (uint32_t i = 0; i < tree.leaf_count; i++) {
		const struct tree_leaf *leaf = &tree.leaves[i];

		sum += leaf->len;
		if (leaf->field == 2) {
			assert_text(&tree, i, "short");
			assert_false(leaf->cut);
			continue;
		}
		assert_int_equal(leaf->len % 3, 0);
		assert_memory_equal(tree_leaf_text(&tree, leaf), text,
		    leaf->len);
		assert_int_equal(leaf->cut, leaf->len != 3 * (i / 2));
	}
	/* No more than needed is cut. */
	assert_true(sum > MAX / 2 && sum == tree.text.len);
	free(text);
	tree_release(&tree);
}

/* One value that is longer than all is allowed to be. */
static void
test_one_giant_text(void **state)
{
	size_t len = 10 << 20;
	char *text = xmalloc(len);
	struct tree tree;

	(void)state;
	memset(text, 'x', len);
	tree_init(&tree, 0, 100000);
	add(&tree, 1, "before");
	tree_text(&tree, 2, text, len, false);
	add(&tree, 3, "behind");
	assert_text(&tree, 0, "before");
	assert_text(&tree, 2, "behind");
	assert_true(tree.leaves[1].cut);
	assert_true(tree.leaves[1].len > 90000);
	assert_true(tree.leaves[1].len <= 112500);
	/* Its memory goes back. */
	tree_text(&tree, 2, text, len, false);
	tree_clear(&tree);
	assert_true(tree.text.size <= 1 << 20);
	free(text);
	tree_release(&tree);
}

static void
test_giants_leave_no_memory(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 16 << 20);
	for (unsigned i = 0; i < 500000; i++)
		add(&tree, i, "0123456789");
	tree_clear(&tree);
	assert_true(tree.leaf_room <= 65536);
	assert_true(tree.text.size <= 1 << 20);
	tree_release(&tree);
}

static size_t
kept(const size_t *lens, size_t count, size_t limit)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += lens[i] < limit ? lens[i] : limit;
	return sum;
}

/* The largest limit that fits: by trying them all. */
static void
test_cut_to_is_the_largest_that_fits(void **state)
{
	size_t lens[8], seed = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t count = (size_t)round % 9, budget, limit;

		for (size_t i = 0; i < count; i++) {
			seed = seed * 1103515245 + 12345;
			lens[i] = (seed >> 16) % 50;
		}
		budget = (seed >> 8) % 300;
		limit = tree_cut_to(lens, count, budget);
		if (limit == SIZE_MAX) {
			assert_true(kept(lens, count, SIZE_MAX) <= budget);
			continue;
		}
		assert_true(kept(lens, count, limit) <= budget);
		assert_true(kept(lens, count, limit + 1) > budget);
	}
	assert_true(tree_cut_to(lens, 0, 0) == SIZE_MAX);
}

/* When all is short, fields are left out: those at the end, and for good. */
static void
test_short_texts_are_not_cut(void **state)
{
	struct tree tree;
	char text[300];
	uint32_t count;

	(void)state;
	memset(text, 'x', sizeof(text));
	tree_init(&tree, 0, 100000);
	for (int i = 0; i < 1000; i++)
		tree_text(&tree, 1, text, 100 + (size_t)(i % 200), false);
	assert_true(tree.overflow);
	assert_true(tree.text.len <= 112500);
	count = tree.leaf_count;
	assert_true(count > 400 && count < 1000);
	for (uint32_t i = 0; i < count; i++) {
		size_t len = 100 + (size_t)(i % 200);

		assert_true(tree.leaves[i].len == len ||
		    (tree.leaves[i].len == 256 && tree.leaves[i].cut));
	}
	add(&tree, 1, "x");
	tree_flag(&tree, 1, true);
	assert_int_equal(tree.leaf_count, count);
	tree_clear(&tree);
	add(&tree, 1, "x");
	assert_int_equal(tree.leaf_count, 1);
	tree_release(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves_and_nodes),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_which_objects_are_one),
		cmocka_unit_test(test_clear_forgets),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_longest_value),
		cmocka_unit_test(test_number_of_leaves_is_bounded),
		cmocka_unit_test(test_number_of_nodes_is_bounded),
		cmocka_unit_test(test_texts_are_bounded),
		cmocka_unit_test(test_short_texts_are_not_cut),
		cmocka_unit_test(test_one_giant_text),
		cmocka_unit_test(test_giants_leave_no_memory),
		cmocka_unit_test(test_cut_to_is_the_largest_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

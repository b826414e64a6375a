/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of shard/streams.c: the numbers of several tsharks become those of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shard/streams.h"
#include "table.h"

static struct names *names;

static int
make_names(void **state)
{
	static const char *const lines[] = { "tcp", "udp", "eth", "sctp",
		"tcp.stream FT_UINT32 tcp", "udp.stream FT_UINT32 udp",
		"sctp.assoc_index FT_UINT16 sctp", "eth.stream FT_UINT32 eth",
		"eth.src FT_ETHER eth", "eth.dst FT_ETHER eth" };

	(void)state;
	names = names_new();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		table_add_line(names, lines[i]);
	table_fill(names);
	return names_finish(names, NULL);
}

static int
free_names(void **state)
{
	(void)state;
	names_free(names);
	return 0;
}

static void
add(struct tree *tree, const char *field, const char *text)
{
	tree_text(tree, table_id(names, field), text, strlen(text), false);
}

static void
expect_leaf(const struct tree *tree, uint32_t at, const char *text)
{
	assert_int_equal(tree->leaves[at].len, strlen(text));
	assert_memory_equal(tree_leaf_text(tree, &tree->leaves[at]), text,
	    strlen(text));
}

/* A packet with this field alone. */
static void
expect(struct streams *streams, unsigned part, const char *field,
    const char *before, const char *after)
{
	struct tree tree;

	tree_init(&tree, 0, 1 << 20);
	add(&tree, field, before);
	streams_renumber(streams, part, &tree);
	expect_leaf(&tree, 0, after);
	tree_release(&tree);
}

static void
test_order_of_appearance(void **state)
{
	struct streams *streams = streams_new(names, 3);

	(void)state;
	expect(streams, 1, "tcp.stream", "0", "0");
	expect(streams, 0, "tcp.stream", "0", "1");
	expect(streams, 1, "tcp.stream", "1", "2");
	expect(streams, 0, "tcp.stream", "0", "1");
	expect(streams, 2, "tcp.stream", "0", "3");
	expect(streams, 1, "tcp.stream", "0", "0");
	/* Each field has numbers of its own. */
	expect(streams, 2, "udp.stream", "0", "0");
	streams_free(streams);
	streams_free(NULL);
}

/* A number that no packet shows. */
static void
test_hidden_streams(void **state)
{
	struct streams *streams = streams_new(names, 2);

	(void)state;
	expect(streams, 0, "tcp.stream", "2", "2");
	expect(streams, 1, "tcp.stream", "0", "3");
	/* Before this one of part 1, part 0 numbered two that are not shown. */
	streams_reach(streams, 0, 5, 1);
	expect(streams, 1, "tcp.stream", "1", "6");
	expect(streams, 0, "tcp.stream", "4", "5");
	expect(streams, 1, "udp.stream", "0", "1");
	/* What is known is not numbered again. */
	streams_reach(streams, 0, 3, 0);
	expect(streams, 0, "tcp.stream", "5", "7");
	streams_free(streams);
}

static void
test_no_number_of_a_stream(void **state)
{
	struct streams *streams = streams_new(names, 2);

	(void)state;
	expect(streams, 0, "sctp.assoc_index", "65535", "65535");
	expect(streams, 1, "sctp.assoc_index", "0", "0");
	expect(streams, 0, "sctp.assoc_index", "0", "1");
	streams_reach(streams, 0, UINT32_MAX, UINT32_MAX);
	expect(streams, 0, "tcp.stream", "4294967295", "4294967295");
	expect(streams, 0, "tcp.stream", "12345678901", "12345678901");
	expect(streams, 0, "tcp.stream", "-1", "-1");
	expect(streams, 0, "tcp.stream", "", "");
	expect(streams, 0, "filler.field7", "9", "9");
	expect(streams, 1, "tcp.stream", "0", "0");
	streams_free(streams);
}

static void
test_fresh_tshark(void **state)
{
	struct streams *streams = streams_new(names, 2);

	(void)state;
	expect(streams, 0, "tcp.stream", "0", "0");
	expect(streams, 1, "tcp.stream", "0", "1");
	streams_restart(streams, 0);
	expect(streams, 0, "tcp.stream", "0", "2");
	expect(streams, 1, "tcp.stream", "0", "1");
	streams_free(streams);
}

/* Numbers of two addresses, in whichever part: each header's by its place in its object. */
static void
test_addresses(void **state)
{
	struct streams *streams = streams_new(names, 2);
	struct tree tree;

	(void)state;
	tree_init(&tree, 0, 1 << 20);
	for (unsigned part = 0; part < 2; part++) {
		tree_clear(&tree);
		tree_open(&tree, table_id(names, "eth"));
		add(&tree, "eth.stream", part == 0 ? "0" : "5");
		add(&tree, "eth.dst", part == 0 ? "a" : "b");
		add(&tree, "eth.src", part == 0 ? "b" : "a");
		add(&tree, "eth.src", "c");
		add(&tree, "eth.dst", "d");
		add(&tree, "eth.stream", "0");
		add(&tree, "eth.stream", "7"); /* without addresses */
		tree_close(&tree);
		tree_open(&tree, table_id(names, "tcp"));
		add(&tree, "eth.src", "x");
		tree_close(&tree);
		streams_renumber(streams, part, &tree);
		expect_leaf(&tree, 0, "0");
		expect_leaf(&tree, 5, "1");
		expect_leaf(&tree, 6, "7");
	}
	tree_release(&tree);
	streams_free(streams);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_appearance),
		cmocka_unit_test(test_hidden_streams),
		cmocka_unit_test(test_no_number_of_a_stream),
		cmocka_unit_test(test_fresh_tshark),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, make_names, free_names);
}

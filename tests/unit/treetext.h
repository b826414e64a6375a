/* SPDX-License-Identifier: BSD-2-Clause */
/* A tree as text, for comparing: " a.b=text ip{ ip.src=10.0.0.1 ip.flags.df!}"; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_TREETEXT_H
#define ESPCAP_TESTS_TREETEXT_H

#include "base/buffer.h"
#include "document/tree.h"
#include "table.h"

static inline void
treetext_put(const struct tree *tree, const struct names *names,
    uint32_t node, struct buffer *out)
{
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct tree_leaf *leaf = &tree->leaves[i];

		if (leaf->node != node)
			continue;
		buffer_printf(out, " %s", table_name(names, leaf->field));
		if (leaf->kind == TREE_TEXT)
			buffer_printf(out, "=%.*s", (int)leaf->len,
			    tree_leaf_text(tree, leaf));
		else if (leaf->kind == TREE_FALSE)
			buffer_puts(out, "!");
	}
	for (uint32_t n = 1; n < tree->node_count; n++) {
		if (tree->nodes[n].parent != node)
			continue;
		buffer_printf(
		    out, " %s{", table_name(names, tree->nodes[n].protocol));
		treetext_put(tree, names, n, out);
		buffer_puts(out, "}");
	}
}

static inline void
treetext_assert(const struct tree *tree, const struct names *names,
    const char *wanted)
{
	struct buffer out;

	buffer_init(&out, 1 << 20);
	treetext_put(tree, names, TREE_ROOT, &out);
	buffer_append(&out, "", 1);
	assert_string_equal(out.data, wanted);
	buffer_release(&out);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which parts of a display filter the terms of a document do not decide: long values, and the order of bytes. */
#include "query/doubt.h"

static bool
atom_is_doubtful(const struct expr_atom *atom, enum term_kind kind)
{
	bool is_text = kind == TERM_TEXT, is_long;

	if (!is_text && kind != TERM_BYTES)
		return false;
	switch (atom->test) {
	case EXPR_CONTAINS:
		return true;
	case EXPR_EQUAL:
		return atom->low.len > TERM_VALUE_MAX;
	case EXPR_BETWEEN:
		break;
	}
	is_long = (atom->has_low && atom->low.len >= DOUBT_TEXT_MIN) ||
	    (atom->has_high && atom->high.len >= DOUBT_TEXT_MIN);
	/* Of two sequences of bytes the shorter one is less, whatever is in them. */
	return !is_text || is_long;
}

static bool
is_joint(const struct expr *node)
{
	return node->kind == EXPR_AND || node->kind == EXPR_OR;
}

bool
doubt_within(const struct expr_tree *tree, uint32_t index)
{
	const struct expr *node = &tree->list[index];

	if (node->kind == EXPR_NOT || is_joint(node)) {
		for (uint32_t child = node->child; child != EXPR_NONE; child = tree->list[child].next)
			if (doubt_within(tree, child))
				return true;
		return false;
	}
	return node->is_doubtful;
}

/* Puts the children without doubt into a node of their own, the first child; a single one stays as it is. */
static void
group(struct expr_tree *tree, uint32_t index)
{
	uint32_t certain = expr_new(tree, tree->list[index].kind, NAMES_NONE), next;
	struct expr *node = &tree->list[index], *own = &tree->list[certain];
	uint32_t child = node->child;

	node->child = node->last = EXPR_NONE;
	for (; child != EXPR_NONE; child = next) {
		struct expr *to = doubt_within(tree, child) ? node : own;

		next = tree->list[child].next;
		tree->list[child].next = EXPR_NONE;
		if (to->child == EXPR_NONE)
			to->child = child;
		else
			tree->list[to->last].next = child;
		to->last = child;
	}
	if (own->child == EXPR_NONE)
		return;
	if (own->child == own->last)
		certain = own->child;
	tree->list[certain].next = node->child;
	node->child = certain;
}

static void
arrange(struct expr_tree *tree, uint32_t index, bool is_top)
{
	if (!doubt_within(tree, index)) {
		tree->list[index].is_named = !is_top;
		return;
	}
	tree->list[index].is_named = tree->list[index].is_doubtful;
	if (is_joint(&tree->list[index]))
		group(tree, index);
	/* Each hit has what joins the whole filter by "and". */
	is_top = is_top && tree->list[index].kind == EXPR_AND;
	for (uint32_t child = tree->list[index].child; child != EXPR_NONE; child = tree->list[child].next)
		arrange(tree, child, is_top);
}

bool
doubt_mark(struct expr_tree *tree)
{
	bool is_doubtful = false;

	for (uint32_t i = 0; i < tree->count; i++) {
		struct expr *node = &tree->list[i];

		for (uint32_t k = 0; node->kind == EXPR_ANY && k < node->atom_count; k++)
			node->is_doubtful |= atom_is_doubtful(&tree->atoms[node->atom + k], names_term_kind(tree->names, node->field));
		is_doubtful |= node->is_doubtful;
	}
	if (is_doubtful)
		arrange(tree, tree->root, true);
	return is_doubtful;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a display filter says, as a tree. */
#include "query/expr.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Values are at most so much longer than a filter: an address of IPv6 in a set. */
#define TEXTS_MAX ((size_t)64 << 20)

void
expr_init(struct expr_tree *tree, const struct names *names)
{
	memset(tree, 0, sizeof(*tree));
	tree->names = names;
	tree->root = EXPR_NONE;
	buffer_init(&tree->texts, TEXTS_MAX);
	/* An empty value has a place, too. */
	buffer_reserve(&tree->texts, 1);
}

void
expr_release(struct expr_tree *tree)
{
	free(tree->list);
	free(tree->atoms);
	buffer_release(&tree->texts);
}

uint32_t
expr_new(struct expr_tree *tree, enum expr_kind kind, uint32_t field)
{
	if (tree->count == tree->room) {
		tree->room = tree->room == 0 ? 16 : tree->room * 2;
		tree->list = xreallocarray(tree->list, tree->room, sizeof(*tree->list));
	}
	tree->list[tree->count] = (struct expr){ .kind = kind,
		.next = EXPR_NONE,
		.child = EXPR_NONE,
		.last = EXPR_NONE,
		.field = field,
		.atom = tree->atom_count };
	return tree->count++;
}

void
expr_append(struct expr_tree *tree, uint32_t parent, uint32_t child)
{
	struct expr *above = &tree->list[parent], *below = &tree->list[child];
	bool is_same = above->kind == below->kind;
	uint32_t first = is_same ? below->child : child;

	if (above->child == EXPR_NONE)
		above->child = first;
	else
		tree->list[above->last].next = first;
	above->last = is_same ? below->last : child;
}

uint32_t
expr_negate(struct expr_tree *tree, uint32_t node)
{
	uint32_t opposite;

	if (tree->list[node].kind == EXPR_NOT)
		return tree->list[node].child;
	opposite = expr_new(tree, EXPR_NOT, NAMES_NONE);
	tree->list[opposite].child = tree->list[opposite].last = node;
	return opposite;
}

struct expr_atom *
expr_add_atom(struct expr_tree *tree, uint32_t node, enum expr_test test)
{
	if (tree->atom_count == tree->atom_room) {
		tree->atom_room = tree->atom_room == 0 ? 16 : tree->atom_room * 2;
		tree->atoms = xreallocarray(tree->atoms, tree->atom_room, sizeof(*tree->atoms));
	}
	tree->atoms[tree->atom_count] = (struct expr_atom){ .test = test };
	tree->list[node].atom_count++;
	return &tree->atoms[tree->atom_count++];
}

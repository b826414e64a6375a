/* SPDX-License-Identifier: BSD-2-Clause */
/* One dissected packet as tshark printed it, within bounds. */
#include "document/tree.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fields/names.h"

#define NODE_MAX 65536
/* What a packet leaves allocated for the next; ordinary ones need less. */
#define KEEP_TEXT ((size_t)1 << 20)
#define KEEP_LEAVES 65536
/*
 * What a packet is (frame.protocols, addresses, numbers) is read from its
 * values: so much of each is kept, whatever is printed of it.
 */
#define VALUE_MIN 4096
#define TEXT_MIN 256

void
tree_init(struct tree *tree, size_t max_value, size_t max_doc)
{
	memset(tree, 0, sizeof(*tree));
	/* The shortest value in JSON takes four bytes ("",): most take 16. */
	tree->leaf_max = (uint32_t)(max_doc / 16 < 4096 ? 4096 : max_doc / 16);
	tree->max_value = max_value;
	tree->max_kept = max_value > VALUE_MIN ? max_value : VALUE_MIN;
	tree->max_text = max_doc;
	buffer_init(&tree->text, SIZE_MAX / 2);
	buffer_init(&tree->info, 65536);
	tree_clear(tree);
}

void
tree_release(struct tree *tree)
{
	free(tree->nodes);
	free(tree->leaves);
	buffer_release(&tree->text);
	buffer_release(&tree->info);
}

static uint32_t
add_node(struct tree *tree, uint32_t protocol, uint32_t parent)
{
	struct tree_node *node;

	if (tree->node_count == tree->node_room) {
		tree->node_room = tree->node_room == 0 ?
		    64 :
		    tree->node_room * 2;
		tree->nodes = xreallocarray(tree->nodes, tree->node_room,
		    sizeof(*tree->nodes));
	}
	node = &tree->nodes[tree->node_count];
	node->protocol = protocol;
	node->parent = parent;
	node->child = node->sibling = TREE_NONE;
	return tree->node_count++;
}

void
tree_clear(struct tree *tree)
{
	if (tree->leaf_room > KEEP_LEAVES) {
		free(tree->leaves);
		tree->leaves = NULL;
		tree->leaf_room = 0;
	}
	buffer_shrink(&tree->text, KEEP_TEXT);
	/* An empty text has an address, too. */
	(void)buffer_reserve(&tree->text, 1);
	buffer_clear(&tree->info);
	tree->has_info = tree->overflow = false;
	tree->beyond = 0;
	tree->leaf_count = tree->node_count = 0;
	tree->current = add_node(tree, NAMES_NONE, TREE_NONE);
}

void
tree_open(struct tree *tree, uint32_t protocol)
{
	uint32_t parent = tree->current, at;

	if (tree->beyond > 0 || tree->node_count == NODE_MAX) {
		tree->beyond++;
		return;
	}
	if (parent != TREE_ROOT) {
		at = tree->nodes[parent].child;
		while (at != TREE_NONE && tree->nodes[at].protocol != protocol)
			at = tree->nodes[at].sibling;
		if (at != TREE_NONE) {
			tree->current = at;
			return;
		}
	}
	at = add_node(tree, protocol, parent);
	if (parent != TREE_ROOT) {
		tree->nodes[at].sibling = tree->nodes[parent].child;
		tree->nodes[parent].child = at;
	}
	tree->current = at;
}

void
tree_close(struct tree *tree)
{
	if (tree->beyond > 0)
		tree->beyond--;
	else if (tree->current != TREE_ROOT)
		tree->current = tree->nodes[tree->current].parent;
}

static int
compare_sizes(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

size_t
tree_cut_to(size_t *lens, size_t count, size_t budget)
{
	qsort(lens, count, sizeof(*lens), compare_sizes);
	for (size_t i = 0; i < count; i++) {
		if (lens[i] > budget / (count - i))
			return budget / (count - i);
		budget -= lens[i];
	}
	return SIZE_MAX;
}

/* Cuts the longest texts, to make room for one of `adding` bytes. Returns how many of these may be kept. */
static size_t
compact(struct tree *tree, size_t adding)
{
	size_t *lens, limit, count = 0, to = 0;

	lens = xreallocarray(NULL, (size_t)tree->leaf_count + 1, sizeof(*lens));
	for (uint32_t i = 0; i < tree->leaf_count; i++)
		if (tree->leaves[i].kind == TREE_TEXT)
			lens[count++] = tree->leaves[i].len;
	lens[count++] = adding;
	limit = tree_cut_to(lens, count, tree->max_text);
	limit = limit > TEXT_MIN ? limit : TEXT_MIN;
	free(lens);
	/* Leaves stand in the order of their texts. */
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		struct tree_leaf *leaf = &tree->leaves[i];

		if (leaf->kind != TREE_TEXT)
			continue;
		memmove(tree->text.data + to, tree->text.data + leaf->offset,
		    leaf->len < limit ? leaf->len : limit);
		leaf->offset = to;
		if (leaf->len > limit) {
			leaf->len = (uint32_t)json_cut(tree->text.data + to,
			    leaf->len, limit);
			leaf->cut = true;
		}
		to += leaf->len;
	}
	tree->text.len = to;
	return limit;
}

static struct tree_leaf *
add_leaf(struct tree *tree, uint32_t field, enum tree_kind kind)
{
	struct tree_leaf *leaf;

	if (tree->leaf_count == tree->leaf_max)
		tree->overflow = true;
	if (tree->overflow)
		return NULL;
	if (tree->leaf_count == tree->leaf_room) {
		tree->leaf_room = tree->leaf_room == 0 ?
		    512 :
		    tree->leaf_room * 2;
		tree->leaves = xreallocarray(tree->leaves, tree->leaf_room,
		    sizeof(*tree->leaves));
	}
	leaf = &tree->leaves[tree->leaf_count++];
	memset(leaf, 0, sizeof(*leaf));
	leaf->field = field;
	leaf->node = tree->current;
	leaf->next = TREE_NONE;
	leaf->kind = (uint8_t)kind;
	return leaf;
}

static bool
make_room_by_cutting(struct tree *tree, size_t *keep)
{
	size_t limit = compact(tree, *keep);

	if (*keep > limit)
		*keep = limit;
	tree->overflow = tree->text.len + *keep > tree->max_text;
	return !tree->overflow;
}

/* Makes room for a text and says how much of it may be kept. False if none may. */
static inline bool
make_room(struct tree *tree, size_t len, size_t *keep)
{
	*keep = len;
	if (tree->overflow)
		return false;
	if (tree->max_value > 0 && *keep > tree->max_kept)
		*keep = tree->max_kept;
	if (tree->text.len + *keep <= tree->max_text + tree->max_text / 8)
		return true;
	return make_room_by_cutting(tree, keep);
}

void
tree_text(struct tree *tree, uint32_t field, const char *text, size_t len,
    bool cut)
{
	struct tree_leaf *leaf;
	size_t keep;

	if (!make_room(tree, len, &keep))
		return;
	if (keep < len || cut) {
		keep = json_cut(text, len, keep);
		cut = true;
	}
	leaf = add_leaf(tree, field, TREE_TEXT);
	if (leaf == NULL || buffer_append(&tree->text, text, keep) != 0)
		return;
	leaf->offset = tree->text.len - keep;
	leaf->len = (uint32_t)keep;
	leaf->plain = json_is_plain(text, keep);
	leaf->cut = cut;
}

void
tree_hex(struct tree *tree, uint32_t field, const void *bytes, size_t len,
    bool cut)
{
	struct tree_leaf *leaf;
	size_t keep;

	if (!make_room(tree, len, &keep))
		return;
	leaf = add_leaf(tree, field, TREE_TEXT);
	if (leaf == NULL || buffer_reserve(&tree->text, keep + 3) != 0)
		return;
	text_hex(tree->text.data + tree->text.len, bytes, keep);
	leaf->offset = tree->text.len;
	leaf->len = (uint32_t)keep;
	leaf->plain = true;
	leaf->cut = cut || keep < len;
	buffer_added(&tree->text, keep);
}

void
tree_change(struct tree *tree, uint32_t leaf, const char *text, size_t len)
{
	struct tree_leaf *changed = &tree->leaves[leaf];

	if (buffer_append(&tree->text, text, len) != 0)
		return;
	changed->offset = tree->text.len - len;
	changed->len = (uint32_t)len;
	changed->plain = json_is_plain(text, len);
	changed->cut = false;
}

void
tree_omit(struct tree *tree, uint32_t leaf)
{
	uint32_t after = tree->leaf_count - leaf - 1;

	memmove(&tree->leaves[leaf], &tree->leaves[leaf + 1], after * sizeof(*tree->leaves));
	tree->leaf_count--;
}

void
tree_flag(struct tree *tree, uint32_t field, bool value)
{
	add_leaf(tree, field, value ? TREE_TRUE : TREE_FALSE);
}

void
tree_info(struct tree *tree, const char *text, size_t len)
{
	buffer_clear(&tree->info);
	/* Only what is cut here: bytes that are no UTF-8 at its end are sanitized later. */
	if (len > tree->info.max)
		len = json_cut(text, len, tree->info.max);
	if (buffer_append(&tree->info, text, len) == 0)
		tree->has_info = true;
}

const struct tree_leaf *
tree_find(const struct tree *tree, uint32_t field)
{
	for (uint32_t i = 0; i < tree->leaf_count; i++)
		if (tree->leaves[i].field == field)
			return &tree->leaves[i];
	return NULL;
}

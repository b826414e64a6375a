/* SPDX-License-Identifier: BSD-2-Clause */
/* One dissected packet as tshark printed it: layer objects (nodes) and their values (leaves), within bounds. No I/O. */
#ifndef ESPCAP_DOCUMENT_TREE_H
#define ESPCAP_DOCUMENT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define TREE_NONE UINT32_MAX
/* What stands beside the layers belongs to this node. */
#define TREE_ROOT 0

enum tree_kind {
	TREE_TEXT,
	TREE_FALSE,
	TREE_TRUE /* also a field that is only present */
};

struct tree_leaf {
	size_t offset; /* of the text in tree.text */
	uint32_t len;
	uint32_t field; /* name id */
	uint32_t node;
	uint32_t next; /* for the owner's lists */
	uint8_t kind;  /* enum tree_kind */
	bool plain;    /* the text needs no escape in JSON */
	bool cut;      /* the text is only the beginning */
};

struct tree_node {
	uint32_t protocol;       /* name id; NAMES_NONE for the root */
	uint32_t parent;         /* TREE_ROOT for a layer */
	uint32_t child, sibling; /* nested nodes: first child, next of the same parent */
};

/* Read the members freely; change them only through the functions. Only leaf.next is the reader's. */
struct tree {
	struct tree_node *nodes;
	struct tree_leaf *leaves;
	uint32_t node_count, leaf_count;
	struct buffer text;
	struct buffer info; /* Wireshark's Info column */
	bool has_info;
	bool overflow; /* there was more than the bounds allow: leaves are missing at the end */
	uint32_t node_room, leaf_room, leaf_max;
	uint32_t current; /* the open node */
	size_t beyond;    /* objects opened that found no room: their values join current */
	size_t max_value; /* bytes of a value that are to be printed, 0 for all */
	size_t max_kept;
	size_t max_text;
};

/*
 * max_value: bytes of a value that will be printed, 0 for all; some more may be
 * kept, for what is read from them. max_doc bounds the memory: at most about
 * that much text is kept; the longest values are cut first, then leaves left out.
 */
void tree_init(struct tree *tree, size_t max_value, size_t max_doc);
void tree_release(struct tree *tree);
/* Forgets the packet; gives back what a giant one took. */
void tree_clear(struct tree *tree);

/* Enters an object of this protocol in the open node. Two of one protocol in one layer are the same node. */
void tree_open(struct tree *tree, uint32_t protocol);
void tree_close(struct tree *tree);

/* Adds a value to the open node. cut: the text given is not all of it. */
void tree_text(struct tree *tree, uint32_t field, const char *text, size_t len, bool cut);
/* The same with len characters of the text of bytes in hex: text_hex. */
void tree_hex(struct tree *tree, uint32_t field, const void *bytes, size_t len, bool cut);
/* When all are added: gives one another text, a short one. If there is no room the old one stays. */
void tree_change(struct tree *tree, uint32_t leaf, const char *text, size_t len);
/* The same: one is as if it had not been added; those after it move up. */
void tree_omit(struct tree *tree, uint32_t leaf);
void tree_flag(struct tree *tree, uint32_t field, bool value);
void tree_info(struct tree *tree, const char *text, size_t len);

/* The text of a leaf; borrowed, not terminated. */
static inline const char *
tree_leaf_text(const struct tree *tree, const struct tree_leaf *leaf)
{
	return tree->text.data + leaf->offset;
}

/* The first leaf of this field in the whole packet, NULL if there is none. */
const struct tree_leaf *tree_find(const struct tree *tree, uint32_t field);

/*
 * The largest length to which all longer ones must be cut so that the sum of lens stays within budget. Reorders lens.
 */
size_t tree_cut_to(size_t *lens, size_t count, size_t budget);

#endif

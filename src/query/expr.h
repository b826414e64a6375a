/* SPDX-License-Identifier: BSD-2-Clause */
/* What a display filter says, as a tree. No I/O. */
#ifndef ESPCAP_QUERY_EXPR_H
#define ESPCAP_QUERY_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "fields/names.h"
#include "fields/term.h"

#define EXPR_NONE UINT32_MAX

/* Bytes in the tree's texts. */
struct expr_text {
	uint32_t at, len;
};

enum expr_test {
	EXPR_EQUAL,   /* to low */
	EXPR_BETWEEN, /* low and high, where there are such */
	EXPR_CONTAINS /* low */
};

/* What one value of a field is held against. Values stand in the form of a term, not cut. */
struct expr_atom {
	enum expr_test test;
	struct expr_text low, high;
	bool has_low, has_high;
	bool low_open, high_open; /* the value itself is not in it */
};

enum expr_kind {
	EXPR_AND,
	EXPR_OR,
	EXPR_NOT,
	EXPR_PRESENT, /* the packet has the field or protocol */
	EXPR_ANY      /* one of its values passes one of the atoms */
};

struct expr {
	enum expr_kind kind;
	uint32_t next;             /* sibling */
	uint32_t child, last;      /* the first and the last, of AND, OR; the only one of NOT */
	uint32_t field;            /* id of names */
	uint32_t atom, atom_count; /* of ANY: the first in the tree's list, how many */
	bool is_doubtful;          /* of ANY: the terms do not tell of each value */
	bool is_named;             /* the server names it in what it says of a hit */
};

struct expr_tree {
	const struct names *names;
	struct expr *list;
	struct expr_atom *atoms;
	uint32_t count, room, atom_count, atom_room;
	uint32_t root;
	struct buffer texts;
};

void expr_init(struct expr_tree *tree, const struct names *names);
void expr_release(struct expr_tree *tree);

/* The index of a new node without children. */
uint32_t expr_new(struct expr_tree *tree, enum expr_kind kind, uint32_t field);
/* Appends child to an AND or OR; one of the same kind gives its own children instead. */
void expr_append(struct expr_tree *tree, uint32_t parent, uint32_t child);
/* The opposite: of a NOT its child. */
uint32_t expr_negate(struct expr_tree *tree, uint32_t node);
/* A new atom, of the node that was made last. */
struct expr_atom *expr_add_atom(struct expr_tree *tree, uint32_t node, enum expr_test test);

static inline const char *
expr_bytes(const struct expr_tree *tree, struct expr_text text)
{
	return text.len == 0 ? "" : tree->texts.data + text.at;
}

#endif

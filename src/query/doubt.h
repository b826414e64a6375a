/* SPDX-License-Identifier: BSD-2-Clause */
/* Which parts of a display filter the terms of a document do not decide. No I/O. */
#ifndef ESPCAP_QUERY_DOUBT_H
#define ESPCAP_QUERY_DOUBT_H

#include <stdbool.h>

#include "query/expr.h"

/*
 * Marks the tests that terms do not decide for each value (is_doubtful), and puts the other children of an AND or OR
 * with such ones together, each group as one node that the server names (is_named). What all hits have is named by
 * nobody. Returns whether there is any doubt.
 */
bool doubt_mark(struct expr_tree *tree);

/* Whether there is doubt in this node, after doubt_mark. */
bool doubt_within(const struct expr_tree *tree, uint32_t node);

/* A text this long may be longer than what the index has of it: a character of UTF-8 is not cut. */
#define DOUBT_TEXT_MIN (TERM_VALUE_MAX - 3)

#endif

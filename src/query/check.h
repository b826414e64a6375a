/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a document matches where the index cannot tell. No I/O. */
#ifndef ESPCAP_QUERY_CHECK_H
#define ESPCAP_QUERY_CHECK_H

#include <stddef.h>

#include "query/expr.h"

/* query_matches of a tree that clause_write arranged. */
int check_document(const struct expr_tree *tree, const char *source, size_t len, const char *matched,
    size_t matched_len);

#endif

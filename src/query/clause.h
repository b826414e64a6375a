/* SPDX-License-Identifier: BSD-2-Clause */
/* A display filter as a clause of the query DSL. No I/O. */
#ifndef ESPCAP_QUERY_CLAUSE_H
#define ESPCAP_QUERY_CLAUSE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "query/expr.h"

struct clause {
	struct buffer json;    /* what each packet that matches is found by */
	struct buffer certain; /* what only packets that match are found by */
	bool needs_check;      /* the two differ */
	const char *refusal;   /* why there is none, after clause_write failed */
};

void clause_init(struct clause *clause);
void clause_release(struct clause *clause);

/* Arranges the tree for check_document, and writes. -1 with the refusal if servers would not take the clause. */
int clause_write(struct clause *clause, struct expr_tree *tree);

#endif

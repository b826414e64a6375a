/* SPDX-License-Identifier: BSD-2-Clause */
/* What a field is compared with: the text in a filter as a value in the form of a term. No I/O. */
#ifndef ESPCAP_QUERY_LITERAL_H
#define ESPCAP_QUERY_LITERAL_H

#include <stdbool.h>

#include "fields/names.h"
#include "query/expr.h"
#include "query/query_error.h"
#include "query/query_values.h"
#include "query/token.h"

struct literal_place {
	const struct names *names;
	const struct query_values *values; /* NULL: there is no list */
	const char *filter;                /* its beginning */
	struct buffer *texts;              /* values are appended to it */
	struct query_error *error;
	uint32_t field;
	bool is_part; /* of "contains": bytes need not be as many as the field has */
};

/* The lowest and the highest value that it means; they differ for a network (10.0.0.0/8) only. */
struct literal {
	struct expr_text low, high;
};

/*
 * Reads a token as a value of the field. sign is the token in front of it, '-', '+' or 0. -1 with the error
 * filled in if it is none.
 */
int literal_read(const struct literal_place *place, struct token token, char sign, struct literal *literal);

#endif

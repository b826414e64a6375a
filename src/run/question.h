/* SPDX-License-Identifier: BSD-2-Clause */
/* A question to the index, from the options: the clause that finds its packets, and the check of what is found. */
#ifndef ESPCAP_RUN_QUESTION_H
#define ESPCAP_RUN_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "config/options.h"
#include "query/query.h"
#include "tshark/tshark.h"

/* Whether the options ask an index instead of reading packets. */
bool question_is_asked(const struct options *options);

struct question {
	const struct options *options;
	struct buffer clause; /* JSON, one clause of the query DSL; empty: all documents */
	struct query *query;  /* of --query, else NULL, as the next */
	struct query_values *values;
};

/*
 * With the rights we were started with: reads the file of --query-dsl. -1 with OUTCOME_USAGE. Release with
 * question_release in either case.
 */
int question_open(struct question *question, const struct options *options, struct error *error);
void question_release(struct question *question);

/*
 * With the list of fields of tshark: translates the filter of --query, which needs tshark's names, as long as the
 * question lasts. tshark is asked for the names of values if the filter has one. On a terminal the place of a mistake
 * is logged first. -1 with OUTCOME_USAGE if the filter is wrong, or as tshark_values.
 */
int question_translate(struct question *question, const struct tshark *tshark, struct loop *loop, struct log *log,
    struct error *error);

/*
 * Appends the query of a JSON text, {"query": ...} or the clause itself, to out. -1 with OUTCOME_USAGE if it is
 * neither; name is for the message.
 */
int question_read_dsl(const char *name, const char *text, size_t len, struct buffer *out, struct error *error);

#endif

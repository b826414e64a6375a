/* SPDX-License-Identifier: BSD-2-Clause */
/* A display filter of Wireshark as a query of the index, over the member espcap.terms. No I/O. */
#ifndef ESPCAP_QUERY_QUERY_H
#define ESPCAP_QUERY_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "fields/names.h"
#include "query/query_error.h"
#include "query/query_values.h"

/* Bytes; a longer filter is refused. */
#define QUERY_FILTER_MAX ((size_t)1 << 20)

struct query;

/*
 * Reads a filter. NULL with *error filled in if it is none, or one that the index cannot answer; with
 * error->needs_values the caller may get the list of the names of values, and parse again. values: NULL if there is no
 * list. names must outlive the query. Free with query_free.
 */
struct query *query_parse(const struct names *names, const struct query_values *values, const char *filter, size_t len,
    struct query_error *error);
void query_free(struct query *query);

/*
 * Appends one clause of the query DSL, for a place that does not score ("filter" of a bool, "constant_score"). With
 * query_needs_check the hits are a superset of the packets that match. -1 if out is full.
 */
int query_json(const struct query *query, struct buffer *out);

/*
 * The same for a subset of those that match. If as many are found by either, all of the hits of query_json match, and
 * none need be passed to query_matches: two counts instead of all documents.
 */
int query_json_certain(const struct query *query, struct buffer *out);

/*
 * Hits must be passed to query_matches, because of a long value the index has only the beginning, or not its order. A
 * count by the server is only an upper bound then. `_source` of the hits needs "layers" and "espcap.truncated".
 */
bool query_needs_check(const struct query *query);

/*
 * Whether a hit matches: 1 or 0; -1 if this cannot be told, because the document is damaged or the value in question
 * was cut (espcap.truncated). source: the JSON text of its `_source`. matched: that of its "matched_queries", an array
 * of strings; NULL, 0 if it has none.
 */
int query_matches(const struct query *query, const char *source, size_t len, const char *matched, size_t matched_len);

#endif

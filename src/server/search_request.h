/* SPDX-License-Identifier: BSD-2-Clause */
/* What a search asks: which indices, and the body of the request. No I/O. */
#ifndef ESPCAP_SERVER_SEARCH_REQUEST_H
#define ESPCAP_SERVER_SEARCH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Packets captured at since or later, and before until: ms since 1970, INT64_MIN and INT64_MAX for no bound. */
struct search_times {
	int64_t since, until;
};

/*
 * Appends the names of the daily indices of these times for a path, separated by commas: of days while they are few,
 * else with "*" for the days of months, or for all; and that of packets without a day, if their times can be meant. -1
 * if out is full.
 */
int search_indices(const char *prefix, const struct search_times *times, struct buffer *out);

enum search_tie {
	SEARCH_TIE_SERVER, /* the server adds what breaks ties, or nothing does */
	SEARCH_TIE_DOC     /* _doc, which stays the same within a point in time */
};

/* Texts are JSON, and borrowed. */
struct search_body {
	const char *clause; /* one clause of the query DSL; clause_len 0: all documents */
	size_t clause_len;
	struct search_times times;
	const char *context; /* the id of the point in time, NULL for none */
	unsigned keep_alive; /* seconds */
	uint64_t size;
	bool counts;       /* also counts all hits */
	bool is_sample;    /* in random order in place of the order of packets */
	bool has_order;    /* sorted */
	const char *after; /* "search_after":[...], NULL for the beginning */
	size_t after_len;
	enum search_tie tie;
	const char *includes; /* the members of documents that are wanted, a JSON array; NULL for all */
};

/* Appends the body. -1 if out is full. */
int search_body_write(const struct search_body *body, struct buffer *out);

#endif

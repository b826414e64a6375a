/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The documents of an index that a query finds, in the order of packets, a page at a time: by a point in time, so that
 * what is indexed meanwhile changes nothing.
 */
#ifndef ESPCAP_SERVER_SEARCH_H
#define ESPCAP_SERVER_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "server/cluster.h"
#include "server/search_request.h"

struct search;

/* Borrowed for the life of the search. */
struct search_config {
	const char *prefix; /* of the indices */
	const char *clause; /* one clause of the query DSL, JSON; clause_len 0: all documents */
	size_t clause_len;
	struct search_times times;
	const char *includes; /* the members of documents that are wanted, a JSON array; NULL for whole documents */
	uint64_t limit;       /* no more hits are asked for; 0: all */
	uint64_t sample;      /* so many hits at random, in one page, in place of all in order; 0: all */
	bool counts_only;     /* no hits */
	uint64_t backoff;     /* ms, the first wait before another try */
	uint64_t retry_for;   /* ms without an answer after which it gives up; 0: never */
	const char *remedy;   /* for credentials that the server does not accept */
};

/* A document that was found. Valid during the call. */
struct search_found {
	const char *index, *id; /* terminated */
	const char *source;     /* JSON as the server has it, which may have newlines between values */
	size_t len;
	const char *matched; /* "matched_queries", a JSON array; NULL for none */
	size_t matched_len;
};

struct search_handler {
	/* Each document, in order; false: no more is wanted. */
	bool (*on_hit)(void *ctx, const struct search_found *found);
	/* After a page: true if the next one is to wait for search_resume. NULL for never. */
	bool (*is_full)(void *ctx);
	/*
	 * Once, when it is over. error: NULL, or why documents are missing. Not from inside on_hit or a function of
	 * search.h.
	 */
	void (*on_end)(void *ctx, const struct error *error);
	void *ctx;
};

/* What is known so far. */
struct search_counts {
	bool has_total;
	uint64_t total;   /* hits, when the first page was read */
	uint64_t given;   /* of these, to on_hit */
	uint64_t retries; /* requests that were sent again */
	uint64_t reopens; /* how often a point in time was lost, and another one continues */
	bool is_loose;    /* the server has no points in time, or one was lost between packets that have no order */
	bool has_index;   /* some index was searched */
};

/* Starts at once. The cluster is borrowed; nobody else uses it meanwhile. */
struct search *search_new(struct loop *loop, struct log *log, struct cluster *cluster,
    const struct search_config *config, const struct search_handler *handler);
/* Not while a request is under way, unless the cluster is freed before. */
void search_free(struct search *search);

/* The owner takes hits again. */
void search_resume(struct search *search);
/* No more hits: closes the point in time, then on_end comes, without an error. */
void search_stop(struct search *search);

struct search_counts search_counts(const struct search *search);
/* What the requests of the search ask, for messages: the names of the indices. */
const char *search_names(const struct search *search);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the replies to searches. No I/O. */
#ifndef ESPCAP_SERVER_SEARCH_REPLY_H
#define ESPCAP_SERVER_SEARCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* The names of an index and of a document have at most so many bytes (Elasticsearch: MetadataCreateIndexService). */
#define SEARCH_INDEX_LEN 256
#define SEARCH_ID_LEN 513

/* One hit; offsets are those of the body of the reply. */
struct search_hit {
	size_t names;                /* offset in struct search_reply: the index and the id, each with its end */
	size_t source, source_len;   /* the document as it stands in the reply; source_len 0: the server has none */
	size_t matched, matched_len; /* "matched_queries"; matched_len 0: none */
	/*
	 * The values that it was sorted by: the whole array, the end of its first value, and that of its first
	 * SEARCH_KEY_VALUES. sort_len 0: not sorted.
	 */
	size_t sort, sort_len, first_len, key_len;
};

/* What identifies a packet: time, capture and ordinal. */
#define SEARCH_KEY_VALUES 3

/* Free with search_reply_release. */
struct search_reply {
	bool has_total;
	uint64_t total;
	bool is_timed_out;
	uint64_t shards, failed; /* shards that were asked, and those that did not answer */
	char reason[512];        /* why the first of these did not, "" if not said */
	char *context;           /* the id of the point in time, NULL for none */
	struct search_hit *hits;
	size_t count, room;
	struct buffer names;
};

/* What names may hold of all hits of one reply. */
#define SEARCH_NAMES_MAX ((size_t)64 << 20)

/*
 * Reads the body of a reply with status 200: to a search, or to the opening of a point in time. -1 if it is none: not
 * JSON, nested deeper than jsonwalk allows, or a member of another type than servers send. Sets all of *reply, which is
 * released in both cases.
 */
int search_reply_read(const char *body, size_t len, struct search_reply *reply);
void search_reply_release(struct search_reply *reply);

/* Terminated. */
const char *search_hit_index(const struct search_reply *reply, const struct search_hit *hit);
const char *search_hit_id(const struct search_reply *reply, const struct search_hit *hit);

/*
 * Whether both were sorted by the same values: all of them, or the first SEARCH_KEY_VALUES. body is that of their
 * reply.
 */
bool search_hit_same(const char *body, const struct search_hit *a, const struct search_hit *b, bool is_whole);

/* How many hits of a full page may be given out. */
enum search_turn {
	SEARCH_TURN_KEY,   /* up to the last change of the key: the next page may have more hits with the last one */
	SEARCH_TURN_VALUE, /* all have the same key: up to the last change of any value */
	SEARCH_TURN_STUCK  /* all have the same values */
};
enum search_turn search_reply_turn(const char *body, const struct search_reply *reply, size_t *count);

/*
 * Appends the "search_after" that continues after this hit, with the time as text. past, if not NULL, takes the place
 * of the value that breaks ties of the key, if there is one: a number greater than each of these continues after all
 * hits with the key. -1 if out is full or the time is no time.
 */
int search_after_write(const char *body, const struct search_hit *hit, const char *past, struct buffer *out);

#endif

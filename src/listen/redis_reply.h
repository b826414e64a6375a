/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Redis server says, as bytes to replies (hiredis' parser with bounds around it), and what replies mean. The
 * server need not be trusted. No I/O.
 */
#ifndef ESPCAP_LISTEN_REDIS_REPLY_H
#define ESPCAP_LISTEN_REDIS_REPLY_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one reply, and values in it. */
#define REDIS_REPLY_BYTES_MAX ((size_t)16 << 20)
#define REDIS_REPLY_VALUES_MAX 65536

struct redis_parser;

struct redis_parser *redis_parser_new(void);
/* NULL is allowed. */
void redis_parser_free(struct redis_parser *parser);

/*
 * At most this many bytes are to be fed at a time, and then all replies taken: a reply that is longer than
 * REDIS_REPLY_BYTES_MAX is refused when it begins to be.
 */
#define REDIS_PARSER_PIECE ((size_t)64 << 10)
void redis_parser_feed(struct redis_parser *parser, const char *bytes, size_t len);

enum redis_parsed {
	REDIS_PARSED_REPLY,
	REDIS_PARSED_NONE, /* more bytes are needed */
	REDIS_PARSED_TOO_LARGE,
	REDIS_PARSED_WRONG /* this is not the protocol of Redis */
};
/* The next whole reply, for freeReplyObject. After one of the last two the parser is of no more use. */
enum redis_parsed redis_parser_next(struct redis_parser *parser, struct redisReply **reply);

/* What is pushed to a subscriber. */
enum redis_push_kind {
	REDIS_PUSH_SUBSCRIBED,
	REDIS_PUSH_MESSAGE,
	REDIS_PUSH_PONG,
	REDIS_PUSH_UNSUBSCRIBED, /* the right was taken away */
	REDIS_PUSH_OTHER
};
struct redis_push {
	enum redis_push_kind kind;
	const char *text; /* of a message: borrowed from the reply, not terminated */
	size_t len;
};
void redis_push_read(const struct redisReply *reply, struct redis_push *push);

/* An entry of a stream. Texts are borrowed from the reply. */
#define REDIS_ID_LEN 42
struct redis_entry {
	char id[REDIS_ID_LEN]; /* "MS-NUMBER", digits on both sides */
	int64_t ms;            /* when it was added, by the clock of the server */
	bool is_deleted;       /* no longer in the stream: it has no fields */
	const char *text;      /* of the field "request", or of the only one; NULL if there is neither */
	size_t len;
};
/* An id as XADD makes it. False if it is not one: then id is "". */
bool redis_id_read(const struct redisReply *reply, char id[REDIS_ID_LEN], int64_t *ms);
/*
 * The entries of what XREADGROUP answers for one stream (is_read), or XCLAIM. Returns how many elements there are, or
 * -1 if it is not of this form. Nil has none.
 */
ptrdiff_t redis_entries_count(const struct redisReply *reply, bool is_read);
/* The entry with this number; false if it is not one. */
bool redis_entries_get(const struct redisReply *reply, bool is_read, size_t number, struct redis_entry *entry);

/* Whether it is an error whose first word is this: "NOGROUP". */
bool redis_is_error(const struct redisReply *reply, const char *word);

/*
 * A text to act on for an error of the server: what it said, and what to do if that is known. Made visible and cut.
 * what is the command or object it is about.
 */
void redis_error_text(char *text, size_t size, const char *what, const struct redisReply *reply);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a Redis server to replies, and what they mean. */
#include "listen/redis_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/xalloc.h"

#if HIREDIS_MAJOR >= 1
typedef size_t redis_count;
#else
typedef int redis_count;
#endif

struct redis_parser {
	redisReader *reader;
	redisReplyObjectFunctions functions;
	void *(*create_array)(const redisReadTask *task, redis_count count);
	size_t values; /* of the reply that is being read */
	bool is_too_large;
};

/* The parser would ask for memory for as many elements as the server announces. */
static void *
create_array(const redisReadTask *task, redis_count count)
{
	struct redis_parser *parser = task->privdata;

	if ((size_t)count > REDIS_REPLY_VALUES_MAX - parser->values) {
		parser->is_too_large = true;
		return NULL;
	}
	parser->values += (size_t)count;
	return parser->create_array(task, count);
}

struct redis_parser *
redis_parser_new(void)
{
	struct redis_parser *parser = xcalloc(1, sizeof(*parser));

	parser->reader = redisReaderCreate();
	if (parser->reader == NULL)
		abort(); /* out of memory */
	parser->functions = *parser->reader->fn;
	parser->create_array = parser->functions.createArray;
	parser->functions.createArray = create_array;
	parser->reader->fn = &parser->functions;
	parser->reader->privdata = parser;
	return parser;
}

void
redis_parser_free(struct redis_parser *parser)
{
	if (parser == NULL)
		return;
	redisReaderFree(parser->reader);
	free(parser);
}

void
redis_parser_feed(struct redis_parser *parser, const char *bytes, size_t len)
{
	(void)redisReaderFeed(parser->reader, bytes, len);
}

enum redis_parsed
redis_parser_next(struct redis_parser *parser, struct redisReply **reply)
{
	void *got = NULL;

	if (redisReaderGetReply(parser->reader, &got) != REDIS_OK)
		return parser->is_too_large ? REDIS_PARSED_TOO_LARGE : REDIS_PARSED_WRONG;
	if (got != NULL) {
		parser->values = 0;
		*reply = got;
		return REDIS_PARSED_REPLY;
	}
	if (parser->reader->len - parser->reader->pos > REDIS_REPLY_BYTES_MAX)
		return REDIS_PARSED_TOO_LARGE;
	return REDIS_PARSED_NONE;
}

static bool
is_text(const struct redisReply *reply)
{
	return reply != NULL && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
}

static bool
is_word(const struct redisReply *reply, const char *word)
{
	return is_text(reply) && reply->len == strlen(word) && strncasecmp(reply->str, word, reply->len) == 0;
}

static bool
is_array(const struct redisReply *reply, size_t least)
{
	return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

void
redis_push_read(const struct redisReply *reply, struct redis_push *push)
{
	*push = (struct redis_push){ .kind = REDIS_PUSH_OTHER };
	/* RESP2 answers PING with an array only while subscribed. */
	if (is_word(reply, "pong") || (is_array(reply, 2) && is_word(reply->element[0], "pong")))
		push->kind = REDIS_PUSH_PONG;
	else if (!is_array(reply, 3))
		return;
	else if (is_word(reply->element[0], "subscribe"))
		push->kind = REDIS_PUSH_SUBSCRIBED;
	else if (is_word(reply->element[0], "unsubscribe"))
		push->kind = REDIS_PUSH_UNSUBSCRIBED;
	else if (is_word(reply->element[0], "message") && is_text(reply->element[2])) {
		push->kind = REDIS_PUSH_MESSAGE;
		push->text = reply->element[2]->str;
		push->len = reply->element[2]->len;
	}
}

bool
redis_id_read(const struct redisReply *reply, char id[REDIS_ID_LEN], int64_t *ms)
{
	size_t dash = 0;

	id[0] = '\0';
	*ms = -1;
	if (!is_text(reply) || reply->len >= REDIS_ID_LEN)
		return false;
	for (size_t i = 0; i < reply->len; i++) {
		if (reply->str[i] == '-' && dash == 0 && i > 0)
			dash = i;
		else if (reply->str[i] < '0' || reply->str[i] > '9')
			return false;
	}
	if (dash == 0 || dash == reply->len - 1)
		return false;
	memcpy(id, reply->str, reply->len);
	id[reply->len] = '\0';
	/* Fifteen digits last until the year 33658. */
	if (dash <= 15)
		*ms = (int64_t)strtoll(id, NULL, 10);
	return true;
}

static const struct redisReply *
entries_of(const struct redisReply *reply, bool is_read)
{
	if (!is_read)
		return reply;
	/* [[STREAM, ENTRIES]] */
	return is_array(reply, 1) && is_array(reply->element[0], 2) ? reply->element[0]->element[1] : NULL;
}

ptrdiff_t
redis_entries_count(const struct redisReply *reply, bool is_read)
{
	const struct redisReply *entries;

	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	entries = entries_of(reply, is_read);
	return is_array(entries, 0) ? (ptrdiff_t)entries->elements : -1;
}

/* Of fields and values in turn. */
static const struct redisReply *
request_of(const struct redisReply *fields)
{
	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (is_word(fields->element[i], "request") && is_text(fields->element[i + 1]))
			return fields->element[i + 1];
	return fields->elements == 2 && is_text(fields->element[1]) ? fields->element[1] : NULL;
}

bool
redis_entries_get(const struct redisReply *reply, bool is_read, size_t number, struct redis_entry *entry)
{
	const struct redisReply *one = entries_of(reply, is_read)->element[number], *request;

	*entry = (struct redis_entry){ .ms = -1 };
	if (!is_array(one, 2) || !redis_id_read(one->element[0], entry->id, &entry->ms))
		return false;
	entry->is_deleted = one->element[1] != NULL && one->element[1]->type == REDIS_REPLY_NIL;
	if (!is_array(one->element[1], 0))
		return entry->is_deleted;
	request = request_of(one->element[1]);
	if (request != NULL) {
		entry->text = request->str;
		entry->len = request->len;
	}
	return true;
}

bool
redis_is_error(const struct redisReply *reply, const char *word)
{
	size_t len = strlen(word);

	return reply->type == REDIS_REPLY_ERROR && reply->len >= len && memcmp(reply->str, word, len) == 0 &&
	    (reply->len == len || reply->str[len] == ' ');
}

static const char *
advice(const struct redisReply *reply)
{
	static const struct {
		const char *word, *advice;
	} known[] = {
		{ "WRONGPASS", "check [redis] user and auth" },
		{ "NOAUTH", "it wants a password: set [redis] auth" },
		{ "NOPERM", "its ACL must allow this command, channel or key to [redis] user" },
		{ "WRONGTYPE", "this key of Redis is not a stream" },
		{ "MOVED", "this is a node of a Redis Cluster, and the key is on another: name that node" },
		{ "DENIED", "it is in protected mode: give it a password, or let it listen on loopback only" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (redis_is_error(reply, known[i].word))
			return known[i].advice;
	if (strstr(reply->str, "invalid password") != NULL)
		return known[0].advice;
	if (strstr(reply->str, "no password is set") != NULL || strstr(reply->str, "without any password configured") != NULL)
		return "it has no password: remove [redis] auth";
	if (strstr(reply->str, "max number of clients") != NULL)
		return "raise its maxclients";
	if (strstr(reply->str, "unknown command") != NULL || strstr(reply->str, "wrong number of arguments") != NULL)
		return "Redis 5 or later is needed for a stream, 6 for a user";
	return NULL;
}

void
redis_error_text(char *text, size_t size, const char *what, const struct redisReply *reply)
{
	char said[200];
	const char *hint = NULL;

	if (reply->type == REDIS_REPLY_ERROR) {
		(void)text_visible(said, sizeof(said), reply->str, reply->len);
		hint = advice(reply);
	} else {
		(void)snprintf(said, sizeof(said), "an answer that was not expected");
	}
	(void)snprintf(text, size, "%s: %s%s%s%s", what, said, hint != NULL ? " (" : "", hint != NULL ? hint : "",
	    hint != NULL ? ")" : "");
}

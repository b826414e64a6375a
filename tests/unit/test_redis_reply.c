/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of listen/redis_reply.c: bytes to replies, in pieces too, bounds, and what replies mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "listen/redis_reply.h"

/* The only reply in text, fed in pieces of this size. */
static struct redisReply *
reply_of(const char *text, size_t piece)
{
	struct redis_parser *parser = redis_parser_new();
	struct redisReply *reply = NULL, *other = NULL;
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += piece) {
		size_t count = len - at < piece ? len - at : piece;

		assert_null(reply);
		redis_parser_feed(parser, text + at, count);
		if (redis_parser_next(parser, &reply) == REDIS_PARSED_REPLY)
			assert_int_equal(redis_parser_next(parser, &other), REDIS_PARSED_NONE);
	}
	assert_non_null(reply);
	redis_parser_free(parser);
	return reply;
}

static enum redis_parsed
parsed_of(const char *text, size_t len)
{
	struct redis_parser *parser = redis_parser_new();
	struct redisReply *reply = NULL;
	enum redis_parsed parsed;

	redis_parser_feed(parser, text, len);
	while ((parsed = redis_parser_next(parser, &reply)) == REDIS_PARSED_REPLY)
		freeReplyObject(reply);
	redis_parser_free(parser);
	return parsed;
}

static void
test_pushes(void **state)
{
	static const struct {
		const char *text;
		enum redis_push_kind kind;
	} cases[] = {
		{ "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", REDIS_PUSH_SUBSCRIBED },
		{ "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n", REDIS_PUSH_UNSUBSCRIBED },
		{ "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\na\r\nb\0\r\n", REDIS_PUSH_MESSAGE },
		{ "*2\r\n$4\r\npong\r\n$0\r\n\r\n", REDIS_PUSH_PONG },
		{ "+PONG\r\n", REDIS_PUSH_PONG },
		{ "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n:5\r\n", REDIS_PUSH_OTHER },
		{ "*0\r\n", REDIS_PUSH_OTHER },
		{ "*-1\r\n", REDIS_PUSH_OTHER },
		{ "*3\r\n*0\r\n*0\r\n*0\r\n", REDIS_PUSH_OTHER },
		{ "-ERR\r\n", REDIS_PUSH_OTHER },
	};
	struct redis_push push;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t piece = 1; piece < 4 && i != 2; piece++) {
			struct redisReply *reply = reply_of(cases[i].text, piece);

			redis_push_read(reply, &push);
			assert_int_equal(push.kind, cases[i].kind);
			freeReplyObject(reply);
		}
}

static void
test_message(void **state)
{
	struct redisReply *reply = reply_of("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\na\r\nb\r\n", 3);
	struct redis_push push;

	(void)state;
	redis_push_read(reply, &push);
	assert_int_equal(push.kind, REDIS_PUSH_MESSAGE);
	assert_int_equal(push.len, 4);
	assert_memory_equal(push.text, "a\r\nb", 4);
	freeReplyObject(reply);
}

static void
test_ids(void **state)
{
	static const struct {
		const char *text;
		bool is_id;
		int64_t ms;
	} cases[] = {
		{ "+1700000000123-4\r\n", true, 1700000000123 },
		{ "+0-1\r\n", true, 0 },
		{ "+18446744073709551615-18446744073709551615\r\n", true, -1 },
		{ "+1\r\n", false, -1 },
		{ "+1-\r\n", false, -1 },
		{ "+-1\r\n", false, -1 },
		{ "+1-2-3\r\n", false, -1 },
		{ "+1-x\r\n", false, -1 },
		{ "+118446744073709551615-18446744073709551615\r\n", false, -1 },
		{ ":5\r\n", false, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct redisReply *reply = reply_of(cases[i].text, 100);
		char id[REDIS_ID_LEN];
		int64_t ms;

		assert_int_equal(redis_id_read(reply, id, &ms), cases[i].is_id);
		assert_true(ms == cases[i].ms);
		assert_true((id[0] != '\0') == cases[i].is_id);
		freeReplyObject(reply);
	}
}

#define ENTRY(id, fields) "*2\r\n+" id "\r\n" fields

static void
test_entries(void **state)
{
	/* Of one stream: with the field, with another one, with two others, deleted, and damaged ones. */
	struct redisReply *reply = reply_of("*1\r\n*2\r\n+s\r\n*6\r\n" ENTRY("1-1", "*4\r\n+a\r\n+x\r\n+request\r\n+one\r\n")
						ENTRY("1-2", "*2\r\n+a\r\n+two\r\n") ENTRY("1-3", "*4\r\n+a\r\n+x\r\n+b\r\n+y\r\n")
						    ENTRY("1-4", "*-1\r\n") ENTRY("x", "*0\r\n") "*-1\r\n",
	    7);
	struct redis_entry entry;

	(void)state;
	assert_int_equal(redis_entries_count(reply, true), 6);
	assert_true(redis_entries_get(reply, true, 0, &entry));
	assert_string_equal(entry.id, "1-1");
	assert_memory_equal(entry.text, "one", entry.len);
	assert_true(redis_entries_get(reply, true, 1, &entry));
	assert_memory_equal(entry.text, "two", entry.len);
	assert_true(redis_entries_get(reply, true, 2, &entry));
	assert_null(entry.text);
	assert_false(entry.is_deleted);
	assert_true(redis_entries_get(reply, true, 3, &entry));
	assert_true(entry.is_deleted);
	assert_false(redis_entries_get(reply, true, 4, &entry));
	assert_false(redis_entries_get(reply, true, 5, &entry));
	freeReplyObject(reply);
}

static void
test_no_entries(void **state)
{
	static const struct {
		const char *text;
		ptrdiff_t read, claimed;
	} cases[] = {
		{ "*-1\r\n", 0, 0 },
		{ "*0\r\n", -1, 0 },
		{ "*1\r\n:1\r\n", -1, 1 },
		{ "*1\r\n*2\r\n+s\r\n*0\r\n", 0, 1 },
		{ "*1\r\n*2\r\n+s\r\n*-1\r\n", -1, 1 },
		{ "+OK\r\n", -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct redisReply *reply = reply_of(cases[i].text, 5);

		assert_int_equal(redis_entries_count(reply, true), cases[i].read);
		assert_int_equal(redis_entries_count(reply, false), cases[i].claimed);
		freeReplyObject(reply);
	}
}

static void
test_bounds(void **state)
{
	static const char *const large[] = { "*65537\r\n", "*2147483647\r\n", "*60000\r\n*60000\r\n" };
	static const char *const wrong[] = { "HTTP/1.1 400\r\n", "$-7\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
		"$99999999999999999999\r\n", "*4294967296\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		assert_int_equal(parsed_of(large[i], strlen(large[i])), REDIS_PARSED_TOO_LARGE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parsed_of(wrong[i], strlen(wrong[i])), REDIS_PARSED_WRONG);
}

/* It is refused while it comes, and not when it is whole. */
static void
test_long_string(void **state)
{
	struct redis_parser *parser = redis_parser_new();
	struct redisReply *reply;
	char *piece = xcalloc(1, REDIS_PARSER_PIECE);
	enum redis_parsed parsed = REDIS_PARSED_NONE;
	size_t fed = 0;

	(void)state;
	redis_parser_feed(parser, "$536870912\r\n", 12);
	while (parsed == REDIS_PARSED_NONE) {
		redis_parser_feed(parser, piece, REDIS_PARSER_PIECE);
		fed += REDIS_PARSER_PIECE;
		parsed = redis_parser_next(parser, &reply);
	}
	assert_int_equal(parsed, REDIS_PARSED_TOO_LARGE);
	assert_true(fed <= REDIS_REPLY_BYTES_MAX + REDIS_PARSER_PIECE);
	redis_parser_free(parser);
	free(piece);
}

static void
test_texts(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "-WRONGPASS invalid username-password pair\r\n",
		    "login: WRONGPASS invalid username-password pair (check [redis] user and auth)" },
		{ "-NOAUTH Authentication required.\r\n",
		    "login: NOAUTH Authentication required. (it wants a password: set [redis] auth)" },
		{ "-NOAUTHX \x1b[31m\r\n", "login: NOAUTHX \\x1b[31m" },
		{ "+OK\r\n", "login: an answer that was not expected" },
		{ "-ERR invalid password\r\n", "login: ERR invalid password (check [redis] user and auth)" },
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct redisReply *reply = reply_of(cases[i].text, 100);

		redis_error_text(text, sizeof(text), "login", reply);
		assert_string_equal(text, cases[i].expected);
		freeReplyObject(reply);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pushes),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_no_entries),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_long_string),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: what a Redis server says (the first byte is 0), or SQS. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "listen/redis_reply.h"
#include "listen/sqs_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_entries(const struct redisReply *reply, bool is_read)
{
	ptrdiff_t count = redis_entries_count(reply, is_read);
	struct redis_entry entry;

	for (ptrdiff_t i = 0; i < count; i++) {
		if (!redis_entries_get(reply, is_read, (size_t)i, &entry))
			continue;
		assert(strspn(entry.id, "0123456789-") == strlen(entry.id) && entry.id[0] != '\0');
		assert(entry.text == NULL || memchr(entry.text, 0, entry.len + 1) != NULL);
	}
}

static void
read_redis(const uint8_t *data, size_t size)
{
	struct redis_parser *parser = redis_parser_new();
	struct redisReply *reply;
	struct redis_push push;
	char text[100];
	/* In pieces, so that each end of a piece is somewhere once. */
	size_t piece = size / 3 + 1;

	for (size_t at = 0; at < size; at += piece) {
		enum redis_parsed parsed;

		redis_parser_feed(parser, (const char *)data + at, size - at < piece ? size - at : piece);
		while ((parsed = redis_parser_next(parser, &reply)) == REDIS_PARSED_REPLY) {
			redis_push_read(reply, &push);
			assert(push.kind != REDIS_PUSH_MESSAGE || push.text[push.len] == '\0');
			read_entries(reply, true);
			read_entries(reply, false);
			redis_error_text(text, sizeof(text), "what", reply);
			freeReplyObject(reply);
		}
		if (parsed != REDIS_PARSED_NONE)
			break;
	}
	redis_parser_free(parser);
}

static void
on_message(void *ctx, const struct sqs_message *message)
{
	size_t *bytes = ctx;

	assert(message->id != NULL && message->handle != NULL && message->body != NULL);
	*bytes += message->len + strlen(message->id) + strlen(message->handle);
}

static void
read_sqs(const char *json, size_t len)
{
	struct sqs_error error;
	size_t bytes = 0;

	(void)sqs_messages_read(json, len, on_message, &bytes);
	assert(bytes <= len);
	sqs_error_read(json, len, &error);
	assert(strlen(error.type) < sizeof(error.type) && strlen(error.text) < sizeof(error.text));
	(void)sqs_redrive_read(json, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact;
	bool is_redis;

	if (size == 0)
		return 0;
	is_redis = *data++ == 0;
	size--;
	/* In memory of its own, so that no byte after it can be read. */
	exact = malloc(size > 0 ? size : 1);
	assert(exact != NULL);
	if (size > 0)
		memcpy(exact, data, size);
	if (is_redis)
		read_redis(exact, size);
	else
		read_sqs((const char *)exact, size);
	free(exact);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of SQS. */
#include "listen/sqs_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonwalk.h"
#include "base/text.h"
#include "base/xalloc.h"

enum key {
	KEY_MESSAGES,
	KEY_ID,
	KEY_HANDLE,
	KEY_BODY,
	KEY_ATTRIBUTES,
	KEY_SENT,
	KEY_RECEIVES,
	KEY_TYPE,
	KEY_TEXT,
	KEY_REDRIVE,
	KEY_MAX_RECEIVES
};

static const struct jsonwalk_key keys[] = {
	{ "Messages", KEY_MESSAGES },
	{ "MessageId", KEY_ID },
	{ "ReceiptHandle", KEY_HANDLE },
	{ "Body", KEY_BODY },
	{ "Attributes", KEY_ATTRIBUTES },
	{ "SentTimestamp", KEY_SENT },
	{ "ApproximateReceiveCount", KEY_RECEIVES },
	{ "__type", KEY_TYPE },
	{ "message", KEY_TEXT },
	{ "Message", KEY_TEXT },
	{ "RedrivePolicy", KEY_REDRIVE },
	{ "maxReceiveCount", KEY_MAX_RECEIVES },
	{ NULL, 0 }
};

/* A number that may also stand in quotes. */
static uint64_t
number_of(const struct jsonwalk_value *value, uint64_t otherwise)
{
	char text[24];
	uint64_t number;

	if ((value->kind != JSONWALK_STRING && value->kind != JSONWALK_NUMBER) || value->len >= sizeof(text))
		return otherwise;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return text_number(text, 0, INT64_MAX, &number) == 0 ? number : otherwise;
}

/* Messages. */

struct reading {
	struct sqs_message message;
	char *id, *handle, *body;
	int damaged;
	void (*on_message)(void *ctx, const struct sqs_message *message);
	void *ctx;
};

static void
forget(struct reading *reading)
{
	free(reading->id);
	free(reading->handle);
	free(reading->body);
	reading->id = reading->handle = reading->body = NULL;
	reading->message = (struct sqs_message){ .sent_ms = -1 };
}

static void
give(struct reading *reading)
{
	struct sqs_message *message = &reading->message;

	message->id = reading->id;
	message->handle = reading->handle;
	message->body = reading->body;
	if (message->id != NULL && message->handle != NULL && message->body != NULL)
		reading->on_message(reading->ctx, message);
	else
		reading->damaged++;
	forget(reading);
}

static void
keep(char **to, const struct jsonwalk_value *value)
{
	if (value->kind != JSONWALK_STRING)
		return;
	free(*to);
	*to = xstrndup(value->text, value->len);
}

static void
keep_body(struct reading *reading, const struct jsonwalk_value *value)
{
	if (value->kind != JSONWALK_STRING)
		return;
	free(reading->body);
	reading->body = xmalloc(value->len + 1);
	memcpy(reading->body, value->text, value->len);
	reading->message.len = value->len;
}

static bool
on_message_value(void *ctx, const struct jsonwalk_value *value)
{
	static const unsigned char element[] = { KEY_MESSAGES, JSONWALK_ELEMENT };
	struct reading *reading = ctx;

	if (value->depth < 2 || memcmp(value->path, element, 2) != 0)
		return true;
	if (value->depth == 2 && value->kind == JSONWALK_END)
		give(reading);
	if (value->depth == 3 && value->path[2] == KEY_ID)
		keep(&reading->id, value);
	else if (value->depth == 3 && value->path[2] == KEY_HANDLE)
		keep(&reading->handle, value);
	else if (value->depth == 3 && value->path[2] == KEY_BODY)
		keep_body(reading, value);
	else if (value->depth == 4 && value->path[2] == KEY_ATTRIBUTES && value->path[3] == KEY_SENT)
		reading->message.sent_ms = (int64_t)number_of(value, (uint64_t)-1);
	else if (value->depth == 4 && value->path[2] == KEY_ATTRIBUTES && value->path[3] == KEY_RECEIVES)
		reading->message.receives = number_of(value, 0);
	return true;
}

int
sqs_messages_read(const char *json, size_t len, void (*on_message)(void *ctx, const struct sqs_message *message), void *ctx)
{
	struct reading reading = { .message.sent_ms = -1, .on_message = on_message, .ctx = ctx };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_message_value, .ctx = &reading };
	int rv = jsonwalk(&walk, json, len);

	forget(&reading);
	return rv == 0 ? reading.damaged : -1;
}

/* Errors. */

static bool
on_error_value(void *ctx, const struct jsonwalk_value *value)
{
	struct sqs_error *error = ctx;
	const char *name = value->text;
	size_t len = value->len;

	if (value->kind != JSONWALK_STRING || value->depth != 1)
		return true;
	if (value->path[0] == KEY_TEXT)
		(void)text_visible(error->text, sizeof(error->text), value->text, value->len);
	if (value->path[0] != KEY_TYPE)
		return true;
	for (size_t i = 0; i < value->len; i++)
		if (value->text[i] == '#') {
			name = value->text + i + 1;
			len = value->len - i - 1;
		}
	(void)text_visible(error->type, sizeof(error->type), name, len);
	return true;
}

void
sqs_error_read(const char *json, size_t len, struct sqs_error *error)
{
	const struct jsonwalk walk = { .keys = keys, .on_value = on_error_value, .ctx = error };

	error->type[0] = error->text[0] = '\0';
	(void)jsonwalk(&walk, json, len);
}

/* The policy is JSON in a string. */

static bool
on_policy_value(void *ctx, const struct jsonwalk_value *value)
{
	uint64_t *count = ctx;

	if (value->depth == 1 && value->path[0] == KEY_MAX_RECEIVES)
		*count = number_of(value, 0);
	return true;
}

static bool
on_attribute_value(void *ctx, const struct jsonwalk_value *value)
{
	const struct jsonwalk walk = { .keys = keys, .on_value = on_policy_value, .ctx = ctx };

	if (value->kind == JSONWALK_STRING && value->depth == 2 && value->path[0] == KEY_ATTRIBUTES &&
	    value->path[1] == KEY_REDRIVE)
		(void)jsonwalk(&walk, value->text, value->len);
	return true;
}

uint64_t
sqs_redrive_read(const char *json, size_t len)
{
	uint64_t count = 0;
	const struct jsonwalk walk = { .keys = keys, .on_value = on_attribute_value, .ctx = &count };

	(void)jsonwalk(&walk, json, len);
	return count;
}

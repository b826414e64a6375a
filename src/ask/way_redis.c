/* SPDX-License-Identifier: BSD-2-Clause */
/* Through Redis. One connection sends, another one hears the results. */
#include "ask/way_redis.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "listen/redis_link.h"
#include "listen/redis_reply.h"

#define SECRET_MAX ((size_t)4096)
#define PEM_MAX ((size_t)1 << 20)
#define PORT 6379
#define COUNT "100"
#define BLOCK_MS "1000"

struct way_redis {
	struct way way;
	struct listen_context context;
	struct redis_config redis;
	struct redis_link *sender, *hearer;
	char *host;
	struct buffer password, ca;
	char last[REDIS_ID_LEN]; /* entry of the results that was heard last; "" before it is known */
	bool is_sending, is_sent;
};

static const struct request_options_redis *
options_of(const struct way_redis *redis)
{
	return &redis->way.config->options->redis;
}

static void
fail(struct way_redis *redis, const char *text)
{
	const struct way_handler *handler = &redis->way.config->handler;
	char *whole = redis->host[0] == '/' ? xasprintf("Redis at %s: %s", redis->host, text) :
					      xasprintf("Redis at %s:%u: %s", redis->host, redis->redis.port, text);

	handler->on_failed(handler->ctx, OUTCOME_OUTPUT, whole);
	free(whole);
}

static void
fail_reply(struct way_redis *redis, const char *what, const struct redisReply *reply)
{
	char text[400];

	redis_error_text(text, sizeof(text), what, reply);
	fail(redis, text);
}

/* Sending. */

static void
on_sender_ready(void *ctx)
{
	struct way_redis *redis = ctx;
	const struct way_config *config = redis->way.config;
	const char *add[] = { "XADD", options_of(redis)->stream, "*", "request", config->message };
	const char *publish[] = { "PUBLISH", options_of(redis)->channel, config->message };

	if (redis->is_sending)
		return;
	redis->is_sending = true;
	if (options_of(redis)->stream != NULL)
		redis_link_send(redis->sender, 5, add, NULL);
	else
		redis_link_send(redis->sender, 3, publish, NULL);
}

static void
on_sender_reply(void *ctx, const struct redisReply *reply)
{
	struct way_redis *redis = ctx;
	const struct way_handler *handler = &redis->way.config->handler;

	if (redis->is_sent)
		return;
	if (reply->type != REDIS_REPLY_INTEGER && reply->type != REDIS_REPLY_STRING) {
		fail_reply(redis, options_of(redis)->stream != NULL ? "XADD" : "PUBLISH", reply);
		return;
	}
	redis->is_sent = true;
	handler->on_sent(handler->ctx, reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1);
}

static void
on_sender_lost(void *ctx, const char *text)
{
	struct way_redis *redis = ctx;
	char *whole;

	if (redis->is_sent)
		return;
	whole = redis->is_sending ? xasprintf("%s; whether Redis got the request is not known", text) : xstrdup(text);
	fail(redis, whole);
	free(whole);
}

static void
start_sender(struct way_redis *redis)
{
	const struct redis_link_handler handler = { on_sender_ready, on_sender_reply, on_sender_lost, redis };

	if (redis->sender == NULL)
		redis->sender = redis_link_new(&redis->context, &redis->redis, &handler);
}

/* Hearing. */

static void
read_on(struct way_redis *redis)
{
	const char *words[] = { "XREAD", "COUNT", COUNT, "BLOCK", BLOCK_MS, "STREAMS", options_of(redis)->results_stream,
		redis->last };

	redis_link_send(redis->hearer, 8, words, NULL);
}

static void
on_hearer_ready(void *ctx)
{
	struct way_redis *redis = ctx;
	const char *subscribe[] = { "SUBSCRIBE", options_of(redis)->results_channel };
	const char *last[] = { "XREVRANGE", options_of(redis)->results_stream, "+", "-", "COUNT", "1" };

	if (options_of(redis)->results_channel != NULL) {
		redis_link_send(redis->hearer, 2, subscribe, NULL);
		redis_link_subscribed(redis->hearer);
	} else if (redis->last[0] == '\0')
		redis_link_send(redis->hearer, 6, last, NULL);
	else
		read_on(redis);
}

static void
give(struct way_redis *redis, const char *text, size_t len)
{
	const struct way_handler *handler = &redis->way.config->handler;

	if (text != NULL)
		handler->on_result(handler->ctx, text, len);
}

static void
take_push(struct way_redis *redis, const struct redisReply *reply)
{
	struct redis_push push;

	redis_push_read(reply, &push);
	if (push.kind == REDIS_PUSH_SUBSCRIBED)
		start_sender(redis);
	else if (push.kind == REDIS_PUSH_MESSAGE)
		give(redis, push.text, push.len);
	else if (push.kind != REDIS_PUSH_PONG)
		fail_reply(redis, "SUBSCRIBE", reply);
}

/* The entries of an answer; that of XREVRANGE only says where the stream ends. */
static void
take_entries(struct way_redis *redis, const struct redisReply *reply)
{
	bool is_read = redis->last[0] != '\0';
	ptrdiff_t count = redis_entries_count(reply, is_read);
	struct redis_entry entry;

	if (count < 0) {
		fail_reply(redis, is_read ? "XREAD" : "XREVRANGE", reply);
		return;
	}
	if (!is_read)
		(void)snprintf(redis->last, sizeof(redis->last), "0-0");
	for (size_t i = 0; i < (size_t)count; i++) {
		if (!redis_entries_get(reply, is_read, i, &entry))
			continue;
		memcpy(redis->last, entry.id, sizeof(redis->last));
		if (is_read)
			give(redis, entry.text, entry.len);
	}
	start_sender(redis);
	read_on(redis);
}

static void
on_hearer_reply(void *ctx, const struct redisReply *reply)
{
	struct way_redis *redis = ctx;

	if (options_of(redis)->results_channel != NULL)
		take_push(redis, reply);
	else
		take_entries(redis, reply);
}

static void
on_hearer_lost(void *ctx, const char *text)
{
	struct way_redis *redis = ctx;
	const struct way_handler *handler = &redis->way.config->handler;

	if (redis->sender == NULL)
		fail(redis, text);
	else
		handler->on_note(handler->ctx, text);
}

/* Options. */

/* "HOST", "HOST:PORT", "[ADDRESS]:PORT", an IPv6 address, or the path of a socket. */
static int
take_server(struct way_redis *redis, const char *text, struct error *error)
{
	const char *colon = strrchr(text, ':'), *end = text + strlen(text);
	uint64_t port = PORT;

	if (text[0] != '/' && colon != NULL && (colon == strchr(text, ':') || (text[0] == '[' && colon[-1] == ']'))) {
		if (text_number(colon + 1, 1, UINT16_MAX, &port) != 0)
			return error_set(error, OUTCOME_USAGE, "--redis: \"%.100s\" is not a port", colon + 1);
		end = colon;
	}
	if (text[0] == '[' && end > text + 2 && end[-1] == ']') {
		text++;
		end--;
	}
	if (end == text)
		return error_set(error, OUTCOME_USAGE, "--redis: there is no host before the port");
	redis->host = xstrndup(text, (size_t)(end - text));
	redis->redis.host = redis->host;
	redis->redis.port = (uint16_t)port;
	return 0;
}

static int
take_options(struct way_redis *redis, const struct request_options *options, struct error *error)
{
	if (take_server(redis, options->redis.server, error) != 0)
		return -1;
	redis->redis.is_tls = options->redis.tls;
	redis->redis.user = options->redis.user;
	if (options->redis.password_file != NULL) {
		if (secret_read(options->redis.password_file, &redis->password, error) != 0)
			return -1;
		if (buffer_append(&redis->password, "", 1) != 0)
			return error_set(error, OUTCOME_USAGE, "--passwordfile: the password is too long");
		redis->redis.password = redis->password.data;
	}
	if (options->ca_file != NULL) {
		if (secret_read_pem(options->ca_file, &redis->ca, error) != 0)
			return -1;
		redis->redis.ca = (struct http_blob){ redis->ca.data, redis->ca.len };
	}
	return 0;
}

static void
free_redis(struct way *way)
{
	struct way_redis *redis = (struct way_redis *)way;

	redis_link_free(redis->sender);
	redis_link_free(redis->hearer);
	secret_release(&redis->password);
	buffer_release(&redis->ca);
	free(redis->host);
	free(redis);
}

struct way *
way_redis_new(const struct way_config *config, struct error *error)
{
	static const struct way_methods methods = { free_redis };
	struct way_redis *redis = xcalloc(1, sizeof(*redis));
	const struct redis_link_handler handler = { on_hearer_ready, on_hearer_reply, on_hearer_lost, redis };

	redis->way = (struct way){ &methods, config };
	redis->context.loop = config->loop;
	buffer_init(&redis->password, SECRET_MAX);
	buffer_init(&redis->ca, PEM_MAX);
	if (take_options(redis, config->options, error) != 0) {
		free_redis(&redis->way);
		return NULL;
	}
	if (config->options->wait)
		redis->hearer = redis_link_new(&redis->context, &redis->redis, &handler);
	else
		start_sender(redis);
	return &redis->way;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Results to a Redis channel and stream. */
#include "listen/outlet_redis.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "listen/redis_reply.h"

/* On their way at a time: the rest may still give room to what comes later. */
#define SENT_MAX 100

struct outlet_redis {
	struct outlet outlet;
	const struct redis_config *config;
	const char *channel, *stream;
	char max[24];
	struct redis_link *link;
};

static void
publish(const struct outlet_redis *redis, const struct outlet_item *item)
{
	if (redis->channel != NULL) {
		const char *words[] = { "PUBLISH", redis->channel, item->bytes };

		redis_link_send(redis->link, 3, words, NULL);
	}
	if (redis->stream != NULL) {
		const char *words[] = { "XADD", redis->stream, "MAXLEN", "~", redis->max, "*", "result", item->bytes };

		redis_link_send(redis->link, 8, words, NULL);
	}
}

static void
work(struct outlet *outlet)
{
	const struct outlet_redis *redis = (struct outlet_redis *)outlet;
	const struct outlet_item *item;

	if (redis->link == NULL || !redis_link_is_ready(redis->link))
		return;
	while (outlet->sent < SENT_MAX &&
	    (item = outlet_next(outlet, (redis->channel != NULL) + (redis->stream != NULL))) != NULL)
		publish(redis, item);
}

static void
on_ready(void *ctx)
{
	work(ctx);
}

/* Refused for good: sending it again would not help. */
static bool
is_final(const struct redisReply *reply)
{
	return redis_is_error(reply, "NOPERM") || redis_is_error(reply, "WRONGTYPE") || redis_is_error(reply, "ERR");
}

static void
on_reply(void *ctx, const struct redisReply *reply)
{
	struct outlet_redis *redis = ctx;
	char text[400];

	if (reply->type != REDIS_REPLY_ERROR) {
		outlet_state(&redis->outlet, true, "connected");
		outlet_answered(&redis->outlet, true);
		work(&redis->outlet);
		return;
	}
	redis_error_text(text, sizeof(text), "a result was refused", reply);
	if (is_final(reply)) {
		outlet_note(&redis->outlet, text);
		outlet_answered(&redis->outlet, false);
		work(&redis->outlet);
	} else {
		redis_link_fail(redis->link, text);
	}
}

static void
on_lost(void *ctx, const char *text)
{
	struct outlet_redis *redis = ctx;

	outlet_again(&redis->outlet);
	outlet_state(&redis->outlet, false, text);
}

static void
start(struct outlet *outlet)
{
	struct outlet_redis *redis = (struct outlet_redis *)outlet;
	const struct redis_link_handler handler = { on_ready, on_reply, on_lost, redis };

	redis->link = redis_link_new(outlet->context, redis->config, &handler);
}

static void
redis_free(struct outlet *outlet)
{
	struct outlet_redis *redis = (struct outlet_redis *)outlet;

	redis_link_free(redis->link);
	free(redis);
}

struct outlet *
outlet_redis_new(const struct redis_config *config, const char *channel, const char *stream, uint64_t max)
{
	static const struct outlet_methods methods = { start, work, redis_free };
	struct outlet_redis *redis = xcalloc(1, sizeof(*redis));

	redis->config = config;
	redis->channel = channel;
	redis->stream = stream;
	(void)snprintf(redis->max, sizeof(redis->max), "%" PRIu64, max);
	outlet_init(&redis->outlet, &methods, redis_name("", "", config));
	return &redis->outlet;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from a Redis channel. */
#include "listen/redis_channel.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "listen/listener_private.h"
#include "listen/redis_reply.h"

struct redis_channel {
	struct listener listener;
	const struct redis_config *config;
	const char *channel;
	struct redis_link *link;
	uint64_t lost_at; /* ms: when it heard last; 0: it hears, or never did */
	bool is_subscribed;
};

static void
on_ready(void *ctx)
{
	struct redis_channel *channel = ctx;

	if (channel->listener.is_stopping)
		return;
	redis_link_subscribed(channel->link);
	redis_link_send(channel->link, 2, (const char *[]){ "SUBSCRIBE", channel->channel }, NULL);
}

static void
take_subscribed(struct redis_channel *channel)
{
	struct listener *listener = &channel->listener;

	if (channel->is_subscribed)
		return;
	channel->is_subscribed = true;
	listener_state(listener, true, "subscribed");
	if (channel->lost_at == 0)
		return;
	listener->counts.reconnects++;
	listener_note(listener, "subscribed again after %" PRIu64 " s: requests published meanwhile are lost",
	    (clock_ms() - channel->lost_at + 999) / 1000);
	channel->lost_at = 0;
}

static void
take_message(struct redis_channel *channel, const struct redis_push *push)
{
	const struct listener_message message = { .bytes = push->text,
		.len = push->len,
		.sent_ms = -1,
		.is_local = redis_link_is_local(channel->link) };

	if (!channel->listener.is_stopping)
		(void)listener_give(&channel->listener, &message, NULL, NULL);
}

static void
on_reply(void *ctx, const struct redisReply *reply)
{
	struct redis_channel *channel = ctx;
	struct redis_push push;
	char text[400];

	redis_push_read(reply, &push);
	switch (push.kind) {
	case REDIS_PUSH_SUBSCRIBED:
		take_subscribed(channel);
		break;
	case REDIS_PUSH_MESSAGE:
		take_message(channel, &push);
		break;
	case REDIS_PUSH_PONG:
		break;
	default:
		channel->listener.counts.refused++;
		redis_error_text(text, sizeof(text), "cannot subscribe", reply);
		redis_link_fail(channel->link, text);
	}
}

static void
on_lost(void *ctx, const char *text)
{
	struct redis_channel *channel = ctx;

	if (channel->is_subscribed)
		channel->lost_at = clock_ms();
	channel->is_subscribed = false;
	listener_state(&channel->listener, false, text);
}

static void
start(struct listener *listener)
{
	struct redis_channel *channel = (struct redis_channel *)listener;
	const struct redis_link_handler handler = { on_ready, on_reply, on_lost, channel };

	channel->link = redis_link_new(listener->context, channel->config, &handler);
}

static void
stop(struct listener *listener)
{
	(void)listener;
}

static bool
is_idle(struct listener *listener)
{
	(void)listener;
	return true;
}

static void
channel_free(struct listener *listener)
{
	struct redis_channel *channel = (struct redis_channel *)listener;

	redis_link_free(channel->link);
	free(channel);
}

struct listener *
redis_channel_new(const struct redis_config *config, const char *name)
{
	static const struct listener_methods methods = { .kind = "redis_channel",
		.start = start,
		.stop = stop,
		.is_idle = is_idle,
		.free = channel_free };
	struct redis_channel *channel = xcalloc(1, sizeof(*channel));

	channel->config = config;
	channel->channel = name;
	listener_init(&channel->listener, &methods, redis_name(" channel ", name, config));
	return &channel->listener;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from a Redis stream. */
#include "listen/redis_stream.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "listen/listener_private.h"
#include "listen/redis_reply.h"

/* Entries of one answer, and ms that one waits: other commands of the connection wait with it. */
#define COUNT_MAX 100
#define BLOCK_MS "1000"
/* Entries that may come again, ms, if the group is gone before any entry came: clocks differ. */
#define CLOCK_MARGIN 60000

/* What the next answers are of; a byte each in struct redis_stream. */
enum step {
	STEP_GROUP,    /* XGROUP CREATE */
	STEP_OWN,      /* XREADGROUP of what this consumer has pending */
	STEP_FORMER,   /* XPENDING of a former consumer */
	STEP_CLAIM,    /* XCLAIM of these */
	STEP_NEW,      /* XREADGROUP of new entries */
	STEP_TOO_LONG, /* XPENDING of an entry that is too large to be read */
	STEP_ACK       /* XACK */
};

/* A settled entry whose XACK was not answered. */
struct stream_ack {
	char id[REDIS_ID_LEN];
	TAILQ_ENTRY(stream_ack)
	next;
};

struct redis_stream {
	struct listener listener;
	const struct redis_config *redis;
	const struct redis_stream_config *config;
	struct redis_link *link;
	struct buffer steps;
	TAILQ_HEAD(, stream_ack)
	acks;
	size_t sent_acks;         /* of these, sent over this connection */
	char begin[REDIS_ID_LEN]; /* the group begins after it if it has to be made again; "" before there was one */
	char own[REDIS_ID_LEN];   /* pending entries were read up to this one */
	size_t former;            /* the former consumer that is looked at; SIZE_MAX: this one */
	unsigned too_large;       /* answers in a row that were */
	bool has_group;           /* on this connection it was found or made */
	bool is_stepping;         /* another answer than of XACK is awaited */
	bool is_taking;           /* an answer is being taken, which says what the next step is */
	bool is_caught_up;        /* what was pending has been read */
};

static void read_new(struct redis_stream *stream);

static void
send_step(struct redis_stream *stream, enum step step, size_t count, const char *const *words)
{
	const char byte = (char)step;

	if (!redis_link_is_ready(stream->link))
		return;
	if (buffer_append(&stream->steps, &byte, 1) != 0)
		abort(); /* more acknowledgements than open messages */
	if (step != STEP_ACK)
		stream->is_stepping = true;
	redis_link_send(stream->link, count, words, NULL);
}

/* The number of entries that may be asked for, as text: one by one after an answer that was too large. */
static bool
count_text(const struct redis_stream *stream, char text[24])
{
	size_t room = listener_room(&stream->listener);

	if (room > COUNT_MAX)
		room = COUNT_MAX;
	if (room > 1 && stream->too_large > 0)
		room = 1;
	(void)snprintf(text, 24, "%zu", room);
	return room > 0;
}

/* Acknowledging. */

static void
send_acks(struct redis_stream *stream)
{
	const struct stream_ack *ack;
	size_t number = 0;

	if (!stream->has_group || !redis_link_is_ready(stream->link))
		return;

	TAILQ_FOREACH(ack, &stream->acks, next) {
		const char *words[] = { "XACK", stream->config->stream, stream->config->group, ack->id };

		if (number++ < stream->sent_acks)
			continue;
		send_step(stream, STEP_ACK, 4, words);
		stream->sent_acks++;
	}
}

static void
ack(struct redis_stream *stream, const char *id)
{
	struct stream_ack *ack = xcalloc(1, sizeof(*ack));

	(void)snprintf(ack->id, sizeof(ack->id), "%s", id);
	TAILQ_INSERT_TAIL(&stream->acks, ack, next);
	send_acks(stream);
}

static void
take_ack(struct redis_stream *stream)
{
	struct stream_ack *first = TAILQ_FIRST(&stream->acks);

	if (first == NULL || stream->sent_acks == 0)
		return;
	stream->sent_acks--;
	TAILQ_REMOVE(&stream->acks, first, next);
	free(first);
	listener_look(&stream->listener);
}

static bool
is_acked(const struct redis_stream *stream, const char *id)
{
	const struct stream_ack *ack;

	TAILQ_FOREACH(ack, &stream->acks, next)
		if (strcmp(ack->id, id) == 0)
			return true;
	return false;
}

/* Entries. */

static void
give(struct redis_stream *stream, const struct redis_entry *entry, bool is_again)
{
	struct listener *listener = &stream->listener;
	char *id = xasprintf("redis:%s/%s", stream->config->stream, entry->id);
	const struct listener_message message = { .bytes = entry->text,
		.len = entry->len,
		.id = id,
		.sent_ms = entry->ms,
		.is_local = redis_link_is_local(stream->link),
		.is_again = is_again };

	/* After a lost connection what is still open is pending, too. */
	if (tickets_find(&listener->tickets, id) == NULL && !is_acked(stream, entry->id))
		(void)listener_give(listener, &message, entry->id, NULL);
	free(id);
}

static void
refuse(struct redis_stream *stream, const struct redis_entry *entry)
{
	if (is_acked(stream, entry->id))
		return;
	stream->listener.counts.refused++;
	if (entry->is_deleted)
		listener_note(&stream->listener, "entry %s was deleted from the stream before it was read", entry->id);
	else
		listener_note(&stream->listener, "entry %s has no field \"request\": ignored", entry->id);
	ack(stream, entry->id);
}

/* Returns how many there were, -1 if it was an answer of another form: then the connection is lost. */
static ptrdiff_t
take_entries(struct redis_stream *stream, const struct redisReply *reply, bool is_read, bool is_again)
{
	ptrdiff_t count = redis_entries_count(reply, is_read);
	struct redis_entry entry;

	for (ptrdiff_t i = 0; i < count; i++) {
		/* XCLAIM has nil for what was deleted. What comes now stays pending. */
		if (!redis_entries_get(reply, is_read, (size_t)i, &entry) || stream->listener.is_stopping)
			continue;
		if (is_read && is_again)
			memcpy(stream->own, entry.id, sizeof(entry.id));
		if (!is_again)
			memcpy(stream->begin, entry.id, sizeof(entry.id));
		if (entry.text == NULL)
			refuse(stream, &entry);
		else
			give(stream, &entry, is_again);
	}
	return count;
}

/* Steps. */

static void
send_group(struct redis_stream *stream, const char *begin, bool make_stream)
{
	const char *words[] = { "XGROUP", "CREATE", stream->config->stream, stream->config->group, begin, "MKSTREAM" };

	send_step(stream, STEP_GROUP, make_stream ? 6 : 5, words);
}

/* If there was one, it continues where that one was. */
static void
make_group(struct redis_stream *stream)
{
	stream->has_group = stream->is_caught_up = false;
	if (stream->begin[0] == '\0')
		send_group(stream, "$", true);
	else
		send_group(stream, stream->begin, false);
}

static void
read_own(struct redis_stream *stream)
{
	char count[24];
	const char *words[] = { "XREADGROUP", "GROUP", stream->config->group, stream->config->consumer, "COUNT", count,
		"STREAMS", stream->config->stream, stream->own };

	/* Without room: has_room comes here again. */
	if (count_text(stream, count))
		send_step(stream, STEP_OWN, 9, words);
}

static void
look_at_former(struct redis_stream *stream)
{
	const struct redis_stream_config *config = stream->config;
	char count[24];

	while (stream->former < config->former_count &&
	    strcmp(config->former[stream->former], config->consumer) == 0)
		stream->former++;
	if (stream->former == config->former_count) {
		stream->is_caught_up = true;
		read_new(stream);
	} else if (count_text(stream, count)) {
		const char *words[] = { "XPENDING", config->stream, config->group, "-", "+", count,
			config->former[stream->former] };

		send_step(stream, STEP_FORMER, 7, words);
	}
}

static void
read_new(struct redis_stream *stream)
{
	char count[24];
	const char *words[] = { "XREADGROUP", "GROUP", stream->config->group, stream->config->consumer, "COUNT", count,
		"BLOCK", BLOCK_MS, "STREAMS", stream->config->stream, ">" };

	if (count_text(stream, count))
		send_step(stream, STEP_NEW, 11, words);
}

/* Continues what waited because there was no room. */
static void
go_on(struct redis_stream *stream)
{
	if (stream->is_stepping || stream->is_taking || !stream->has_group)
		return;
	if (stream->is_caught_up)
		read_new(stream);
	else if (stream->former == SIZE_MAX)
		read_own(stream);
	else
		look_at_former(stream);
}

static void
fail(struct redis_stream *stream, const char *what, const struct redisReply *reply)
{
	char text[400];

	redis_error_text(text, sizeof(text), what, reply);
	redis_link_fail(stream->link, text);
}

static void
tell_group(struct redis_stream *stream)
{
	if (stream->begin[0] == '\0')
		listener_note(&stream->listener, "group %s made: it begins with what is added to the stream from now on",
		    stream->config->group);
	else
		listener_note(&stream->listener, "group %s was gone: made again, to continue after %s", stream->config->group,
		    stream->begin);
}

static void
take_group(struct redis_stream *stream, const struct redisReply *reply)
{
	bool is_made = reply->type == REDIS_REPLY_STATUS;

	if (redis_is_error(reply, "ERR") && strstr(reply->str, "requires the key to exist") != NULL) {
		/* All that is in the next one is new. */
		send_group(stream, "0", true);
		return;
	}
	if (!is_made && !redis_is_error(reply, "BUSYGROUP")) {
		fail(stream, "cannot make the group", reply);
		return;
	}
	if (is_made)
		tell_group(stream);
	/* Ids are times of the server. */
	if (stream->begin[0] == '\0')
		(void)snprintf(stream->begin, sizeof(stream->begin), "%" PRIu64 "-0", clock_of_day() - CLOCK_MARGIN);
	stream->has_group = true;
	listener_state(&stream->listener, true, "connected");
	send_acks(stream);
	memcpy(stream->own, "0", 2);
	stream->former = SIZE_MAX;
	read_own(stream);
}

static void
take_own(struct redis_stream *stream, const struct redisReply *reply)
{
	char before[REDIS_ID_LEN];
	ptrdiff_t count;

	memcpy(before, stream->own, sizeof(before));
	count = take_entries(stream, reply, true, true);
	if (stream->listener.is_stopping)
		return;
	if (count < 0 || (count > 0 && strcmp(before, stream->own) == 0)) {
		fail(stream, "XREADGROUP", reply);
	} else if (count > 0) {
		read_own(stream);
	} else {
		stream->former = 0;
		look_at_former(stream);
	}
}

/* [[ID, CONSUMER, IDLE, DELIVERIES], ...] */
static void
take_former(struct redis_stream *stream, const struct redisReply *reply)
{
	const char **words;
	char(*ids)[REDIS_ID_LEN];
	size_t count = 5;
	int64_t ms;

	if (reply->type != REDIS_REPLY_ARRAY) {
		fail(stream, "XPENDING", reply);
		return;
	}
	words = xcalloc(reply->elements + 5, sizeof(*words));
	ids = xcalloc(reply->elements + 1, sizeof(*ids));
	words[0] = "XCLAIM";
	words[1] = stream->config->stream;
	words[2] = stream->config->group;
	words[3] = stream->config->consumer;
	words[4] = "0";
	for (size_t i = 0; i < reply->elements; i++) {
		const struct redisReply *one = reply->element[i];

		if (one->type == REDIS_REPLY_ARRAY && one->elements > 0 && redis_id_read(one->element[0], ids[i], &ms))
			words[count++] = ids[i];
	}
	if (count > 5) {
		send_step(stream, STEP_CLAIM, count, words);
	} else {
		stream->former++;
		look_at_former(stream);
	}
	free(words);
	free(ids);
}

static void
take_claimed(struct redis_stream *stream, const struct redisReply *reply)
{
	if (take_entries(stream, reply, false, true) < 0)
		fail(stream, "XCLAIM", reply);
	else
		look_at_former(stream);
}

static bool
is_group_gone(const struct redisReply *reply)
{
	return redis_is_error(reply, "NOGROUP") || redis_is_error(reply, "UNBLOCKED");
}

static void
take_new(struct redis_stream *stream, const struct redisReply *reply)
{
	if (is_group_gone(reply)) {
		make_group(stream);
	} else if (take_entries(stream, reply, true, false) < 0) {
		fail(stream, "XREADGROUP", reply);
	} else {
		stream->too_large = 0;
		read_new(stream);
	}
}

/*
 * What was too large is the first that is pending after what was read last, which may be pending as well: it is given
 * up, or it would come again for ever.
 */
static void
take_too_long(struct redis_stream *stream, const struct redisReply *reply)
{
	const struct redisReply *one;
	char id[REDIS_ID_LEN];
	int64_t ms;

	for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
		one = reply->element[i];
		if (one->type != REDIS_REPLY_ARRAY || one->elements == 0 || !redis_id_read(one->element[0], id, &ms) ||
		    strcmp(id, stream->own) == 0)
			continue;
		listener_note(&stream->listener, "entry %s is too large: ignored", id);
		ack(stream, id);
		break;
	}
	/* One by one until all that is pending has been read. */
	stream->too_large = 1;
	make_group(stream);
}

static void
on_reply(void *ctx, const struct redisReply *reply)
{
	struct redis_stream *stream = ctx;
	enum step step;

	if (stream->steps.len == 0) {
		fail(stream, "Redis", reply);
		return;
	}
	step = (enum step)stream->steps.data[0];
	buffer_consume(&stream->steps, 1);
	if (step != STEP_ACK)
		stream->is_stepping = false;
	stream->is_taking = true;
	switch (step) {
	case STEP_GROUP:
		take_group(stream, reply);
		break;
	case STEP_OWN:
		take_own(stream, reply);
		break;
	case STEP_FORMER:
		take_former(stream, reply);
		break;
	case STEP_CLAIM:
		take_claimed(stream, reply);
		break;
	case STEP_NEW:
		take_new(stream, reply);
		break;
	case STEP_TOO_LONG:
		take_too_long(stream, reply);
		break;
	case STEP_ACK:
		take_ack(stream);
		break;
	}
	stream->is_taking = false;
}

/* The listener. */

static void
on_ready(void *ctx)
{
	struct redis_stream *stream = ctx;

	if (redis_link_times(stream->link) > 1)
		stream->listener.counts.reconnects++;
	if (stream->too_large > 1) {
		const char *words[] = { "XPENDING", stream->config->stream, stream->config->group,
			stream->own[0] != '\0' ? stream->own : "-", "+", "2", stream->config->consumer };

		send_step(stream, STEP_TOO_LONG, 7, words);
	} else {
		make_group(stream);
	}
}

static void
on_lost(void *ctx, const char *text)
{
	struct redis_stream *stream = ctx;

	if (strcmp(text, REDIS_LINK_TOO_LARGE) == 0) {
		stream->listener.counts.refused++;
		stream->too_large++;
	}
	buffer_clear(&stream->steps);
	stream->sent_acks = 0;
	stream->has_group = stream->is_stepping = stream->is_caught_up = false;
	listener_state(&stream->listener, false, text);
}

static void
start(struct listener *listener)
{
	struct redis_stream *stream = (struct redis_stream *)listener;
	const struct redis_link_handler handler = { on_ready, on_reply, on_lost, stream };

	stream->link = redis_link_new(listener->context, stream->redis, &handler);
}

static void
settled(struct listener *listener, struct ticket *ticket, enum listener_outcome outcome)
{
	(void)outcome;
	ack((struct redis_stream *)listener, ticket->handle);
}

static void
has_room(struct listener *listener)
{
	go_on((struct redis_stream *)listener);
}

static void
stop(struct listener *listener)
{
	(void)listener;
}

static bool
is_idle(struct listener *listener)
{
	return TAILQ_EMPTY(&((const struct redis_stream *)listener)->acks);
}

static void
stream_free(struct listener *listener)
{
	struct redis_stream *stream = (struct redis_stream *)listener;
	struct stream_ack *ack;

	redis_link_free(stream->link);
	while ((ack = TAILQ_FIRST(&stream->acks)) != NULL) {
		TAILQ_REMOVE(&stream->acks, ack, next);
		free(ack);
	}
	buffer_release(&stream->steps);
	free(stream);
}

struct listener *
redis_stream_new(const struct redis_config *redis, const struct redis_stream_config *config)
{
	static const struct listener_methods methods = { .kind = "redis_stream",
		.start = start,
		.settled = settled,
		.has_room = has_room,
		.stop = stop,
		.is_idle = is_idle,
		.free = stream_free };
	struct redis_stream *stream = xcalloc(1, sizeof(*stream));

	stream->redis = redis;
	stream->config = config;
	TAILQ_INIT(&stream->acks);
	buffer_init(&stream->steps, 2 * LISTENER_OPEN_MAX + 100);
	listener_init(&stream->listener, &methods, redis_name(" stream ", config->stream, redis));
	return &stream->listener;
}

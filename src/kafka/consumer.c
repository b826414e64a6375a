/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets from all partitions of a topic. */
#include "kafka/consumer.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/asker.h"
#include "kafka/client.h"
#include "kafka/consumer_private.h"
#include "kafka/merge.h"
#include "kafka/topic_limits.h"
#include "kafka/trouble.h"

#define TICK_MS 1000
#define COMMIT_MS 5000
#define WAKE_MS 5000
/* The part of what may be held that is read before it is worth while. */
#define WAKE_PART 16
/* The first version of librdkafka with fetch.queue.backoff.ms. */
#define BACKOFF_VERSION 0x02020000

void
consumer_fail(struct consumer *consumer, enum outcome outcome, const char *text)
{
	struct error error;

	if (consumer->has_failed)
		return;
	consumer->has_failed = true;
	error_set(&error, outcome, "%s", text);
	consumer->handler.on_fail(consumer->handler.ctx, &error);
}

static void
on_trouble(void *ctx, enum client_trouble trouble, const char *text)
{
	struct consumer *consumer = ctx;

	if (trouble == CLIENT_UNREACHABLE)
		consumer->is_cut_off = true;
	if (trouble == CLIENT_FATAL)
		consumer_fail(consumer, OUTCOME_INPUT, text);
	else
		trouble_note(&consumer->trouble, trouble, text);
}

void
consumer_recover(struct consumer *consumer)
{
	consumer->is_cut_off = false;
	trouble_end(&consumer->trouble);
}

void
consumer_note_code(struct consumer *consumer, rd_kafka_resp_err_t code)
{
	on_trouble(consumer, client_classify(consumer->client, code), rd_kafka_err2str(code));
}

static void
release_lanes(struct consumer *consumer)
{
	for (size_t i = 0; i < consumer->count; i++) {
		struct lane *lane = &consumer->lanes[i];

		for (; lane->at < lane->count; lane->at++)
			rd_kafka_message_destroy(lane->batch[lane->at]);
		if (lane->queue == NULL)
			continue;
		rd_kafka_queue_io_event_enable(lane->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(lane->queue);
	}
	consumer->count = 0;
}

/* Messages. */

static void
take_head(struct lane *lane, const rd_kafka_message_t *message)
{
	struct consumer_message *head = &lane->head;
	rd_kafka_headers_t *headers;
	const void *header = NULL;
	size_t header_len = 0;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    rd_kafka_header_get_last(headers, WIRE_HEADER, &header, &header_len) != RD_KAFKA_RESP_ERR_NO_ERROR)
		header = NULL;
	head->verdict = wire_parse(message->key, message->key_len, header, header_len, message->len, &head->packet);
	head->value = message->payload;
	head->value_len = (uint32_t)message->len;
	head->partition = message->partition;
	head->offset = message->offset;
	/* It is the first. Later ones are of a topic that was made anew. */
	head->is_before = message->offset < lane->start && !lane->has_begun;
	lane->has_head = true;
	lane->next = message->offset + 1;
}

/* What stands in the batch and is no message. */
static void
take_notice(struct consumer *consumer, struct lane *lane, const rd_kafka_message_t *message)
{
	if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
		lane->is_lost = true;
		consumer_find_lost(consumer);
		return;
	}
	if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		consumer_note_code(consumer, message->err);
		return;
	}
	consumer_recover(consumer);
	lane->is_at_end = true;
	if (message->offset >= lane->end)
		lane->is_done = true;
}

/*
 * A thread of librdkafka that holds enough of all its partitions looks after a second whether that is still so (before
 * version 2.2.0): as much a second as it may hold is read at most. It looks at once when it is to send
 * something. So it is given a question, whose answer does not matter, when nothing is left of what it held.
 */
static void
wake_fetcher(struct consumer *consumer, struct lane *lane)
{
	if (lane->is_at_end || lane->eaten < (consumer->hold << 10) / WAKE_PART)
		return;
	lane->eaten = 0;
	topic_limits_ask(client_handle(consumer->client), consumer->config.topic, lane->leader, WAKE_MS,
	    client_queue(consumer->client));
}

/* False if nothing is there. */
static bool
fill_batch(struct consumer *consumer, struct lane *lane)
{
	ssize_t n;

	if (lane->at < lane->count)
		return true;
	n = rd_kafka_consume_batch_queue(lane->queue, 0, lane->batch, BATCH);
	lane->at = 0;
	lane->count = n > 0 ? (size_t)n : 0;
	lane->arrived = clock_ms();
	if (n <= 0)
		wake_fetcher(consumer, lane);
	return n > 0;
}

/* Sees to it that the lane has a head, if a message is there. */
static void
fill(struct consumer *consumer, struct lane *lane)
{
	while (!lane->is_done && !lane->has_head && fill_batch(consumer, lane)) {
		rd_kafka_message_t *message = lane->batch[lane->at];

		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < lane->end) {
			lane->is_at_end = false;
			take_head(lane, message);
			return;
		}
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			lane->is_done = true;
		else
			take_notice(consumer, lane, message);
		rd_kafka_message_destroy(message);
		lane->at++;
	}
}

static void
give(struct consumer *consumer, struct lane *lane, struct consumer_message *message)
{
	*message = lane->head;
	consumer->given = lane->batch[lane->at++];
	lane->has_head = false;
	lane->has_begun = true;
	lane->eaten += message->value_len;
	if (message->is_before)
		return;
	lane->given = message->offset + 1;
	if (lane->given >= lane->end)
		lane->is_done = true;
}

static void
set_merge(struct consumer *consumer, size_t i)
{
	const struct lane *lane = &consumer->lanes[i];

	consumer->merge[i] = (struct merge_lane){ .has_packet = lane->has_head,
		.is_done = lane->is_done && !lane->has_head,
		.sec = lane->head.packet.sec,
		.nsec = lane->head.packet.nsec,
		.arrived = lane->arrived };
}

enum consumer_event
consumer_next(struct consumer *consumer, struct consumer_message *message)
{
	size_t index;
	uint64_t wait;

	if (consumer->given != NULL)
		rd_kafka_message_destroy(consumer->given);
	consumer->given = NULL;
	if (consumer->count == 0 || consumer->has_failed)
		return CONSUMER_WAIT;
	for (size_t i = 0; i < consumer->count; i++) {
		struct lane *lane = &consumer->lanes[i];

		fill(consumer, lane);
		/* What has no time waits for nothing. */
		if (lane->has_head && (lane->head.is_before || lane->head.verdict != WIRE_PACKET)) {
			give(consumer, lane, message);
			return CONSUMER_MESSAGE;
		}
		set_merge(consumer, i);
	}
	switch (merge_next(consumer->merge, consumer->count, clock_ms(), consumer->config.reorder, &index, &wait)) {
	case MERGE_TAKE:
		give(consumer, &consumer->lanes[index], message);
		return CONSUMER_MESSAGE;
	case MERGE_WAIT:
		loop_start_timer(consumer->later, wait);
		return CONSUMER_WAIT;
	case MERGE_NONE:
		return CONSUMER_WAIT;
	case MERGE_END:
		return CONSUMER_END;
	}
	abort();
}

bool
consumer_is_idle(const struct consumer *consumer)
{
	for (size_t i = 0; i < consumer->count; i++)
		if (!consumer->lanes[i].is_done && (consumer->lanes[i].has_head || !consumer->lanes[i].is_at_end))
			return false;
	return consumer->count > 0;
}

uint64_t
consumer_missed(const struct consumer *consumer)
{
	return consumer->missed;
}

bool
consumer_is_cut_off(const struct consumer *consumer)
{
	return consumer->is_cut_off || asker_is_asking(consumer->asker);
}

/* Offsets. */

static void
commit(struct consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)consumer->count);
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client_handle(consumer->client));

	for (size_t i = 0; i < consumer->count; i++) {
		struct lane *lane = &consumer->lanes[i];

		if (lane->stored == lane->commited)
			continue;
		rd_kafka_topic_partition_list_add(list, consumer->config.topic, lane->partition)->offset = lane->stored;
		lane->commited = lane->stored;
	}
	if (list->cnt > 0 &&
	    rd_kafka_commit_queue(client_handle(consumer->client), list, queue, NULL, NULL) == RD_KAFKA_RESP_ERR_NO_ERROR)
		consumer->commits++;
	if (list->cnt > 0)
		consumer->commit_at = clock_ms() + COMMIT_MS;
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(queue);
}

void
consumer_store(struct consumer *consumer, bool last)
{
	if (consumer->config.start != CONSUMER_STORED)
		return;
	for (size_t i = 0; i < consumer->count; i++)
		consumer->lanes[i].stored = consumer->lanes[i].given;
	if (last || clock_ms() >= consumer->commit_at)
		commit(consumer);
}

bool
consumer_is_stored(const struct consumer *consumer)
{
	return consumer->commits == 0;
}

/* Events. */

static void
on_event(void *ctx, rd_kafka_event_t *event)
{
	struct consumer *consumer = ctx;
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);

	if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_OFFSET_COMMIT)
		return;
	consumer->commits--;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		consumer_note_code(consumer, code);
}

static void
on_served(void *ctx)
{
	struct consumer *consumer = ctx;

	consumer->handler.on_ready(consumer->handler.ctx);
}

static void
on_later(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	on_served(ctx);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct consumer *consumer = ctx;
	struct error error;

	(void)fd;
	(void)what;
	loop_start_timer(consumer->tick, TICK_MS);
	if (consumer->has_failed)
		return;
	if (consumer->count == 0)
		consumer_ask(consumer);
	else {
		/* What was stored since the last commit, if nothing came after it. */
		if (clock_ms() >= consumer->commit_at)
			commit(consumer);
		consumer_find_lost(consumer);
		consumer_look_for_partitions(consumer);
	}
	if (trouble_is_final(&consumer->trouble, OUTCOME_INPUT, &error))
		consumer_fail(consumer, error.outcome, error.text);
}

/* kbytes: what it may hold of a partition. */
int
consumer_start_client(struct consumer *consumer, uint64_t kbytes, struct error *error)
{
	char hold[24];
	const struct client_preset presets[] = {
		{ "client.id", "espcap-kafka" },
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "enable.partition.eof", "true" },
		{ "auto.offset.reset", "error" },
		{ "queued.max.messages.kbytes", hold },
		{ "fetch.queue.backoff.ms", "10" } /* see wake_fetcher */
	};
	const struct client_config config = { .loop = consumer->config.loop,
		.log = consumer->config.log,
		.type = RD_KAFKA_CONSUMER,
		.properties = consumer->config.properties,
		.presets = presets,
		.preset_count = sizeof(presets) / sizeof(presets[0]) - (rd_kafka_version() < BACKOFF_VERSION),
		.needs_group = consumer->config.start == CONSUMER_STORED,
		.handler = { on_event, on_served, on_trouble, consumer } };

	(void)snprintf(hold, sizeof(hold), "%llu", (unsigned long long)kbytes);
	consumer->client = client_new(&config, error);
	if (consumer->client == NULL)
		return -1;
	consumer->asker = asker_new(consumer->config.loop, client_handle(consumer->client), consumer->config.topic, consumer_take_answer,
	    consumer);
	consumer->hold = client_number(consumer->client, "queued.max.messages.kbytes");
	return 0;
}

void
consumer_stop_client(struct consumer *consumer)
{
	asker_free(consumer->asker);
	consumer->asker = NULL;
	client_free(consumer->client);
	consumer->client = NULL;
}

struct consumer *
consumer_new(const struct consumer_config *config, const struct consumer_handler *handler, struct error *error)
{
	struct consumer *consumer = xcalloc(1, sizeof(*consumer));

	consumer->config = *config;
	consumer->handler = *handler;
	consumer->trouble = (struct trouble){ .log = config->log, .retry_for = config->retry_for };
	consumer->tick = evtimer_new(loop_base(config->loop), on_tick, consumer);
	consumer->later = evtimer_new(loop_base(config->loop), on_later, consumer);
	if (consumer_start_client(consumer, HOLD_KBYTES, error) != 0) {
		consumer_free(consumer);
		return NULL;
	}
	consumer->look_every = client_number(consumer->client, "topic.metadata.refresh.interval.ms");
	consumer->look_at = clock_ms() + consumer->look_every;
	loop_start_timer(consumer->tick, 0);
	return consumer;
}

void
consumer_free(struct consumer *consumer)
{
	if (consumer == NULL)
		return;
	event_free(consumer->tick);
	event_free(consumer->later);
	if (consumer->given != NULL)
		rd_kafka_message_destroy(consumer->given);
	release_lanes(consumer);
	free(consumer->lanes);
	free(consumer->merge);
	consumer_stop_client(consumer);
	free(consumer);
}

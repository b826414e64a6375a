/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets from all partitions of a topic. */
#include "kafka/consumer.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/client.h"
#include "kafka/merge.h"
#include "kafka/trouble.h"

#define TICK_MS 1000
/* How long the loop may stand still for an answer about the topic, ms. */
#define ASK_MS 1000
/* Messages taken out of librdkafka's queue of a partition at once. */
#define BATCH 128
#define COMMIT_MS 5000

/* One partition. */
struct lane {
	int32_t partition;
	rd_kafka_queue_t *queue;
	rd_kafka_message_t *batch[BATCH];
	size_t count, at;
	uint64_t arrived;             /* when the batch was taken, ms */
	struct consumer_message head; /* that of batch[at], if has_head */
	bool has_head;
	int64_t start;    /* what is before it is not wanted */
	int64_t end;      /* the same from here on; INT64_MAX for no end */
	int64_t given;    /* the offset after the last message given; -1 before */
	int64_t stored;   /* the same of what is where it belongs */
	int64_t commited; /* and of what was committed last */
	bool is_at_end;   /* nothing was there when it was last looked at */
	bool is_done;
};

struct consumer {
	struct consumer_config config;
	struct consumer_handler handler;
	struct client *client;
	struct event *tick, *later;
	struct lane *lanes;
	struct merge_lane *merge;
	size_t count;
	rd_kafka_message_t *given; /* the message of the last consumer_next */
	struct trouble trouble;
	uint64_t missed, commit_at;
	uint64_t look_at, look_every; /* for new partitions, ms */
	unsigned commits;             /* under way */
	bool has_failed, is_cut_off;
	bool is_growing; /* partitions that are begun now were added */
};

static void
fail(struct consumer *consumer, enum outcome outcome, const char *text)
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
		fail(consumer, OUTCOME_INPUT, text);
	else
		trouble_note(&consumer->trouble, trouble, text);
}

static void
recover(struct consumer *consumer)
{
	consumer->is_cut_off = false;
	trouble_end(&consumer->trouble);
}

static void
note_code(struct consumer *consumer, rd_kafka_resp_err_t code)
{
	on_trouble(consumer, client_classify(code), rd_kafka_err2str(code));
}

/* Where to begin. */

static int
ask_watermarks(struct consumer *consumer, struct lane *lane, int64_t *low, int64_t *high)
{
	rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(client_handle(consumer->client), consumer->config.topic,
	    lane->partition, low, high, ASK_MS);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	note_code(consumer, code);
	return -1;
}

/* Where the group is in each partition, into start; -1 where it has never been. */
static int
ask_committed(struct consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)consumer->count);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < consumer->count; i++)
		(void)rd_kafka_topic_partition_list_add(list, consumer->config.topic, consumer->lanes[i].partition);
	code = rd_kafka_committed(client_handle(consumer->client), list, ASK_MS);
	for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		consumer->lanes[i].start = list->elems[i].offset;
		code = list->elems[i].err;
	}
	rd_kafka_topic_partition_list_destroy(list);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	/* Who does not ask for what is stored needs no right to the group: elsewhere it is no refusal. */
	if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
		on_trouble(consumer, CLIENT_REFUSED, rd_kafka_err2str(code));
	else
		note_code(consumer, code);
	return -1;
}

static void
set_range(struct consumer *consumer, struct lane *lane, int64_t low, int64_t high)
{
	switch (consumer->config.start) {
	case CONSUMER_BEGIN:
		lane->start = low;
		break;
	case CONSUMER_LATEST:
		lane->start = consumer->is_growing ? low : high;
		break;
	case CONSUMER_STORED:
		/* A new group begins with what there is. */
		if (lane->start < 0)
			lane->start = low;
		break;
	case CONSUMER_AT:
		lane->start = consumer->config.offset;
		break;
	}
	if (lane->start < low) {
		consumer->missed += (uint64_t)(low - lane->start);
		lane->start = low;
	}
	if (consumer->config.exit_at_end)
		lane->end = high;
	if (consumer->config.start == CONSUMER_AT)
		lane->end = consumer->config.offset + (int64_t)consumer->config.count;
	lane->is_done = lane->start >= lane->end;
	lane->given = lane->stored = lane->commited = lane->start;
}

static void
begin_lane(struct consumer *consumer, struct lane *lane, int64_t low, rd_kafka_topic_partition_list_t *list)
{
	/* The message before the start tells which link type the topic has. */
	int64_t from = lane->start > low ? lane->start - 1 : lane->start;

	if (consumer->config.start == CONSUMER_AT)
		from = lane->start;
	lane->queue = rd_kafka_queue_get_partition(client_handle(consumer->client), consumer->config.topic, lane->partition);
	/* Before it is assigned: it stays by itself then. */
	rd_kafka_queue_forward(lane->queue, NULL);
	client_watch(consumer->client, lane->queue);
	rd_kafka_topic_partition_list_add(list, consumer->config.topic, lane->partition)->offset = from;
}

/* The lanes from the one at first on. */
static int
assign(struct consumer *consumer, size_t first)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(consumer->count - first));
	rd_kafka_error_t *refusal;
	int rv = -1;

	for (size_t i = first; i < consumer->count; i++) {
		int64_t low, high;

		if (ask_watermarks(consumer, &consumer->lanes[i], &low, &high) != 0)
			goto out;
		set_range(consumer, &consumer->lanes[i], low, high);
		if (!consumer->lanes[i].is_done)
			begin_lane(consumer, &consumer->lanes[i], low, list);
	}
	rv = 0;
	refusal = list->cnt > 0 ? rd_kafka_incremental_assign(client_handle(consumer->client), list) : NULL;
	if (refusal != NULL) {
		fail(consumer, OUTCOME_INTERNAL, rd_kafka_error_string(refusal));
		rd_kafka_error_destroy(refusal);
	}
	if (consumer->missed > 0)
		root_log(consumer->config.log, ROOT_WARNING, "%llu messages were deleted before they were read",
		    (unsigned long long)consumer->missed);
out:
	rd_kafka_topic_partition_list_destroy(list);
	return rv;
}

/* Those from the one at first on. */
static void
release_lanes(struct consumer *consumer, size_t first)
{
	for (size_t i = first; i < consumer->count; i++) {
		struct lane *lane = &consumer->lanes[i];

		for (; lane->at < lane->count; lane->at++)
			rd_kafka_message_destroy(lane->batch[lane->at]);
		if (lane->queue == NULL)
			continue;
		rd_kafka_queue_io_event_enable(lane->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(lane->queue);
	}
	consumer->count = first;
}

static void
add_lanes(struct consumer *consumer, size_t count)
{
	consumer->lanes = xreallocarray(consumer->lanes, count, sizeof(*consumer->lanes));
	consumer->merge = xreallocarray(consumer->merge, count, sizeof(*consumer->merge));
	for (size_t i = consumer->count; i < count; i++) {
		struct lane *lane = &consumer->lanes[i];

		memset(lane, 0, sizeof(*lane));
		lane->partition = consumer->config.start == CONSUMER_AT ? consumer->config.partition : (int32_t)i;
		lane->start = -1;
		lane->end = INT64_MAX;
	}
	consumer->count = count;
}

/* How many partitions the topic has; 0 if that is not known. */
static int
ask_partitions(struct consumer *consumer)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(client_handle(consumer->client), consumer->config.topic, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	char text[300];
	rd_kafka_resp_err_t code;
	int count = 0;

	code = topic == NULL ? rd_kafka_last_error() :
			       rd_kafka_metadata(client_handle(consumer->client), 0, topic, &metadata, ASK_MS);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
		code = metadata->topics[0].err;
		count = code == RD_KAFKA_RESP_ERR_NO_ERROR ? metadata->topics[0].partition_cnt : 0;
	}
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
		(void)snprintf(text, sizeof(text), "the topic %.250s does not exist", consumer->config.topic);
		on_trouble(consumer, CLIENT_REFUSED, text);
	} else if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		note_code(consumer, code);
	if (metadata != NULL)
		rd_kafka_metadata_destroy(metadata);
	if (topic != NULL)
		rd_kafka_topic_destroy(topic);
	return count;
}

static void
begin(struct consumer *consumer)
{
	int count = ask_partitions(consumer);
	char text[400];

	if (count <= 0)
		return;
	if (consumer->config.start == CONSUMER_AT && consumer->config.partition >= count) {
		(void)snprintf(text, sizeof(text), "--at: the topic %.250s has %d partitions", consumer->config.topic, count);
		fail(consumer, OUTCOME_USAGE, text);
		return;
	}
	add_lanes(consumer, consumer->config.start == CONSUMER_AT ? 1 : (size_t)count);
	if ((consumer->config.start == CONSUMER_STORED && ask_committed(consumer) != 0) || assign(consumer, 0) != 0) {
		release_lanes(consumer, 0);
		return;
	}
	recover(consumer);
	consumer->handler.on_ready(consumer->handler.ctx);
}

/* Partitions may be added to a topic: they are read from their beginning. */
static void
look_for_partitions(struct consumer *consumer)
{
	size_t before = consumer->count;
	int count;

	if (consumer->config.start == CONSUMER_AT || consumer->config.exit_at_end || consumer->is_cut_off ||
	    clock_ms() < consumer->look_at)
		return;
	consumer->look_at = clock_ms() + consumer->look_every;
	count = ask_partitions(consumer);
	if (count <= 0 || (size_t)count <= before)
		return;
	add_lanes(consumer, (size_t)count);
	consumer->is_growing = true;
	if (assign(consumer, before) != 0)
		release_lanes(consumer, before);
	else
		root_log(consumer->config.log, ROOT_INFO, "The topic has %d partitions now", count);
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
	head->is_before = message->offset < lane->start;
	lane->has_head = true;
}

/* What stands in the batch and is no message. */
static void
take_notice(struct consumer *consumer, struct lane *lane, const rd_kafka_message_t *message)
{
	if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		note_code(consumer, message->err);
		return;
	}
	recover(consumer);
	lane->is_at_end = true;
	if (message->offset >= lane->end)
		lane->is_done = true;
}

/* False if nothing is there. */
static bool
fill_batch(struct lane *lane)
{
	ssize_t n;

	if (lane->at < lane->count)
		return true;
	n = rd_kafka_consume_batch_queue(lane->queue, 0, lane->batch, BATCH);
	lane->at = 0;
	lane->count = n > 0 ? (size_t)n : 0;
	lane->arrived = clock_ms();
	return n > 0;
}

/* Sees to it that the lane has a head, if a message is there. */
static void
fill(struct consumer *consumer, struct lane *lane)
{
	while (!lane->is_done && !lane->has_head && fill_batch(lane)) {
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
	return consumer->is_cut_off;
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
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(queue);
	consumer->commit_at = clock_ms() + COMMIT_MS;
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
		note_code(consumer, code);
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
		begin(consumer);
	else
		look_for_partitions(consumer);
	if (trouble_is_final(&consumer->trouble, OUTCOME_INPUT, &error))
		fail(consumer, error.outcome, error.text);
}

struct consumer *
consumer_new(const struct consumer_config *config, const struct consumer_handler *handler, struct error *error)
{
	static const struct client_preset presets[] = {
		{ "client.id", "espcap-kafka" },
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "enable.partition.eof", "true" },
		{ "auto.offset.reset", "earliest" }
	};
	struct consumer *consumer = xcalloc(1, sizeof(*consumer));
	const struct client_config client = { .loop = config->loop,
		.log = config->log,
		.type = RD_KAFKA_CONSUMER,
		.properties = config->properties,
		.presets = presets,
		.preset_count = sizeof(presets) / sizeof(presets[0]),
		.handler = { on_event, on_served, on_trouble, consumer } };

	consumer->config = *config;
	consumer->handler = *handler;
	consumer->trouble = (struct trouble){ .log = config->log, .retry_for = config->retry_for };
	consumer->tick = evtimer_new(loop_base(config->loop), on_tick, consumer);
	consumer->later = evtimer_new(loop_base(config->loop), on_later, consumer);
	consumer->client = client_new(&client, error);
	if (consumer->client == NULL) {
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
	release_lanes(consumer, 0);
	free(consumer->lanes);
	free(consumer->merge);
	client_free(consumer->client);
	free(consumer);
}

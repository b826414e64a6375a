/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the consumer begins in each partition, and where it goes on if what it would read is gone. */
#include "kafka/consumer_private.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/xalloc.h"

/* At least of each partition, kB. */
#define HOLD_MIN_KBYTES 512

static void
set_range(struct consumer *consumer, struct lane *lane, const struct asker_place *place)
{
	switch (consumer->config.start) {
	case CONSUMER_BEGIN:
		lane->start = place->low;
		break;
	case CONSUMER_LATEST:
		lane->start = consumer->is_growing ? place->low : place->high;
		break;
	case CONSUMER_STORED:
		/* A new group begins with what there is. */
		lane->start = place->stored < 0 ? place->low : place->stored;
		break;
	case CONSUMER_AT:
		lane->start = consumer->config.offset;
		break;
	}
	/* The topic was made anew, or a broker that knew less took over. */
	if (consumer->config.start == CONSUMER_STORED && lane->start > place->high) {
		root_log(consumer->config.log, ROOT_WARNING,
		    "Partition %d ends at offset %lld, and %lld is stored: it is read from its beginning", lane->partition,
		    (long long)place->high, (long long)lane->start);
		lane->start = place->low;
	}
	if (lane->start < place->low) {
		consumer->missed += (uint64_t)(place->low - lane->start);
		lane->start = place->low;
	}
	if (consumer->config.exit_at_end)
		lane->end = place->high;
	if (consumer->config.start == CONSUMER_AT)
		lane->end = consumer->config.offset + (int64_t)consumer->config.count;
	lane->is_done = lane->start >= lane->end;
	lane->next = lane->given = lane->stored = lane->commited = lane->start;
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

/* A lane for each place. */
static void
add_lanes(struct consumer *consumer, const struct asker_answer *answer, rd_kafka_topic_partition_list_t *list)
{
	size_t count = consumer->count + answer->count;

	consumer->lanes = xreallocarray(consumer->lanes, count, sizeof(*consumer->lanes));
	consumer->merge = xreallocarray(consumer->merge, count, sizeof(*consumer->merge));
	for (size_t i = 0; i < answer->count; i++) {
		struct lane *lane = &consumer->lanes[consumer->count++];

		*lane = (struct lane){ .partition = answer->places[i].partition,
			.leader = answer->places[i].leader,
			.end = INT64_MAX };
		set_range(consumer, lane, &answer->places[i]);
		if (!lane->is_done)
			begin_lane(consumer, lane, answer->places[i].low, list);
	}
}

static void
assign(struct consumer *consumer, const struct asker_answer *answer)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)answer->count);
	rd_kafka_error_t *refusal;

	add_lanes(consumer, answer, list);
	refusal = list->cnt > 0 ? rd_kafka_incremental_assign(client_handle(consumer->client), list) : NULL;
	if (refusal != NULL) {
		consumer_fail(consumer, OUTCOME_INTERNAL, rd_kafka_error_string(refusal));
		rd_kafka_error_destroy(refusal);
	}
	rd_kafka_topic_partition_list_destroy(list);
	if (consumer->missed > 0 && !consumer->is_growing)
		root_log(consumer->config.log, ROOT_WARNING, "%llu messages were deleted before they were read",
		    (unsigned long long)consumer->missed);
}

void
consumer_ask(struct consumer *consumer)
{
	const struct asker_question question = {
		.first = consumer->config.start == CONSUMER_AT ? consumer->config.partition : (int32_t)consumer->count,
		.only = consumer->config.start == CONSUMER_AT,
		.stored = consumer->config.start == CONSUMER_STORED
	};

	if (asker_is_asking(consumer->asker))
		return;
	consumer->asks_for_lost = false;
	asker_ask(consumer->asker, &question);
}

/* Partitions may be added to a topic: they are read from their beginning. */
void
consumer_look_for_partitions(struct consumer *consumer)
{
	if (consumer->config.start == CONSUMER_AT || consumer->config.exit_at_end || consumer->is_cut_off ||
	    clock_ms() < consumer->look_at)
		return;
	consumer->look_at = clock_ms() + consumer->look_every;
	consumer_ask(consumer);
}

/* What the lane would read next was deleted, or is not there yet in a topic that was made anew. */
static void
go_on_at(struct consumer *consumer, struct lane *lane, const struct asker_place *place)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	lane->is_lost = false;
	if (lane->next < place->low) {
		consumer->missed += (uint64_t)(place->low - lane->next);
		root_log(consumer->config.log, ROOT_WARNING, "%lld messages of partition %d were deleted before they were read",
		    (long long)(place->low - lane->next), lane->partition);
	} else {
		if (lane->end != INT64_MAX)
			lane->end = place->high;
		root_log(consumer->config.log, ROOT_WARNING, "Partition %d ends at offset %lld now: it is read from its beginning",
		    lane->partition, (long long)place->high);
	}
	lane->next = place->low;
	lane->is_done = lane->next >= lane->end;
	rd_kafka_topic_partition_list_add(list, consumer->config.topic, lane->partition)->offset = place->low;
	rd_kafka_error_destroy(rd_kafka_incremental_unassign(client_handle(consumer->client), list));
	rd_kafka_error_destroy(rd_kafka_incremental_assign(client_handle(consumer->client), list));
	rd_kafka_topic_partition_list_destroy(list);
}

static void
take_refusal(struct consumer *consumer, const struct asker_answer *answer)
{
	char text[300];

	/* Who may not use the group is kept waiting. */
	if (answer->code == RD_KAFKA_RESP_ERR__TIMED_OUT && consumer->trouble.refused != 0)
		return;
	if (answer->code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || answer->code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
		(void)snprintf(text, sizeof(text), "the topic %.250s does not exist", consumer->config.topic);
		trouble_note(&consumer->trouble, CLIENT_REFUSED, text);
	} else
		consumer_note_code(consumer, answer->code);
}

/* Asks where a partition begins, of which the offset to be read is not there any more. */
void
consumer_find_lost(struct consumer *consumer)
{
	struct asker_question question = { .only = true };
	size_t i = 0;

	while (i < consumer->count && !consumer->lanes[i].is_lost)
		i++;
	if (i == consumer->count || asker_is_asking(consumer->asker))
		return;
	question.first = consumer->lanes[i].partition;
	consumer->asks_for_lost = true;
	asker_ask(consumer->asker, &question);
}

/* One of those that are lost; the others are asked about next. */
static void
take_lost(struct consumer *consumer, const struct asker_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		for (size_t k = 0; k < consumer->count; k++)
			if (consumer->lanes[k].is_lost && consumer->lanes[k].partition == answer->places[i].partition)
				go_on_at(consumer, &consumer->lanes[k], &answer->places[i]);
	consumer_find_lost(consumer);
}

static void
resize(void *ctx)
{
	struct consumer *consumer = ctx;
	struct error error;

	consumer_stop_client(consumer);
	if (consumer_start_client(consumer, consumer->hold, &error) != 0)
		consumer_fail(consumer, error.outcome, error.text);
	else
		consumer_ask(consumer);
}

/* Each partition has a part of what may be held: true if the client is made anew for that, and will ask again. */
static bool
share_hold(struct consumer *consumer, size_t count)
{
	uint64_t part = HOLD_KBYTES / count;

	part = part < HOLD_MIN_KBYTES ? HOLD_MIN_KBYTES : part;
	if (consumer->is_sized || part >= consumer->hold ||
	    properties_get(consumer->config.properties, "queued.max.messages.kbytes") != NULL)
		return false;
	consumer->is_sized = true;
	consumer->hold = part;
	/* Not while it gives an answer. */
	loop_defer(consumer->config.loop, resize, consumer);
	return true;
}

void
consumer_take_answer(void *ctx, const struct asker_answer *answer)
{
	struct consumer *consumer = ctx;
	char text[400];

	if (consumer->has_failed)
		return;
	if (answer->code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		take_refusal(consumer, answer);
		return;
	}
	if (consumer->asks_for_lost) {
		take_lost(consumer, answer);
		return;
	}
	if (consumer->config.start == CONSUMER_AT && answer->count == 0) {
		(void)snprintf(text, sizeof(text), "--at: the topic %.250s has %d partitions", consumer->config.topic,
		    answer->partitions);
		consumer_fail(consumer, OUTCOME_USAGE, text);
		return;
	}
	if (answer->count == 0)
		return;
	consumer->is_growing = consumer->count > 0;
	if (!consumer->is_growing && share_hold(consumer, answer->count))
		return;
	assign(consumer, answer);
	if (consumer->is_growing)
		root_log(consumer->config.log, ROOT_INFO, "The topic has %d partitions now", answer->partitions);
	consumer_recover(consumer);
	consumer->handler.on_ready(consumer->handler.ctx);
}

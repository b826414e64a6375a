/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of a member: from the queue of librdkafka into the pipe. */
#include "base/clock.h"
#include "kafka/member_private.h"
#include "kafka/wire.h"

/* With so much waiting for the pipe no message is taken out of the queue. */
#define WAITING_MAX ((size_t)4 << 20)
/* So much is written at once. */
#define WRITTEN_MIN ((size_t)128 << 10)
/* Messages in one round of the loop. */
#define SLICE 4096

static rd_kafka_message_t *
next(struct member *member)
{
	ssize_t n;

	if (member->taken.at < member->taken.count)
		return member->taken.batch[member->taken.at++];
	n = rd_kafka_consume_batch_queue(member->taken.queue, 0, member->taken.batch, MEMBER_BATCH);
	member->taken.at = 0;
	member->taken.count = n > 0 ? (size_t)n : 0;
	return n > 0 ? member->taken.batch[member->taken.at++] : NULL;
}

/* -1 if it has no time. */
static int64_t
sent_ms(const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(message, &type);

	return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : ms;
}

static void
put(struct member *member, const struct lane *lane, const rd_kafka_message_t *message)
{
	struct intake_message frame = { .assignment = lane->assignment,
		.offset = message->offset,
		.key = message->key,
		.key_len = message->key_len < UINT32_MAX ? (uint32_t)message->key_len : UINT32_MAX - 1,
		.value = message->payload,
		.value_len = message->len < UINT32_MAX ? (uint32_t)message->len : UINT32_MAX - 1,
		.sent_ms = sent_ms(message) };
	rd_kafka_headers_t *headers;
	const void *header = NULL;
	size_t len = 0;

	if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    rd_kafka_header_get_last(headers, WIRE_HEADER, &header, &len) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		frame.header = header;
		frame.header_len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX - 1;
	}
	/* Much less than there is room for waits before it. */
	(void)intake_write_message(&member->channel.messages, &frame);
}

static void
anchor(struct member *member, struct lane *lane, int64_t ms)
{
	lane->anchor = ms;
	lane->state = LANE_ANCHORED;
	lane->ask_at = 0;
	member_read_soon(member);
}

/* The next offset there is, from which that of the lane may differ. False if it has to start anew. */
static bool
step(struct member *member, struct lane *lane, int64_t offset)
{
	int64_t low = -1, high, from = lane->next > lane->start ? lane->next : lane->start;

	/* Only what was deleted, with a topic of this name made since, puts an offset back. */
	if (offset < lane->next) {
		member_restart(member, lane);
		return false;
	}
	if (offset == lane->next)
		return true;
	/* Kafka also leaves offsets out: those of transactions, and of what compaction removed. */
	(void)rd_kafka_get_watermark_offsets(client_handle(member->client), member_topic(member, lane), lane->partition,
	    &low, &high);
	if (low > offset)
		low = offset;
	if (low > from)
		member_tell(member,
		    &(struct intake_event){ .kind = INTAKE_MISSED,
			.assignment = lane->assignment,
			.number = (uint64_t)(low - from) });
	lane->next = offset;
	return true;
}

static void
take_end(struct member *member, struct lane *lane, int64_t offset)
{
	member_recover(member);
	if (lane->state == LANE_PROBED) {
		/* Whatever comes next is sent later. */
		anchor(member, lane, (int64_t)clock_of_day());
		return;
	}
	if (step(member, lane, offset))
		member_tell(member,
		    &(struct intake_event){ .kind = INTAKE_AT_END,
			.assignment = lane->assignment,
			.number = (uint64_t)offset });
}

static void
take_message(struct member *member, struct lane *lane, const rd_kafka_message_t *message)
{
	if (lane->state == LANE_PROBED) {
		anchor(member, lane, sent_ms(message));
		return;
	}
	if (!step(member, lane, message->offset))
		return;
	put(member, lane, message);
	lane->next = message->offset + 1;
}

static void
take(struct member *member, const rd_kafka_message_t *message)
{
	struct lane *lane = member_lane(member, rd_kafka_topic_name(message->rkt), message->partition);

	if (lane == NULL || (lane->state != LANE_READ && lane->state != LANE_PROBED))
		return;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		take_message(member, lane, message);
	else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		take_end(member, lane, message->offset);
	else
		member_note_code(member, message->err);
}

void
member_read(struct member *member)
{
	bool had_any = false;

	for (int n = 0; !member->leaving.is_stopped && member->channel.messages.len < WAITING_MAX; n++) {
		rd_kafka_message_t *message;

		if (n == SLICE) {
			member_read_soon(member);
			break;
		}
		message = next(member);
		if (message == NULL)
			break;
		had_any |= message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
		take(member, message);
		rd_kafka_message_destroy(message);
		if (member->channel.messages.len >= WRITTEN_MIN)
			(void)member_flush(member);
	}
	(void)member_flush(member);
	if (had_any)
		member_recover(member);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the partitions of a member end: for the lag. */
#include "base/clock.h"
#include "kafka/member_private.h"

#define TELL_MS 1000
/*
 * librdkafka learns the end with the messages that it fetches, and fetches none while its queue is full: after this
 * time the brokers are asked, ms. And how long an answer may take: the loop waits for it.
 */
#define STALE_MS 5000
#define ANSWER_MS 500

static void
tell(struct member *member, struct lane *lane, int64_t high)
{
	if (high <= lane->high)
		return;
	lane->high = high;
	lane->high_at = clock_ms();
	member_tell(member,
	    &(struct intake_event){ .kind = INTAKE_HIGH, .assignment = lane->assignment, .number = (uint64_t)high });
}

/* Of a partition that is read to its end librdkafka waits for more: it knows. */
static bool
is_stale(const struct lane *lane, uint64_t now)
{
	return lane->state == LANE_READ && lane->high >= 0 && lane->next < lane->high && now - lane->high_at >= STALE_MS;
}

static void
ask_stale(struct member *member)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)member->count);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	uint64_t now = clock_ms();

	for (size_t i = 0; i < member->count; i++) {
		struct lane *lane = &member->lanes[i];

		if (!is_stale(lane, now))
			continue;
		lane->high_at = now;
		rd_kafka_topic_partition_list_add(list, member_topic(member, lane), lane->partition)->offset =
		    RD_KAFKA_OFFSET_END;
	}
	if (list->cnt > 0)
		code = rd_kafka_offsets_for_times(client_handle(member->client), list, ANSWER_MS);
	for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		const rd_kafka_topic_partition_t *place = &list->elems[i];
		struct lane *lane = member_lane(member, place->topic, place->partition);

		if (place->err == RD_KAFKA_RESP_ERR_NO_ERROR && lane != NULL)
			tell(member, lane, place->offset);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

void
member_tell_high(struct member *member)
{
	if (clock_ms() < member->high_at)
		return;
	member->high_at = clock_ms() + TELL_MS;
	for (size_t i = 0; i < member->count; i++) {
		struct lane *lane = &member->lanes[i];
		int64_t low, high = -1;

		if (lane->state != LANE_READ)
			continue;
		(void)rd_kafka_get_watermark_offsets(client_handle(member->client), member_topic(member, lane), lane->partition,
		    &low, &high);
		tell(member, lane, high);
	}
	if (!member->is_cut_off)
		ask_stale(member);
}

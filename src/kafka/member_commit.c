/* SPDX-License-Identifier: BSD-2-Clause */
/* Offsets of a member: what espcap has finished, one commit under way for each partition. */
#include "base/clock.h"
#include "kafka/member_private.h"

/* After a refusal, ms. */
#define RETRY_MS 500

bool
member_commits(const struct lane *lane)
{
	return lane->wanted > lane->committed;
}

static bool
is_due(const struct lane *lane, uint64_t now)
{
	return member_commits(lane) && lane->committing < 0 && lane->commit_at <= now;
}

static void
postpone(struct lane *lane)
{
	lane->committing = -1;
	lane->commit_at = clock_ms() + RETRY_MS;
}

static void
commit_all(struct member *member, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client_handle(member->client));
	rd_kafka_resp_err_t code = rd_kafka_commit_queue(client_handle(member->client), list, queue, NULL, NULL);

	rd_kafka_queue_destroy(queue);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	member_note_code(member, code);
	for (int i = 0; i < list->cnt; i++)
		postpone(member_lane(member, list->elems[i].topic, list->elems[i].partition));
}

void
member_commit(struct member *member)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)member->count);
	uint64_t now = clock_ms();

	for (size_t i = 0; i < member->count; i++) {
		struct lane *lane = &member->lanes[i];

		if (!is_due(lane, now))
			continue;
		lane->committing = lane->wanted;
		rd_kafka_topic_partition_list_add(list, member_topic(member, lane), lane->partition)->offset = lane->wanted;
	}
	if (list->cnt > 0)
		commit_all(member, list);
	rd_kafka_topic_partition_list_destroy(list);
}

/* It is repeated: the group has moved, and is about to tell what that means. */
static bool
is_normal(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
	    code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR__NO_OFFSET;
}

static void
take(struct member *member, struct lane *lane, rd_kafka_resp_err_t code)
{
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (!is_normal(code))
			member_note_code(member, code);
		postpone(lane);
		return;
	}
	lane->committed = lane->committing;
	lane->committing = -1;
	member_recover(member);
	member_tell(member,
	    &(struct intake_event){ .kind = INTAKE_COMMITTED,
		.assignment = lane->assignment,
		.number = (uint64_t)lane->committed });
}

void
member_on_commit(struct member *member, rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);

	for (int i = 0; list != NULL && i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *place = &list->elems[i];
		struct lane *lane = member_lane(member, place->topic, place->partition);

		/* The partition may have come back since. */
		if (lane != NULL && lane->committing >= 0 && lane->committing == place->offset)
			take(member, lane, code != RD_KAFKA_RESP_ERR_NO_ERROR ? code : place->err);
	}
	member_commit(member);
}

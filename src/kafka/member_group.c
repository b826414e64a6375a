/* SPDX-License-Identifier: BSD-2-Clause */
/* What the group gives to a member and takes from it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/member_private.h"

/* Lanes. */

struct lane *
member_lane(struct member *member, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < member->count; i++) {
		size_t at = (member->last + i) % member->count;
		struct lane *lane = &member->lanes[at];

		if (lane->partition == partition && strcmp(member_topic(member, lane), topic) == 0) {
			member->last = at;
			return lane;
		}
	}
	return NULL;
}

struct lane *
member_lane_of(struct member *member, uint32_t assignment)
{
	for (size_t i = 0; i < member->count; i++)
		if (member->lanes[i].assignment == assignment)
			return &member->lanes[i];
	return NULL;
}

static struct lane
new_lane(struct member *member, uint32_t topic, int32_t partition)
{
	return (struct lane){ .assignment = ++member->assignments,
		.topic = topic,
		.partition = partition,
		.anchor = -1,
		.low = -1,
		.end = -1,
		.warm = UNKNOWN,
		.high = -1,
		.committed = -1,
		.committing = -1,
		.wanted = -1 };
}

static void
add_lane(struct member *member, const char *topic, int32_t partition)
{
	uint32_t index = 0;

	while (index < member->config->topic_count && strcmp(member->config->topics[index], topic) != 0)
		index++;
	if (index == member->config->topic_count || member_lane(member, topic, partition) != NULL)
		return;
	member->lanes = xreallocarray(member->lanes, member->count + 1, sizeof(*member->lanes));
	member->lanes[member->count++] = new_lane(member, index, partition);
}

static void
remove_lane(struct member *member, struct lane *lane)
{
	*lane = member->lanes[--member->count];
	member->last = 0;
}

void
member_forget(struct member *member, const struct lane *lane)
{
	size_t kept = member->taken.at;

	for (size_t i = member->taken.at; i < member->taken.count; i++) {
		rd_kafka_message_t *message = member->taken.batch[i];

		if (message->partition == lane->partition &&
		    strcmp(rd_kafka_topic_name(message->rkt), member_topic(member, lane)) == 0)
			rd_kafka_message_destroy(message);
		else
			member->taken.batch[kept++] = message;
	}
	member->taken.count = kept;
}

/* Nothing of it is given from here on; espcap has to release what it has. */
static void
hold(struct member *member, struct lane *lane, bool lost)
{
	member_forget(member, lane);
	lane->state = LANE_HELD;
	/* Who has ordered it to leave is not interested. */
	if (!member->leaving.is_under_way)
		member_tell_flag(member, INTAKE_REVOKED, lane->assignment, lost);
}

void
member_restart(struct member *member, struct lane *lane)
{
	member_note(member, "%s/%d: offsets start anew after %lld", member_topic(member, lane), (int)lane->partition,
	    (long long)lane->next - 1);
	lane->is_again = true;
	/* The offsets that espcap has are of messages that are gone. */
	lane->wanted = lane->committed;
	lane->state = LANE_HELD;
	member_tell_flag(member, INTAKE_REVOKED, lane->assignment, true);
}

void
member_begin_again(struct member *member, struct lane *lane)
{
	struct lane anew = new_lane(member, lane->topic, lane->partition);

	anew.is_assigned = anew.is_anew = true;
	*lane = anew;
	member_read_soon(member);
}

/* What the group gives and takes. */

static void
answer(struct member *member, const rd_kafka_topic_partition_list_t *removed)
{
	rd_kafka_t *handle = client_handle(member->client);
	rd_kafka_topic_partition_list_t *list = removed != NULL ? rd_kafka_topic_partition_list_copy(removed) :
								  rd_kafka_topic_partition_list_new(1);
	rd_kafka_error_t *refusal = removed != NULL ? rd_kafka_incremental_unassign(handle, list) :
						      rd_kafka_incremental_assign(handle, list);

	rd_kafka_topic_partition_list_destroy(list);
	if (refusal == NULL)
		return;
	member_note(member, "Kafka: %s", rd_kafka_error_string(refusal));
	rd_kafka_error_destroy(refusal);
}

/* The group has its partitions back when espcap has nothing to do with them any more. */
void
member_give_back(struct member *member)
{
	rd_kafka_topic_partition_list_t *list;
	bool waits = false;

	if (!member->is_revoking)
		return;
	for (size_t i = 0; i < member->count; i++) {
		const struct lane *lane = &member->lanes[i];

		if (lane->state != LANE_HELD || lane->is_again)
			continue;
		if (!lane->is_released || (member_commits(lane) && clock_ms() < member->release_by))
			waits = true;
	}
	if (waits && !member->leaving.is_under_way)
		return;
	list = rd_kafka_topic_partition_list_new((int)member->count);
	for (size_t i = member->count; i-- > 0;) {
		struct lane *lane = &member->lanes[i];

		if (lane->state != LANE_HELD || lane->is_again)
			continue;
		if (lane->is_assigned)
			rd_kafka_topic_partition_list_add(list, member_topic(member, lane), lane->partition);
		remove_lane(member, lane);
	}
	member->is_revoking = false;
	answer(member, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static void
take_away(struct member *member, const rd_kafka_topic_partition_list_t *list)
{
	bool lost = rd_kafka_assignment_lost(client_handle(member->client)) != 0;

	for (int i = 0; i < list->cnt; i++) {
		struct lane *lane = member_lane(member, list->elems[i].topic, list->elems[i].partition);

		if (lane == NULL)
			continue;
		if (lane->state != LANE_HELD && lane->is_told)
			hold(member, lane, lost);
		else if (lane->state != LANE_HELD) {
			member_forget(member, lane);
			lane->state = LANE_HELD;
			lane->is_released = true;
		}
		lane->is_again = false;
		/* It belongs to another, who does not wait. */
		if (lost) {
			lane->is_released = true;
			lane->wanted = lane->committed;
		}
	}
	member->is_revoking = true;
	member_give_back(member);
}

void
member_on_rebalance(struct member *member, rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		take_away(member, list);
		return;
	}
	/* The group waits for the answer, and not for where to begin: that is found out afterwards. */
	answer(member, NULL);
	if (member->leaving.is_under_way)
		return;
	for (int i = 0; i < list->cnt; i++)
		add_lane(member, list->elems[i].topic, list->elems[i].partition);
	member->is_assigned_once = true;
	member_tell_flag(member, INTAKE_REBALANCE, 0, false);
	member_read_soon(member);
}

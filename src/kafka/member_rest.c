/* SPDX-License-Identifier: BSD-2-Clause */
/* What of the topics is still to be read by others of the group, for a member that is to end when nothing is. */
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/member_private.h"

/* How long the loop may stand still for one answer, and after how long what failed is asked again, ms. */
#define ASK_MS 500
#define RETRY_MS 1000
/* After so long without progress of the group there is a message. */
#define PATIENCE_MS 60000

/* Of the first and the last, what is asked by a time (kafka.apache.org/protocol, ListOffsets). */
enum bound {
	FIRST,
	LAST,
	WANTED /* where the group begins that has never been there */
};

static rd_kafka_topic_partition_t *
add(const struct member *member, const struct goal *goal, rd_kafka_topic_partition_list_t *list)
{
	return rd_kafka_topic_partition_list_add(list, member->config->topics[goal->topic], goal->partition);
}

static struct goal *
find(const struct member *member, const rd_kafka_topic_partition_t *place)
{
	const struct rest *rest = &member->rest;

	for (size_t i = 0; i < rest->count; i++)
		if (rest->goals[i].partition == place->partition &&
		    strcmp(member->config->topics[rest->goals[i].topic], place->topic) == 0)
			return &rest->goals[i];
	return NULL;
}

/* At the start. */

static void
add_goals(struct rest *rest, uint32_t topic, int32_t partitions)
{
	rest->goals = xreallocarray(rest->goals, rest->count + (size_t)partitions + 1, sizeof(*rest->goals));
	for (int32_t i = 0; i < partitions; i++)
		rest->goals[rest->count++] = (struct goal){ .topic = topic, .partition = i, .first = -1, .end = -1 };
}

static bool
list_goals(struct member *member)
{
	struct rest *rest = &member->rest;

	rest->count = 0;
	for (uint32_t i = 0; i < member->config->topic_count; i++) {
		int32_t partitions = member_partitions(member, member->config->topics[i], ASK_MS);

		if (partitions < 0)
			return false;
		add_goals(rest, i, partitions);
	}
	return true;
}

static int64_t
time_asked(const struct member *member, enum bound bound)
{
	if (bound == WANTED && member->config->from == MEMBER_TIME)
		return member->config->from_ms > 0 ? member->config->from_ms : 0;
	return bound == LAST ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
}

static void
take_bound(struct goal *goal, int64_t offset, enum bound bound)
{
	if (bound == LAST)
		goal->high = offset;
	else if (bound == FIRST)
		goal->low = offset;
	else
		/* Nothing was sent at that time or later. */
		goal->first = offset >= 0 ? offset : INT64_MAX;
}

/* Of those that is_asked says. What is not answered stays as it is. */
static void
ask(struct member *member, enum bound bound, bool (*is_asked)(const struct member *member, const struct goal *goal))
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)member->rest.count);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	for (size_t i = 0; i < member->rest.count; i++)
		if (is_asked(member, &member->rest.goals[i]))
			add(member, &member->rest.goals[i], list)->offset = time_asked(member, bound);
	if (list->cnt > 0)
		code = rd_kafka_offsets_for_times(client_handle(member->client), list, ASK_MS);
	for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		const rd_kafka_topic_partition_t *place = &list->elems[i];
		bool is_known = place->offset >= 0 || (bound == WANTED && member->config->from == MEMBER_TIME);

		if (place->err == RD_KAFKA_RESP_ERR_NO_ERROR && is_known)
			take_bound(find(member, place), place->offset, bound);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

static bool
is_new(const struct member *member, const struct goal *goal)
{
	(void)member;
	return goal->end < 0 || goal->first < 0;
}

static void
ask_goals(struct member *member)
{
	struct rest *rest = &member->rest;

	ask(member, LAST, is_new);
	ask(member, WANTED, is_new);
	rest->is_known = true;
	for (size_t i = 0; i < rest->count; i++) {
		struct goal *goal = &rest->goals[i];

		if (goal->end < 0)
			goal->end = goal->high;
		rest->is_known &= goal->end >= 0 && goal->first >= 0;
	}
}

/* Who reads only what comes from now on has nothing to read to the end. */
bool
member_wants_goals(const struct member *member)
{
	return member->config->to_the_end && member->config->from != MEMBER_LATEST && !member->rest.is_known &&
	    !member->is_cut_off && clock_ms() >= member->rest.ask_at;
}

void
member_set_goals(struct member *member)
{
	struct rest *rest = &member->rest;

	if (!member_wants_goals(member))
		return;
	rest->is_listed = rest->is_listed || list_goals(member);
	if (rest->is_listed)
		ask_goals(member);
	rest->ask_at = clock_ms() + RETRY_MS;
}

/* What is left. */

/* Espcap knows of it, and when it is at its end. */
static bool
is_own(const struct member *member, const struct goal *goal)
{
	for (size_t i = 0; i < member->count; i++) {
		const struct lane *lane = &member->lanes[i];

		if (lane->topic == goal->topic && lane->partition == goal->partition)
			return lane->state == LANE_READ && lane->is_told;
	}
	return false;
}

static bool
is_of_others(const struct member *member, const struct goal *goal)
{
	return !is_own(member, goal) && (goal->end < 0 || goal->first < goal->end);
}

/*
 * Where the group is. Refusal: the code if the client has no right to know it; other failures leave it unknown, as if
 * the group had never been there.
 */
static rd_kafka_resp_err_t
ask_stored(struct member *member)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)member->rest.count);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR, refusal = RD_KAFKA_RESP_ERR_NO_ERROR;

	for (size_t i = 0; i < member->rest.count; i++) {
		member->rest.goals[i].stored = member->rest.goals[i].low = member->rest.goals[i].high = -1;
		if (is_of_others(member, &member->rest.goals[i]))
			add(member, &member->rest.goals[i], list);
	}
	if (list->cnt > 0)
		code = rd_kafka_committed(client_handle(member->client), list, ASK_MS);
	for (int i = 0; i < list->cnt; i++) {
		rd_kafka_resp_err_t own = code != RD_KAFKA_RESP_ERR_NO_ERROR ? code : list->elems[i].err;

		if (own == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || own == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
			refusal = own;
		if (own == RD_KAFKA_RESP_ERR_NO_ERROR)
			find(member, &list->elems[i])->stored = list->elems[i].offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return refusal;
}

/*
 * The group has what there was at the start. Retention may have deleted it since, and the topic may have been made
 * anew: the offset of the group is of another topic then if it is after the end.
 */
static bool
is_done(const struct goal *goal)
{
	int64_t at = goal->stored > goal->low ? goal->stored : goal->low;

	if (goal->end < 0 || goal->high < 0 || goal->low < 0)
		return false;
	return goal->stored <= goal->high && at >= (goal->end < goal->high ? goal->end : goal->high);
}

static void
tell_who_waits(struct member *member, const struct goal *goal)
{
	struct rest *rest = &member->rest;
	uint64_t now = clock_ms();
	int64_t sum = 0;

	for (size_t i = 0; i < rest->count; i++)
		sum += rest->goals[i].stored;
	if (goal == NULL || sum != rest->sum || rest->since == 0) {
		rest->sum = sum;
		rest->since = now;
	}
	if (goal == NULL || rest->is_told || now - rest->since < PATIENCE_MS)
		return;
	rest->is_told = true;
	member_note(member,
	    "%s/%d: another worker of the group has it, which does not get on (committed: %lld, to be read up to: %lld); "
	    "espcap waits for it, and ends when that is done",
	    member->config->topics[goal->topic], (int)goal->partition, (long long)goal->stored, (long long)goal->end);
}

static size_t
count_left(struct member *member)
{
	const struct goal *first = NULL;
	size_t left = 0;

	ask(member, FIRST, is_of_others);
	ask(member, LAST, is_of_others);
	for (size_t i = 0; i < member->rest.count; i++) {
		const struct goal *goal = &member->rest.goals[i];

		if (!is_of_others(member, goal) || is_done(goal))
			continue;
		left++;
		if (first == NULL)
			first = goal;
	}
	tell_who_waits(member, first);
	return left;
}

static void
tell(struct member *member, size_t left, bool is_sure)
{
	member_tell(member,
	    &(struct intake_event){ .kind = INTAKE_REST, .assignment = member->rest.token, .number = left, .flag = is_sure });
	member->rest.token = 0;
	(void)member_flush(member);
}

static void
tell_refusal(struct member *member, rd_kafka_resp_err_t code)
{
	if (!member->rest.is_refused)
		member_note(member, "it is not known what other workers of the group have read: %s", rd_kafka_err2str(code));
	member->rest.is_refused = true;
	tell(member, 0, false);
}

void
member_tell_rest(struct member *member)
{
	struct rest *rest = &member->rest;
	rd_kafka_resp_err_t refusal;
	bool has_others = false;

	if (rest->token == 0)
		return;
	if (member->config->from == MEMBER_LATEST) {
		tell(member, 0, false);
		return;
	}
	for (size_t i = 0; i < rest->count; i++)
		has_others |= is_of_others(member, &rest->goals[i]);
	if (rest->is_known && !has_others) {
		/* Of a topic that does not exist, or not yet, there is nothing that could be known. */
		tell(member, 0, rest->count > 0);
		return;
	}
	if (member->is_cut_off || !rest->is_listed)
		return;
	refusal = ask_stored(member);
	if (refusal != RD_KAFKA_RESP_ERR_NO_ERROR) {
		tell_refusal(member, refusal);
		return;
	}
	/* Where the group was before this run says nothing of what is read now if that begins elsewhere. */
	tell(member, count_left(member), member->config->from == MEMBER_STORED || member->config->from == MEMBER_STORED_OR_TIME);
}

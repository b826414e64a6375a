/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a member begins to read its partitions. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/member_private.h"

/* How long the loop may stand still for one answer, and for all of them in one round, ms. */
#define ASK_MS 1000
#define ROUND_MS 2000
/* A partition that does not answer is asked again after this time, doubled each time up to the second. */
#define RETRY_MS 500
#define RETRY_MAX_MS 16000

struct round {
	struct member *member;
	rd_kafka_t *handle;
	uint64_t until;
};

/* ms that may still be waited, 0 for none. */
static int
left(const struct round *round)
{
	uint64_t now = clock_ms();

	if (now >= round->until)
		return 0;
	return round->until - now < ASK_MS ? (int)(round->until - now) : ASK_MS;
}

static bool
is_asked(const struct lane *lane, enum lane_state state, uint64_t now)
{
	return lane->state == state && lane->ask_at <= now;
}

static void
postpone(struct member *member, struct lane *lane, rd_kafka_resp_err_t code)
{
	uint64_t wait = RETRY_MS << (lane->failures < 5 ? lane->failures : 5);

	lane->failures++;
	lane->ask_at = clock_ms() + (wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS);
	if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
		trouble_note(&member->trouble, CLIENT_REFUSED, rd_kafka_err2str(code));
	else
		member_note_code(member, code);
}

static rd_kafka_topic_partition_list_t *
list_of(const struct member *member, const struct lane *lane, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, member_topic(member, lane), lane->partition)->offset = offset;
	return list;
}

static struct seen *
find_seen(const struct member *member, const struct lane *lane)
{
	for (size_t i = 0; i < member->seen_count; i++)
		if (member->seen[i].topic == lane->topic && member->seen[i].partition == lane->partition)
			return &member->seen[i];
	return NULL;
}

static void
set_seen(struct member *member, const struct lane *lane)
{
	struct seen *seen = find_seen(member, lane);

	if (seen != NULL) {
		if (lane->is_anew)
			seen->start = lane->start;
		return;
	}
	member->seen = xreallocarray(member->seen, member->seen_count + 1, sizeof(*member->seen));
	member->seen[member->seen_count++] = (struct seen){ lane->topic, lane->partition, lane->start };
}

/* Questions. */

/*
 * Where the group is, into committed; -1 where it has never been. Lanes of which that is not found out are postponed.
 */
static void
ask_committed(struct round *round)
{
	struct member *member = round->member;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)member->count);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	uint64_t now = clock_ms();
	int wait = left(round);

	for (size_t i = 0; i < member->count && wait > 0; i++)
		if (is_asked(&member->lanes[i], LANE_NEW, now))
			rd_kafka_topic_partition_list_add(list, member_topic(member, &member->lanes[i]), member->lanes[i].partition);
	if (list->cnt > 0)
		code = rd_kafka_committed(round->handle, list, wait);
	for (int i = 0; i < list->cnt; i++) {
		struct lane *lane = member_lane(member, list->elems[i].topic, list->elems[i].partition);
		rd_kafka_resp_err_t own = code != RD_KAFKA_RESP_ERR_NO_ERROR ? code : list->elems[i].err;

		if (own != RD_KAFKA_RESP_ERR_NO_ERROR)
			postpone(member, lane, own);
		else
			lane->committed = list->elems[i].offset >= 0 ? list->elems[i].offset : -1;
	}
	rd_kafka_topic_partition_list_destroy(list);
}

/* The first offset that was sent at ms or later; -1 if there is none. */
static rd_kafka_resp_err_t
ask_time(struct round *round, const struct lane *lane, int64_t ms, int64_t *offset)
{
	rd_kafka_topic_partition_list_t *list = list_of(round->member, lane, ms > 0 ? ms : 0);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	int wait = left(round);

	if (wait > 0)
		code = rd_kafka_offsets_for_times(round->handle, list, wait);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = list->elems[0].err;
	*offset = list->elems[0].offset >= 0 ? list->elems[0].offset : -1;
	rd_kafka_topic_partition_list_destroy(list);
	return code;
}

/*
 * Offsets of many partitions are asked at once: an answer takes up to fetch.wait.max.ms, since a broker answers what
 * comes on one connection in its order.
 */
enum question {
	LOW,
	END,
	WARM
};

/* Kafka's way to ask for bounds is by a time (kafka.apache.org/protocol, ListOffsets). */
static int64_t
time_asked(const struct member *member, const struct lane *lane, enum question question)
{
	int64_t ms = lane->anchor - (int64_t)member->config->warmup_ms;

	if (question == WARM)
		return ms > 0 ? ms : 0;
	return question == LOW ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
}

static void
take_answer(struct round *round, rd_kafka_resp_err_t code, const rd_kafka_topic_partition_t *place,
    enum question question)
{
	struct member *member = round->member;
	struct lane *lane = member_lane(member, place->topic, place->partition);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = place->err;
	/* It was not asked: nobody leads it. */
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && question != WARM && place->offset < 0)
		code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		postpone(member, lane, code);
	else if (question == LOW)
		lane->low = place->offset;
	else if (question == END)
		lane->end = place->offset;
	else
		lane->warm = place->offset >= 0 ? place->offset : -1;
}

static void
ask_list(struct round *round, rd_kafka_topic_partition_list_t *list, enum question question)
{
	int wait = left(round);
	rd_kafka_resp_err_t code;

	if (list->cnt == 0 || wait == 0)
		return;
	code = rd_kafka_offsets_for_times(round->handle, list, wait);
	for (int i = 0; i < list->cnt; i++)
		take_answer(round, code, &list->elems[i], question);
}

/* A broker that does not answer takes the answers of others along: who failed is asked alone. */
static void
ask_all(struct round *round, enum lane_state state, enum question question, uint64_t now)
{
	struct member *member = round->member;
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new((int)member->count);

	for (size_t i = 0; i < member->count; i++) {
		struct lane *lane = &member->lanes[i];
		rd_kafka_topic_partition_list_t *alone;

		if (!is_asked(lane, state, now) || (question == WARM && lane->anchor < 0))
			continue;
		if (lane->failures == 0) {
			rd_kafka_topic_partition_list_add(all, member_topic(member, lane), lane->partition)->offset =
			    time_asked(member, lane, question);
			continue;
		}
		alone = list_of(member, lane, time_asked(member, lane, question));
		ask_list(round, alone, question);
		rd_kafka_topic_partition_list_destroy(alone);
	}
	ask_list(round, all, question);
	rd_kafka_topic_partition_list_destroy(all);
}

static bool
knows_cluster(struct round *round)
{
	struct member *member = round->member;
	struct intake_event event = { .kind = INTAKE_CLUSTER };
	int wait = left(round);
	char *id;

	if (member->knows_cluster)
		return true;
	id = wait > 0 ? rd_kafka_clusterid(round->handle, wait) : NULL;
	if (id == NULL)
		return false;
	(void)snprintf(event.error.text, sizeof(event.error.text), "%s", id);
	rd_kafka_mem_free(round->handle, id);
	member_tell(member, &event);
	member->knows_cluster = true;
	return true;
}

int32_t
member_partitions(struct member *member, const char *name, int wait)
{
	rd_kafka_t *handle = client_handle(member->client);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(handle, name, NULL);
	const struct rd_kafka_metadata *metadata;
	int32_t count = -1;

	if (topic == NULL)
		return -1;
	if (wait > 0 && rd_kafka_metadata(handle, 0, topic, &metadata, wait) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		/* Of a topic that does not exist there are none. */
		if (metadata->topic_cnt == 1 && metadata->topics[0].err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
			count = metadata->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(topic);
	return count;
}

/* Who reads what comes from now on also wants the first messages of a partition that is added from now on. */
static bool
knows_partitions(struct round *round)
{
	struct member *member = round->member;
	int32_t *counts;

	if (member->config->from != MEMBER_LATEST || member->rest.partitions != NULL)
		return true;
	counts = xcalloc(member->config->topic_count, sizeof(*counts));
	for (size_t i = 0; i < member->config->topic_count; i++) {
		counts[i] = member_partitions(member, member->config->topics[i], left(round));
		if (counts[i] < 0) {
			free(counts);
			return false;
		}
	}
	member->rest.partitions = counts;
	return true;
}

/* Where it begins. */

static rd_kafka_resp_err_t
choose(struct round *round, struct lane *lane)
{
	const struct member_config *config = round->member->config;
	const struct seen *seen = find_seen(round->member, lane);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	lane->start = lane->low;
	if (lane->is_anew)
		return code;
	if (seen != NULL || config->from == MEMBER_STORED ||
	    (config->from == MEMBER_STORED_OR_TIME && lane->committed >= 0)) {
		if (lane->committed >= 0)
			lane->start = lane->committed;
		else if (seen != NULL)
			lane->start = seen->start;
	} else if (config->from == MEMBER_LATEST) {
		if (lane->partition < round->member->rest.partitions[lane->topic])
			lane->start = lane->end;
	} else if (config->from == MEMBER_TIME || config->from == MEMBER_STORED_OR_TIME) {
		code = ask_time(round, lane, config->from_ms, &lane->start);
		if (lane->start < 0)
			lane->start = lane->end;
	}
	return code;
}

/* Within what there is. */
static void
bound(struct member *member, struct lane *lane)
{
	lane->missed = 0;
	if (lane->start > lane->end) {
		member_note(member, "%s/%d: the offset %lld of the group is after the end, %lld: all there is is read",
		    member_topic(member, lane), (int)lane->partition, (long long)lane->start, (long long)lane->end);
		lane->start = lane->low;
	}
	if (lane->start < lane->low) {
		lane->missed = (uint64_t)(lane->low - lane->start);
		lane->start = lane->low;
	}
}

/* librdkafka fetches the lane from this offset on. */
static int
place(struct member *member, struct lane *lane, int64_t offset)
{
	rd_kafka_t *handle = client_handle(member->client);
	rd_kafka_topic_partition_list_t *list = list_of(member, lane, offset);
	rd_kafka_queue_t *queue;
	rd_kafka_error_t *refusal;

	if (lane->is_assigned) {
		member_forget(member, lane);
		refusal = rd_kafka_seek_partitions(handle, list, 0);
	} else {
		queue = rd_kafka_queue_get_partition(handle, member_topic(member, lane), lane->partition);
		/* Before it is assigned: it stays forwarded then. */
		rd_kafka_queue_forward(queue, member->taken.queue);
		rd_kafka_queue_destroy(queue);
		refusal = rd_kafka_incremental_assign(handle, list);
	}
	rd_kafka_topic_partition_list_destroy(list);
	if (refusal == NULL) {
		lane->is_assigned = true;
		return 0;
	}
	postpone(member, lane, rd_kafka_error_code(refusal));
	rd_kafka_error_destroy(refusal);
	return -1;
}

static void
begin_at(struct member *member, struct lane *lane, int64_t offset)
{
	if (place(member, lane, offset) != 0)
		return;
	lane->state = LANE_READ;
	lane->failures = 0;
	lane->next = offset;
	lane->is_told = true;
	lane->wanted = lane->start;
	/*
	 * Nothing before the start is committed: the group is there, or was before retention. But a place that was
	 * found by a time must be found again by the next run, whatever has been read by then.
	 */
	if (member->config->from != MEMBER_STORED_OR_TIME || lane->committed >= 0)
		lane->committed = lane->start;
	member_tell(member,
	    &(struct intake_event){ .kind = INTAKE_ASSIGNED,
		.assigned = { lane->assignment, lane->topic, lane->partition, lane->start, offset, lane->end, lane->missed } });
}

/* The first offset that --warmup's number of messages allows. */
static int64_t
first_warm(const struct member *member, const struct lane *lane)
{
	uint64_t messages = member->config->warmup_messages, before = (uint64_t)(lane->start - lane->low);

	return messages == 0 || messages >= before ? lane->low : lane->start - (int64_t)messages;
}

static void
begin_new(struct round *round, struct lane *lane)
{
	struct member *member = round->member;
	rd_kafka_resp_err_t code;

	/* There was no time left to ask. */
	if (lane->low < 0 || lane->end < 0)
		return;
	code = choose(round, lane);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		postpone(member, lane, code);
		return;
	}
	member_recover(member);
	bound(member, lane);
	set_seen(member, lane);
	if (lane->start == lane->low || (member->config->warmup_ms == 0 && member->config->warmup_messages == 0))
		begin_at(member, lane, lane->start);
	else if (member->config->warmup_ms == 0)
		begin_at(member, lane, first_warm(member, lane));
	else if (place(member, lane, lane->start - 1) == 0)
		lane->state = LANE_PROBED;
}

static void
begin_anchored(struct member *member, struct lane *lane)
{
	int64_t first = first_warm(member, lane), offset = lane->warm;

	if (lane->anchor >= 0 && offset == UNKNOWN)
		return;
	/* Without times there is the number alone. */
	if (lane->anchor < 0 && member->config->warmup_messages > 0)
		offset = first;
	if (offset < 0 || offset > lane->start)
		offset = lane->start;
	begin_at(member, lane, offset > first ? offset : first);
}

static bool
has_begun(const struct member *member)
{
	for (size_t i = 0; i < member->count; i++)
		if (member->lanes[i].state != LANE_READ && member->lanes[i].state != LANE_HELD)
			return false;
	return member->is_assigned_once;
}

static bool
is_any_asked(const struct member *member)
{
	for (size_t i = 0; i < member->count; i++)
		if (is_asked(&member->lanes[i], LANE_NEW, clock_ms()) || is_asked(&member->lanes[i], LANE_ANCHORED, clock_ms()))
			return true;
	return false;
}

static void
begin_all(struct member *member)
{
	struct round round = { member, client_handle(member->client), clock_ms() + ROUND_MS };
	uint64_t now = clock_ms();

	if (!knows_partitions(&round) || !knows_cluster(&round))
		return;
	/* What it gets ends there or later, so that no two members wait for each other. */
	member_set_goals(member);
	for (size_t i = 0; i < member->count; i++)
		if (member->lanes[i].state == LANE_NEW)
			member->lanes[i].low = member->lanes[i].end = -1;
	ask_committed(&round);
	ask_all(&round, LANE_NEW, LOW, now);
	ask_all(&round, LANE_NEW, END, now);
	ask_all(&round, LANE_ANCHORED, WARM, now);
	for (size_t i = 0; i < member->count; i++) {
		struct lane *lane = &member->lanes[i];

		if (is_asked(lane, LANE_NEW, now))
			begin_new(&round, lane);
		else if (is_asked(lane, LANE_ANCHORED, now))
			begin_anchored(member, lane);
	}
}

/* At the start, as soon as a broker answers. */
static bool
wants_partitions(const struct member *member)
{
	return (member->config->from == MEMBER_LATEST && member->rest.partitions == NULL && !member->is_cut_off) ||
	    member_wants_goals(member);
}

void
member_begin(struct member *member)
{
	/* Adding a partition ends the mark of those that are lost, which is asked for when they are revoked. */
	if ((is_any_asked(member) || wants_partitions(member)) &&
	    rd_kafka_assignment_lost(client_handle(member->client)) == 0)
		begin_all(member);
	if (member->is_settled || !has_begun(member))
		return;
	member->is_settled = true;
	member_tell(member, &(struct intake_event){ .kind = INTAKE_SETTLED });
}

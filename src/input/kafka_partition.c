/* SPDX-License-Identifier: BSD-2-Clause */
/* A partition while it is assigned to this worker. */
#include "input/kafka_partition.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/xalloc.h"

/* Cluster, topic and their numbers: both names are bounded by Kafka. */
#define NAME_MAX_LEN ((size_t)2048)

/* What messages without a header are known by: each is a capture of one packet in it, by its offset. */
static int
name_capture(const char *cluster, const char *topic, int32_t partition, char id[CAPTURE_ID_LEN])
{
	struct buffer name;
	int rv = -1;

	buffer_init(&name, NAME_MAX_LEN);
	if (buffer_printf(&name, "kafka %s %s %" PRId32, cluster, topic, partition) == 0 &&
	    buffer_append(&name, "", 1) == 0)
		rv = capture_id_of_text(name.data, id);
	buffer_release(&name);
	return rv;
}

struct kafka_partition *
kafka_partition_new(const struct intake_assigned *assigned, const char *topic, const char *cluster)
{
	struct kafka_partition *partition = xcalloc(1, sizeof(*partition));

	partition->assigned = *assigned;
	partition->topic = topic;
	partition->next = assigned->warm;
	partition->high = assigned->end;
	partition->committed = assigned->start;
	partition->spans = spans_new(assigned->start);
	if (name_capture(cluster, topic, assigned->partition, partition->own_capture) == 0)
		return partition;
	kafka_partition_free(partition);
	return NULL;
}

void
kafka_partition_free(struct kafka_partition *partition)
{
	if (partition == NULL)
		return;
	for (size_t i = 0; i < partition->pair_count; i++)
		kafka_capture_drop(partition->pairs[i].capture);
	spans_free(partition->spans);
	free(partition);
}

/* Pairs. */

static bool
same_text(const char *text, const char *other)
{
	return strcmp(text == NULL ? "" : text, other) == 0;
}

static const char *
id_of(const struct kafka_partition *partition, const struct wire_packet *packet)
{
	return packet->has_header ? packet->capture : partition->own_capture;
}

static bool
is_of(const struct kafka_partition *partition, const struct kafka_pair *pair, const struct wire_packet *packet)
{
	const struct kafka_capture *capture = pair->capture;

	return strcmp(capture->id, id_of(partition, packet)) == 0 && same_text(capture->host, packet->host) &&
	    same_text(capture->interface, packet->interface);
}

/* A place for a new one: that of the one that was used longest ago, if there is none left. */
static struct kafka_pair *
make_place(struct kafka_partition *partition)
{
	size_t oldest = 0;

	if (partition->pair_count < KAFKA_PAIRS_MAX)
		return &partition->pairs[partition->pair_count++];
	for (size_t i = 1; i < partition->pair_count; i++)
		if (partition->pairs[i].used < partition->pairs[oldest].used)
			oldest = i;
	kafka_capture_drop(partition->pairs[oldest].capture);
	return &partition->pairs[oldest];
}

static struct kafka_pair *
add_pair(struct kafka_partition *partition, const struct wire_packet *packet)
{
	struct kafka_capture *capture = kafka_capture_new(id_of(partition, packet), packet->host, packet->interface);
	struct kafka_pair *pair;

	if (capture == NULL)
		return NULL;
	pair = make_place(partition);
	*pair = (struct kafka_pair){ .capture = capture };
	return pair;
}

struct kafka_pair *
kafka_partition_pair(struct kafka_partition *partition, const struct wire_packet *packet)
{
	struct kafka_pair *pair = NULL;

	if (partition->last < partition->pair_count && is_of(partition, &partition->pairs[partition->last], packet))
		pair = &partition->pairs[partition->last];
	for (size_t i = 0; i < partition->pair_count && pair == NULL; i++)
		if (is_of(partition, &partition->pairs[i], packet))
			pair = &partition->pairs[i];
	if (pair == NULL)
		pair = add_pair(partition, packet);
	if (pair == NULL)
		return NULL;
	partition->last = (size_t)(pair - partition->pairs);
	pair->used = clock_ms();
	return pair;
}

void
kafka_partition_forget(struct kafka_partition *partition, const struct kafka_session *session)
{
	for (size_t i = 0; i < partition->pair_count; i++)
		if (partition->pairs[i].session == session)
			partition->pairs[i].session = NULL;
}

size_t
kafka_partition_sharers(const struct kafka_partition *partition, const struct kafka_session *session)
{
	size_t count = 0;

	for (size_t i = 0; i < partition->pair_count; i++)
		count += partition->pairs[i].session == session;
	return count;
}

struct kafka_session *
kafka_partition_share(const struct kafka_partition *partition)
{
	struct kafka_session *best = NULL;
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; i < partition->pair_count; i++) {
		struct kafka_session *session = partition->pairs[i].session;
		size_t sharers;

		if (session == NULL || kafka_session_is_ending(session))
			continue;
		sharers = kafka_partition_sharers(partition, session);
		if (sharers < fewest) {
			best = session;
			fewest = sharers;
		}
	}
	return best;
}

uint64_t
kafka_partition_lag(const struct kafka_partition *partition)
{
	int64_t done = spans_done(partition->spans);

	return partition->high > done ? (uint64_t)(partition->high - done) : 0;
}

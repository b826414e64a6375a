/* SPDX-License-Identifier: BSD-2-Clause */
/* The tsharks of a worker. */
#include "input/kafka_sessions.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"

/* A capture of which nothing comes for so long is over: a sensor that starts again has a new one. */
#define IDLE_MS 300000
/* If there are too many, one that had nothing to do for so long makes room. */
#define SPARE_MS 10000

struct item {
	TAILQ_ENTRY(item)
	entry;
	struct kafka_sessions *sessions;
	struct kafka_session *session;
	struct kafka_partition *partition; /* NULL when that was given up */
	bool was_shared;                   /* it has had packets of several captures */
	bool is_dirty;                     /* packets were put that nobody was told of */
};

TAILQ_HEAD(items, item);

struct kafka_sessions {
	struct kafka_sessions_config config;
	struct kafka_sessions_handler handler;
	struct items items;
	struct items ended; /* to be freed from the loop */
	size_t count;
	struct dissection_counts past; /* of those that are gone */
	bool is_paused, is_reaping;
};

struct kafka_sessions *
kafka_sessions_new(const struct kafka_sessions_config *config, const struct kafka_sessions_handler *handler)
{
	struct kafka_sessions *sessions = xcalloc(1, sizeof(*sessions));

	sessions->config = *config;
	sessions->handler = *handler;
	TAILQ_INIT(&sessions->items);
	TAILQ_INIT(&sessions->ended);
	return sessions;
}

static void
free_items(struct items *items)
{
	struct item *item;

	while ((item = TAILQ_FIRST(items)) != NULL) {
		TAILQ_REMOVE(items, item, entry);
		kafka_session_free(item->session);
		free(item);
	}
}

void
kafka_sessions_free(struct kafka_sessions *sessions)
{
	if (sessions == NULL)
		return;
	free_items(&sessions->items);
	free_items(&sessions->ended);
	free(sessions);
}

/* How they end. */

/* Called after all that was deferred for those that have ended. */
static void
reap(void *ctx)
{
	struct kafka_sessions *sessions = ctx;

	sessions->is_reaping = false;
	free_items(&sessions->ended);
	sessions->handler.on_end(sessions->handler.ctx);
}

static void
retire(struct item *item)
{
	struct kafka_sessions *sessions = item->sessions;
	struct dissection_counts counts;

	kafka_session_counts(item->session, &counts);
	dissection_counts_add(&sessions->past, &counts);
	if (item->partition != NULL)
		kafka_partition_forget(item->partition, item->session);
	item->partition = NULL;
	TAILQ_REMOVE(&sessions->items, item, entry);
	TAILQ_INSERT_TAIL(&sessions->ended, item, entry);
	sessions->count--;
	if (!sessions->is_reaping)
		loop_defer(sessions->config.dissection->loop, reap, sessions);
	sessions->is_reaping = true;
}

static void
on_end(void *ctx, struct kafka_session *session)
{
	struct item *item = ctx;
	const struct kafka_sessions *sessions = item->sessions;
	bool is_lost = !kafka_session_is_ending(session);
	struct error error;
	enum outcome outcome = kafka_session_outcome(session, &error);

	if (outcome != OUTCOME_OK)
		log_error(sessions->config.dissection->log, "%s: %s", kafka_session_name(session), error.text);
	retire(item);
	if (outcome != OUTCOME_OK || is_lost)
		sessions->handler.on_failure(sessions->handler.ctx, outcome, is_lost);
}

void
kafka_sessions_abandon(struct kafka_sessions *sessions, const struct kafka_partition *partition)
{
	struct item *item, *next;

	for (item = TAILQ_FIRST(&sessions->items); item != NULL; item = next) {
		next = TAILQ_NEXT(item, entry);
		if (item->partition != partition)
			continue;
		kafka_session_abandon(item->session);
		retire(item);
	}
}

void
kafka_sessions_end(struct kafka_sessions *sessions)
{
	struct item *item;

	TAILQ_FOREACH(item, &sessions->items, entry)
		kafka_session_end(item->session);
}

/* busy: also those that are not through with what they have. */
static void
end_idle(struct kafka_sessions *sessions, uint64_t idle_ms, bool busy, size_t most)
{
	uint64_t now = clock_ms();
	struct item *item;

	TAILQ_FOREACH(item, &sessions->items, entry) {
		if (most == 0)
			return;
		if (kafka_session_is_ending(item->session) || (!busy && kafka_session_open(item->session) > 0) ||
		    now - kafka_session_used(item->session) < idle_ms)
			continue;
		kafka_partition_forget(item->partition, item->session);
		kafka_session_end(item->session);
		most--;
	}
}

void
kafka_sessions_tick(struct kafka_sessions *sessions)
{
	end_idle(sessions, IDLE_MS, true, SIZE_MAX);
}

void
kafka_sessions_finish(struct kafka_sessions *sessions)
{
	end_idle(sessions, 0, true, SIZE_MAX);
}

/* How they begin. */

static void
on_document(void *ctx, const struct document_ready *ready)
{
	const struct kafka_sessions_handler *handler = &((const struct item *)ctx)->sessions->handler;

	handler->on_document(handler->ctx, ready);
}

static void
on_taken(void *ctx, size_t len)
{
	const struct kafka_sessions_handler *handler = &((const struct item *)ctx)->sessions->handler;

	handler->on_taken(handler->ctx, len);
}

static struct kafka_session *
begin(struct kafka_sessions *sessions, struct kafka_partition *partition)
{
	struct item *item = xcalloc(1, sizeof(*item));
	const struct kafka_session_handler handler = { on_document, on_taken, on_end, item };
	const struct kafka_session_config config = { .dissection = sessions->config.dissection,
		.topic = partition->topic,
		.partition = partition->assigned.partition,
		.lifetime = sessions->config.lifetime,
		.lifetime_ms = sessions->config.lifetime_ms };

	item->sessions = sessions;
	item->partition = partition;
	item->session = kafka_session_new(&config, &handler);
	if (sessions->is_paused)
		kafka_session_pause(item->session);
	TAILQ_INSERT_TAIL(&sessions->items, item, entry);
	sessions->count++;
	return item->session;
}

static struct item *
find(const struct kafka_sessions *sessions, const struct kafka_session *session)
{
	struct item *item;

	TAILQ_FOREACH(item, &sessions->items, entry)
		if (item->session == session)
			return item;
	return NULL;
}

static struct kafka_session *
choose(struct kafka_sessions *sessions, struct kafka_partition *partition)
{
	struct kafka_session *session;

	if (sessions->count < sessions->config.max)
		return begin(sessions, partition);
	end_idle(sessions, SPARE_MS, false, 1);
	session = kafka_partition_share(partition);
	/* Each partition needs one. */
	return session != NULL ? session : begin(sessions, partition);
}

struct kafka_session *
kafka_sessions_of(struct kafka_sessions *sessions, struct kafka_partition *partition, struct kafka_pair *pair,
    bool *shared)
{
	struct item *item;

	if (pair->session == NULL)
		pair->session = choose(sessions, partition);
	item = find(sessions, pair->session);
	item->was_shared |= kafka_partition_sharers(partition, pair->session) > 1;
	item->is_dirty = true;
	*shared = item->was_shared;
	return pair->session;
}

void
kafka_sessions_wake(struct kafka_sessions *sessions)
{
	struct item *item;

	TAILQ_FOREACH(item, &sessions->items, entry) {
		if (!item->is_dirty)
			continue;
		item->is_dirty = false;
		kafka_session_wake(item->session);
	}
}

/* A full sink. */

void
kafka_sessions_pause(struct kafka_sessions *sessions)
{
	struct item *item;

	sessions->is_paused = true;
	TAILQ_FOREACH(item, &sessions->items, entry)
		kafka_session_pause(item->session);
}

/* The one resumed first may fill the sink alone: each time it is another. */
void
kafka_sessions_resume(struct kafka_sessions *sessions)
{
	struct item *item = TAILQ_FIRST(&sessions->items);

	sessions->is_paused = false;
	if (item == NULL)
		return;
	TAILQ_REMOVE(&sessions->items, item, entry);
	TAILQ_INSERT_TAIL(&sessions->items, item, entry);
	TAILQ_FOREACH(item, &sessions->items, entry) {
		if (sessions->is_paused)
			return;
		kafka_session_resume(item->session);
	}
}

/* The sums. */

size_t
kafka_sessions_count(const struct kafka_sessions *sessions)
{
	return sessions->count;
}

uint64_t
kafka_sessions_memory(const struct kafka_sessions *sessions)
{
	const struct item *item;
	uint64_t bytes = 0;

	TAILQ_FOREACH(item, &sessions->items, entry)
		bytes += kafka_session_memory(item->session);
	return bytes;
}

struct dissection_counts
kafka_sessions_counts(const struct kafka_sessions *sessions)
{
	struct dissection_counts sum = sessions->past, counts;
	const struct item *item;

	TAILQ_FOREACH(item, &sessions->items, entry) {
		kafka_session_counts(item->session, &counts);
		dissection_counts_add(&sum, &counts);
	}
	return sum;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* One input to its documents, by one tshark or by several. */
#include "shard/shards.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/xalloc.h"
#include "shard/order.h"
#include "shard/shard_source.h"
#include "shard/streams.h"

/* Lengths on the wire that no real packet has, and that tshark's file readers let pass. */
#define PLACEHOLDER_MIN (1u << 24)
/* What all shards of a capture may have printed that waits for its turn, and each of them at least. */
#define REST_MAX ((size_t)2 << 20)
#define REST_MIN ((size_t)256 << 10)
/*
 * A shard is not given packets so far ahead of the one whose turn it is: more than a tshark lags behind what it was
 * given.
 */
#define AHEAD_MAX 65536

struct shard {
	struct shards *shards;
	unsigned index;
	struct shard_source *source;
	struct dissection *dissection;
	struct dissection_gate gate;
};

struct shards {
	struct loop *loop;
	struct dissection_handler handler;
	struct order *order;
	struct streams *streams;
	struct shard *list;
	unsigned count;
	unsigned ended;
	bool paused, going;
};

/* Those whose turn it is, one after the other, and those that had to wait for them. */
static void
go(void *ctx)
{
	struct shards *shards = ctx;
	uint64_t before;
	unsigned shard;

	if (shards->going)
		return;
	shards->going = true;
	do {
		before = order_next(shards->order);
		shard = order_shard(shards->order);
		if (shard != ORDER_NOBODY && !shards->paused)
			dissection_go_on(shards->list[shard].dissection);
	} while (order_next(shards->order) != before);
	for (unsigned i = 0; i < shards->count; i++) {
		dissection_go_on(shards->list[i].dissection);
		if (!shards->paused)
			shard_source_look(shards->list[i].source);
	}
	shards->going = false;
}

/* What a dissection asks and tells. */

static bool
is_open(void *ctx, uint64_t ordinal)
{
	const struct shard *shard = ctx;

	return ordinal == order_next(shard->shards->order);
}

static bool
is_ahead(void *ctx, uint64_t ordinal)
{
	const struct shard *shard = ctx;

	return ordinal >= order_next(shard->shards->order) + AHEAD_MAX;
}

static bool
is_awaited(void *ctx)
{
	const struct shard *shard = ctx;

	return order_shard(shard->shards->order) == shard->index;
}

static void
amend(void *ctx, struct tree *tree, uint32_t tcp_streams, uint32_t udp_streams)
{
	const struct shard *shard = ctx;
	struct streams *streams = shard->shards->streams;

	streams_turn(streams, shard_source_base(shard->source)->session);
	streams_reach(streams, shard->index, tcp_streams, udp_streams);
	streams_renumber(streams, shard->index, tree);
}

static void
on_resolve(void *ctx, uint64_t ordinal)
{
	const struct shard *shard = ctx;

	order_done(shard->shards->order, ordinal);
}

static void
on_restart(void *ctx)
{
	const struct shard *shard = ctx;

	streams_restart(shard->shards->streams, shard->index);
}

static void
on_change(void *ctx)
{
	const struct shard *shard = ctx;

	go(shard->shards);
}

static void
on_leave(void *ctx)
{
	const struct shard *shard = ctx;

	order_leave(shard->shards->order, shard->index);
}

static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct shard *shard = ctx;

	shard->shards->handler.on_document(shard->shards->handler.ctx, ready);
}

static void
on_end(void *ctx)
{
	struct shard *shard = ctx;
	struct shards *shards = shard->shards;

	if (++shards->ended == shards->count)
		shards->handler.on_end(shards->handler.ctx);
}

/* A hostile capture cannot know it. */
static uint32_t
make_placeholder(void)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort(); /* only before the system has booted */
	return PLACEHOLDER_MIN + random % PLACEHOLDER_MIN;
}

static size_t
rest_max(unsigned count)
{
	return REST_MAX / count < REST_MIN ? REST_MIN : REST_MAX / count;
}

static void
start_shard(struct shards *shards, unsigned index, uint32_t placeholder,
    struct record_source *source)
{
	const struct shard_source_config config = { .order = shards->order,
		.index = index,
		.count = shards->count,
		.placeholder = placeholder };
	struct shard *shard = &shards->list[index];

	shard->shards = shards;
	shard->index = index;
	shard->source = shard_source_new(&config, source);
	shard->gate = (struct dissection_gate){ .is_open = is_open,
		.is_ahead = is_ahead,
		.is_awaited = is_awaited,
		.amend = amend,
		.on_resolve = on_resolve,
		.on_restart = on_restart,
		.on_change = on_change,
		.on_leave = on_leave,
		.rest_max = rest_max(shards->count),
		.placeholder = placeholder,
		.ctx = shard };
}

/* The same input for each shard, as often as there are descriptors for. Returns how many. */
static unsigned
clone_source(struct record_source *source, struct record_source **sources,
    unsigned count)
{
	unsigned i = 1;

	sources[0] = source;
	for (; i < count; i++) {
		sources[i] = source->type->clone(source);
		if (sources[i] == NULL)
			break;
	}
	return i;
}

struct shards *
shards_new(const struct dissection_config *config, unsigned most,
    struct record_source *source, const char *name, const char *path,
    uint64_t count, const struct dissection_handler *handler)
{
	struct record_source *sources[ORDER_SHARDS];
	struct shards *shards;
	uint32_t placeholder;
	unsigned number = clone_source(source, sources, most);

	if (number == 1)
		return NULL;
	shards = xcalloc(1, sizeof(*shards));
	placeholder = make_placeholder();
	shards->loop = config->loop;
	shards->handler = *handler;
	shards->count = number;
	shards->list = xcalloc(number, sizeof(*shards->list));
	shards->order = order_new(number);
	shards->streams = streams_new(config->tshark->names, number);
	for (unsigned i = 0; i < number; i++) {
		struct shard *shard = &shards->list[i];
		const struct dissection_handler own = {
			.on_document = on_document,
			.on_end = on_end,
			.ctx = shard
		};
		struct dissection_config its = *config;

		start_shard(shards, i, placeholder, sources[i]);
		its.gate = &shard->gate;
		shard->dissection = dissection_new(&its,
		    shard_source_base(shard->source), name, path, count, &own);
	}
	return shards;
}

void
shards_free(struct shards *shards)
{
	if (shards == NULL)
		return;
	for (unsigned i = 0; i < shards->count; i++)
		dissection_free(shards->list[i].dissection);
	order_free(shards->order);
	streams_free(shards->streams);
	free(shards->list);
	free(shards);
}

void
shards_pause(struct shards *shards)
{
	shards->paused = true;
	for (unsigned i = 0; i < shards->count; i++)
		dissection_pause(shards->list[i].dissection);
}

void
shards_resume(struct shards *shards)
{
	shards->paused = false;
	for (unsigned i = 0; i < shards->count; i++)
		dissection_resume(shards->list[i].dissection);
	if (shards->ended < shards->count)
		loop_defer(shards->loop, go, shards);
}

void
shards_stop(struct shards *shards)
{
	/* What one of them has read has its place among the documents: the others read as far. */
	for (unsigned i = 0; i < shards->count; i++)
		dissection_stop(shards->list[i].dissection,
		    order_last(shards->order));
}

/* shards_stop lets all read up to the last packet that one of them has as its own, which may be the last of all. */
bool
shards_is_read(const struct shards *shards)
{
	unsigned at_end = 0;

	for (unsigned i = 0; i < shards->count; i++) {
		const struct dissection *dissection = shards->list[i].dissection;

		if (!dissection_is_read(dissection))
			continue;
		at_end++;
		if (dissection_last(dissection) <= order_last(shards->order))
			return true;
	}
	return at_end == shards->count;
}

struct dissection_counts
shards_counts(const struct shards *shards)
{
	struct dissection_counts all = { 0 };

	for (unsigned i = 0; i < shards->count; i++) {
		struct dissection_counts counts =
		    dissection_counts(shards->list[i].dissection);

		dissection_counts_add(&all, &counts);
	}
	return all;
}

uint64_t
shards_memory(const struct shards *shards)
{
	uint64_t memory = 0;

	for (unsigned i = 0; i < shards->count; i++)
		memory += dissection_memory(shards->list[i].dissection);
	return memory;
}

void
shards_bytes(const struct shards *shards, uint64_t *done, uint64_t *all)
{
	uint64_t one;

	dissection_bytes(shards->list[0].dissection, done, all);
	for (unsigned i = 1; i < shards->count; i++) {
		dissection_bytes(shards->list[i].dissection, &one, all);
		*done = one < *done ? one : *done;
	}
}

bool
shards_is_filterable(const struct shards *shards)
{
	enum dissection_filter all = DISSECTION_UNASKED, one;

	for (unsigned i = 0; i < shards->count; i++) {
		one = dissection_filter(shards->list[i].dissection);
		all = one > all ? one : all;
	}
	return all != DISSECTION_UNFILTERABLE;
}

/* All shards may report what is wrong with the file: it is reported once. */
static struct reasons
merge_reasons(const struct shards *shards)
{
	struct reasons all = { { NULL } };

	for (unsigned i = 0; i < shards->count; i++)
		reasons_merge(&all,
		    dissection_reasons(shards->list[i].dissection));
	return all;
}

enum outcome
shards_outcome(const struct shards *shards, struct error *error)
{
	struct reasons all = merge_reasons(shards);
	enum outcome outcome;

	if (!shards_is_filterable(shards))
		reasons_add(&all, OUTCOME_USAGE, DISSECTION_NO_FILTER);
	outcome = reasons_outcome(&all, error);
	reasons_release(&all);
	return outcome;
}

enum outcome
shards_lesser_outcome(const struct shards *shards, enum outcome than)
{
	struct reasons all = merge_reasons(shards);
	enum outcome outcome = reasons_lesser(&all, than);

	reasons_release(&all);
	return outcome;
}

bool
shards_is_no_capture(const struct shards *shards)
{
	return dissection_is_no_capture(shards->list[0].dissection);
}

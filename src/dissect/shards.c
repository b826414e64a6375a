/* SPDX-License-Identifier: BSD-2-Clause */
/* One input to its documents, by one tshark or by several. */
#include "dissect/shards.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/xalloc.h"

/* Lengths on the wire that no real packet has, and that tshark's file readers let pass. */
#define PLACEHOLDER_MIN (1u << 24)

struct shard {
	struct shards *shards;
	struct dissection *dissection;
	struct dissection_shard config;
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
	for (unsigned i = 0; i < shards->count; i++)
		dissection_go_on(shards->list[i].dissection);
	shards->going = false;
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

static bool
is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static void
start_shard(struct shards *shards, unsigned index,
    const struct dissection_config *config, int fd, const char *name,
    const char *path, uint64_t count)
{
	struct shard *shard = &shards->list[index];
	struct dissection_handler handler = { .on_document = on_document,
		.on_end = on_end,
		.ctx = shard };
	struct dissection_config own = *config;

	shard->shards = shards;
	shard->config.index = index;
	shard->config.count = shards->count;
	shard->config.order = shards->order;
	shard->config.streams = shards->streams;
	shard->config.on_order = go;
	shard->config.ctx = shards;
	own.shard = shards->count > 1 ? &shard->config : NULL;
	shard->dissection = dissection_new(&own, fd, name, path, count,
	    &handler);
}

/* The same file for each part, as many as there are descriptors for. Returns how many. */
static unsigned
copy_fd(int fd, int *fds, unsigned count)
{
	unsigned i = 1;

	fds[0] = fd;
	for (; i < count; i++) {
		fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fds[i] < 0)
			break;
	}
	return i;
}

struct shards *
shards_new(const struct dissection_config *config, unsigned most, int fd,
    const char *name, const char *path, uint64_t count,
    const struct dissection_handler *handler)
{
	struct shards *shards = xcalloc(1, sizeof(*shards));
	int fds[ORDER_SHARDS];
	uint32_t placeholder = make_placeholder();

	shards->loop = config->loop;
	shards->handler = *handler;
	shards->count = copy_fd(fd, fds, is_regular(fd) ? most : 1);
	shards->list = xcalloc(shards->count, sizeof(*shards->list));
	shards->order = order_new(shards->count);
	if (shards->count > 1)
		shards->streams = streams_new(config->tshark->names,
		    shards->count);
	for (unsigned i = 0; i < shards->count; i++) {
		shards->list[i].config.placeholder = placeholder;
		start_shard(shards, i, config, fds[i], name, path, count);
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
	if (shards->count > 1 && shards->ended < shards->count)
		loop_defer(shards->loop, go, shards);
}

void
shards_stop(struct shards *shards)
{
	for (unsigned i = 0; i < shards->count; i++)
		dissection_stop(shards->list[i].dissection);
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

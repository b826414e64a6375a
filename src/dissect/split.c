/* SPDX-License-Identifier: BSD-2-Clause */
/* One input to its documents, by one tshark or by several. */
#include "dissect/split.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/xalloc.h"

/* Lengths on the wire that no real packet has, and that tshark's file readers let pass. */
#define MARK_MIN (1u << 24)

struct part {
	struct split *split;
	struct dissection *dissection;
	struct dissection_share share;
};

struct split {
	struct loop *loop;
	struct dissection_handler handler;
	struct order *order;
	struct streams *streams;
	struct part *parts;
	unsigned count;
	unsigned ended;
	bool paused, going;
};

/* Those whose turn it is, one after the other, and those that had to wait for them. */
static void
go(void *ctx)
{
	struct split *split = ctx;
	uint64_t before;
	unsigned owner;

	if (split->going)
		return;
	split->going = true;
	do {
		before = order_next(split->order);
		owner = order_owner(split->order);
		if (owner != ORDER_NOBODY && !split->paused)
			dissection_go_on(split->parts[owner].dissection);
	} while (order_next(split->order) != before);
	for (unsigned i = 0; i < split->count; i++)
		dissection_go_on(split->parts[i].dissection);
	split->going = false;
}

static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct part *part = ctx;

	part->split->handler.on_document(part->split->handler.ctx, ready);
}

static void
on_end(void *ctx)
{
	struct part *part = ctx;
	struct split *split = part->split;

	if (++split->ended == split->count)
		split->handler.on_end(split->handler.ctx);
}

/* A hostile capture cannot know it. */
static uint32_t
make_mark(void)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort(); /* only before the system has booted */
	return MARK_MIN + random % MARK_MIN;
}

static bool
is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static void
start_part(struct split *split, unsigned index,
    const struct dissection_config *config, int fd, const char *name,
    const char *path, uint64_t count)
{
	struct part *part = &split->parts[index];
	struct dissection_handler handler = { .on_document = on_document,
		.on_end = on_end,
		.ctx = part };
	struct dissection_config own = *config;

	part->split = split;
	part->share.index = index;
	part->share.count = split->count;
	part->share.order = split->order;
	part->share.streams = split->streams;
	part->share.on_order = go;
	part->share.ctx = split;
	own.share = split->count > 1 ? &part->share : NULL;
	part->dissection = dissection_new(&own, fd, name, path, count,
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

struct split *
split_new(const struct dissection_config *config, unsigned parts, int fd,
    const char *name, const char *path, uint64_t count,
    const struct dissection_handler *handler)
{
	struct split *split = xcalloc(1, sizeof(*split));
	int fds[ORDER_OWNERS];
	uint32_t mark = make_mark();

	split->loop = config->loop;
	split->handler = *handler;
	split->count = copy_fd(fd, fds, is_regular(fd) ? parts : 1);
	split->parts = xcalloc(split->count, sizeof(*split->parts));
	split->order = order_new(split->count);
	if (split->count > 1)
		split->streams = streams_new(config->tshark->names,
		    split->count);
	for (unsigned i = 0; i < split->count; i++) {
		split->parts[i].share.mark = mark;
		start_part(split, i, config, fds[i], name, path, count);
	}
	return split;
}

void
split_free(struct split *split)
{
	if (split == NULL)
		return;
	for (unsigned i = 0; i < split->count; i++)
		dissection_free(split->parts[i].dissection);
	order_free(split->order);
	streams_free(split->streams);
	free(split->parts);
	free(split);
}

void
split_pause(struct split *split)
{
	split->paused = true;
	for (unsigned i = 0; i < split->count; i++)
		dissection_pause(split->parts[i].dissection);
}

void
split_resume(struct split *split)
{
	split->paused = false;
	for (unsigned i = 0; i < split->count; i++)
		dissection_resume(split->parts[i].dissection);
	if (split->count > 1 && split->ended < split->count)
		loop_defer(split->loop, go, split);
}

void
split_stop(struct split *split)
{
	for (unsigned i = 0; i < split->count; i++)
		dissection_stop(split->parts[i].dissection);
}

struct dissection_counts
split_counts(const struct split *split)
{
	struct dissection_counts all = { 0 };

	for (unsigned i = 0; i < split->count; i++) {
		struct dissection_counts counts =
		    dissection_counts(split->parts[i].dissection);

		dissection_counts_add(&all, &counts);
	}
	return all;
}

uint64_t
split_memory(const struct split *split)
{
	uint64_t memory = 0;

	for (unsigned i = 0; i < split->count; i++)
		memory += dissection_memory(split->parts[i].dissection);
	return memory;
}

void
split_bytes(const struct split *split, uint64_t *done, uint64_t *all)
{
	uint64_t one;

	dissection_bytes(split->parts[0].dissection, done, all);
	for (unsigned i = 1; i < split->count; i++) {
		dissection_bytes(split->parts[i].dissection, &one, all);
		*done = one < *done ? one : *done;
	}
}

bool
split_is_filterable(const struct split *split)
{
	enum dissection_filter all = DISSECTION_UNASKED, one;

	for (unsigned i = 0; i < split->count; i++) {
		one = dissection_filter(split->parts[i].dissection);
		all = one > all ? one : all;
	}
	return all != DISSECTION_UNFILTERABLE;
}

/* What is wrong with the file all parts may tell: it is told once. */
static struct reasons
merge_reasons(const struct split *split)
{
	struct reasons all = { { NULL } };

	for (unsigned i = 0; i < split->count; i++)
		reasons_merge(&all,
		    dissection_reasons(split->parts[i].dissection));
	return all;
}

enum outcome
split_outcome(const struct split *split, struct error *error)
{
	struct reasons all = merge_reasons(split);
	enum outcome outcome;

	if (!split_is_filterable(split))
		reasons_add(&all, OUTCOME_USAGE, DISSECTION_NO_FILTER);
	outcome = reasons_outcome(&all, error);
	reasons_release(&all);
	return outcome;
}

enum outcome
split_lesser_outcome(const struct split *split, enum outcome than)
{
	struct reasons all = merge_reasons(split);
	enum outcome outcome = reasons_lesser(&all, than);

	reasons_release(&all);
	return outcome;
}

bool
split_is_no_capture(const struct split *split)
{
	return dissection_is_no_capture(split->parts[0].dissection);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorts by merging: sorted runs in a temporary file, and a heap of what comes next in each. */
#include "extract/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/write.h"
#include "base/xalloc.h"

#define ENTRIES_MIN ((size_t)100)

struct run {
	off_t at, end;         /* bytes in the file that are still to be read */
	struct wanted *window; /* read already */
	size_t next, count;
};

struct spill {
	const char *folder;
	int fd; /* -1: all is in memory */
	off_t len;
	struct wanted *entries;
	size_t count, room, max;
	size_t given; /* of what is all in memory */
	struct run *runs;
	size_t run_count;
	size_t *heap; /* runs, the one that is next in front */
	size_t heap_count, window_len;
	bool is_fresh; /* nothing was given yet */
};

static int
fail(struct error *error, const char *folder)
{
	return error_set(error, OUTCOME_OUTPUT, "a temporary file in %.400s: %s", folder, strerror(errno));
}

int
spill_file(const char *folder, struct error *error)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	char *name;

	if (fd >= 0)
		return fd;
	name = xasprintf("%s/.espcap-XXXXXX", folder);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	free(name);
	return fd >= 0 ? fd : fail(error, folder);
}

struct spill *
spill_new(const char *folder, size_t memory_max)
{
	struct spill *spill = xcalloc(1, sizeof(*spill));

	spill->folder = folder;
	spill->fd = -1;
	spill->max = memory_max / sizeof(struct wanted);
	if (spill->max < ENTRIES_MIN)
		spill->max = ENTRIES_MIN;
	return spill;
}

void
spill_free(struct spill *spill)
{
	if (spill == NULL)
		return;
	if (spill->fd >= 0)
		close(spill->fd);
	for (size_t i = 0; i < spill->run_count; i++)
		free(spill->runs[i].window);
	free(spill->runs);
	free(spill->heap);
	free(spill->entries);
	free(spill);
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare(const void *one, const void *other)
{
	const struct wanted *a = one, *b = other;
	int rv = compare_numbers(a->source, b->source);

	if (rv == 0)
		rv = compare_numbers(a->has_offset ? a->offset : a->ordinal, b->has_offset ? b->offset : b->ordinal);
	return rv != 0 ? rv : compare_numbers(a->rank, b->rank);
}

/* What is in memory becomes a run of the file. */
static int
write_run(struct spill *spill, struct error *error)
{
	size_t len = spill->count * sizeof(struct wanted);

	if (spill->fd < 0)
		spill->fd = spill_file(spill->folder, error);
	if (spill->fd < 0)
		return -1;
	qsort(spill->entries, spill->count, sizeof(struct wanted), compare);
	if (write_all(spill->fd, spill->entries, len) != 0)
		return fail(error, spill->folder);
	spill->runs = xreallocarray(spill->runs, spill->run_count + 1, sizeof(*spill->runs));
	spill->runs[spill->run_count++] = (struct run){ .at = spill->len, .end = spill->len + (off_t)len };
	spill->len += (off_t)len;
	spill->count = 0;
	return 0;
}

int
spill_add(struct spill *spill, const struct wanted *wanted, struct error *error)
{
	if (spill->count == spill->max && write_run(spill, error) != 0)
		return -1;
	if (spill->count == spill->room) {
		spill->room = spill->room == 0 ? ENTRIES_MIN : spill->room * 2;
		if (spill->room > spill->max)
			spill->room = spill->max;
		spill->entries = xreallocarray(spill->entries, spill->room, sizeof(*spill->entries));
	}
	spill->entries[spill->count++] = *wanted;
	return 0;
}

/* 1 with something in its window, 0 at its end, -1. */
static int
fill(struct spill *spill, struct run *run, struct error *error)
{
	size_t len = spill->window_len * sizeof(struct wanted);
	ssize_t n;

	if (run->next < run->count)
		return 1;
	if (run->at == run->end || run->window == NULL)
		return 0;
	if ((off_t)len > run->end - run->at)
		len = (size_t)(run->end - run->at);
	do
		n = pread(spill->fd, run->window, len, run->at);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len) {
		if (n >= 0)
			errno = EIO;
		return fail(error, spill->folder);
	}
	run->at += n;
	run->next = 0;
	run->count = len / sizeof(struct wanted);
	return 1;
}

static bool
is_before(const struct spill *spill, size_t a, size_t b)
{
	const struct run *one = &spill->runs[spill->heap[a]], *other = &spill->runs[spill->heap[b]];

	return compare(&one->window[one->next], &other->window[other->next]) < 0;
}

static void
sink_down(struct spill *spill, size_t at)
{
	for (;;) {
		size_t least = at, left = 2 * at + 1, moved;

		for (size_t child = left; child < left + 2 && child < spill->heap_count; child++)
			if (is_before(spill, child, least))
				least = child;
		if (least == at)
			return;
		moved = spill->heap[at];
		spill->heap[at] = spill->heap[least];
		spill->heap[least] = moved;
		at = least;
	}
}

int
spill_sort(struct spill *spill, struct error *error)
{
	spill->is_fresh = true;
	if (spill->run_count == 0) {
		if (spill->count > 0)
			qsort(spill->entries, spill->count, sizeof(struct wanted), compare);
		return 0;
	}
	if (spill->count > 0 && write_run(spill, error) != 0)
		return -1;
	free(spill->entries);
	spill->entries = NULL;
	spill->heap = xcalloc(spill->run_count, sizeof(*spill->heap));
	spill->window_len = spill->max / spill->run_count;
	if (spill->window_len < 16)
		spill->window_len = 16;
	for (size_t i = 0; i < spill->run_count; i++) {
		spill->runs[i].window = xcalloc(spill->window_len, sizeof(struct wanted));
		if (fill(spill, &spill->runs[i], error) < 0)
			return -1;
		spill->heap[spill->heap_count++] = i;
	}
	for (size_t i = spill->heap_count; i-- > 0;)
		sink_down(spill, i);
	return 0;
}

int
spill_next(struct spill *spill, const struct wanted **wanted, struct error *error)
{
	struct run *run;
	int got;

	if (spill->run_count == 0) {
		if (spill->given == spill->count)
			return 0;
		*wanted = &spill->entries[spill->given++];
		return 1;
	}
	/* The one given last is still in front. */
	if (spill->is_fresh)
		spill->is_fresh = false;
	else if (spill->heap_count > 0) {
		run = &spill->runs[spill->heap[0]];
		run->next++;
		got = fill(spill, run, error);
		if (got < 0)
			return -1;
		if (got == 0)
			spill->heap[0] = spill->heap[--spill->heap_count];
		sink_down(spill, 0);
	}
	if (spill->heap_count == 0)
		return 0;
	run = &spill->runs[spill->heap[0]];
	*wanted = &run->window[run->next];
	return 1;
}

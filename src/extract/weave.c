/* SPDX-License-Identifier: BSD-2-Clause */
/* Merges runs of packets by their times: a heap of runs, each with a window of what comes next. */
#include "extract/weave.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/xalloc.h"

/* Of all windows together, and of one. */
#define MEMORY ((size_t)16 << 20)
#define WINDOW_MIN ((size_t)1024)
#define WINDOW_MAX ((size_t)1 << 20)

struct stream {
	off_t at, end; /* at: after what the window holds */
	struct weave_head head;
	uint8_t *window;
	size_t next, len; /* in it */
};

struct weave {
	int fd;
	struct stream *streams;
	size_t count, window;
	size_t *heap;
	size_t heap_count;
	uint8_t *block; /* what is longer than a window */
	size_t block_room;
	bool has_begun;
};

struct weave *
weave_new(int fd, const struct weave_run *runs, size_t count)
{
	struct weave *weave = xcalloc(1, sizeof(*weave));

	weave->fd = fd;
	weave->count = count;
	weave->streams = xcalloc(count + 1, sizeof(*weave->streams));
	weave->heap = xcalloc(count + 1, sizeof(*weave->heap));
	weave->window = MEMORY / (count + 1);
	if (weave->window < WINDOW_MIN)
		weave->window = WINDOW_MIN;
	if (weave->window > WINDOW_MAX)
		weave->window = WINDOW_MAX;
	for (size_t i = 0; i < count; i++) {
		weave->streams[i].at = runs[i].at;
		weave->streams[i].end = runs[i].end;
	}
	return weave;
}

void
weave_free(struct weave *weave)
{
	if (weave == NULL)
		return;
	for (size_t i = 0; i < weave->count; i++)
		free(weave->streams[i].window);
	free(weave->streams);
	free(weave->heap);
	free(weave->block);
	free(weave);
}

static int
read_at(const struct weave *weave, void *to, size_t len, off_t at, struct error *error)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(weave->fd, (uint8_t *)to + done, len - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(error, OUTCOME_OUTPUT, "the temporary file: %s",
			    n == 0 ? "it is cut short" : strerror(errno));
		done += (size_t)n;
	}
	return 0;
}

/* The next bytes of the stream, taken from it; NULL with *error. */
static uint8_t *
take(struct weave *weave, struct stream *stream, size_t len, struct error *error)
{
	size_t kept = stream->len - stream->next;
	off_t left = stream->end - stream->at;

	if (kept < len && len <= weave->window) {
		size_t more = weave->window - kept;

		if (stream->window == NULL)
			stream->window = xmalloc(weave->window);
		memmove(stream->window, stream->window + stream->next, kept);
		if ((off_t)more > left)
			more = (size_t)left;
		if (read_at(weave, stream->window + kept, more, stream->at, error) != 0)
			return NULL;
		stream->at += (off_t)more;
		stream->next = 0;
		stream->len = kept + more;
		kept = stream->len;
	}
	if (kept >= len) {
		stream->next += len;
		return stream->window + stream->next - len;
	}
	if (weave->block_room < len) {
		free(weave->block);
		weave->block = xmalloc(len);
		weave->block_room = len;
	}
	if (kept > 0)
		memcpy(weave->block, stream->window + stream->next, kept);
	if (read_at(weave, weave->block + kept, len - kept, stream->at, error) != 0)
		return NULL;
	stream->at += (off_t)(len - kept);
	stream->next = stream->len = 0;
	return weave->block;
}

/* 1 with its next head, 0 at its end. */
static int
advance(struct weave *weave, struct stream *stream, struct error *error)
{
	const uint8_t *bytes;

	if (stream->at == stream->end && stream->next == stream->len)
		return 0;
	bytes = take(weave, stream, sizeof(stream->head), error);
	if (bytes == NULL)
		return -1;
	memcpy(&stream->head, bytes, sizeof(stream->head));
	return 1;
}

static bool
is_before(const struct weave *weave, size_t a, size_t b)
{
	const struct weave_head *one = &weave->streams[weave->heap[a]].head, *other = &weave->streams[weave->heap[b]].head;

	if (one->sec != other->sec)
		return one->sec < other->sec;
	return one->nsec != other->nsec ? one->nsec < other->nsec : weave->heap[a] < weave->heap[b];
}

static void
sink_down(struct weave *weave, size_t at)
{
	for (;;) {
		size_t least = at, left = 2 * at + 1, moved;

		for (size_t child = left; child < left + 2 && child < weave->heap_count; child++)
			if (is_before(weave, child, least))
				least = child;
		if (least == at)
			return;
		moved = weave->heap[at];
		weave->heap[at] = weave->heap[least];
		weave->heap[least] = moved;
		at = least;
	}
}

static int
begin(struct weave *weave, struct error *error)
{
	for (size_t i = 0; i < weave->count; i++) {
		int got = advance(weave, &weave->streams[i], error);

		if (got < 0)
			return -1;
		if (got > 0)
			weave->heap[weave->heap_count++] = i;
	}
	for (size_t i = weave->heap_count; i-- > 0;)
		sink_down(weave, i);
	return 0;
}

int
weave_next(struct weave *weave, const struct weave_head **head, uint8_t **block, struct error *error)
{
	struct stream *stream;
	int got;

	if (!weave->has_begun) {
		weave->has_begun = true;
		if (begin(weave, error) != 0)
			return -1;
	} else if (weave->heap_count > 0) {
		got = advance(weave, &weave->streams[weave->heap[0]], error);
		if (got < 0)
			return -1;
		if (got == 0)
			weave->heap[0] = weave->heap[--weave->heap_count];
		sink_down(weave, 0);
	}
	if (weave->heap_count == 0)
		return 0;
	stream = &weave->streams[weave->heap[0]];
	*head = &stream->head;
	*block = take(weave, stream, stream->head.len, error);
	return *block == NULL ? -1 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the end of a stream of lines in two halves: the newer one is whole, the older one is thrown away when both are
 * full.
 */
#include "process/tail.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* More than is reported, so that noise does not push out what counts. */
#define TAIL_HALF (4 * TAIL_MAX)
#define TAIL_NOISE "Running as user \"root\""

struct tail {
	size_t len;
	bool cut; /* something stood in front of bytes */
	char bytes[2 * TAIL_HALF];
};

struct tail *
tail_new(void)
{
	return xcalloc(1, sizeof(struct tail));
}

void
tail_free(struct tail *tail)
{
	free(tail);
}

char *
tail_room(struct tail *tail, size_t *room)
{
	if (tail->len == sizeof(tail->bytes)) {
		memcpy(tail->bytes, tail->bytes + TAIL_HALF, TAIL_HALF);
		tail->len = TAIL_HALF;
		tail->cut = true;
	}
	*room = sizeof(tail->bytes) - tail->len;
	return tail->bytes + tail->len;
}

void
tail_added(struct tail *tail, size_t count)
{
	assert(count <= sizeof(tail->bytes) - tail->len);
	tail->len += count;
}

static bool
is_noise(const char *line, size_t len)
{
	const size_t noise = strlen(TAIL_NOISE);

	return len >= noise && memcmp(line, TAIL_NOISE, noise) == 0;
}

/* Copies the lines worth keeping; returns their length without newlines at the end. */
static size_t
copy_lines(const struct tail *tail, char *text)
{
	const char *line = tail->bytes, *end = line + tail->len, *next;
	size_t len = 0;

	for (; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next != NULL ? next + 1 : end;
		/* The first one may lack its beginning; alone it is still better than nothing. */
		if (tail->cut && line == tail->bytes && next < end)
			continue;
		if (is_noise(line, (size_t)(next - line)))
			continue;
		memcpy(text + len, line, (size_t)(next - line));
		len += (size_t)(next - line);
	}
	while (len > 0 && text[len - 1] == '\n')
		len--;
	return len;
}

/* Where the last TAIL_MAX bytes of text begin, moved on to the beginning of a line if there is one. */
static size_t
line_start(const char *text, size_t len)
{
	size_t start = len - TAIL_MAX;
	const char *newline = memchr(text + start - 1, '\n', TAIL_MAX);

	return newline != NULL ? (size_t)(newline + 1 - text) : start;
}

char *
tail_text(const struct tail *tail)
{
	char *text = xmalloc(tail->len + 1);
	size_t len = copy_lines(tail, text), start = 0;

	if (len > TAIL_MAX)
		start = line_start(text, len);
	len -= start;
	memmove(text, text + start, len);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0')
			text[i] = '?';
	}
	text[len] = '\0';
	return text;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a file here and there. */
#include "extract/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

#define NEAR ((uint64_t)64 << 10)
#define MUCH ((size_t)256 << 10)

void
window_init(struct window *window, int fd)
{
	memset(window, 0, sizeof(*window));
	window->fd = fd;
	/* What the kernel reads ahead is mostly not wanted. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
}

void
window_release(struct window *window)
{
	free(window->data);
}

static void
make_room(struct window *window, size_t room)
{
	if (window->room >= room)
		return;
	free(window->data);
	window->data = xmalloc(room);
	window->room = room;
	window->len = 0;
}

const uint8_t *
window_at(struct window *window, uint64_t offset, size_t want, size_t *len, bool *eof)
{
	uint64_t end = window->at + window->len;
	size_t count = want;

	*eof = false;
	if (offset >= window->at && offset <= end && end - offset >= want) {
		*len = (size_t)(end - offset);
		return window->data + (offset - window->at);
	}
	if (window->len > 0 && offset >= window->at && offset < end + NEAR && count < MUCH)
		count = MUCH;
	make_room(window, count);
	window->at = offset;
	window->len = 0;
	while (window->len < count) {
		ssize_t n = pread(window->fd, window->data + window->len, count - window->len, (off_t)(offset + window->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		window->len += (size_t)n;
	}
	*len = window->len;
	*eof = window->len < want;
	return window->data;
}

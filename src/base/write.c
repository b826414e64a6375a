/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes to files, and to descriptors that others share. */
#include "base/write.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alarm.h"

/* How often give_up is asked at least, ms. */
#define ASK_MS 50

int
write_all(int fd, const void *data, size_t len)
{
	const char *bytes = data;

	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return -1;
		}
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

enum write_kind
write_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return WRITE_FILE;
	if (S_ISFIFO(st.st_mode))
		return WRITE_PIPE;
	if (S_ISSOCK(st.st_mode))
		return WRITE_SOCKET;
	return S_ISCHR(st.st_mode) && isatty(fd) ? WRITE_TERMINAL : WRITE_FILE;
}

/* Between poll(2) and write(2) another writer may take the room that was seen, or Ctrl-S come: then the write waits. */
static ssize_t
write_guarded(int fd, const void *data, size_t len)
{
	ssize_t n;

	alarm_begin();
	n = write(fd, data, len);
	alarm_end();
	return n;
}

/* POSIX: a pipe that poll(2) calls writable takes PIPE_BUF bytes without waiting. */
static ssize_t
write_polled(int fd, const void *data, size_t len, size_t piece)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	if (poll(&room, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write_guarded(fd, data, len < piece ? len : piece);
}

/* Linux 6.4 and later can be told for a single write that it must not wait. */
static ssize_t
write_pipe(int fd, const void *data, size_t len)
{
	const struct iovec bytes = { (void *)(size_t)data, len };
	ssize_t n = pwritev2(fd, &bytes, 1, -1, RWF_NOWAIT);

	if (n >= 0 || errno == EAGAIN || errno == EPIPE || errno == EINTR)
		return n;
	return write_polled(fd, data, len, PIPE_BUF);
}

ssize_t
write_now(int fd, enum write_kind kind, const void *data, size_t len)
{
	ssize_t n = -1;

	switch (kind) {
	case WRITE_FILE:
		do
			n = write(fd, data, len);
		while (n < 0 && errno == EINTR);
		break;
	case WRITE_PIPE:
		n = write_pipe(fd, data, len);
		break;
	case WRITE_SOCKET:
		n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case WRITE_TERMINAL:
		n = write_polled(fd, data, len, WRITE_TERMINAL_PIECE);
		break;
	}
	if (n < 0 && (errno == EINTR || errno == EWOULDBLOCK))
		errno = EAGAIN;
	return n;
}

int
write_wait(int fd, const void *data, size_t len, bool (*give_up)(void *ctx),
    void *ctx)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	enum write_kind kind = write_kind(fd);
	const char *bytes = data;

	while (len > 0) {
		ssize_t n = write_now(fd, kind, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
			continue;
		}
		if (n == 0)
			errno = ENOSPC;
		if (errno != EAGAIN)
			return -1;
		if (give_up != NULL && give_up(ctx)) {
			errno = ECANCELED;
			return -1;
		}
		/* A terminal that is full may count as writable. */
		if (kind == WRITE_TERMINAL)
			room.events = 0;
		(void)poll(&room, 1, ASK_MS);
	}
	return 0;
}

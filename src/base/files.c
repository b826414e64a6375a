/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files read whole. */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/read.h"

#define PIECE 65536

/* A FIFO that has no writer yet is opened at once, and waited for where it is read. */
int
files_open(const char *name, struct error *error)
{
	int number = descriptor_named(name), fd;
	struct error reason;

	if (number >= 0) {
		fd = descriptor_take(number, O_RDONLY, &reason);
		return fd >= 0 ?
		    fd :
		    error_set(
			error, OUTCOME_USAGE, "%s: %s", name, reason.text);
	}
	fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	/* open(2): whoever holds a lease on it must first be asked. */
	if (fd < 0 && errno == EAGAIN)
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 ?
	    fd :
	    error_set(error, OUTCOME_USAGE, "%s: %s", name, strerror(errno));
}

/* As read(2), whatever it is. */
static ssize_t
read_some(int fd, bool is_file, void *data, size_t len)
{
	struct pollfd bytes = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (is_file)
		return read(fd, data, len);
	while ((n = read_now(fd, data, len)) < 0 && errno == EAGAIN)
		if (poll(&bytes, 1, -1) < 0)
			return -1;
	return n;
}

int
files_read_fd(int fd, const char *name, struct buffer *out,
    struct error *error)
{
	struct stat st;
	bool is_file =
	    fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
	ssize_t n = 1;

	while (n > 0) {
		size_t left = out->max - out->len;
		size_t piece = left < PIECE ? left : PIECE;

		if (piece == 0 || buffer_reserve(out, piece) != 0)
			return error_set(error, OUTCOME_USAGE,
			    "%s: too large, %zu bytes or more", name,
			    out->max);
		n = read_some(fd, is_file, out->data + out->len, piece);
		if (n < 0 && errno != EINTR)
			return error_set(error, OUTCOME_USAGE, "%s: %s", name,
			    strerror(errno));
		buffer_added(out, n > 0 ? (size_t)n : 0);
		if (n < 0)
			n = 1;
	}
	return 0;
}

int
files_read(const char *name, struct buffer *out, struct error *error)
{
	int fd = files_open(name, error), rv;

	if (fd < 0)
		return -1;
	rv = files_read_fd(fd, name, out, error);
	close(fd);
	return rv;
}

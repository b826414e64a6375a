/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what is there. */
#include "base/read.h"

#include <errno.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alarm.h"

ssize_t
read_now(int fd, void *data, size_t len)
{
	struct pollfd bytes = { .fd = fd, .events = POLLIN };
	const struct iovec room = { data, len };
	ssize_t n;

	errno = EAGAIN;
	if (poll(&bytes, 1, 0) <= 0)
		return -1;
	/* Another reader of the same pipe may have been faster. Linux 6.4 and later can be told not to wait then. */
	n = preadv2(fd, &room, 1, -1, RWF_NOWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		alarm_begin();
		n = read(fd, data, len);
		alarm_end();
	}
	if (n < 0 && (errno == EINTR || errno == EWOULDBLOCK))
		errno = EAGAIN;
	return n;
}

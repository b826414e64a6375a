/* Writes all of some bytes to a file. */
#include "base/write.h"

#include <errno.h>
#include <unistd.h>

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

/* Small files read whole. */
#include "app/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

int
files_read_fd(int fd, const char *name, struct buffer *out,
    struct error *error)
{
	ssize_t n = 1;

	while (n > 0) {
		size_t left = out->max - out->len;
		size_t piece = left < PIECE ? left : PIECE;

		if (piece == 0 || buffer_reserve(out, piece) != 0)
			return error_set(error, OUTCOME_USAGE,
			    "%s: %zu bytes or more are too many", name,
			    out->max);
		n = read(fd, out->data + out->len, piece);
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
	int fd = open(name, O_RDONLY | O_CLOEXEC), rv;

	if (fd < 0)
		return error_set(error, OUTCOME_USAGE, "%s: %s", name,
		    strerror(errno));
	rv = files_read_fd(fd, name, out, error);
	close(fd);
	return rv;
}

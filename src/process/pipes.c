/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the pipes of a child. A program may be started with 0, 1 or 2 closed;
 * a pipe that landed there would take our messages to the child, or be
 * overwritten by dup2 on the way to it. So everything is raised above them.
 */
#include "process/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

#define PIPES_SIZE (1 << 20)

static void
close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int
pipes_pair(int ends[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) != 0)
		return -1;
	ends[0] = descriptor_raise(low[0]);
	ends[1] = descriptor_raise(low[1]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	close_fd(&ends[0]);
	close_fd(&ends[1]);
	return -1;
}

static int
open_null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : descriptor_raise(fd);
}

static int
open_input(struct pipes *pipes)
{
	int ends[2];

	if (pipes_pair(ends) != 0)
		return -1;
	pipes->its_in = ends[0];
	pipes->in = ends[1];
	/* Wider pipes mean fewer wake-ups; past the user's quota the kernel refuses, which does no harm. */
	(void)fcntl(pipes->in, F_SETPIPE_SZ, PIPES_SIZE);
	return fcntl(pipes->in, F_SETFL, O_NONBLOCK);
}

static int
open_outputs(struct pipes *pipes)
{
	int ends[2];

	if (pipes_pair(ends) != 0)
		return -1;
	pipes->out = ends[0];
	pipes->its_out = ends[1];
	(void)fcntl(pipes->out, F_SETPIPE_SZ, PIPES_SIZE);
	if (pipes_pair(ends) != 0)
		return -1;
	pipes->err = ends[0];
	pipes->its_err = ends[1];
	if (fcntl(pipes->out, F_SETFL, O_NONBLOCK) != 0)
		return -1;
	return fcntl(pipes->err, F_SETFL, O_NONBLOCK);
}

/*
 * A file is opened once more: children that read it at the same time must not move one another's place in it, and have
 * no right to write through it. Only without /proc they share what is open.
 */
static int
open_extra(int fd)
{
	char path[32];
	struct stat st;
	int own = -1;

	if (fstat(fd, &st) != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (S_ISREG(st.st_mode))
		own = open(path, O_RDONLY | O_CLOEXEC);
	return own >= 0 ?
	    descriptor_raise(own) :
	    fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTOR_FLOOR);
}

int
pipes_open(struct pipes *pipes, bool wants_input, int extra_fd)
{
	*pipes = (struct pipes){ -1, -1, -1, -1, -1, -1, -1 };
	if (wants_input) {
		if (open_input(pipes) != 0)
			goto fail;
	} else if ((pipes->its_in = open_null()) < 0)
		goto fail;
	if (open_outputs(pipes) != 0)
		goto fail;
	if (extra_fd >= 0) {
		pipes->its_extra = open_extra(extra_fd);
		if (pipes->its_extra < 0)
			goto fail;
	}
	return 0;
fail:
	pipes_close_its(pipes);
	pipes_close_ours(pipes);
	return -1;
}

void
pipes_close_its(struct pipes *pipes)
{
	close_fd(&pipes->its_in);
	close_fd(&pipes->its_out);
	close_fd(&pipes->its_err);
	close_fd(&pipes->its_extra);
}

void
pipes_close_ours(struct pipes *pipes)
{
	close_fd(&pipes->in);
	close_fd(&pipes->out);
	close_fd(&pipes->err);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths that name open descriptors. */
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"

/* As many as the kernel follows, path_resolution(7). */
#define LINKS_MAX 40

static int
number_of(const char *text)
{
	uint64_t number;

	return text_number(text, 0, INT_MAX - 1, &number) == 0 ?
	    (int)number :
	    -1;
}

/* By their names alone, for where there is no /proc. */
static int
well_known(const char *path)
{
	static const char *const streams[] = { "/dev/stdin", "/dev/stdout",
		"/dev/stderr" };
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/",
		"/proc/thread-self/fd/" };

	for (int i = 0; i < 3; i++)
		if (strcmp(path, streams[i]) == 0)
			return i;
	for (int i = 0; i < 3; i++) {
		size_t len = strlen(folders[i]);

		if (strncmp(path, folders[i], len) == 0)
			return number_of(path + len);
	}
	return -1;
}

/* The process of a folder /proc/PID/fd or /proc/PID/task/TID/fd, without links in it; -1 if it is no such folder. */
static long
process_of(const char *folder)
{
	char *end;
	long pid;

	if (strncmp(folder, "/proc/", 6) != 0 || folder[6] < '0' ||
	    folder[6] > '9')
		return -1;
	pid = strtol(folder + 6, &end, 10);
	if (strncmp(end, "/task/", 6) == 0) {
		end += 6;
		end += strspn(end, "0123456789");
	}
	return strcmp(end, "/fd") == 0 ? pid : -1;
}

/* Where the link leads; NULL if path is none. */
static char *
follow_link(const char *path, size_t folder_len)
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return NULL;
	target[len] = '\0';
	return target[0] == '/' ?
	    xstrdup(target) :
	    xasprintf("%.*s%s", (int)folder_len, path, target);
}

/* The number after the process's folder that path leads to, and whose folder that is. -1 if it leads elsewhere. */
static int
resolve(const char *path, long *pid)
{
	char *at = xstrdup(path), *next;
	int number = -1;

	*pid = -1;
	for (int i = 0; i < LINKS_MAX && at != NULL; i++) {
		const char *slash = strrchr(at, '/');
		size_t len = slash == NULL ? 0 : (size_t)(slash - at) + 1;
		char *folder = len == 0 ? xstrdup(".") : xstrndup(at, len);
		char *real = realpath(folder, NULL);

		if (real != NULL)
			*pid = process_of(real);
		free(folder);
		free(real);
		if (*pid >= 0) {
			number = number_of(at + len);
			break;
		}
		next = follow_link(at, len);
		free(at);
		at = next;
	}
	free(at);
	return number;
}

int
descriptor_named(const char *path)
{
	int number = well_known(path);
	long pid;

	if (number >= 0)
		return number;
	number = resolve(path, &pid);
	return pid == (long)getpid() ? number : -1;
}

bool
descriptor_is_of_another(const char *path)
{
	long pid;

	return well_known(path) < 0 && resolve(path, &pid) >= 0 &&
	    pid != (long)getpid();
}

int
descriptor_take(int number, int flag, struct error *error)
{
	enum outcome outcome = flag == O_RDONLY ?
	    OUTCOME_INPUT :
	    OUTCOME_OUTPUT;
	int flags = fcntl(number, F_GETFL), own = fcntl(number, F_GETFD), fd;

	/* execve(2): what has FD_CLOEXEC was not there when we began. */
	if (flags < 0 || own < 0 || (own & FD_CLOEXEC) != 0)
		return error_set(error, outcome, "descriptor %d is not open",
		    number);
	if ((flags & O_PATH) != 0 ||
	    ((flags & O_ACCMODE) != O_RDWR && (flags & O_ACCMODE) != flag))
		return error_set(error, outcome,
		    "descriptor %d is not open "
		    "for %s",
		    number, flag == O_RDONLY ? "reading" : "writing");
	fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return error_set(error, outcome, "descriptor %d: %s", number,
		    strerror(errno));
	return fd;
}

int
descriptor_output(const char *name)
{
	return strcmp(name, "-") == 0 ? STDOUT_FILENO : descriptor_named(name);
}

int
descriptor_raise(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTOR_FLOOR), saved;

	/* What the system calls invalid is that so few descriptors are allowed. */
	if (high < 0 && errno == EINVAL)
		errno = EMFILE;
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return high;
}

/*
 * What was closed stays useless: /dev/null is opened the wrong way round, so that documents written to it are an error
 * and not lost.
 */
void
descriptor_fill_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null",
			fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			abort();
}

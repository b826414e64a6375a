/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens what is in a folder or below it, and nothing else. */
#include "process/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* How often a link is met where realpath(3) has seen none. */
#define TRIES 8

/*
 * openat2(2) with RESOLVE_BENEATH would do, but refuses a link with an absolute path that leads back into the folder;
 * and it is missing before Linux 5.6, and in containers whose filter of system calls does not know it.
 */

static int
refuse(int reason)
{
	errno = reason;
	return -1;
}

int
beneath_open_leased(int folder, const char *name, int flags)
{
	int path =
		openat(folder, name, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW)),
	    fd, reason;
	char same[32];
	struct stat st;

	if (path < 0)
		return -1;
	(void)snprintf(same, sizeof(same), "/proc/self/fd/%d", path);
	if (fstat(path, &st) != 0)
		fd = -1;
	else if (!S_ISREG(st.st_mode))
		fd = refuse(EINVAL);
	else
		fd = open(same,
		    (flags & ~(O_NOFOLLOW | O_NONBLOCK)) | O_CLOEXEC |
			O_NOCTTY);
	reason = errno;
	close(path);
	errno = reason;
	return fd;
}

/* Looked at before the open too, for opening alone makes some devices act, and a FIFO may wait. */
static int
open_last(int folder, const char *name, int flags)
{
	struct stat st;
	int fd;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (S_ISLNK(st.st_mode))
		return refuse(ELOOP);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return refuse(EINVAL);
	fd = openat(folder, name,
	    flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == EAGAIN)
		fd = beneath_open_leased(folder, name, flags | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return fd;
	close(fd);
	return refuse(EINVAL);
}

/* The next folder, in place of folder, which is closed unless it is root. ELOOP if it is a link: O_PATH opens these. */
static int
descend(int root, int folder, const char *name)
{
	struct stat st = { .st_mode = 0 };
	int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int reason = errno;

	if (folder != root)
		close(folder);
	if (fd < 0)
		return refuse(reason);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return fd;
	reason = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
	close(fd);
	return refuse(reason);
}

/* Without following a link. name is changed. */
static int
walk(int root, char *name, int flags)
{
	char *rest = NULL, *next = NULL;
	int folder = root, fd, reason;

	name = strtok_r(name, "/", &rest);
	if (name == NULL)
		return refuse(ENOENT);
	for (; (next = strtok_r(NULL, "/", &rest)) != NULL; name = next) {
		if (strcmp(name, "..") == 0)
			break;
		folder = descend(root, folder, name);
		if (folder < 0)
			return -1;
	}
	fd = strcmp(name, "..") == 0 ?
	    refuse(EXDEV) :
	    open_last(folder, name, flags);
	reason = errno;
	if (folder != root)
		close(folder);
	errno = reason;
	return fd;
}

const char *
beneath_name(const struct beneath *folder, const char *path)
{
	size_t len = strlen(folder->path);

	if (strncmp(path, folder->path, len) != 0)
		return NULL;
	if (path[len] == '\0')
		return ".";
	if (len > 0 && folder->path[len - 1] == '/')
		return path + len; /* the root directory */
	return path[len] == '/' ? path + len + 1 : NULL;
}

int
beneath_open(const struct beneath *folder, const char *name, int flags)
{
	char *path = xstrdup(name), *full, *real;
	const char *inside;
	int fd = -1;

	for (int i = 0; i < TRIES; i++) {
		full = xasprintf("%s/%s", folder->path, path);
		fd = walk(folder->fd, path, flags);
		free(path);
		real = fd >= 0 || errno != ELOOP ? NULL : realpath(full, NULL);
		free(full);
		if (real == NULL)
			return fd;
		/* What it leads to now is walked to like any name: it may be a link by then. */
		inside = beneath_name(folder, real);
		if (inside == NULL) {
			free(real);
			return refuse(EXDEV);
		}
		path = xstrdup(inside);
		free(real);
	}
	free(path);
	return refuse(ELOOP);
}

bool
beneath_leaves(const struct beneath *folder, const char *path)
{
	char *real = realpath(path, NULL);
	bool leaves = real != NULL && beneath_name(folder, real) == NULL;

	free(real);
	return leaves;
}

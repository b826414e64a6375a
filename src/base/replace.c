/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a file anew, and puts it in the place of the old one as a whole. */
#include "base/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

#define PREFIX ".espcap-"
#define SUFFIX ".tmp"
#define TRIES 16
/* By which a file without a name can be given one. */
#define DESCRIPTORS "/proc/self/fd"

static char *
folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ?
	    xstrdup(".") :
	    xstrndup(name, (size_t)(slash - name) + 1);
}

/*
 * A name in the folder of `name` that nobody foresees, with the inode of the file unless that is 0. Not longer if name
 * is.
 */
static char *
make_name(const char *name, ino_t inode)
{
	char *folder = folder_of(name), *made;
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort(); /* only before the system has booted */
	made = inode == 0 ?
	    xasprintf("%s/" PREFIX "%016" PRIx64 SUFFIX, folder, random) :
	    xasprintf("%s/" PREFIX "%016" PRIx64 "-%jx" SUFFIX, folder, random,
		(uintmax_t)inode);
	free(folder);
	return made;
}

/* Gives the file a name with its inode in it. */
static int
give_name(struct replacement *new, int folder, const char *name)
{
	char from[sizeof(DESCRIPTORS) + 16];
	struct stat st;

	if (fstat(new->fd, &st) != 0)
		return -1;
	(void)snprintf(from, sizeof(from), DESCRIPTORS "/%d", new->fd);
	for (int i = 0; i < TRIES; i++) {
		char *made = make_name(name, st.st_ino);

		if (linkat(AT_FDCWD, from, folder, made,
			AT_SYMLINK_FOLLOW) == 0) {
			new->name = made;
			return 0;
		}
		free(made);
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static int
open_nameless(int folder, const char *name, int flags, mode_t mode)
{
	char *below = folder_of(name);
	int fd = access(DESCRIPTORS, X_OK) != 0 ?
	    -1 :
	    openat(folder, below, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, mode);

	free(below);
	return fd;
}

/* For file systems that make no file without a name. */
static int
open_named(struct replacement *new, int folder, const char *name, int flags, mode_t mode)
{
	struct stat st;
	char *made;

	for (int i = 0; i < TRIES && new->fd < 0; i++) {
		free(new->name);
		new->name = make_name(name, 0);
		new->fd = openat(folder, new->name,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | flags,
		    mode);
		if (new->fd < 0 && errno != EEXIST)
			break;
	}
	if (new->fd < 0) {
		free(new->name);
		new->name = NULL;
		return -1;
	}
	/* For replacement_sweep. */
	made = fstat(new->fd, &st) == 0 ? make_name(name, st.st_ino) : NULL;
	if (made != NULL && renameat(folder, new->name, folder, made) == 0) {
		free(new->name);
		new->name = made;
	} else
		free(made);
	return 0;
}

int
replacement_begin(struct replacement *new, int folder, const char *name, int flags, mode_t mode)
{
	new->folder = folder;
	new->name = NULL;
	new->fd = open_nameless(folder, name, flags, mode);
	if (new->fd < 0 && open_named(new, folder, name, flags, mode) != 0)
		return -1;
	/*
	 * Where there are no locks, as on some NFS, nobody removes what is left over. The mode is exact whatever the
	 * umask.
	 */
	if ((flock(new->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    fchmod(new->fd, mode) == 0)
		return 0;
	replacement_abandon(new);
	return -1;
}

/* Whether the name is still that of the file. */
static bool
is_ours(const struct replacement *new)
{
	struct stat named, open;

	return fstatat(new->folder, new->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstat(new->fd, &open) == 0 &&
	    named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

int
replacement_finish(struct replacement *new, const char *name)
{
	if ((new->name != NULL || give_name(new, new->folder, name) == 0) &&
	    renameat(new->folder, new->name, new->folder, name) == 0) {
		free(new->name);
		new->name = NULL;
		return 0;
	}
	replacement_abandon(new);
	return -1;
}

/* As a rename that replaces nothing, where the file system has none. */
static int
link_instead(const struct replacement *new, const char *name)
{
	if (linkat(new->folder, new->name, new->folder, name, 0) != 0)
		return -1;
	(void)unlinkat(new->folder, new->name, 0);
	return 0;
}

int
replacement_settle(struct replacement *new, const char *name)
{
	char from[sizeof(DESCRIPTORS) + 16];
	int rv;

	if (new->name == NULL) {
		(void)snprintf(from, sizeof(from), DESCRIPTORS "/%d", new->fd);
		return linkat(AT_FDCWD, from, new->folder, name, AT_SYMLINK_FOLLOW);
	}
	rv = renameat2(new->folder, new->name, new->folder, name, RENAME_NOREPLACE);
	if (rv != 0 && (errno == EINVAL || errno == ENOSYS))
		rv = link_instead(new, name);
	if (rv != 0)
		return -1;
	free(new->name);
	new->name = NULL;
	return 0;
}

void
replacement_abandon(struct replacement *new)
{
	int reason = errno;

	if (new->fd < 0)
		return;
	if (new->name != NULL && is_ours(new))
		(void)unlinkat(new->folder, new->name, 0);
	free(new->name);
	new->name = NULL;
	close(new->fd);
	new->fd = -1;
	errno = reason;
}

/* The inode in a name that give_name has made, 0 if it is none. */
static uintmax_t
inode_in(const char *name)
{
	static const char digits[] = "0123456789abcdef";
	const size_t head = sizeof(PREFIX) - 1;
	size_t len;

	if (strncmp(name, PREFIX, head) != 0 ||
	    strspn(name + head, digits) != 16 || name[head + 16] != '-')
		return 0;
	name += head + 17;
	len = strspn(name, digits);
	return len > 0 && len <= 16 && strcmp(name + len, SUFFIX) == 0 ?
	    strtoumax(name, NULL, 16) :
	    0;
}

static void
sweep_one(int folder, const char *name)
{
	uintmax_t inode = inode_in(name);
	struct stat st;
	int fd;

	if (inode == 0 || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		return;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && (uintmax_t)st.st_ino == inode &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(folder, name, 0);
	close(fd);
}

void
replacement_sweep(int folder, const char *name)
{
	char *below = folder_of(name);
	int fd = openat(folder, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	free(below);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		sweep_one(dirfd(dir), entry->d_name);
	closedir(dir);
}

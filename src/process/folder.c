/* SPDX-License-Identifier: BSD-2-Clause */
/* What may be done with the files of one folder. */
#include "process/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/xalloc.h"

/* The name of a file that is about to be removed begins so: hidden, so that nobody takes it for a new one. */
#define PRIVATE ".espcap-after."
/* Names that are tried for a file whose own was taken meanwhile. */
#define NAMES_MAX 1000

static int
refuse(int reason)
{
	errno = reason;
	return -1;
}

static int
check_name(const char *name)
{
	if (name[0] == '\0' || strchr(name, '/') != NULL ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse(EINVAL);
	return 0;
}

static int64_t
nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static void
fill_entry(struct folder_entry *entry, const struct stat *st)
{
	/* It is sent between processes, with what lies between its members. */
	memset(entry, 0, sizeof(*entry));
	entry->mode = st->st_mode;
	entry->dev = st->st_dev;
	entry->inode = st->st_ino;
	entry->size = (uint64_t)st->st_size;
	entry->modified = nanoseconds(&st->st_mtim);
	entry->changed = nanoseconds(&st->st_ctim);
}

int
folder_look(const struct folder *folder, const char *name,
    struct folder_entry *entry)
{
	struct stat st;

	if (check_name(name) != 0 ||
	    fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	fill_entry(entry, &st);
	return 0;
}

int
folder_status(int fd, struct folder_entry *entry)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	fill_entry(entry, &st);
	return 0;
}

int
folder_open(const struct folder *folder, const char *name)
{
	struct folder_entry entry;
	struct stat st;
	int fd;

	/* Looked at before the open too, for opening alone makes some devices act. */
	if (folder_look(folder, name, &entry) != 0)
		return -1;
	if (!S_ISREG(entry.mode))
		return refuse(S_ISLNK(entry.mode) ? ELOOP : EINVAL);
	fd = openat(folder->fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	close(fd);
	return refuse(EINVAL);
}

/* Writers. */

/* On these EAGAIN says that the server gave us no delegation or oplock, not that somebody writes. */
static bool
is_remote(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return true;
	switch ((uint32_t)fs.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case CEPH_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case AFS_FS_MAGIC:
	case V9FS_MAGIC:
	case FUSE_SUPER_MAGIC:
		return true;
	}
	return false;
}

static int
take_lease(int fd)
{
	/*
	 * The kernel signals us when somebody waits for the lease: with what does nothing by default, SIGIO would end
	 * us.
	 */
	if (fcntl(fd, F_SETSIG, SIGURG) == 0 &&
	    fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		return 0;
	return refuse(errno == EAGAIN && !is_remote(fd) ? ETXTBSY : ENOLCK);
}

/* A file with, if that can be had, a lease on it. */
struct hold {
	int fd;
	bool leased;
	struct folder_entry entry;
};

static bool
is_same_file(const struct folder_entry *a, const struct folder_entry *b)
{
	return a->dev == b->dev && a->inode == b->inode;
}

bool
folder_is_touched(const struct folder_entry *before,
    const struct folder_entry *now)
{
	return is_same_file(before, now) && before->size == now->size &&
	    before->changed != now->changed;
}

static bool
is_unchanged(const struct folder_entry *before,
    const struct folder_entry *now)
{
	return is_same_file(before, now) && before->size == now->size &&
	    before->changed == now->changed;
}

static void
release(struct hold *hold)
{
	int reason = errno;

	/* The lease goes with it. */
	if (hold->fd >= 0)
		close(hold->fd);
	errno = reason;
}

static int
hold_file(const struct folder *folder, const char *name, struct hold *hold)
{
	hold->leased = false;
	hold->fd = folder_open(folder, name);
	if (hold->fd < 0)
		/* open(2): somebody has a lease to write. */
		return refuse(errno == EWOULDBLOCK ? ETXTBSY : errno);
	hold->leased = take_lease(hold->fd) == 0;
	if (!hold->leased && errno != ENOLCK)
		return -1;
	return folder_status(hold->fd, &hold->entry);
}

int
folder_probe(const struct folder *folder, const char *name,
    const struct folder_entry *entry)
{
	struct hold hold;
	int rv = hold_file(folder, name, &hold);

	if (rv == 0 && !is_same_file(&hold.entry, entry))
		rv = refuse(ESTALE);
	else if (rv == 0 && !hold.leased)
		rv = refuse(ENOLCK);
	release(&hold);
	return rv;
}

/* Taking a file away. */

static int
rename_new(int from, const char *name, int to, const char *other)
{
	if (renameat2(from, name, to, other, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system that cannot do that: neither does a link replace anything. */
	return linkat(from, name, to, other, 0) != 0 ||
		unlinkat(from, name, 0) != 0 ?
	    -1 :
	    0;
}

/* Somebody may have put another file in its place meanwhile. */
static void
put_back(const struct folder *folder, int from, const char *name,
    const char *old)
{
	char *other = xstrdup(old);

	for (unsigned i = 1; rename_new(from, name, folder->fd, other) != 0 &&
	     errno == EEXIST && i <= NAMES_MAX;
	     i++) {
		free(other);
		other = xasprintf("%s.%u", old, i);
	}
	free(other);
}

/* Under its new name it is the file that was held, and nobody has come to write to it. */
static int
check_taken(int dir, const char *name, const struct hold *hold)
{
	struct folder at = { .fd = dir, .target = -1 };
	struct folder_entry entry;

	if (folder_look(&at, name, &entry) != 0)
		return -1;
	if (!is_same_file(&entry, &hold->entry) ||
	    entry.size != hold->entry.size ||
	    entry.modified != hold->entry.modified)
		return refuse(ESTALE);
	if (hold->leased && fcntl(hold->fd, F_GETLEASE) != F_RDLCK)
		return refuse(ETXTBSY);
	return 0;
}

/* Moves it away from its name. */
static int
take(const struct folder *folder, const char *name, const struct hold *hold,
    int to, const char *other)
{
	int reason;

	if (rename_new(folder->fd, name, to, other) != 0)
		return -1;
	if (check_taken(to, other, hold) == 0)
		return 0;
	reason = errno;
	put_back(folder, to, other, name);
	return refuse(reason);
}

/* Holds the file if it may be taken away. */
static int
hold_unchanged(const struct folder *folder, const char *name,
    const struct folder_entry *entry, bool closed, struct hold *hold,
    struct folder_entry *now)
{
	memset(now, 0, sizeof(*now));
	hold->fd = -1;
	if (!folder->changes)
		return refuse(EPERM);
	if (hold_file(folder, name, hold) != 0)
		return -1;
	*now = hold->entry;
	if (!is_unchanged(entry, now))
		return refuse(ESTALE);
	return hold->leased || closed ? 0 : refuse(ENOLCK);
}

static int
remove_held(const struct folder *folder, const char *name,
    const struct hold *hold)
{
	char *private = xasprintf(PRIVATE "%s", name);
	int rv;

	/* Under a name that nobody opens it is looked at once more. No room for one: the lease must do. */
	if (strlen(private) > NAME_MAX)
		rv = unlinkat(folder->fd, name, 0);
	else {
		rv = take(folder, name, hold, folder->fd, private);
		if (rv == 0)
			rv = unlinkat(folder->fd, private, 0);
	}
	free(private);
	return rv;
}

int
folder_remove(const struct folder *folder, const char *name,
    const struct folder_entry *entry, bool closed, struct folder_entry *now)
{
	struct hold hold;
	int rv = hold_unchanged(folder, name, entry, closed, &hold, now);

	if (rv == 0)
		rv = remove_held(folder, name, &hold);
	release(&hold);
	if (rv == 0)
		(void)fsync(folder->fd);
	return rv;
}

int
folder_move(const struct folder *folder, const char *name,
    const struct folder_entry *entry, bool closed, const char *to,
    struct folder_entry *now)
{
	struct hold hold;
	int rv;

	if (check_name(to) != 0)
		return -1;
	rv = hold_unchanged(folder, name, entry, closed, &hold, now);
	if (rv == 0 && folder->target < 0)
		rv = refuse(EPERM);
	if (rv == 0)
		rv = take(folder, name, &hold, folder->target, to);
	release(&hold);
	if (rv != 0)
		return -1;
	/* First where it is now. */
	(void)fsync(folder->target);
	(void)fsync(folder->fd);
	return 0;
}

void
folder_restore(const struct folder *folder)
{
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, PRIVATE, strlen(PRIVATE)) == 0 &&
		    check_name(entry->d_name + strlen(PRIVATE)) == 0)
			put_back(folder, folder->fd, entry->d_name,
			    entry->d_name + strlen(PRIVATE));
	closedir(dir);
}

/* What may be done with the files of one folder. */
#include "loop/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int
folder_look(const struct folder *folder, const char *name,
    struct folder_entry *entry)
{
	struct stat st;

	if (check_name(name) != 0 || fstatat(folder->fd, name, &st,
	    AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	entry->mode = st.st_mode;
	entry->dev = st.st_dev;
	entry->inode = st.st_ino;
	entry->size = (uint64_t)st.st_size;
	entry->modified = nanoseconds(&st.st_mtim);
	entry->changed = nanoseconds(&st.st_ctim);
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
	fd = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	close(fd);
	return refuse(EINVAL);
}

/* Whether the name is still that of the file. */
static int
check_same(const struct folder *folder, const char *name,
    const struct folder_entry *entry)
{
	struct folder_entry now;

	if (!folder->changes)
		return refuse(EPERM);
	if (folder_look(folder, name, &now) != 0)
		return -1;
	if (!S_ISREG(now.mode) || now.dev != entry->dev ||
	    now.inode != entry->inode || now.size != entry->size)
		return refuse(ESTALE);
	return 0;
}

int
folder_remove(const struct folder *folder, const char *name,
    const struct folder_entry *entry)
{
	if (check_same(folder, name, entry) != 0 ||
	    unlinkat(folder->fd, name, 0) != 0)
		return -1;
	(void)fsync(folder->fd);
	return 0;
}

int
folder_move(const struct folder *folder, const char *name,
    const struct folder_entry *entry, const char *to)
{
	if (check_name(to) != 0 || check_same(folder, name, entry) != 0)
		return -1;
	if (folder->target < 0)
		return refuse(EPERM);
	if (renameat2(folder->fd, name, folder->target, to,
	    RENAME_NOREPLACE) != 0) {
		if (errno != EINVAL && errno != ENOSYS)
			return -1;
		/* A file system that cannot do that: neither does a link replace anything. */
		if (linkat(folder->fd, name, folder->target, to, 0) != 0 ||
		    unlinkat(folder->fd, name, 0) != 0)
			return -1;
	}
	/* First where it is now. */
	(void)fsync(folder->target);
	(void)fsync(folder->fd);
	return 0;
}

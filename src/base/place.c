/* SPDX-License-Identifier: BSD-2-Clause */
/* The one rule for what options name to write to. */
#include "base/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/xalloc.h"

/* How often a file disappears between two looks. */
#define TRIES 16

int
place_refuse(const char *what, const char *path, struct error *error)
{
	const char *reason = strerror(errno), *advice = "";

	if (errno == ELOOP) {
		reason = "is a link";
		advice = "; name the file that is meant";
	} else if (errno == ENOENT || errno == ENOTDIR)
		advice = "; the directory must exist";
	return error_set(error, OUTCOME_USAGE, "%s%.400s: %s%s", what, path, reason, advice);
}

/* Files. */

int
place_open(struct place *place, const char *what, const char *path, mode_t mode, struct error *error)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? xstrdup(".") : xstrndup(path, (size_t)(slash - path) + 1);
	int reason;

	*place = (struct place){ .what = what,
		.path = path,
		.name = slash == NULL ? path : slash + 1,
		.mode = mode,
		.pending = { .fd = -1 } };
	place->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->folder >= 0)
		place->folder = descriptor_raise(place->folder);
	reason = errno;
	free(folder);
	errno = reason;
	return place->folder >= 0 ? 0 : place_refuse(what, path, error);
}

void
place_close(struct place *place)
{
	if (place->path == NULL)
		return;
	place_abandon(place);
	if (place->folder >= 0)
		close(place->folder);
	*place = (struct place){ .path = NULL };
}

/* A file without a name leaves nothing; some file systems make none. */
static int
check_folder(const struct place *place)
{
	int fd = openat(place->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
		return -1;
	return faccessat(place->folder, ".", W_OK | X_OK, AT_EACCESS);
}

/* st_nlink 0: there is none. -1 with errno. */
static int
look(const struct place *place, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	if (place->name[0] == '\0') {
		errno = EISDIR;
		return -1;
	}
	if (fstatat(place->folder, place->name, st, AT_SYMLINK_NOFOLLOW) != 0) {
		memset(st, 0, sizeof(*st));
		return errno == ENOENT ? check_folder(place) : -1;
	}
	if (!S_ISLNK(st->st_mode) && !S_ISDIR(st->st_mode))
		return 0;
	errno = S_ISLNK(st->st_mode) ? ELOOP : EISDIR;
	return -1;
}

static int
refuse_text(const struct place *place, const char *text, struct error *error)
{
	return error_set(error, OUTCOME_USAGE, "%s%.400s: %s", place->what, place->path, text);
}

/*
 * Whoever owns the folder may put another file in its place anyway, but not who made one for us to write to in a folder
 * of everybody, such as /tmp.
 */
static bool
is_of_another(const struct place *place, const struct stat *st)
{
	struct stat folder;

	return st->st_uid != geteuid() && st->st_uid != 0 &&
	    (fstat(place->folder, &folder) != 0 || st->st_uid != folder.st_uid);
}

const char *
place_unfit(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	return (st->st_mode & 077) != 0 ? "others may read or write it: chmod 600 it" : NULL;
}

int
place_check_append(const struct place *place, struct stat *st, struct error *error)
{
	int fd;

	if (look(place, st) != 0)
		return place_refuse(place->what, place->path, error);
	if (st->st_nlink == 0)
		return 0;
	if (place_unfit(st) != NULL)
		return refuse_text(place, place_unfit(st), error);
	if (is_of_another(place, st))
		return refuse_text(place, "it belongs to another user, who can read it", error);
	fd = openat(place->folder, place->name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return place_refuse(place->what, place->path, error);
	close(fd);
	return 0;
}

int
place_check_replace(const struct place *place, struct error *error)
{
	struct stat st;

	if (look(place, &st) != 0)
		return place_refuse(place->what, place->path, error);
	if (st.st_nlink == 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return refuse_text(place, place_unfit(&st), error);
	return check_folder(place) == 0 ? 0 : place_refuse(place->what, place->path, error);
}

/* To append to. -1 with errno. */
static int
open_own(const struct place *place, const char *name, int flags)
{
	int fd = openat(place->folder, name, flags);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && !is_of_another(place, &st)))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

static char *
numbered(const struct place *place, unsigned number)
{
	return number == 0 ? xstrdup(place->name) : xasprintf("%s.%u", place->name, number);
}

int
place_append(struct place *place, unsigned number, bool *is_new)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
	int fd = -1, reason = ENOENT;
	char *name;

	if (place->agent != NULL)
		return place->agent->append(place->agent->ctx, place->index, number, is_new);
	name = numbered(place, number);
	for (int i = 0; i < TRIES && fd < 0 && reason == ENOENT; i++) {
		*is_new = true;
		fd = openat(place->folder, name, flags | O_CREAT | O_EXCL, place->mode);
		if (fd < 0 && errno == EEXIST) {
			*is_new = false;
			fd = open_own(place, name, flags);
		}
		reason = errno;
	}
	free(name);
	errno = reason;
	return fd;
}

void
place_remove(const struct place *place, unsigned number)
{
	char *name = numbered(place, number);

	(void)unlinkat(place->folder, name, 0);
	free(name);
}

int
place_begin(struct place *place)
{
	int fd, reason;

	if (place->agent != NULL)
		return place->agent->begin(place->agent->ctx, place->index);
	replacement_abandon(&place->pending);
	if (replacement_begin(&place->pending, place->folder, place->name, 0, place->mode) != 0) {
		place->pending.fd = -1;
		return -1;
	}
	fd = fcntl(place->pending.fd, F_DUPFD_CLOEXEC, 3);
	reason = errno;
	if (fd < 0)
		replacement_abandon(&place->pending);
	errno = reason;
	return fd;
}

int
place_finish(struct place *place)
{
	if (place->agent != NULL)
		return place->agent->finish(place->agent->ctx, place->index);
	errno = EBADF;
	if (place->pending.fd < 0 || replacement_finish(&place->pending, place->name) != 0)
		return -1;
	close(place->pending.fd);
	place->pending.fd = -1;
	return 0;
}

/* An agent does so before it begins another. */
void
place_abandon(struct place *place)
{
	if (place->agent == NULL)
		replacement_abandon(&place->pending);
}

int
place_write(const struct place *place, int flags)
{
	if (place->name[0] == '\0') {
		errno = EISDIR;
		return -1;
	}
	return openat(place->folder, place->name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | flags,
	    place->mode);
}

/* Folders. */

static int
refuse_folder(const char *what, const char *path, struct error *error)
{
	const char *advice = "";

	if (errno == ENOENT)
		advice = "; make the directory above it first";
	else if (errno == ENOTDIR)
		advice = "; name a directory, not a file";
	return error_set(error, OUTCOME_USAGE, "%s%.400s: %s%s", what, path, strerror(errno), advice);
}

static int
open_folder(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);

	return fd < 0 ? -1 : descriptor_raise(fd);
}

/* Whoever may put another thing in its place must not be given that. */
static int
make_folder(const char *path, uid_t uid, gid_t gid)
{
	bool made = mkdir(path, 0700) == 0;
	int fd, reason;

	if (!made && errno != EEXIST)
		return -1;
	fd = open_folder(path, made ? O_NOFOLLOW : 0);
	if (!made || fd < 0 || uid == geteuid() || fchown(fd, uid, gid) == 0)
		return fd;
	reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

int
place_folder(const char *what, const char *path, uid_t uid, gid_t gid, struct error *error)
{
	int fd = open_folder(path, 0);

	if (fd < 0 && errno == ENOENT)
		fd = make_folder(path, uid, gid);
	return fd >= 0 ? fd : refuse_folder(what, path, error);
}

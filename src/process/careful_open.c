/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening files that anybody may have replaced, without waiting and without making devices act. */
#include "process/careful_open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

/* Why not; NULL if it may be read. In the place of a file of a folder anybody may have put something else. */
static const char *
refusal(mode_t mode, bool regular)
{
	if (S_ISREG(mode) || (S_ISFIFO(mode) && !regular))
		return NULL;
	if (S_ISFIFO(mode))
		return "is a FIFO";
	if (S_ISDIR(mode))
		return "is a directory";
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return "is a device";
	return S_ISSOCK(mode) ? "is a socket" : "is not a file";
}

/* Looked at before the open too, for opening alone makes some devices act. */
static int
open_careful(const char *path, bool regular, struct stat *st)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	int fd;

	if (stat(path, st) != 0)
		return -1;
	if (refusal(st->st_mode, regular) != NULL)
		return -1;
	fd = open(path, flags | O_NONBLOCK);
	if (fd < 0 && errno == EAGAIN && S_ISREG(st->st_mode))
		fd = beneath_open_leased(AT_FDCWD, path, flags);
	if (fd >= 0 && fstat(fd, st) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int
careful_open_path(const char *path, bool regular, struct error *error)
{
	struct stat st = { .st_mode = S_IFREG };
	int fd = open_careful(path, regular, &st);

	if (refusal(st.st_mode, regular) != NULL) {
		error_set(error, OUTCOME_INPUT, "%s",
		    refusal(st.st_mode, regular));
		goto fail;
	}
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
	if (S_ISFIFO(st.st_mode) || fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

int
careful_open_beneath(const struct beneath *folder, const char *path,
    struct error *error)
{
	const char *name = beneath_name(folder, path);
	struct stat st = { .st_mode = 0 };
	int fd = name == NULL ? -1 : beneath_open(folder, name, O_RDONLY);

	if (name == NULL || (fd < 0 && errno == EXDEV))
		return error_set(error, OUTCOME_INPUT,
		    "leads out of the directory");
	if (fd < 0 && errno != EINVAL)
		return error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	/* What was not opened is looked at only for the words. */
	if (fd >= 0)
		close(fd);
	else if (fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		st.st_mode = 0;
	return error_set(error, OUTCOME_INPUT, "%s",
	    refusal(st.st_mode, true) != NULL ?
		refusal(st.st_mode, true) :
		"is not a file");
}

int
careful_open_number(int number, struct error *error)
{
	struct stat st;
	int fd = descriptor_take(number, O_RDONLY, error);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 &&
	    (S_ISSOCK(st.st_mode) || refusal(st.st_mode, false) == NULL))
		return fd;
	error_set(error, OUTCOME_INPUT, "%s",
	    isatty(fd) ?
		"is a terminal: redirect a capture to it" :
		refusal(st.st_mode, false));
	close(fd);
	return -1;
}

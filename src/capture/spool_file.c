/* SPDX-License-Identifier: BSD-2-Clause */
/* A spool on disk. */
#include "capture/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/place.h"
#include "base/xalloc.h"
#include "capture/spool.h"

/* After a failure it is tried again, ms. */
#define RETRY_MS 1000
/* Given back in one go: cutting off a long file takes time. */
#define REST_STEP ((uint64_t)64 << 20)
/* Names for the file where it must have one for a moment. */
#define NAME_TRIES 100

struct spool_file {
	const char *dir;
	int fd;
	struct spool spool;
	int failure;
	uint64_t ready_at; /* ms */
};

/* Opening. */

/* For file systems that make no file without a name. */
static int
open_and_unlink(int dir)
{
	struct timespec time;
	char *name;
	int fd = -1;

	for (int i = 0; i < NAME_TRIES && fd < 0; i++) {
		clock_gettime(CLOCK_REALTIME, &time);
		name = xasprintf(".espcap-spool-%ld-%ld", (long)getpid(),
		    time.tv_nsec);
		fd = openat(dir, name,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 && unlinkat(dir, name, 0) != 0) {
			close(fd);
			fd = -1;
			i = NAME_TRIES;
		}
		free(name);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

/* O_EXCL: nobody can give it a name. Descriptors below 3 are written to by those who mean standard error. */
static int
open_nameless(int dir)
{
	int fd = openat(dir, ".", O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT))
		fd = open_and_unlink(dir);
	return fd < 0 ? -1 : descriptor_raise(fd);
}

static int
open_file(const char *dir, struct error *error)
{
	int folder = place_folder("--spool=", dir, geteuid(), getegid(), error), fd;

	if (folder < 0)
		return -1;
	fd = open_nameless(folder);
	if (fd < 0)
		error_set(error, OUTCOME_USAGE,
		    "--spool=%.400s: %s; name a directory in which espcap can make a file",
		    dir, strerror(errno));
	close(folder);
	return fd;
}

static int
check_limit(uint64_t size, struct error *error)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    limit.rlim_max >= size)
		return 0;
	return error_set(error, OUTCOME_USAGE,
	    "--spool-size: files may not "
	    "be longer than %llu bytes here (ulimit -f); give less, or raise "
	    "that limit",
	    (unsigned long long)limit.rlim_max);
}

struct spool_file *
spool_file_open(const char *dir, uint64_t size, struct error *error)
{
	struct spool_file *file;
	int fd;

	if (check_limit(size, error) != 0)
		return NULL;
	fd = open_file(dir, error);
	if (fd < 0)
		return NULL;
	file = xcalloc(1, sizeof(*file));
	file->dir = dir;
	file->fd = fd;
	file->spool.size = size;
	return file;
}

void
spool_file_free(struct spool_file *file)
{
	if (file == NULL)
		return;
	close(file->fd);
	free(file);
}

uint64_t
spool_file_len(const struct spool_file *file)
{
	return file->spool.len;
}

bool
spool_file_is_empty(const struct spool_file *file)
{
	return file->spool.len == 0;
}

bool
spool_file_is_ready(const struct spool_file *file)
{
	return file->ready_at == 0 || clock_ms() >= file->ready_at;
}

int
spool_file_failure(const struct spool_file *file)
{
	return file->failure;
}

const char *
spool_file_dir(const struct spool_file *file)
{
	return file->dir;
}

uint64_t
spool_file_size(const struct spool_file *file)
{
	return file->spool.size;
}

/* In. */

/* How much of one piece is on disk; less than its length with errno. */
static size_t
write_piece(int fd, const struct spool_piece *piece, const uint8_t *bytes)
{
	size_t done = 0;

	while (done < piece->len) {
		ssize_t n = pwrite(fd, bytes + done, piece->len - done,
		    (off_t)(piece->at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static void
fail(struct spool_file *file, int reason)
{
	file->failure = reason;
	file->ready_at = reason == 0 ? 0 : clock_ms() + RETRY_MS;
}

size_t
spool_file_append(struct spool_file *file, const uint8_t *bytes, size_t len)
{
	uint64_t room = spool_room(&file->spool);
	struct spool_whole whole = spool_whole(bytes,
	    room < len ? (size_t)room : len);
	struct spool_piece pieces[2];
	size_t done = 0;
	int count = spool_next(&file->spool, whole.len, pieces);

	fail(file, 0);
	for (int i = 0; i < count; i++) {
		size_t part = write_piece(file->fd, &pieces[i], bytes + done);

		done += part;
		if (part == pieces[i].len)
			continue;
		fail(file, errno);
		/* The piece of a record that is there is in what is free. */
		whole = spool_whole(bytes, done);
		break;
	}
	spool_put(&file->spool, whole);
	return whole.len;
}

/* Out. */

static int
read_piece(int fd, const struct spool_piece *piece, uint8_t *bytes)
{
	size_t done = 0;

	while (done < piece->len) {
		ssize_t n = pread(fd, bytes + done, piece->len - done,
		    (off_t)(piece->at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* What is read next should be in memory by then. */
static void
read_ahead(const struct spool_file *file, size_t max)
{
	struct spool_piece pieces[2];
	int count = spool_oldest(&file->spool, max, pieces);

	for (int i = 0; i < count; i++)
		(void)posix_fadvise(file->fd, (off_t)pieces[i].at,
		    (off_t)pieces[i].len, POSIX_FADV_WILLNEED);
}

size_t
spool_file_take(struct spool_file *file, uint8_t *bytes, size_t max,
    uint64_t *lost)
{
	struct spool_whole whole = { 0 };
	struct spool_piece pieces[2];
	int count = spool_oldest(&file->spool, max, pieces);
	size_t len = 0;

	*lost = 0;
	for (int i = 0; i < count; i++) {
		if (read_piece(file->fd, &pieces[i], bytes + len) != 0)
			goto lose;
		len += pieces[i].len;
	}
	whole = spool_whole(bytes, len);
	if (whole.len == 0 && len > 0) {
		errno = EIO;
		goto lose;
	}
	spool_take(&file->spool, whole);
	read_ahead(file, max);
	return whole.len;
lose:
	*lost = spool_forget(&file->spool);
	return 0;
}

void
spool_file_rest(struct spool_file *file)
{
	if (file->spool.len > 0 || file->spool.reach == 0)
		return;
	if (ftruncate(file->fd, (off_t)spool_cut(&file->spool, REST_STEP)) != 0)
		return; /* What is kept will be used again. */
}

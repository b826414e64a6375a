/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of documents that a server refused: one JSON line each. It is made for the first of them. */
#include "sink/dead_letter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/json.h"
#include "base/write.h"
#include "base/xalloc.h"

/* Names that are tried while other runs write to those before. */
#define NAMES_MAX 1000
#define TRIES 16

struct dead_letter {
	char *path;
	char *name;         /* that the file has: the path, perhaps with a number */
	struct place place; /* unless is_shared */
	int fd;             /* -1 until the first document */
	bool is_shared;     /* what was open already */
	unsigned number;    /* after the name, 0 for none */
	bool is_new;        /* made by this run */
	bool used;
	dev_t dev; /* of the file at the start; inode 0 if there was none */
	ino_t inode;
	struct buffer lines;
	bool (*give_up)(void *ctx);
	void *ctx;
};

static struct dead_letter *
make(const char *path, int fd)
{
	struct dead_letter *letter = xcalloc(1, sizeof(*letter));

	letter->path = xstrdup(path);
	letter->name = xstrdup(path);
	letter->fd = fd;
	buffer_init(&letter->lines, (size_t)4 << 30);
	return letter;
}

/* Whoever opened it decided who may read it, and may have locked it. */
static struct dead_letter *
take(const char *path, int number, struct error *error)
{
	struct dead_letter *letter;
	struct error reason;
	int fd = descriptor_take(number, O_WRONLY, &reason);

	if (fd < 0) {
		error_set(error, OUTCOME_USAGE, "--dead-letter=%.400s: %.400s",
		    path, reason.text);
		return NULL;
	}
	letter = make(path, fd);
	letter->is_shared = true;
	return letter;
}

struct dead_letter *
dead_letter_open(const char *path, int number, struct error *error)
{
	struct dead_letter *letter;
	struct error reason;
	struct stat st;

	if (number >= 0)
		return take(path, number, error);
	letter = make(path, -1);
	if (place_open(&letter->place, "the dead letter file ", letter->path, 0600, &reason) == 0 &&
	    place_check_append(&letter->place, &st, &reason) == 0) {
		letter->dev = st.st_dev;
		letter->inode = st.st_ino;
		return letter;
	}
	error_set(error, OUTCOME_USAGE, "%.600s; --dead-letter=FILE names another", reason.text);
	dead_letter_free(letter);
	return NULL;
}

struct place *
dead_letter_place(struct dead_letter *letter)
{
	return letter->is_shared ? NULL : &letter->place;
}

void
dead_letter_give_up(struct dead_letter *letter, bool (*give_up)(void *ctx),
    void *ctx)
{
	letter->give_up = give_up;
	letter->ctx = ctx;
}

void
dead_letter_free(struct dead_letter *letter)
{
	if (letter == NULL)
		return;
	/* Before the lock on it is gone: nobody else has begun to write to it. */
	if (letter->is_new && !letter->used)
		place_remove(&letter->place, letter->number);
	if (letter->fd >= 0)
		close(letter->fd);
	place_close(&letter->place);
	buffer_release(&letter->lines);
	free(letter->name);
	free(letter->path);
	free(letter);
}

/* The first document. */

/*
 * What could not be written whole is cut off again, so nobody else may write meanwhile. -1 with errno: EWOULDBLOCK if
 * another run does. Where there are no locks only a new file is certain to be ours.
 */
static int
lock(int fd, bool is_new)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && is_new))
		return 0;
	errno = EWOULDBLOCK;
	return -1;
}

/* 0, or -1 with errno: EWOULDBLOCK if it is another run's. *unfit: why this is not a file for dead letters, or NULL. */
static int
open_number(struct dead_letter *letter, unsigned number, const char **unfit)
{
	struct stat st;
	int fd = place_append(&letter->place, number, &letter->is_new), reason;

	*unfit = NULL;
	if (fd < 0 || fstat(fd, &st) != 0)
		goto fail;
	*unfit = place_unfit(&st);
	if (*unfit != NULL || lock(fd, letter->is_new) != 0)
		goto fail;
	letter->fd = fd;
	letter->number = number;
	return 0;
fail:
	reason = errno;
	letter->is_new = false;
	if (fd >= 0)
		close(fd);
	errno = reason;
	return -1;
}

/*
 * Whether the file still has a name: a run that could not write to its new file has removed it before it let go of it.
 */
static bool
is_named(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

/* Some file systems do not count names. */
static int
open_named(struct dead_letter *letter, unsigned number, const char **unfit)
{
	for (int i = 0; i < TRIES; i++) {
		if (letter->fd >= 0)
			close(letter->fd);
		letter->fd = -1;
		if (open_number(letter, number, unfit) != 0)
			return -1;
		if (is_named(letter->fd))
			break;
	}
	return 0;
}

/*
 * A file that another run writes to, or that is not fit: a number makes another name. Not for that of the option itself
 * if it is not fit.
 */
static bool
is_next_worth_it(unsigned number, const char *unfit)
{
	return number < NAMES_MAX &&
	    (unfit != NULL ? number > 0 : errno == EWOULDBLOCK || (number > 0 && (errno == ELOOP || errno == EPERM)));
}

static int
open_file(struct dead_letter *letter, struct error *error)
{
	const char *unfit;
	unsigned number = 0;

	free(letter->name);
	letter->name = xstrdup(letter->path);
	while (open_named(letter, number, &unfit) != 0) {
		if (!is_next_worth_it(number, unfit))
			return error_set(error, OUTCOME_OUTPUT, "the dead letter file %.400s: %s",
			    letter->name, unfit != NULL ? unfit : strerror(errno));
		number++;
		free(letter->name);
		letter->name = xasprintf("%s.%u", letter->path, number);
	}
	return 0;
}

void
dead_letter_add(struct dead_letter *letter,
    const struct dead_letter_entry *entry)
{
	struct buffer *lines = &letter->lines;
	int rv = buffer_puts(lines, "{\"index\":") |
	    json_string(lines, entry->index, entry->index_len);

	if (entry->id_len > 0)
		rv |= buffer_puts(lines, ",\"id\":") |
		    json_string(lines, entry->id, entry->id_len);
	rv |= buffer_puts(lines, ",\"status\":") |
	    buffer_number(
		lines, (uint64_t)(entry->status > 0 ? entry->status : 0)) |
	    buffer_puts(lines, ",\"type\":") |
	    json_string(lines, entry->type, strlen(entry->type)) |
	    buffer_puts(lines, ",\"reason\":") |
	    json_string(lines, entry->reason, strlen(entry->reason)) |
	    buffer_puts(lines, ",\"document\":") |
	    buffer_append(lines, entry->document, entry->document_len) |
	    buffer_puts(lines, "}\n");
	if (rv != 0)
		abort(); /* more than any batch holds */
}

/* A pipe or terminal has nothing to sync, fsync(2). What others write to as well is not cut. */
static int
sync_shared(struct dead_letter *letter, struct error *error)
{
	if (write_wait(letter->fd, letter->lines.data, letter->lines.len,
		letter->give_up, letter->ctx) == 0 &&
	    (fsync(letter->fd) == 0 ||
		errno == EINVAL || errno == EROFS))
		return 0;
	return error_set(error, OUTCOME_OUTPUT, "the dead letter file %s: %s",
	    letter->name, strerror(errno));
}

static int
sync_own(struct dead_letter *letter, struct error *error)
{
	off_t before = lseek(letter->fd, 0, SEEK_END);
	int rv = 0;

	/* An fsync that failed is not tried again: the kernel forgets the failure. */
	if (before < 0 ||
	    write_all(letter->fd, letter->lines.data, letter->lines.len) != 0 ||
	    fsync(letter->fd) != 0) {
		rv = error_set(error, OUTCOME_OUTPUT,
		    "the dead letter file %s: %s", letter->name,
		    strerror(errno));
		if (before >= 0 && ftruncate(letter->fd, before) != 0)
			error_set(error, OUTCOME_OUTPUT,
			    "the dead letter file %s ends within a line, and cannot be "
			    "truncated: %s",
			    letter->name, strerror(errno));
	}
	return rv;
}

int
dead_letter_sync(struct dead_letter *letter, struct error *error)
{
	int rv;

	if (letter->lines.len == 0)
		return 0;
	if (letter->is_shared)
		rv = sync_shared(letter, error);
	else
		rv = letter->fd < 0 && open_file(letter, error) != 0 ? -1 : sync_own(letter, error);
	letter->used = letter->used || rv == 0;
	buffer_shrink(&letter->lines, (size_t)1 << 20);
	return rv;
}

void
dead_letter_forget(struct dead_letter *letter)
{
	buffer_shrink(&letter->lines, (size_t)1 << 20);
}

const char *
dead_letter_name(const struct dead_letter *letter)
{
	return letter->name;
}

const char *
dead_letter_other(const struct dead_letter *letter)
{
	return letter->number > 0 ? letter->path : NULL;
}

bool
dead_letter_is_fd(const struct dead_letter *letter, int fd)
{
	struct stat own = { .st_dev = letter->dev, .st_ino = letter->inode }, other;

	return (letter->fd < 0 || fstat(letter->fd, &own) == 0) && fstat(fd, &other) == 0 &&
	    own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

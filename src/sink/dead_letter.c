/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of documents that a server refused: one JSON line each. */
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

struct dead_letter {
	char *name;
	int fd;
	bool is_shared; /* what was open already */
	bool is_new;
	bool used;
	struct buffer lines;
	bool (*give_up)(void *ctx);
	void *ctx;
};

static int
check(int fd, const char *name, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_set(error, OUTCOME_USAGE, "--dead-letter=%s: %s",
		    name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(error, OUTCOME_USAGE,
		    "--dead-letter=%s: is no regular file", name);
	if ((st.st_mode & 077) != 0)
		return error_set(error, OUTCOME_USAGE,
		    "--dead-letter=%s: "
		    "others may read or write it: chmod 600 it",
		    name);
	/* What could not be written whole is cut off again: nobody else may write meanwhile. */
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return error_set(error, OUTCOME_USAGE, "--dead-letter=%s: %s",
		    name,
		    errno == EWOULDBLOCK ?
			"another espcap writes it" :
			strerror(errno));
	return 0;
}

static struct dead_letter *
make(const char *name, int fd)
{
	struct dead_letter *letter = xcalloc(1, sizeof(*letter));

	letter->name = xstrdup(name);
	letter->fd = fd;
	buffer_init(&letter->lines, (size_t)4 << 30);
	return letter;
}

/* Whoever opened it decided who may read it, and may have locked it. */
static struct dead_letter *
take(const char *name, int number, struct error *error)
{
	struct dead_letter *letter;
	struct error reason;
	int fd = descriptor_take(number, O_WRONLY, &reason);

	if (fd < 0) {
		error_set(error, OUTCOME_USAGE, "--dead-letter=%.400s: %.400s",
		    name, reason.text);
		return NULL;
	}
	letter = make(name, fd);
	letter->is_shared = true;
	return letter;
}

static struct dead_letter *
open_file(const char *name, struct error *error)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY |
	    O_NOFOLLOW | O_NONBLOCK;
	struct dead_letter *letter;
	bool is_new = true;
	int fd = open(name, flags | O_CREAT | O_EXCL, 0600);

	if (fd < 0 && errno == EEXIST) {
		is_new = false;
		fd = open(name, flags);
	}
	if (fd < 0) {
		error_set(error, OUTCOME_USAGE,
		    "the dead letter file %s: %s; "
		    "--dead-letter=FILE names another",
		    name, strerror(errno));
		return NULL;
	}
	if (check(fd, name, error) != 0) {
		close(fd);
		return NULL;
	}
	letter = make(name, fd);
	letter->is_new = is_new;
	return letter;
}

struct dead_letter *
dead_letter_open(const char *name, int number, struct error *error)
{
	return number >= 0 ? take(name, number, error) : open_file(name, error);
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
	/* It may not be allowed any more: an empty file then stays. */
	if (letter->is_new && !letter->used)
		(void)unlink(letter->name);
	close(letter->fd);
	buffer_release(&letter->lines);
	free(letter->name);
	free(letter);
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
			    "the dead letter file "
			    "%s ends in part of a line, and cannot be cut: %s",
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
	letter->used = true;
	rv = letter->is_shared ?
	    sync_shared(letter, error) :
	    sync_own(letter, error);
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

bool
dead_letter_is_fd(const struct dead_letter *letter, int fd)
{
	struct stat own, other;

	return fstat(letter->fd, &own) == 0 && fstat(fd, &other) == 0 &&
	    own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that a registry is kept in. */
#include "watch/registry_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/place.h"
#include "base/replace.h"
#include "base/write.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)64 << 20)
/* The file is written anew, in its place, when it has grown by so much: that is bounded, too. */
#define GROWN_MAX ((size_t)16 << 20)

struct registry_file {
	char *name;
	struct log *log;
	int fd;       /* -1: without a file */
	size_t grown; /* bytes appended since it was last written as a whole */
	struct registry *registry;
};

/* Without the file from here on. */
static void
give_up(struct registry_file *file, const char *what, int reason)
{
	log_note(file->log,
	    "registry %s: %s: %s; continuing without it: files "
	    "read now may be read again by the next run",
	    file->name, what,
	    strerror(reason));
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

static bool
is_named(const char *name, int fd)
{
	struct stat now, ours;

	return stat(name, &now) == 0 && fstat(fd, &ours) == 0 &&
	    now.st_dev == ours.st_dev && now.st_ino == ours.st_ino;
}

/* One that the user has named must be there; without another the run goes on. */
static int
go_without(struct registry_file *file, bool chosen, const char *what, int reason, struct error *error)
{
	if (!chosen) {
		give_up(file, what, reason);
		return 1;
	}
	errno = reason;
	return place_refuse("--registry=", file->name, error);
}

/*
 * 0 with the file open and locked; 1 without it, which is logged; -1 if the run must not go on. Another espcap that is
 * just writing it anew puts another file in its place: then this one's lock is worth nothing.
 */
static int
open_locked(struct registry_file *file, bool chosen, struct error *error)
{
	struct stat st;

	for (int tries = 0; tries < 100; tries++) {
		file->fd = open(file->name,
		    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY |
			O_NOFOLLOW | O_NONBLOCK,
		    0600);
		if (file->fd < 0 || fstat(file->fd, &st) != 0)
			return go_without(file, chosen, "cannot be opened", errno, error);
		if (!S_ISREG(st.st_mode))
			return go_without(file, chosen, "not a regular file", EINVAL, error);
		if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
			break;
		if (is_named(file->name, file->fd))
			return 0;
		close(file->fd);
		file->fd = -1;
	}
	if (file->fd >= 0 && errno != EWOULDBLOCK)
		return go_without(file, chosen, "cannot be locked", errno, error);
	return error_set(error, OUTCOME_USAGE,
	    "%.500s: another espcap uses "
	    "this registry: give this one its own with --registry=FILE",
	    file->name);
}

/* Whether the file may be replaced: it is empty, or begins as a registry does. */
static bool
is_ours(const struct registry_file *file)
{
	char head[sizeof(REGISTRY_TITLE)];
	ssize_t n = pread(file->fd, head, sizeof(head), 0);

	return n == 0 ||
	    (n >= (ssize_t)strlen(REGISTRY_TITLE) &&
		memcmp(head, REGISTRY_TITLE, strlen(REGISTRY_TITLE)) == 0);
}

/* chosen: the user named the file, which may be anything. */
static int
read_lines(struct registry_file *file, bool chosen, struct error *error)
{
	struct buffer text;
	struct error reason;
	size_t damaged, newer;
	int failed;

	buffer_init(&text, FILE_MAX);
	failed = files_read_fd(file->fd, file->name, &text, &reason);
	damaged = registry_parse(file->registry, text.data, text.len, &newer);
	buffer_release(&text);
	if (chosen && registry_count(file->registry) == 0 && !is_ours(file))
		return error_set(error, OUTCOME_USAGE,
		    "--registry=%.400s: this "
		    "file is not a registry and would be overwritten: name "
		    "another one, or remove it",
		    file->name);
	if (failed != 0)
		log_note(file->log, "registry %s; continuing without its content",
		    reason.text);
	if (damaged > 0)
		log_note(file->log,
		    "registry %s: %zu damaged lines skipped; "
		    "the files they describe are read again",
		    file->name, damaged);
	if (newer > 0)
		log_note(file->log,
		    "registry %s: %zu lines were written by a "
		    "newer espcap and are dropped; the files they describe "
		    "are read again",
		    file->name, newer);
	return 0;
}

struct registry_file *
registry_file_open(const char *name, bool chosen, struct log *log,
    struct error *error)
{
	struct registry_file *file = xcalloc(1, sizeof(*file));
	int rv = 1;

	file->fd = -1;
	file->log = log;
	file->registry = registry_new();
	if (name != NULL) {
		file->name = xstrdup(name);
		rv = open_locked(file, chosen, error);
	}
	if (rv == 0) {
		replacement_sweep(AT_FDCWD, name);
		rv = read_lines(file, chosen, error);
	}
	if (rv >= 0)
		return file;
	registry_file_free(file);
	return NULL;
}

void
registry_file_free(struct registry_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0)
		close(file->fd);
	registry_free(file->registry);
	free(file->name);
	free(file);
}

struct registry *
registry_file_registry(const struct registry_file *file)
{
	return file->registry;
}

static bool
keep_all(void *ctx, const struct registry_entry *entry)
{
	(void)ctx;
	(void)entry;
	return true;
}

/* The name is on disk when its folder is. */
static void
sync_folder(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *folder = slash == NULL ?
	    xstrdup(".") :
	    xstrndup(name, (size_t)(slash - name) + 1);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
}

/* A descriptor of the new file, which is locked before it has the name; -1 with errno. */
static int
replace(const struct registry_file *file, const struct buffer *text)
{
	struct replacement new;

	if (replacement_begin(&new, AT_FDCWD, file->name, O_APPEND, 0600) != 0)
		return -1;
	if (write_all(new.fd, text->data, text->len) != 0 ||
	    fsync(new.fd) != 0) {
		replacement_abandon(&new);
		return -1;
	}
	if (replacement_finish(&new, file->name) != 0)
		return -1;
	sync_folder(file->name);
	return new.fd;
}

void
registry_file_rewrite(struct registry_file *file,
    bool (*keep)(void *ctx, const struct registry_entry *entry), void *ctx)
{
	struct buffer text;
	int fd;

	registry_prune(file->registry, keep != NULL ? keep : keep_all, ctx,
	    REGISTRY_ENTRIES_MAX);
	if (file->fd < 0)
		return;
	buffer_init(&text, FILE_MAX);
	fd = registry_print_all(file->registry, &text) != 0 ?
	    -1 :
	    replace(file, &text);
	if (fd >= 0) {
		close(file->fd);
		file->fd = fd;
	} else
		log_note(file->log, "registry %s: cannot be replaced: %s",
		    file->name, strerror(errno));
	buffer_release(&text);
}

/*
 * In its own place, for its folder cannot be written any more. If espcap is killed in between, the ids must do, as
 * without a registry.
 */
static int
overwrite(struct registry_file *file)
{
	struct buffer text;
	int rv = -1;

	registry_prune(file->registry, keep_all, NULL, REGISTRY_ENTRIES_MAX / 2);
	buffer_init(&text, FILE_MAX);
	if (registry_print_all(file->registry, &text) == 0 &&
	    ftruncate(file->fd, 0) == 0 &&
	    write_all(file->fd, text.data, text.len) == 0)
		rv = fsync(file->fd);
	buffer_release(&text);
	file->grown = 0;
	return rv;
}

void
registry_file_add(struct registry_file *file, const struct registry_entry *entry)
{
	struct buffer line;

	registry_add(file->registry, entry);
	if (registry_count(file->registry) > 2 * REGISTRY_ENTRIES_MAX)
		registry_prune(file->registry, keep_all, NULL, REGISTRY_ENTRIES_MAX);
	if (file->fd < 0)
		return;
	buffer_init(&line, FILE_MAX);
	if (registry_print(entry, &line) != 0 ||
	    write_all(file->fd, line.data, line.len) != 0 ||
	    fsync(file->fd) != 0)
		give_up(file, "cannot be written", errno);
	file->grown += line.len;
	buffer_release(&line);
	if (file->fd >= 0 && file->grown >= GROWN_MAX && overwrite(file) != 0)
		give_up(file, "cannot be written", errno);
}

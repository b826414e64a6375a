/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that is written. */
#include "extract/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/write.h"
#include "base/xalloc.h"

/* More than what is appended between two flushes: 1 MiB, or the descriptions of all interfaces, and a block. */
#define BUFFER_MAX ((size_t)64 << 20)

struct target {
	const char *name;
	bool is_stdout, force, is_open;
	struct replacement new;
	char *folder;
	struct buffer buffer;
};

static char *
folder_of(const char *name)
{
	const char *slash = strrchr(name, '/'), *given = getenv("TMPDIR");

	if (strcmp(name, "-") == 0)
		return xstrdup(given != NULL && given[0] == '/' ? given : "/var/tmp");
	return slash == NULL ? xstrdup(".") : xstrndup(name, slash == name ? 1 : (size_t)(slash - name));
}

static int
check(const struct target *target, struct error *error)
{
	struct stat st;

	if (target->is_stdout)
		return isatty(STDOUT_FILENO) ? error_set(error, OUTCOME_USAGE,
						   "standard output is a terminal, and captures are binary: give "
						   "--write=FILE or a pipe") :
					       0;
	if (lstat(target->name, &st) != 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return error_set(error, OUTCOME_USAGE, "--write=%.400s: is there, and not a file", target->name);
	return target->force ?
	    0 :
	    error_set(error, OUTCOME_USAGE, "--write=%.400s: exists; --force replaces it", target->name);
}

struct target *
target_new(const char *name, bool force, struct error *error)
{
	struct target *target = xcalloc(1, sizeof(*target));

	target->name = name;
	target->force = force;
	target->is_stdout = strcmp(name, "-") == 0;
	target->folder = folder_of(name);
	buffer_init(&target->buffer, BUFFER_MAX);
	if (check(target, error) != 0)
		goto fail;
	if (!target->is_stdout && replacement_begin(&target->new, AT_FDCWD, name, 0, 0600) != 0) {
		error_set(error, OUTCOME_USAGE, "--write=%.400s: %s", name, strerror(errno));
		goto fail;
	}
	target->is_open = !target->is_stdout;
	return target;
fail:
	target_free(target);
	return NULL;
}

void
target_free(struct target *target)
{
	if (target == NULL)
		return;
	if (target->is_open)
		replacement_abandon(&target->new);
	buffer_release(&target->buffer);
	free(target->folder);
	free(target);
}

const char *
target_folder(const struct target *target)
{
	return target->folder;
}

struct buffer *
target_buffer(struct target *target)
{
	return &target->buffer;
}

static int
fail(const struct target *target, struct error *error)
{
	return error_set(error, OUTCOME_OUTPUT, "%.400s: %s", target->is_stdout ? "standard output" : target->name,
	    strerror(errno));
}

int
target_flush(void *ctx, struct error *error)
{
	struct target *target = ctx;
	const struct buffer *buffer = &target->buffer;
	int rv = target->is_stdout ?
	    write_wait(STDOUT_FILENO, buffer->data, buffer->len, NULL, NULL) :
	    write_all(target->new.fd, buffer->data, buffer->len);

	buffer_clear(&target->buffer);
	return rv == 0 ? 0 : fail(target, error);
}

int
target_finish(struct target *target, struct error *error)
{
	if (target->buffer.len > 0 && target_flush(target, error) != 0)
		return -1;
	if (target->is_stdout)
		return 0;
	/* Space that is not there may show only now. */
	if (fsync(target->new.fd) != 0 && errno != EINVAL && errno != EROFS)
		return fail(target, error);
	if (target->force) {
		target->is_open = false;
		if (replacement_finish(&target->new, target->name) != 0)
			return fail(target, error);
	} else if (replacement_settle(&target->new, target->name) != 0) {
		return errno == EEXIST ?
		    error_set(error, OUTCOME_OUTPUT, "--write=%.400s: was made by somebody else meanwhile", target->name) :
		    fail(target, error);
	}
	target->is_open = false;
	close(target->new.fd);
	return 0;
}

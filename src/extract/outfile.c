/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that is written. */
#include "extract/outfile.h"

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

struct outfile {
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
check(const struct outfile *outfile, struct error *error)
{
	struct stat st;

	if (outfile->is_stdout)
		return isatty(STDOUT_FILENO) ? error_set(error, OUTCOME_USAGE,
						   "standard output is a terminal, and captures are binary: give "
						   "--write=FILE or a pipe") :
					       0;
	if (lstat(outfile->name, &st) != 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return error_set(error, OUTCOME_USAGE, "--write=%.400s: is there, and not a file", outfile->name);
	return outfile->force ?
	    0 :
	    error_set(error, OUTCOME_USAGE, "--write=%.400s: exists; --force replaces it", outfile->name);
}

struct outfile *
outfile_new(const char *name, bool force, struct error *error)
{
	struct outfile *outfile = xcalloc(1, sizeof(*outfile));

	outfile->name = name;
	outfile->force = force;
	outfile->is_stdout = strcmp(name, "-") == 0;
	outfile->folder = folder_of(name);
	buffer_init(&outfile->buffer, BUFFER_MAX);
	if (check(outfile, error) != 0)
		goto fail;
	if (!outfile->is_stdout && replacement_begin(&outfile->new, AT_FDCWD, name, 0, 0600) != 0) {
		error_set(error, OUTCOME_USAGE, "--write=%.400s: %s", name, strerror(errno));
		goto fail;
	}
	outfile->is_open = !outfile->is_stdout;
	return outfile;
fail:
	outfile_free(outfile);
	return NULL;
}

void
outfile_free(struct outfile *outfile)
{
	if (outfile == NULL)
		return;
	if (outfile->is_open)
		replacement_abandon(&outfile->new);
	buffer_release(&outfile->buffer);
	free(outfile->folder);
	free(outfile);
}

const char *
outfile_folder(const struct outfile *outfile)
{
	return outfile->folder;
}

struct buffer *
outfile_buffer(struct outfile *outfile)
{
	return &outfile->buffer;
}

static int
fail(const struct outfile *outfile, struct error *error)
{
	return error_set(error, OUTCOME_OUTPUT, "%.400s: %s", outfile->is_stdout ? "standard output" : outfile->name,
	    strerror(errno));
}

int
outfile_flush(void *ctx, struct error *error)
{
	struct outfile *outfile = ctx;
	const struct buffer *buffer = &outfile->buffer;
	int rv = outfile->is_stdout ?
	    write_wait(STDOUT_FILENO, buffer->data, buffer->len, NULL, NULL) :
	    write_all(outfile->new.fd, buffer->data, buffer->len);

	buffer_clear(&outfile->buffer);
	return rv == 0 ? 0 : fail(outfile, error);
}

int
outfile_finish(struct outfile *outfile, struct error *error)
{
	if (outfile->buffer.len > 0 && outfile_flush(outfile, error) != 0)
		return -1;
	if (outfile->is_stdout)
		return 0;
	/* Space that is not there may show only now. */
	if (fsync(outfile->new.fd) != 0 && errno != EINVAL && errno != EROFS)
		return fail(outfile, error);
	if (outfile->force) {
		outfile->is_open = false;
		if (replacement_finish(&outfile->new, outfile->name) != 0)
			return fail(outfile, error);
	} else if (replacement_settle(&outfile->new, outfile->name) != 0) {
		return errno == EEXIST ?
		    error_set(error, OUTCOME_OUTPUT, "--write=%.400s: was made by somebody else meanwhile", outfile->name) :
		    fail(outfile, error);
	}
	outfile->is_open = false;
	close(outfile->new.fd);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --metrics. */
#include "run/metrics_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/replace.h"
#include "base/write.h"
#include "base/xalloc.h"

#define TEXT_MAX ((size_t)1 << 20)

struct metrics_file {
	const char *name;
	struct metrics last;
	struct buffer text;
	bool failed;
};

/* -1 with errno. The reader is another user, whatever the umask. */
static int
replace(struct metrics_file *file)
{
	struct replacement new;

	buffer_clear(&file->text);
	if (metrics_write(&file->last, &file->text) != 0) {
		errno = EFBIG;
		return -1;
	}
	if (replacement_begin(&new, file->name, 0, 0644) != 0)
		return -1;
	if (write_all(new.fd, file->text.data, file->text.len) != 0) {
		replacement_abandon(&new);
		return -1;
	}
	if (replacement_finish(&new, file->name) != 0)
		return -1;
	close(new.fd);
	return 0;
}

/* Only what is one may be replaced: not a device, and not the name of another file. */
static int
check(const char *name, struct error *error)
{
	struct stat st;

	if (descriptor_output(name) >= 0)
		return error_set(error, OUTCOME_USAGE,
		    "--metrics=%.400s: "
		    "names an open descriptor; the metrics are replaced as a "
		    "whole and must be a file",
		    name);
	if (lstat(name, &st) == 0 && !S_ISREG(st.st_mode))
		return error_set(error, OUTCOME_USAGE,
		    "--metrics=%.400s: is no regular file", name);
	return 0;
}

struct metrics_file *
metrics_file_new(const char *name, const struct metrics *first,
    struct error *error)
{
	struct metrics_file *file;

	if (check(name, error) != 0)
		return NULL;
	file = xcalloc(1, sizeof(*file));
	file->name = name;
	replacement_sweep(name);
	buffer_init(&file->text, TEXT_MAX);
	file->last = *first;
	file->last.version = PACKAGE_VERSION;
	file->last.start = clock_of_day();
	if (replace(file) == 0)
		return file;
	error_set(error, OUTCOME_USAGE,
	    "--metrics=%.400s: %s; its folder must "
	    "be there, and writable by the user that espcap runs as (uid %lu)",
	    name, strerror(errno), (unsigned long)geteuid());
	metrics_file_free(file);
	return NULL;
}

void
metrics_file_free(struct metrics_file *file)
{
	if (file == NULL)
		return;
	buffer_release(&file->text);
	free(file);
}

static void
put(struct metrics_file *file, struct log *log)
{
	if (replace(file) == 0) {
		file->failed = false;
		return;
	}
	if (!file->failed)
		log_note(log, "--metrics=%s: %s; going on, and trying again",
		    file->name, strerror(errno));
	file->failed = true;
}

void
metrics_file_write(struct metrics_file *file, struct log *log,
    const struct metrics *metrics)
{
	struct metrics first = file->last;

	file->last = *metrics;
	file->last.version = first.version;
	file->last.interface = first.interface;
	file->last.start = first.start;
	put(file, log);
}

/* The processes are gone, or nearly so, and nothing waits any more. */
void
metrics_file_end(struct metrics_file *file, struct log *log,
    const struct totals *totals, int status)
{
	struct metrics *last;

	if (file == NULL)
		return;
	last = &file->last;
	if (totals != NULL)
		last->totals = *totals;
	last->ended = true;
	last->status = status;
	last->in_flight = last->capture_reader_bytes = last->delivery_bytes = 0;
	last->own_memory = last->capture_reader_memory = last->tshark_memory = 0;
	put(file, log);
}

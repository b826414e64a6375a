/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --metrics. */
#include "run/metrics_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/place.h"
#include "base/write.h"
#include "base/xalloc.h"

#define TEXT_MAX ((size_t)1 << 20)

struct metrics_file {
	struct place place;
	bool has_begun;
	struct metrics last;
	struct buffer text;
	bool failed;
};

/* -1 with errno. The reader is another user, whatever the umask. */
static int
replace(struct metrics_file *file)
{
	int fd, rv, reason;

	buffer_clear(&file->text);
	if (metrics_write(&file->last, &file->text) != 0) {
		errno = EFBIG;
		return -1;
	}
	fd = place_begin(&file->place);
	if (fd < 0)
		return -1;
	rv = write_all(fd, file->text.data, file->text.len);
	if (rv == 0)
		rv = place_finish(&file->place);
	else
		place_abandon(&file->place);
	reason = errno;
	close(fd);
	errno = reason;
	return rv;
}

struct metrics_file *
metrics_file_new(const char *name, struct error *error)
{
	struct metrics_file *file;

	if (descriptor_output(name) >= 0) {
		error_set(error, OUTCOME_USAGE,
		    "--metrics=%.400s: "
		    "names an open descriptor; the metrics are replaced as a "
		    "whole and must be a file",
		    name);
		return NULL;
	}
	file = xcalloc(1, sizeof(*file));
	buffer_init(&file->text, TEXT_MAX);
	if (place_open(&file->place, "--metrics=", name, 0644, error) == 0 &&
	    place_check_replace(&file->place, error) == 0) {
		replacement_sweep(file->place.folder, file->place.name);
		return file;
	}
	metrics_file_free(file);
	return NULL;
}

struct place *
metrics_file_place(struct metrics_file *file)
{
	return &file->place;
}

int
metrics_file_begin(struct metrics_file *file, const struct metrics *first, struct error *error)
{
	file->last = *first;
	file->last.version = PACKAGE_VERSION;
	file->last.start = clock_of_day();
	if (replace(file) != 0)
		return place_refuse(file->place.what, file->place.path, error);
	file->has_begun = true;
	return 0;
}

void
metrics_file_free(struct metrics_file *file)
{
	if (file == NULL)
		return;
	place_close(&file->place);
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
		log_note(log, "--metrics=%s: %s; continuing, and trying again",
		    file->place.path, strerror(errno));
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

	if (file == NULL || !file->has_begun)
		return;
	last = &file->last;
	if (totals != NULL)
		last->totals = *totals;
	last->ended = true;
	last->status = status;
	last->in_flight = last->capture_reader_bytes = last->delivery_bytes = 0;
	last->own_memory = last->capture_reader_memory = last->tshark_memory = 0;
	last->kafka.partitions = NULL;
	last->kafka.partition_count = 0;
	last->kafka.sessions = last->kafka.memory = 0;
	last->kafka.is_cut_off = false;
	put(file, log);
}

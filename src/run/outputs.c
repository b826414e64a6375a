/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that options name to write to. */
#include "run/outputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/place.h"
#include "config/options_paths.h"
#include "watch/watch.h"

#define OUTPUTS OPTIONS_PATHS

/* A file that is written, or read: as the command line names it, and what it is. */
struct named {
	const char *what, *name;
	dev_t dev;
	ino_t inode;
};

static bool
is_same_file(const struct named *named, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_dev == named->dev &&
	    st->st_ino == named->inode;
}

/* Only files: what is written to a pipe, a terminal or /dev/null under two names does not overwrite anything. */
static bool
look(struct named *named, const char *what, const char *name)
{
	struct stat st;

	if (name == NULL || descriptor_output(name) >= 0 ||
	    stat(name, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	*named = (struct named){ what, name, st.st_dev, st.st_ino };
	return true;
}

static int
check_streams(const struct named *named, struct error *error)
{
	static const char *const names[] = { NULL, "standard output",
		"standard error" };
	struct stat st;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &st) == 0 && is_same_file(named, &st))
			return error_set(error, OUTCOME_USAGE,
			    "--%s=%.400s: "
			    "%s goes to this file as well",
			    named->what,
			    named->name, names[fd]);
	return 0;
}

static int
check_input(const struct named *outputs, size_t count, const char *what,
    const char *name, struct error *error)
{
	struct named input;

	if (!look(&input, what, name))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (outputs[i].dev == input.dev &&
		    outputs[i].inode == input.inode)
			return error_set(error, OUTCOME_USAGE,
			    "--%s=%.400s: "
			    "--%s reads this file as well",
			    outputs[i].what,
			    outputs[i].name, what);
	return 0;
}

/* Documents that are printed at the end of a file that is read would be read, and so on. */
static int
check_inputs(const struct options *options, const struct named *outputs,
    size_t count, struct error *error)
{
	struct named input;

	for (size_t i = 0; i < options->files.count; i++) {
		const char *name = options->files.items[i];

		if (check_input(outputs, count, "file", name, error) != 0)
			return -1;
		if (options->node == NULL && look(&input, "file", name) &&
		    check_streams(&input, error) != 0)
			return -1;
	}
	return 0;
}

/* The outputs that are files already. Returns how many. */
static size_t
list_outputs(const struct options *options, struct named outputs[OUTPUTS])
{
	size_t count = 0;

	for (size_t i = 0; i < OPTIONS_PATHS; i++) {
		const char *what = options_paths[i].name;

		/* The dead letter file has a name even where nothing can be rejected. */
		if (options_paths[i].kind != OPTIONS_PATH_WRITE ||
		    (strcmp(what, "dead-letter") == 0 && options->node == NULL))
			continue;
		if (look(&outputs[count], what, options_path_given(options, what)))
			count++;
	}
	return count;
}

int
outputs_check(const struct options *options, struct error *error)
{
	struct named outputs[OUTPUTS];
	size_t count = list_outputs(options, outputs);

	for (size_t i = 0; i < count; i++) {
		const struct named *named = &outputs[i];

		if (check_streams(named, error) != 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (outputs[k].dev == named->dev &&
			    outputs[k].inode == named->inode)
				return error_set(error, OUTCOME_USAGE,
				    "--%s=%.400s: --%s names this file as well",
				    named->what, named->name, outputs[k].what);
	}
	return check_inputs(options, outputs, count, error);
}

/* Hidden files are not read. A registry is known by its first line. */
static int
check_watched(const char *name, const struct named *outputs, size_t count,
    struct error *error)
{
	DIR *dir = opendir(name);
	struct dirent *entry;
	int rv = 0;

	while (rv == 0 && dir != NULL && (entry = readdir(dir)) != NULL) {
		struct stat st;

		if (watch_is_hidden(entry->d_name) ||
		    fstatat(dirfd(dir), entry->d_name, &st, 0) != 0)
			continue;
		for (size_t i = 0; rv == 0 && i < count; i++)
			if (strcmp(outputs[i].what, "registry") != 0 &&
			    is_same_file(&outputs[i], &st))
				rv = error_set(error, OUTCOME_USAGE,
				    "--%s=%.400s: --watch reads this file as "
				    "well",
				    outputs[i].what, outputs[i].name);
	}
	if (dir != NULL)
		closedir(dir);
	return rv;
}

int
outputs_check_folders(const struct options *options,
    const struct inputs *inputs, struct error *error)
{
	struct named outputs[OUTPUTS];
	size_t count = list_outputs(options, outputs);

	if (count == 0)
		return 0;
	for (size_t i = 0; inputs->from_dir && i < inputs->count; i++)
		if (check_input(outputs, count, "dir", inputs->list[i].path,
			error) != 0)
			return -1;
	return options->watch == NULL ?
	    0 :
	    check_watched(options->watch, outputs, count, error);
}

/* A FIFO that nobody reads cannot be opened without waiting, fifo(7). */
static int
open_file(const struct place *place, struct log *log, struct error *error)
{
	int fd = place_write(place, O_NONBLOCK);

	if (fd < 0 && errno == ENXIO) {
		log_note(log, "%s%s: waiting for its reader", place->what, place->path);
		fd = place_write(place, 0);
	}
	return fd >= 0 ? fd : place_refuse(place->what, place->path, error);
}

int
outputs_open(const char *option, const char *name, struct log *log,
    struct error *error)
{
	int number = descriptor_output(name), fd;
	struct place place;
	struct error reason;
	char what[64];

	if (number >= 0) {
		fd = descriptor_take(number, O_WRONLY, &reason);
		return fd >= 0 ?
		    fd :
		    error_set(error, OUTCOME_USAGE, "--%s=%.400s: %.400s",
			option, name, reason.text);
	}
	(void)snprintf(what, sizeof(what), "--%s=", option);
	fd = place_open(&place, what, name, 0644, error) == 0 ? open_file(&place, log, error) : -1;
	place_close(&place);
	return fd;
}

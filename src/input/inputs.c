/* SPDX-License-Identifier: BSD-2-Clause */
/* Which files are read, in which order. */
#include "input/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

#define DEPTH_MAX 64

/* The absolute path of a file that may not exist; NULL if its folder does not. */
static char *
absolute(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *folder = slash == NULL ?
	    xstrdup(".") :
	    xstrndup(name, slash == name ? 1 : (size_t)(slash - name));
	char *real = realpath(folder, NULL), *path = NULL;

	if (real != NULL)
		path = xasprintf("%s/%s", strcmp(real, "/") == 0 ? "" : real,
		    slash == NULL ? name : slash + 1);
	free(folder);
	free(real);
	return path;
}

static void
add(struct inputs *inputs, char *name, char *path)
{
	if ((inputs->count & (inputs->count - 1)) == 0)
		inputs->list = xreallocarray(inputs->list,
		    inputs->count == 0 ? 1 : inputs->count * 2,
		    sizeof(*inputs->list));
	inputs->list[inputs->count].name = name;
	inputs->list[inputs->count++].path = path;
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
no_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
	    strcmp(entry->d_name, "..") != 0;
}

static const char *
what_it_is(mode_t mode)
{
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

struct walk {
	struct inputs *inputs;
	const struct beneath *folder; /* NULL: links may lead out of it */
	struct log *log;
	bool recursive;
};

static int walk_dir(const struct walk *walk, const char *name, const char *path,
    unsigned depth, struct error *error);

/* Takes name and path over. */
static void
walk_entry(const struct walk *walk, char *name, char *path, unsigned depth)
{
	struct stat st, target;
	struct error error;

	if (lstat(path, &st) != 0) {
		log_note(walk->log, "%s: skipped: %s", name,
		    strerror(errno));
	} else if (S_ISLNK(st.st_mode) && walk->folder != NULL &&
	    beneath_leaves(walk->folder, path)) {
		log_note(walk->log,
		    "%s: skipped: the link leaves the directory, and root follows "
		    "links only within it",
		    name);
	} else if (S_ISDIR(st.st_mode)) {
		if (!walk->recursive)
			log_note(walk->log,
			    "%s: skipped: a directory (--recursive reads it)",
			    name);
		else if (depth == DEPTH_MAX)
			log_note(walk->log,
			    "%s: skipped: nested more than %d deep",
			    name, DEPTH_MAX);
		else if (walk_dir(walk, name, path, depth + 1, &error) != 0)
			log_note(walk->log, "%s", error.text);
	} else if (S_ISREG(st.st_mode) ||
	    (S_ISLNK(st.st_mode) &&
		(stat(path, &target) != 0 || S_ISREG(target.st_mode)))) {
		add(walk->inputs, name, path);
		return;
	} else if (S_ISLNK(st.st_mode))
		log_note(walk->log, "%s: skipped: a link to something other than a file",
		    name);
	else
		log_note(walk->log, "%s: skipped: %s", name,
		    what_it_is(st.st_mode));
	free(name);
	free(path);
}

/*
 * As scandir(3). What is listed beneath a folder is in it, also if somebody has put a link into the place of a
 * directory.
 */
static int
scan(const struct beneath *folder, const char *path, struct dirent ***entries)
{
	const char *name;
	int fd, count;

	if (folder == NULL)
		return scandir(path, entries, no_dots, by_bytes);
	name = beneath_name(folder, path);
	fd = name == NULL ?
	    -1 :
	    beneath_open(folder, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return -1;
	count = scandirat(fd, ".", entries, no_dots, by_bytes);
	close(fd);
	return count;
}

static int
walk_dir(const struct walk *walk, const char *name, const char *path,
    unsigned depth, struct error *error)
{
	struct dirent **entries = NULL;
	int count = scan(walk->folder, path, &entries);

	if (count < 0)
		return error_set(error, OUTCOME_INPUT, "%s: %s", name,
		    strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *join = name[strlen(name) - 1] == '/' ? "" : "/";

		walk_entry(walk,
		    xasprintf("%s%s%s", name, join, entries[i]->d_name),
		    xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path,
			entries[i]->d_name),
		    depth);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* From here on all is in this folder or below. -1 with errno. */
static int
confine(struct inputs *inputs, const char *path)
{
	inputs->folder.path = xstrdup(path);
	inputs->folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return inputs->folder.fd < 0 ? -1 : 0;
}

static int
list_dir(struct inputs *inputs, const struct options *options, struct log *log,
    struct error *error)
{
	struct walk walk = { inputs, NULL, log, options->recursive };
	char *path = realpath(options->dir, NULL);
	int rv = path == NULL || (geteuid() == 0 && confine(inputs, path) != 0) ?
	    error_set(error, OUTCOME_INPUT, "%s: %s", options->dir,
		strerror(errno)) :
	    0;

	if (inputs->folder.path != NULL)
		walk.folder = &inputs->folder;
	if (rv == 0)
		rv = walk_dir(&walk, options->dir, path, 0, error);
	if (rv != 0 && errno == ENOTDIR)
		error_set(error, OUTCOME_INPUT,
		    "%s: not a directory; --file reads a file", options->dir);
	free(path);
	return rv;
}

/* False for what may be read any number of times, and for what cannot be seen now. */
static bool
look_once(const struct input_file *input, struct stat *st)
{
	return (input->path != NULL ?
		       stat(input->path, st) :
		       fstat(STDIN_FILENO, st)) == 0 &&
	    (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode));
}

/* Two that read one pipe get a part of it each. */
static int
check_pipes(const struct inputs *inputs, struct error *error)
{
	struct stat *pipes = xcalloc(inputs->count, sizeof(*pipes));
	size_t *indices = xcalloc(inputs->count, sizeof(*indices));
	size_t count = 0;
	int rv = 0;

	for (size_t i = 0; i < inputs->count && rv == 0; i++) {
		if (!look_once(&inputs->list[i], &pipes[count]))
			continue;
		for (size_t k = 0; k < count; k++)
			if (pipes[k].st_dev == pipes[count].st_dev &&
			    pipes[k].st_ino == pipes[count].st_ino)
				rv = error_set(error, OUTCOME_USAGE,
				    "--file=%.400s and --file=%.400s are the "
				    "same pipe, which can be read only once",
				    inputs->list[indices[k]].name,
				    inputs->list[i].name);
		indices[count++] = i;
	}
	free(pipes);
	free(indices);
	return rv;
}

int
inputs_list(struct inputs *inputs, const struct options *options,
    struct log *log, struct error *error)
{
	memset(inputs, 0, sizeof(*inputs));
	inputs->folder.fd = -1;
	inputs->from_dir = options->dir != NULL;
	if (inputs->from_dir)
		return list_dir(inputs, options, log, error);
	for (size_t i = 0; i < options->nics.count; i++)
		add(inputs, xstrdup(options->nics.items[i]), NULL);
	for (size_t i = 0; i < options->files.count; i++) {
		const char *name = options->files.items[i];

		add(inputs, xstrdup(name),
		    strcmp(name, "-") == 0 ? NULL : absolute(name));
	}
	return options->nics.count > 0 ? 0 : check_pipes(inputs, error);
}

void
inputs_release(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		free(inputs->list[i].name);
		free(inputs->list[i].path);
	}
	free(inputs->list);
	/* Without a path the descriptor may be 0 as well: nothing was listed. */
	if (inputs->folder.path != NULL && inputs->folder.fd >= 0)
		close(inputs->folder.fd);
	free((char *)(uintptr_t)inputs->folder.path);
	memset(inputs, 0, sizeof(*inputs));
}

uint64_t
inputs_jobs(const struct options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (options->jobs > 0)
		return options->jobs;
	return cores > 0 ? (uint64_t)cores : 1;
}

uint64_t
inputs_bytes(const struct inputs *inputs)
{
	struct stat st;
	uint64_t bytes = 0;

	for (size_t i = 0; i < inputs->count; i++) {
		const char *path = inputs->list[i].path;

		if ((path != NULL ?
			    stat(path, &st) :
			    fstat(STDIN_FILENO, &st)) == 0 &&
		    S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	}
	return bytes;
}

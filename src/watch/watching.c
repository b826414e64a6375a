/* SPDX-License-Identifier: BSD-2-Clause */
/* What watching a folder needs from the options. */
#include "watch/watching.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/place.h"
#include "base/xalloc.h"
#include "config/paths.h"

/* What is in the folder, to see which entries of the registry are of no use any more. */
struct present {
	char **names;
	uint64_t *inodes;
	size_t count, room;
};

static void
add_present(void *ctx, const char *name, uint64_t inode)
{
	struct present *present = ctx;

	if (present->count == present->room) {
		present->room = present->room == 0 ? 64 : present->room * 2;
		present->names = xreallocarray(present->names, present->room,
		    sizeof(*present->names));
		present->inodes = xreallocarray(present->inodes, present->room,
		    sizeof(*present->inodes));
	}
	present->names[present->count] = xstrdup(name);
	present->inodes[present->count++] = inode;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool
is_of_use(void *ctx, const struct registry_entry *entry)
{
	const struct present *present = ctx;

	/* Its content may come back, compressed or in a copy. */
	if (entry->mark.len > 0)
		return true;
	if (present->count == 0)
		return false;
	return bsearch(&entry->name, present->names, present->count,
		   sizeof(*present->names), by_text) != NULL ||
	    bsearch(&entry->inode, present->inodes, present->count,
		sizeof(*present->inodes), by_number) != NULL;
}

static void
tidy_registry(struct watching *watching)
{
	struct present present = { NULL, NULL, 0, 0 };

	watcher_each(watching->watcher, add_present, &present);
	if (present.count > 0) {
		qsort(present.names, present.count, sizeof(*present.names),
		    by_text);
		qsort(present.inodes, present.count, sizeof(*present.inodes),
		    by_number);
	}
	registry_file_rewrite(watching->registry, is_of_use, &present);
	for (size_t i = 0; i < present.count; i++)
		free(present.names[i]);
	free(present.names);
	free(present.inodes);
}

/* The name of 0.1.0 is kept where there is such a file: without it everything would be read again. */
static char *
registry_name(const char *state, const char *hex)
{
	char *name = xasprintf("%s/watch-%s.registry", state, hex);
	char *former = xasprintf("%s/watch-%s.ledger", state, hex);

	if (access(name, F_OK) != 0 && access(former, F_OK) == 0) {
		free(name);
		return former;
	}
	free(former);
	return name;
}

/* Each folder has its registry for each place that its packets go to. NULL if there is no folder for it. */
static char *
default_name(const struct watching *watching, const struct options *options,
    struct log *log)
{
	char *state = paths_state(), *what, *name = NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[17] = "";

	if (state == NULL) {
		log_note(log,
		    "no directory for a registry (--registry=FILE names a file): files "
		    "read now may be read again by the next run");
		return NULL;
	}
	what = xasprintf("%s\n%s\n%s", watcher_path(watching->watcher),
	    options->node != NULL ? options->node : "",
	    options->node != NULL ? options->index : "");
	if (EVP_Digest(what, strlen(what), digest, NULL, EVP_sha256(),
		NULL) == 1) {
		for (int i = 0; i < 8; i++)
			(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
		name = registry_name(state, hex);
	}
	free(what);
	free(state);
	return name;
}

static int
open_registry(struct watching *watching, const struct options *options,
    struct log *log, struct error *error)
{
	char *name;

	if (options->registry != NULL && descriptor_output(options->registry) >= 0)
		return error_set(error, OUTCOME_USAGE,
		    "--registry=%.400s: "
		    "names an open descriptor; the registry is replaced as a "
		    "whole and must be a file",
		    options->registry);
	name = options->registry != NULL ?
	    xstrdup(options->registry) :
	    default_name(watching, options, log);
	watching->registry = registry_file_open(name, options->registry != NULL,
	    log, error);
	if (watching->registry != NULL) {
		if (name != NULL)
			log_verbose(log, "registry %s: %zu files", name,
			    registry_count(registry_file_registry(watching->registry)));
		tidy_registry(watching);
	}
	free(name);
	return watching->registry == NULL ? -1 : 0;
}

static int
check_writable(int fd, const char *name, const char *after,
    struct error *error)
{
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	return error_set(error, OUTCOME_USAGE, "--after=%.300s: %.300s: %s",
	    after, name, strerror(errno));
}

static int
open_target(struct watching *watching, const char *after,
    struct error *error)
{
	const char *name = after + strlen("move:");
	struct stat target, folder;
	int fd = place_folder("--after=move:", name, geteuid(), getegid(), error);

	if (fd < 0)
		return -1;
	watching->folder.target = fd;
	if (fstat(fd, &target) != 0 ||
	    fstat(watching->folder.fd, &folder) != 0)
		return error_set(error, OUTCOME_USAGE, "--after=%.400s: %s",
		    after, strerror(errno));
	if (target.st_dev != folder.st_dev)
		return error_set(error, OUTCOME_USAGE,
		    "--after=%.400s: it is "
		    "on another file system: files are renamed, not copied",
		    after);
	if (target.st_ino == folder.st_ino)
		return error_set(error, OUTCOME_USAGE,
		    "--after=%.400s: it is the watched directory itself",
		    after);
	watching->after.kind = AFTER_MOVE;
	watching->after.target = name;
	return check_writable(fd, name, after, error);
}

static int
open_completion_action(struct watching *watching, const struct options *options,
    struct error *error)
{
	const char *after = options->after;

	if (after == NULL)
		return 0;
	watching->folder.changes = true;
	if (check_writable(watching->folder.fd, options->watch, after,
		error) != 0)
		return -1;
	folder_restore(&watching->folder);
	if (strcmp(after, "delete") != 0)
		return open_target(watching, after, error);
	watching->after.kind = AFTER_DELETE;
	return 0;
}

int
watching_open(struct watching *watching, const struct options *options,
    struct log *log, struct error *error)
{
	memset(watching, 0, sizeof(*watching));
	watching->folder.fd = watching->folder.target = -1;
	if (options->watch == NULL)
		return 0;
	watching->watcher = watcher_open(options->watch, log, error);
	if (watching->watcher == NULL)
		return -1;
	watching->folder.fd = watcher_fd(watching->watcher);
	if (open_completion_action(watching, options, error) != 0 ||
	    open_registry(watching, options, log, error) != 0)
		return -1;
	log_note(log, "watching %s", options->watch);
	return 0;
}

void
watching_release(struct watching *watching)
{
	if (watching->watcher == NULL)
		return;
	if (watching->folder.target >= 0)
		close(watching->folder.target);
	registry_file_free(watching->registry);
	watcher_free(watching->watcher);
}

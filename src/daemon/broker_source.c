/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the capture broker reads its policy again. */
#include "daemon/broker_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "daemon/reading.h"

void
broker_source_begin(struct broker_source *source, const struct espcapd_options *options,
    const struct configuration *running)
{
	*source = (struct broker_source){ .options = *options, .running = running };
	if (options->config == NULL)
		return;
	source->path = realpath(options->config, NULL);
	/* One that is no path, but a descriptor, is not read twice. */
	source->options.config = source->path != NULL ? source->path : options->config;
}

void
broker_source_end(struct broker_source *source)
{
	free(source->path);
	source->path = NULL;
}

/* The owner can give himself the right. */
static bool
can_write(const char *path, const struct stat *st)
{
	return st->st_uid == geteuid() || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* Whether this user can put something else in the place of what is in the folder. */
static bool
can_replace(const char *folder, const struct stat *folder_st, const struct stat *inside)
{
	if (!can_write(folder, folder_st))
		return false;
	return (folder_st->st_mode & S_ISVTX) == 0 || folder_st->st_uid == geteuid() || inside->st_uid == geteuid();
}

static int
refuse(const char *path, struct error *error)
{
	return error_set(error, OUTCOME_USAGE,
	    "%.300s can be changed by the user that espcapd runs as: the capture broker takes its policy only from a file "
	    "that belongs to another one; else it needs a restart",
	    path);
}

int
broker_source_check(const char *path, struct error *error)
{
	char *real = realpath(path, NULL), *slash;
	struct stat inside, folder;
	int rv = -1;

	if (real == NULL || stat(real, &inside) != 0) {
		(void)error_set(error, OUTCOME_USAGE, "%.300s: %s", path, strerror(errno));
		goto out;
	}
	if (can_write(real, &inside)) {
		(void)refuse(real, error);
		goto out;
	}
	while ((slash = strrchr(real, '/')) != NULL) {
		const char *shown = slash == real ? "/" : real;

		*slash = '\0';
		if (stat(shown, &folder) != 0 || can_replace(shown, &folder, &inside)) {
			(void)refuse(shown, error);
			goto out;
		}
		inside = folder;
	}
	rv = 0;
out:
	free(real);
	return rv;
}

static int
first_mistake(const struct mistakes *mistakes, struct error *error)
{
	for (size_t i = 0; i < mistakes->count; i++)
		if (mistakes->items[i].is_error)
			return error_set(error, OUTCOME_USAGE, "line %u: %.400s", mistakes->items[i].line,
			    mistakes->items[i].text);
	return -1;
}

const struct capture_broker_config *
broker_source_reread(void *ctx, const char *version, struct error *error)
{
	const struct broker_source *source = ctx;
	struct mistakes mistakes = { .count = 0 };
	struct reading *reading = NULL;
	struct buffer kept;

	if (source->options.config != NULL && broker_source_check(source->options.config, error) != 0)
		return NULL;
	buffer_init(&kept, 4096);
	reading = reading_again(&source->options, source->running, &kept, &mistakes, error);
	if (reading == NULL)
		(void)first_mistake(&mistakes, error);
	buffer_release(&kept);
	mistakes_release(&mistakes);
	if (reading == NULL || strcmp(reading->configuration->sha256, version) == 0)
		return reading != NULL ? &reading->assembly.broker : NULL;
	reading_drop(reading);
	(void)error_set(error, OUTCOME_USAGE, "the capture broker finds another text in %.300s: send SIGHUP again", source->path);
	return NULL;
}

void
broker_source_release(void *ctx, const struct capture_broker_config *config)
{
	(void)ctx;
	reading_drop((struct reading *)(uintptr_t)((const char *)config - offsetof(struct reading, assembly.broker)));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What options name to write to: files and folders. The rule for all of them, PATHS in espcap(1), is here. What is
 * named is opened, or made, with the rights that espcap was started with. A file is made in the folder that its path
 * led to at the start, wherever that leads later, and never through a link in the place of the file.
 */
#ifndef ESPCAP_BASE_PLACE_H
#define ESPCAP_BASE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/replace.h"

/* Who does it when this process may not any more: as place_append, place_begin and place_finish. */
struct place_agent {
	int (*append)(void *ctx, size_t index, unsigned number, bool *is_new);
	int (*begin)(void *ctx, size_t index);
	int (*finish)(void *ctx, size_t index);
	void *ctx;
};

/* A file to write. */
struct place {
	const char *what; /* it is for, for messages: "--metrics="; borrowed, as is path */
	const char *path;
	const char *name; /* the last part of path */
	int folder;       /* -1 for none */
	mode_t mode;      /* of the file when it is made */
	struct replacement pending;
	const struct place_agent *agent; /* NULL: this process itself */
	size_t index;                    /* for the agent */
};

/* Opens the folder. -1 with OUTCOME_USAGE. place_close in either case. */
int place_open(struct place *place, const char *what, const char *path, mode_t mode, struct error *error);
/* Also of one of zeros; more than once. */
void place_close(struct place *place);

/*
 * Each is 0 if the file can be had, with its status in *st (st_nlink is 0 if it does not exist). Nothing is made and
 * nothing is left behind. -1 with OUTCOME_USAGE.
 */
/*
 * To append to: a regular file that only its owner may read and write, or none. The owner is this user, root, or that
 * of the folder.
 */
int place_check_append(const struct place *place, struct stat *st, struct error *error);
/* To be replaced as a whole: a regular file, or none. */
int place_check_replace(const struct place *place, struct error *error);

/* Why not; NULL if it is a file to append to as above. */
const char *place_unfit(const struct stat *st);

/*
 * Opens the file to append to, and makes it if it is missing: *is_new. number: 0, or that with ".NUMBER" after its
 * name. A descriptor (close-on-exec), the caller's; -1 with errno: ELOOP for a link, EPERM for a file of another user.
 */
int place_append(struct place *place, unsigned number, bool *is_new);
/* Removes what place_append has made, if this process may. */
void place_remove(const struct place *place, unsigned number);

/*
 * A new file to write to, the caller's to close, which takes the place of the old one with place_finish, or disappears
 * with place_abandon. -1 with errno.
 */
int place_begin(struct place *place);
int place_finish(struct place *place);
void place_abandon(struct place *place);

/*
 * Opens what the path names to write to at once, also a FIFO or a device, and makes a file if there is none. flags
 * beside O_WRONLY and O_CLOEXEC. -1 with errno.
 */
int place_write(const struct place *place, int flags);

/* -1, with errno's text for the file and what to do about it. */
int place_refuse(const char *what, const char *path, struct error *error);

/*
 * Opens a folder in which files will be made. One that is missing is made (0700) and given to that user and group;
 * those above it are not. A descriptor (close-on-exec), the caller's; -1 with OUTCOME_USAGE.
 */
int place_folder(const char *what, const char *path, uid_t uid, gid_t gid, struct error *error);

#endif

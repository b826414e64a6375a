/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a tshark said of itself, kept in the user's cache folder. Everything that goes wrong here only means: ask again.
 */
#ifndef ESPCAP_TSHARK_CACHE_H
#define ESPCAP_TSHARK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fields/names.h"

/* A descriptor for the cache of the program at path, made if missing; -1 if that cannot be. The caller closes it. */
int cache_open(const char *cache_dir, const char *path);

/*
 * The version text and *names, if the cache is whole and of this very program
 * file (device, inode, size, times; a script may run anything, so it is never
 * believed). NULL otherwise. The caller owns both.
 */
char *cache_read(int fd, const char *path, struct names **names);

/* Writes both; names just after names_finish. A reader never takes half of it for whole. */
void cache_write(int fd, const char *path, const char *version, const struct names *names);
void cache_forget(int fd);

/* What came of a trial. */
enum trial_outcome { TRIAL_UNKNOWN,
	TRIAL_GOOD,
	TRIAL_BAD };

struct trial {
	enum trial_outcome outcome;
	uint32_t passing; /* bad for a cause that may pass: believed until then only */
	int64_t until;    /* s since 1970 */
	char reason[240]; /* why it is bad */
};

/* How long a trial is believed that failed for a cause that may pass, in s. */
#define TRIAL_PASSES 3600

struct trials {
	struct trial shortcuts;     /* whether the packets are the same with shortcuts.so */
	struct trial projection[2]; /* and if only some fields are made: without it, with it */
};

/* What was tried: paths. */
struct cache_build {
	const char *plugin;
	const char *sample;    /* the capture that it was tried with */
	const char *shortcuts; /* NULL for none */
};

/* The clock for cache_remember, as the kernel stamps files: ns since 1970. */
int64_t cache_now(void);

/*
 * Whether the program is known to work with this plugin (build_id: the program, the files of build, and the objects
 * that were loaded when it was tried), and what is known to have come of the trials; those that are not known are
 * TRIAL_UNKNOWN. False if the cache is not of the program.
 */
bool cache_trials(int fd, const char *path, const struct cache_build *build, struct trials *trials);

/*
 * Keeps that the program works with this plugin, and what came of the trials, which began at `begun` (cache_now) and
 * found these objects loaded (as build_id). What was changed since is not what was tried: then nothing is kept. Without
 * build->shortcuts what is kept of these stays.
 */
void cache_remember(int fd, const char *path, const struct cache_build *build,
    const char *objects, size_t len, int64_t begun, const struct trials *trials);

#endif

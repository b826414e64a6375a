/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the configuration files and the cache of a person are. */
#ifndef ESPCAP_CONFIG_PATHS_H
#define ESPCAP_CONFIG_PATHS_H

#include <stdbool.h>

#include "base/error.h"

/*
 * The path of the configuration file `name` ("protocols.list"): `given` if not
 * NULL; else conf/name beside the build tree if the running binary stands in
 * one (told by config.status beside the binary or above src/, never by the
 * current directory: a binary below $bindir never looks there); else
 * SYSCONFDIR/espcap/name. The caller owns it. NULL with OUTCOME_USAGE naming every place looked at if there is none
 * readable.
 */
char *paths_config(const char *name, const char *given, struct error *error);

/* Where paths_config looks; separate for the tests. exe is the running binary, NULL if unknown. */
struct paths_roots {
	const char *exe;
	const char *sources; /* used only when exe stands in a build tree */
	const char *sysconfdir;
};

char *paths_find(const struct paths_roots *roots, const char *name, struct error *error);

/*
 * The path of a shared object of ours, `name` ("wide_stdout.so"), that tshark is to load: in the build tree the
 * running binary stands in, else in PKGLIBDIR. To be called as the user who will load it. The caller owns it. NULL if
 * there is none, if it cannot be read, if others than root and the owner of the binary could change it, or if ld.so(8)
 * could not take its path for one word: that is not an error, tshark goes without.
 */
char *paths_object(const char *name);

/* Whether LD_PRELOAD takes this path for itself: it is a list, and knows tokens that begin with $ (ld.so(8)). */
bool paths_is_preloadable(const char *path);

/* As paths_object, for the binary exe (NULL if unknown); separate for the tests. */
char *paths_find_object(const char *exe, const char *pkglibdir, const char *name);

/*
 * The path of an object ("espcap.so", "shortcuts.so") of the plugin for the tshark of this version ("4.0"):
 * plugin/VERSION/NAME in the build tree the running binary stands in, else in PKGLIBDIR. NULL with a reason as for
 * paths_object, but for what ld.so(8) takes, and if others could change one of the folders it is in.
 */
char *paths_plugin(const char *version, const char *name, struct error *error);

/* The folder plugin/ of all versions, which need not be there. The caller owns it. */
char *paths_plugins(void);

/* As paths_plugin, for the binary exe (NULL if unknown); separate for the tests. */
char *paths_find_plugin(const char *exe, const char *pkglibdir, const char *version,
    const char *name, struct error *error);

/*
 * The cache folder of this user: $XDG_CACHE_HOME/espcap if that is absolute,
 * else $HOME/.cache/espcap; made if missing (0700). The caller owns it. NULL if there is no such folder
 * and none can be made, or if it is not this user's alone to write: that is not an error, espcap goes without.
 */
char *paths_cache(void);

/*
 * The folder for what outlives a run, made and checked in the same way: the first of $STATE_DIRECTORY (systemd.exec(5))
 * as it is, else $XDG_STATE_HOME/espcap, else $HOME/.local/state/espcap.
 */
char *paths_state(void);

#endif

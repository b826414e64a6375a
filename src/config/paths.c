/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds configuration files from where the running binary stands, and the user's cache folder. */
#include "config/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/xalloc.h"

/* Where a file may be, in order: below the build tree, below its sources, installed. */
#define PATHS_PLACES 3

/* 0 if path can be read and is no directory, else an errno. Not opened: it may be a pipe that can be read once only. */
static int
unreadable(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || access(path, R_OK) != 0)
		return errno;
	return S_ISDIR(st.st_mode) ? EISDIR : 0;
}

/* Cuts the last component off; false if nothing is left. */
static bool
go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static bool
ends_with(const char *path, const char *component)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && strcmp(slash + 1, component) == 0;
}

/* The build tree that exe stands in, the caller's to free, or NULL. libtool keeps the real binary in .libs. */
static char *
build_tree(const char *exe)
{
	char *dir = xstrdup(exe), *status;
	bool found;

	if (!go_up(dir))
		goto none;
	if (ends_with(dir, ".libs"))
		go_up(dir);
	if (ends_with(dir, "src"))
		go_up(dir);
	status = xasprintf("%s/config.status", dir);
	found = access(status, F_OK) == 0;
	free(status);
	if (found)
		return dir;
none:
	free(dir);
	return NULL;
}

static void
error_places(const char *name, char *places[], size_t count,
    struct error *error)
{
	struct buffer list;

	buffer_init(&list, sizeof(error->text));
	for (size_t i = 0; i < count; i++)
		(void)buffer_printf(&list, "%s%s: %s", i > 0 ? ", " : "",
		    places[i], strerror(unreadable(places[i])));
	error_set(error, OUTCOME_USAGE, "no %s to read (%.*s)", name,
	    (int)list.len, list.data);
	buffer_release(&list);
}

char *
paths_find(const struct paths_roots *roots, const char *name,
    struct error *error)
{
	char *build = roots->exe != NULL ? build_tree(roots->exe) : NULL;
	char *places[PATHS_PLACES], *found = NULL;
	size_t count = 0;

	if (build != NULL) {
		places[count++] = xasprintf("%s/conf/%s", build, name);
		places[count++] = xasprintf("%s/conf/%s", roots->sources, name);
	}
	places[count++] = xasprintf("%s/espcap/%s", roots->sysconfdir, name);
	for (size_t i = 0; found == NULL && i < count; i++) {
		if (unreadable(places[i]) == 0)
			found = xstrdup(places[i]);
	}
	if (found == NULL)
		error_places(name, places, count, error);
	while (count > 0)
		free(places[--count]);
	free(build);
	return found;
}

/* The running binary, in a buffer of size; NULL if that is unknown. */
static const char *
running(char *exe, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", exe, size);

	if (len <= 0 || (size_t)len >= size)
		return NULL;
	exe[len] = '\0';
	return exe;
}

char *
paths_config(const char *name, const char *given, struct error *error)
{
	char exe[PATH_MAX];
	struct paths_roots roots = { running(exe, sizeof(exe)), ESPCAP_SRCDIR,
		ESPCAP_SYSCONFDIR };

	if (given != NULL) {
		/* What is open already is read whoever may open it again. */
		int reason = descriptor_named(given) >= 0 ?
		    0 :
		    unreadable(given);

		if (reason == 0)
			return xstrdup(given);
		error_set(error, OUTCOME_USAGE, "%s: %s", given,
		    strerror(reason));
		return NULL;
	}
	return paths_find(&roots, name, error);
}

/* What is loaded into tshark must be as hard to change as what loads it. */
static bool
is_ours(const char *path, const char *exe)
{
	struct stat st, binary;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || access(path, R_OK) != 0)
		return false;
	return st.st_uid == 0 ||
	    (exe != NULL && stat(exe, &binary) == 0 &&
		st.st_uid == binary.st_uid);
}

bool
paths_is_preloadable(const char *path)
{
	return strpbrk(path, " :$") == NULL;
}

char *
paths_find_object(const char *exe, const char *pkglibdir, const char *name)
{
	char *build = exe != NULL ? build_tree(exe) : NULL;
	char *path = xasprintf("%s/%s", build != NULL ? build : pkglibdir,
	    name);

	free(build);
	if (paths_is_preloadable(path) && is_ours(path, exe))
		return path;
	free(path);
	return NULL;
}

/*
 * NULL if nobody but root and the owner of exe can put another file in the place of path, else the folder where
 * somebody can.
 */
static char *
loose_folder(const char *path, const char *exe)
{
	char *folder = realpath(path, NULL);
	struct stat st, binary;
	bool has_exe = exe != NULL && stat(exe, &binary) == 0;

	while (folder != NULL && go_up(folder)) {
		const char *name = folder[0] != '\0' ? folder : "/";

		/* In a sticky one (/tmp) only owners remove files. */
		if (stat(name, &st) != 0 ||
		    (st.st_uid != 0 &&
			!(has_exe && st.st_uid == binary.st_uid)) ||
		    ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
			(st.st_mode & S_ISVTX) == 0))
			return folder;
	}
	free(folder);
	return NULL;
}

static char *
plugins(const char *exe, const char *pkglibdir)
{
	char *build = exe != NULL ? build_tree(exe) : NULL;
	char *folder =
	    xasprintf("%s/plugin", build != NULL ? build : pkglibdir);

	free(build);
	return folder;
}

char *
paths_find_plugin(const char *exe, const char *pkglibdir, const char *version,
    const char *name, struct error *error)
{
	char *folder = plugins(exe, pkglibdir), *loose = NULL;
	char *path = xasprintf("%s/%s/%s", folder, version, name);

	free(folder);
	if (access(path, R_OK) != 0)
		error_set(error, OUTCOME_USAGE,
		    "none for Wireshark %s (%s: "
		    "%s)",
		    version, path, strerror(errno));
	else if (!is_ours(path, exe))
		error_set(error, OUTCOME_USAGE, "others could change %s", path);
	else if ((loose = loose_folder(path, exe)) != NULL)
		error_set(error, OUTCOME_USAGE,
		    "others could change %s, which "
		    "it is in",
		    loose[0] != '\0' ? loose : "/");
	else
		return path;
	free(loose);
	free(path);
	return NULL;
}

char *
paths_plugin(const char *version, const char *name, struct error *error)
{
	char exe[PATH_MAX];

	return paths_find_plugin(running(exe, sizeof(exe)), ESPCAP_PKGLIBDIR,
	    version, name, error);
}

char *
paths_plugins(void)
{
	char exe[PATH_MAX];

	return plugins(running(exe, sizeof(exe)), ESPCAP_PKGLIBDIR);
}

char *
paths_object(const char *name)
{
	char exe[PATH_MAX];

	return paths_find_object(running(exe, sizeof(exe)), ESPCAP_PKGLIBDIR,
	    name);
}

/* What is kept there is believed a little, so nobody else may own or write it. */
static bool
is_private_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

char *
paths_cache(void)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *parent, *cache;

	/* The XDG base directory specification: a relative path is to be ignored. */
	if (base != NULL && base[0] == '/')
		parent = xstrdup(base);
	else if (home != NULL && home[0] == '/')
		parent = xasprintf("%s/.cache", home);
	else
		return NULL;
	cache = xasprintf("%s/espcap", parent);
	(void)mkdir(parent, 0700);
	(void)mkdir(cache, 0700);
	free(parent);
	if (is_private_folder(cache))
		return cache;
	free(cache);
	return NULL;
}

/* Makes the folder and those it is in, as far as they are missing. */
static void
make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	(void)mkdir(path, 0700);
}

char *
paths_state(void)
{
	const char *given = getenv("STATE_DIRECTORY"),
		   *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *state;

	if (given != NULL && given[0] == '/')
		state = xstrndup(given, strcspn(given, ":"));
	else if (base != NULL && base[0] == '/')
		state = xasprintf("%s/espcap", base);
	else if (home != NULL && home[0] == '/')
		state = xasprintf("%s/.local/state/espcap", home);
	else
		return NULL;
	make_folders(state);
	if (is_private_folder(state))
		return state;
	free(state);
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of config/paths.c: installed, in a build tree, out of the source tree, and the cache folder. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "config/paths.h"

/* A folder of its own for each test. */
struct place {
	char dir[64];
};

static int
setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	strcpy(place->dir, "/tmp/test_paths.XXXXXX");
	*state = place;
	return mkdtemp(place->dir) == NULL;
}

static int
delete_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	struct place *place = *state;

	nftw(place->dir, delete_one, 8, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

/* The path of relative in the test's folder, with the folders above it made; the file too if wanted. */
static char *
at(struct place *place, const char *relative, int make)
{
	char *path = xasprintf("%s/%s", place->dir, relative);

	for (char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	if (make) {
		int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		close(fd);
	}
	return path;
}

static void
touch(struct place *place, const char *relative)
{
	free(at(place, relative, 1));
}

/* Where list is found for the binary exe, relative to the test's folder; NULL if nowhere. */
static const char *
found(struct place *place, const char *exe, struct error *error)
{
	static char result[256];
	char *binary = at(place, exe, 0);
	char *sources = at(place, "sources", 0);
	char *etc = at(place, "etc", 0);
	const struct paths_roots roots = { binary, sources, etc };
	char *path = paths_find(&roots, "list", error);

	if (path != NULL)
		strcpy(result, path + strlen(place->dir) + 1);
	free(binary);
	free(sources);
	free(etc);
	free(path);
	return path != NULL ? result : NULL;
}

static void
test_installed_binary_reads_sysconfdir(void **state)
{
	touch(*state, "etc/espcap/list");
	touch(*state, "sources/conf/list");
	touch(*state, "usr/conf/list");
	touch(*state, "usr/bin/conf/list");
	assert_string_equal(found(*state, "usr/bin/espcap", NULL),
	    "etc/espcap/list");
}

static void
test_build_tree_comes_first(void **state)
{
	touch(*state, "build/config.status");
	touch(*state, "build/conf/list");
	touch(*state, "sources/conf/list");
	touch(*state, "etc/espcap/list");
	assert_string_equal(found(*state, "build/espcap", NULL),
	    "build/conf/list");
	assert_string_equal(found(*state, "build/.libs/espcap", NULL),
	    "build/conf/list");
	assert_string_equal(found(*state, "build/src/espcap", NULL),
	    "build/conf/list");
	assert_string_equal(found(*state, "build/src/.libs/espcap", NULL),
	    "build/conf/list");
	/* Installed below the build tree is still installed. */
	assert_string_equal(found(*state, "build/inst/bin/espcap", NULL),
	    "etc/espcap/list");
}

static void
test_out_of_tree_build_reads_the_sources(void **state)
{
	touch(*state, "build/config.status");
	touch(*state, "sources/conf/list");
	touch(*state, "etc/espcap/list");
	assert_string_equal(found(*state, "build/espcap", NULL),
	    "sources/conf/list");
}

static void
test_every_place_is_named(void **state)
{
	struct error error;

	assert_null(found(*state, "usr/bin/espcap", &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, "/etc/espcap/list: No such file"));
	assert_null(strstr(error.text, "sources"));
	touch(*state, "build/config.status");
	free(at(*state, "sources/conf/list/x", 0));
	assert_null(found(*state, "build/espcap", &error));
	assert_non_null(strstr(error.text, "/build/conf/list: No such file"));
	assert_non_null(strstr(error.text, "/sources/conf/list: Is a dir"));
	assert_non_null(strstr(error.text, "/etc/espcap/list: No such file"));
}

static void
test_unknown_binary_reads_sysconfdir(void **state)
{
	struct place *place = *state;
	char *etc = at(place, "etc", 0);
	const struct paths_roots roots = { NULL, place->dir, etc };
	char *path;

	touch(place, "conf/list");
	touch(place, "etc/espcap/list");
	path = paths_find(&roots, "list", NULL);
	assert_non_null(strstr(path, "/etc/espcap/list"));
	free(path);
	free(etc);
}

static void
test_given_file_is_the_only_one(void **state)
{
	char *list = at(*state, "my list", 1), *path;
	char *missing = at(*state, "missing", 0);
	struct error error;
	struct place *place = *state;

	path = paths_config("protocols.list", list, &error);
	assert_string_equal(path, list);
	free(path);
	assert_null(paths_config("protocols.list", missing, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, "missing: No such file"));
	assert_null(paths_config("protocols.list", place->dir, &error));
	assert_non_null(strstr(error.text, "Is a directory"));
	free(list);
	free(missing);
}

/* The test binary stands in tests/, so only the installed place is looked at. */
static void
test_nothing_given_asks_the_running_binary(void **state)
{
	struct error error = { .text = "" };

	(void)state;
	assert_null(paths_config("no-such.list", NULL, &error));
	assert_non_null(strstr(error.text,
	    ESPCAP_SYSCONFDIR "/espcap/no-such.list"));
}

static void
test_object_beside_its_binary(void **state)
{
	char *exe = at(*state, "build/espcap", 1), *path;
	char *object = at(*state, "build/x.so", 1);

	touch(*state, "build/config.status");
	path = paths_find_object(exe, "/no/such", "x.so");
	assert_string_equal(path, object);
	free(path);
	assert_null(paths_find_object(exe, "/no/such", "y.so"));
	/* Not if a group could change it. */
	chmod(object, 0620);
	assert_null(paths_find_object(exe, "/no/such", "x.so"));
	free(object);
	free(exe);
}

static void
test_object_of_an_installed_binary(void **state)
{
	char *exe = at(*state, "usr/bin/espcap", 1), *path;
	char *lib = at(*state, "usr/lib/espcap", 0), *odd;

	touch(*state, "usr/lib/espcap/x.so");
	touch(*state, "usr/my lib/x.so");
	touch(*state, "usr/bin/x.so");
	path = paths_find_object(exe, lib, "x.so");
	assert_non_null(path);
	assert_non_null(strstr(path, "/usr/lib/espcap/x.so"));
	free(path);
	/* Owned by whoever runs the test: without its binary only root is trusted. */
	path = paths_find_object(NULL, lib, "x.so");
	assert_int_equal(path != NULL, geteuid() == 0);
	free(path);
	/* ld.so would take it for two. */
	odd = at(*state, "usr/my lib", 0);
	assert_null(paths_find_object(exe, odd, "x.so"));
	free(odd);
	free(lib);
	free(exe);
}

static void
assert_no_plugin(const char *exe, const char *lib, const char *why)
{
	struct error error = { .text = "" };

	assert_null(paths_find_plugin(exe, lib, "4.0", "espcap.so", &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	if (strstr(error.text, why) == NULL)
		fail_msg("%s", error.text);
}

static void
test_plugin(void **state)
{
	char *exe = at(*state, "usr/bin/espcap", 1), *path;
	char *lib = at(*state, "usr/lib/espcap", 0);
	char *plugin, *folder = at(*state, "usr/lib/espcap/plugin", 0);

	assert_no_plugin(exe, lib, "none for Wireshark 4.0");
	touch(*state, "usr/lib/espcap/plugin/4.4/espcap.so");
	assert_no_plugin(exe, lib, "none for Wireshark 4.0");
	plugin = at(*state, "usr/lib/espcap/plugin/4.0/espcap.so", 1);
	path = paths_find_plugin(exe, lib, "4.0", "espcap.so", NULL);
	assert_non_null(path);
	assert_string_equal(path, plugin);
	free(path);
	/* In the build tree there is none, and the installed one is of another espcap. */
	touch(*state, "usr/bin/config.status");
	assert_no_plugin(exe, lib, "none for Wireshark 4.0");
	free(at(*state, "usr/bin/plugin/4.0/x", 0));
	path = xasprintf("%s/usr/bin/plugin/4.0/espcap.so",
	    ((struct place *)*state)->dir);
	assert_int_equal(symlink(plugin, path), 0);
	/* The folder that the file is really in counts, and all above it. */
	chmod(folder, 0770);
	assert_no_plugin(exe, lib, "others could change");
	assert_no_plugin(exe, lib, folder);
	chmod(folder, 01777);
	free(path);
	path = paths_find_plugin(exe, lib, "4.0", "espcap.so", NULL);
	assert_non_null(path);
	chmod(plugin, 0602);
	assert_no_plugin(exe, lib, "others could change");
	free(path);
	free(plugin);
	free(folder);
	free(lib);
	free(exe);
}

static void
set_homes(const char *xdg, const char *home)
{
	if (xdg != NULL)
		setenv("XDG_CACHE_HOME", xdg, 1);
	else
		unsetenv("XDG_CACHE_HOME");
	if (home != NULL)
		setenv("HOME", home, 1);
	else
		unsetenv("HOME");
}

static void
test_cache_is_made(void **state)
{
	struct place *place = *state;
	char *xdg = at(place, "xdg", 0), *path, *again;
	struct stat st;

	set_homes(NULL, place->dir);
	path = paths_cache();
	assert_non_null(path);
	assert_non_null(strstr(path, "/.cache/espcap"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	again = paths_cache();
	assert_string_equal(again, path);
	free(path);
	free(again);
	set_homes(xdg, place->dir);
	path = paths_cache();
	assert_non_null(strstr(path, "/xdg/espcap"));
	assert_int_equal(stat(path, &st), 0);
	free(path);
	set_homes("relative", place->dir);
	path = paths_cache();
	assert_non_null(strstr(path, "/.cache/espcap"));
	free(path);
	free(xdg);
}

static void
test_state_is_made(void **state)
{
	struct place *place = *state;
	char *xdg = at(place, "xdg", 0), *given = at(place, "given", 0), *path,
	     *both = xasprintf("%s:/nowhere", given);
	struct stat st;

	unsetenv("STATE_DIRECTORY");
	unsetenv("XDG_STATE_HOME");
	set_homes(NULL, place->dir);
	path = paths_state();
	assert_non_null(path);
	assert_non_null(strstr(path, "/.local/state/espcap"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	free(path);
	setenv("XDG_STATE_HOME", xdg, 1);
	path = paths_state();
	assert_non_null(strstr(path, "/xdg/espcap"));
	assert_int_equal(chmod(path, 0770), 0);
	assert_null(paths_state());
	free(path);
	setenv("STATE_DIRECTORY", both, 1);
	path = paths_state();
	assert_string_equal(path, given);
	free(path);
	unsetenv("STATE_DIRECTORY");
	unsetenv("XDG_STATE_HOME");
	set_homes(NULL, NULL);
	assert_null(paths_state());
	free(xdg);
	free(given);
	free(both);
}

static void
test_no_cache_is_no_error(void **state)
{
	struct place *place = *state;
	char *file = at(place, "file", 1), *cache;

	set_homes(NULL, NULL);
	assert_null(paths_cache());
	set_homes(NULL, "here");
	assert_null(paths_cache());
	set_homes(file, place->dir);
	assert_null(paths_cache());
	set_homes(NULL, place->dir);
	cache = at(place, ".cache/espcap/x", 0);
	*strrchr(cache, '/') = '\0';
	assert_int_equal(chmod(cache, 0777), 0);
	assert_null(paths_cache());
	if (geteuid() == 0) {
		assert_int_equal(chmod(cache, 0700), 0);
		assert_int_equal(chown(cache, 12345, 12345), 0);
		assert_null(paths_cache());
	}
	free(cache);
	free(file);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_installed_binary_reads_sysconfdir),
		TEST(test_build_tree_comes_first),
		TEST(test_out_of_tree_build_reads_the_sources),
		TEST(test_every_place_is_named),
		TEST(test_unknown_binary_reads_sysconfdir),
		TEST(test_given_file_is_the_only_one),
		TEST(test_nothing_given_asks_the_running_binary),
		TEST(test_object_beside_its_binary),
		TEST(test_object_of_an_installed_binary),
		TEST(test_plugin),
		TEST(test_cache_is_made),
		TEST(test_state_is_made),
		TEST(test_no_cache_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

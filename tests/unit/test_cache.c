/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of tshark/cache.c: kept, damaged, of another program, and never an error. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "tshark/cache.h"
#include "table.h"

/* A folder with a program in it, and a cache. */
struct place {
	char dir[64];
	char *program;
	struct names *names;
	int fd;
};

static void
write_program(const struct place *place, const char *content)
{
	FILE *file = fopen(place->program, "w");

	assert_non_null(file);
	assert_int_equal(fputs(content, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

static int
setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	*state = place;
	strcpy(place->dir, "/tmp/test_cache.XXXXXX");
	if (mkdtemp(place->dir) == NULL)
		return -1;
	place->program = xasprintf("%s/tshark", place->dir);
	write_program(place, "\177ELF one");
	place->names = table_new();
	place->fd = cache_open(place->dir, place->program);
	return place->fd < 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;
	char *command = xasprintf("rm -rf '%s'", place->dir);

	close(place->fd);
	names_free(place->names);
	(void)!system(command);
	free(command);
	free(place->program);
	free(place);
	return 0;
}

/* What the cache says: the version, NULL for nothing. */
static const char *
cached(const struct place *place)
{
	static char text[256];
	struct names *names = NULL;
	char *version = cache_read(place->fd, place->program, &names);

	if (version == NULL) {
		assert_null(names);
		return NULL;
	}
	assert_non_null(names);
	assert_string_equal(
	    table_find(names, "bgp_bgp_prefix_length",
		NAMES_KIND_PRESENT, NAMES_NONE),
	    "bgp.prefix.length");
	assert_int_equal(names_count(names), names_count(place->names));
	(void)snprintf(text, sizeof(text), "%s", version);
	names_free(names);
	free(version);
	return text;
}

static void
test_kept_and_forgotten(void **state)
{
	struct place *place = *state;
	struct stat st;

	assert_null(cached(place));
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_string_equal(cached(place), "4.0.17");
	assert_string_equal(cached(place), "4.0.17");
	assert_int_equal(fstat(place->fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	cache_write(place->fd, place->program, "4.2.0", place->names);
	assert_string_equal(cached(place), "4.2.0");
	cache_forget(place->fd);
	assert_null(cached(place));
}

static void
test_two_programs_have_two_caches(void **state)
{
	struct place *place = *state;
	int other = cache_open(place->dir, "/other/tshark");
	struct names *names = NULL;

	assert_true(other >= 0);
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_null(cache_read(other, place->program, &names));
	close(other);
	other = cache_open(place->dir, place->program);
	close(place->fd);
	place->fd = other;
	assert_string_equal(cached(place), "4.0.17");
}

static void
test_another_program_is_not_believed(void **state)
{
	struct place *place = *state;
	char *moved = xasprintf("%s/new", place->dir);

	cache_write(place->fd, place->program, "4.0.17", place->names);
	write_program(place, "\177ELF another");
	assert_null(cached(place));
	cache_write(place->fd, place->program, "4.0.18", place->names);
	assert_string_equal(cached(place), "4.0.18");
	/* Another file of the same size and time in its place. */
	assert_int_equal(rename(place->program, moved), 0);
	write_program(place, "\177ELF another");
	assert_null(cached(place));
	assert_int_equal(unlink(place->program), 0);
	assert_null(cached(place));
	assert_int_equal(mkdir(place->program, 0700), 0);
	assert_null(cached(place));
	free(moved);
}

/* A script may run any tshark. */
static void
test_scripts_are_not_kept(void **state)
{
	struct place *place = *state;

	write_program(place, "#!/bin/sh\n");
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_null(cached(place));
	assert_int_equal(lseek(place->fd, 0, SEEK_END), 0);
	write_program(place, "#");
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_null(cached(place));
}

/* All of what stands in front of the names, and bytes all over them. */
static void
test_damage_is_seen(void **state)
{
	struct place *place = *state;
	off_t size;

	cache_write(place->fd, place->program, "4.0.17", place->names);
	size = lseek(place->fd, 0, SEEK_END);
	assert_true(size > 10000);
	for (off_t at = 0; at < size; at += at < 600 ? 1 : 9973) {
		unsigned char byte, changed;

		assert_int_equal(pread(place->fd, &byte, 1, at), 1);
		changed = byte ^ 0x20;
		assert_int_equal(pwrite(place->fd, &changed, 1, at), 1);
		if (cached(place) != NULL)
			fail_msg("byte %ld of %ld may be any", (long)at,
			    (long)size);
		assert_int_equal(pwrite(place->fd, &byte, 1, at), 1);
	}
	assert_string_equal(cached(place), "4.0.17");
}

static void
test_cut_short_is_seen(void **state)
{
	struct place *place = *state;
	off_t size;

	cache_write(place->fd, place->program, "4.0.17", place->names);
	size = lseek(place->fd, 0, SEEK_END);
	assert_int_equal(ftruncate(place->fd, size - 1), 0);
	assert_null(cached(place));
	for (off_t at = 700; at > 0; at -= 7) {
		assert_int_equal(ftruncate(place->fd, at), 0);
		assert_null(cached(place));
	}
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_string_equal(cached(place), "4.0.17");
}

/* Written and read at the same time: the one that is late asks tshark itself. */
static void
test_locked_is_no_cache(void **state)
{
	struct place *place = *state;
	int other = cache_open(place->dir, place->program);

	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_null(cached(place));
	cache_write(place->fd, place->program, "4.0.18", place->names);
	cache_forget(place->fd);
	assert_int_equal(flock(other, LOCK_SH), 0);
	assert_string_equal(cached(place), "4.0.17");
	close(other);
}

static void
test_nothing_of_this_is_an_error(void **state)
{
	struct place *place = *state;
	char *long_version = xmalloc(200), *linked, *file;
	int fd;

	memset(long_version, '4', 199);
	long_version[199] = '\0';
	cache_write(place->fd, place->program, long_version, place->names);
	assert_null(cached(place));
	free(long_version);
	assert_int_equal(cache_open("/no/such/folder", "/x"), -1);
	/* A link in its place is not followed. */
	linked = xasprintf("%s/linked", place->dir);
	assert_int_equal(mkdir(linked, 0700), 0);
	close(cache_open(linked, "/x"));
	file = xasprintf(
	    "cd '%s' && for f in *; do rm \"$f\"; "
	    "ln -s /dev/null \"$f\"; done",
	    linked);
	assert_int_equal(system(file), 0);
	assert_int_equal(cache_open(linked, "/x"), -1);
	free(file);
	free(linked);
	/* Nowhere to write. */
	fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		cache_write(fd, place->program, "4.0.17", place->names);
		close(fd);
	}
	fd = open(place->program, O_RDONLY | O_CLOEXEC);
	cache_write(fd, place->program, "4.0.17", place->names);
	close(fd);
	cache_write(-1, place->program, "4.0.17", place->names);
	cache_forget(-1);
}

/* A plugin, a sample and shortcuts.so, each a file of a few bytes. */
struct made {
	char *plugin, *sample, *shortcuts, *library, *objects;
	struct cache_build build;
};

static void
write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fputs(content, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

static void
make(const struct place *place, struct made *made)
{
	made->plugin = xasprintf("%s/espcap.so", place->dir);
	made->sample = xasprintf("%s/sample", place->dir);
	made->shortcuts = xasprintf("%s/shortcuts.so", place->dir);
	made->library = xasprintf("%s/libwireshark.so", place->dir);
	made->objects = xasprintf("%s\n", made->library);
	made->build = (struct cache_build){ made->plugin, made->sample,
		made->shortcuts };
	write_file(made->plugin, "plugin");
	write_file(made->sample, "sample");
	write_file(made->shortcuts, "shortcuts");
	write_file(made->library, "library");
}

static void
unmake(struct made *made)
{
	free(made->plugin);
	free(made->sample);
	free(made->shortcuts);
	free(made->library);
	free(made->objects);
}

static const struct trials good = { .shortcuts = { .outcome = TRIAL_GOOD },
	.projection = { { .outcome = TRIAL_BAD, .reason = "because" } } };

static void
keep(const struct place *place, const struct made *made,
    const struct trials *trials)
{
	cache_remember(place->fd, place->program, &made->build, made->objects,
	    strlen(made->objects), cache_now() + 3600 * (int64_t)1000000000,
	    trials);
}

static bool
recall(const struct place *place, const struct made *made,
    struct trials *trials)
{
	return cache_trials(place->fd, place->program, &made->build, trials);
}

static bool
is_kept(const struct place *place, const struct made *made)
{
	struct trials trials;

	return recall(place, made, &trials);
}

static void
test_trials_are_kept(void **state)
{
	struct place *place = *state;
	struct trials trials;
	struct made made;

	make(place, &made);
	/* Not without a cache of the program. */
	keep(place, &made, &good);
	assert_false(is_kept(place, &made));
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_false(is_kept(place, &made));
	keep(place, &made, &good);
	assert_true(recall(place, &made, &trials));
	assert_int_equal(trials.shortcuts.outcome, TRIAL_GOOD);
	assert_int_equal(trials.projection[0].outcome, TRIAL_BAD);
	assert_string_equal(trials.projection[0].reason, "because");
	assert_int_equal(trials.projection[1].outcome, TRIAL_UNKNOWN);
	assert_string_equal(cached(place), "4.0.17");
	/* A list of names that is written anew is of another program. */
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_false(is_kept(place, &made));
	unmake(&made);
}

static void
test_trials_are_of_one_build(void **state)
{
	struct place *place = *state;
	struct made made;
	struct trials trials;
	const char *parts[4];

	make(place, &made);
	parts[0] = made.plugin;
	parts[1] = made.sample;
	parts[2] = made.library;
	parts[3] = place->program;
	cache_write(place->fd, place->program, "4.0.17", place->names);
	for (size_t i = 0; i < 3; i++) {
		keep(place, &made, &good);
		assert_true(is_kept(place, &made));
		write_file(parts[i], "another");
		assert_false(is_kept(place, &made));
		keep(place, &made, &good);
		assert_int_equal(unlink(parts[i]), 0);
		assert_false(is_kept(place, &made));
		write_file(parts[i], "again");
	}
	keep(place, &made, &good);
	write_file(parts[3], "\177ELF another");
	assert_false(is_kept(place, &made));
	cache_write(place->fd, place->program, "4.0.17", place->names);
	/* With another shortcuts.so only what has to do with it is unknown. */
	keep(place, &made, &good);
	write_file(made.shortcuts, "another");
	assert_true(recall(place, &made, &trials));
	assert_int_equal(trials.shortcuts.outcome, TRIAL_UNKNOWN);
	assert_int_equal(trials.projection[0].outcome, TRIAL_BAD);
	unmake(&made);
}

static void
test_trials_without_shortcuts_keep_those_with_them(void **state)
{
	struct place *place = *state;
	const struct trials other = {
		.projection = { { .outcome = TRIAL_GOOD } }
	};
	struct made made;
	struct trials trials;

	make(place, &made);
	cache_write(place->fd, place->program, "4.0.17", place->names);
	keep(place, &made, &good);
	made.build.shortcuts = NULL;
	assert_true(recall(place, &made, &trials));
	assert_int_equal(trials.shortcuts.outcome, TRIAL_UNKNOWN);
	keep(place, &made, &other);
	made.build.shortcuts = made.shortcuts;
	assert_true(recall(place, &made, &trials));
	assert_int_equal(trials.shortcuts.outcome, TRIAL_GOOD);
	assert_int_equal(trials.projection[0].outcome, TRIAL_GOOD);
	/* But not those of another build. */
	write_file(made.plugin, "another");
	made.build.shortcuts = NULL;
	keep(place, &made, &other);
	made.build.shortcuts = made.shortcuts;
	assert_true(recall(place, &made, &trials));
	assert_int_equal(trials.shortcuts.outcome, TRIAL_UNKNOWN);
	unmake(&made);
}

/* Installed in the middle of the trial: nobody knows which was tried. */
static void
test_what_was_changed_meanwhile_is_not_kept(void **state)
{
	struct place *place = *state;
	const char *parts[4];
	struct made made;
	struct stat st;

	make(place, &made);
	parts[0] = made.plugin;
	parts[1] = made.sample;
	parts[2] = made.library;
	parts[3] = made.shortcuts;
	cache_write(place->fd, place->program, "4.0.17", place->names);
	for (size_t i = 0; i < 4; i++) {
		usleep(20000);
		write_file(parts[i], "newest");
		assert_int_equal(stat(parts[i], &st), 0);
		cache_remember(place->fd, place->program, &made.build,
		    made.objects, strlen(made.objects),
		    (int64_t)st.st_ctim.tv_sec * 1000000000 +
			st.st_ctim.tv_nsec,
		    &good);
		assert_false(is_kept(place, &made));
	}
	unmake(&made);
}

static void
test_what_may_pass_is_tried_again(void **state)
{
	struct place *place = *state;
	int64_t now = cache_now() / 1000000000;
	const struct {
		int64_t until;
		enum trial_outcome outcome;
	} rows[] = {
		{ now + TRIAL_PASSES / 2, TRIAL_BAD },
		{ now - 1, TRIAL_UNKNOWN },
		/* The clock was set back. */
		{ now + 2 * TRIAL_PASSES, TRIAL_UNKNOWN },
		{ INT64_MIN / 2, TRIAL_UNKNOWN },
	};
	struct made made;
	struct trials trials;

	make(place, &made);
	cache_write(place->fd, place->program, "4.0.17", place->names);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct trials bad = {
			.shortcuts = { .outcome = TRIAL_BAD,
			    .passing = 1,
			    .until = rows[i].until }
		};

		keep(place, &made, &bad);
		assert_true(recall(place, &made, &trials));
		assert_int_equal(trials.shortcuts.outcome, rows[i].outcome);
	}
	unmake(&made);
}

/* Whatever bit is wrong: not known, or what it was. */
static void
test_damaged_trials_are_not_believed(void **state)
{
	struct place *place = *state;
	struct made made;
	struct trials trials;
	struct stat st;
	char byte;

	make(place, &made);
	cache_write(place->fd, place->program, "4.0.17", place->names);
	keep(place, &made, &good);
	assert_int_equal(fstat(place->fd, &st), 0);
	for (off_t at = 0;
	     at < st.st_size; at += at < 1600 ||
		     at > st.st_size - 64 ?
		 1 :
		 997) {
		assert_int_equal(pread(place->fd, &byte, 1, at), 1);
		byte = (char)(byte ^ 0x10);
		assert_int_equal(pwrite(place->fd, &byte, 1, at), 1);
		if (recall(place, &made, &trials))
			assert_int_equal(trials.shortcuts.outcome, TRIAL_GOOD);
		byte = (char)(byte ^ 0x10);
		assert_int_equal(pwrite(place->fd, &byte, 1, at), 1);
	}
	assert_true(is_kept(place, &made));
	assert_int_equal(ftruncate(place->fd, st.st_size - 1), 0);
	assert_false(is_kept(place, &made));
	unmake(&made);
}

static void
test_others_could_write_it(void **state)
{
	struct place *place = *state;
	int fd;

	assert_int_equal(fchmod(place->fd, 0620), 0);
	assert_int_equal(cache_open(place->dir, place->program), -1);
	assert_int_equal(fchmod(place->fd, 0602), 0);
	assert_int_equal(cache_open(place->dir, place->program), -1);
	assert_int_equal(fchmod(place->fd, 0600), 0);
	fd = cache_open(place->dir, place->program);
	assert_true(fd >= 0);
	close(fd);
	if (geteuid() != 0)
		return;
	assert_int_equal(fchown(place->fd, 65534, 65534), 0);
	assert_int_equal(cache_open(place->dir, place->program), -1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kept_and_forgotten),
		TEST(test_two_programs_have_two_caches),
		TEST(test_another_program_is_not_believed),
		TEST(test_scripts_are_not_kept),
		TEST(test_damage_is_seen),
		TEST(test_cut_short_is_seen),
		TEST(test_locked_is_no_cache),
		TEST(test_nothing_of_this_is_an_error),
		TEST(test_trials_are_kept),
		TEST(test_trials_are_of_one_build),
		TEST(test_trials_without_shortcuts_keep_those_with_them),
		TEST(test_what_was_changed_meanwhile_is_not_kept),
		TEST(test_what_may_pass_is_tried_again),
		TEST(test_damaged_trials_are_not_believed),
		TEST(test_others_could_write_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of dissect/cache.c: kept, damaged, of another program, and never an error. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "dissect/cache.h"
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
	assert_string_equal(table_find(names, "bgp_bgp_prefix_length",
	    NAMES_KIND_PRESENT, NAMES_NONE), "bgp.prefix.length");
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
	file = xasprintf("cd '%s' && for f in *; do rm \"$f\"; "
	    "ln -s /dev/null \"$f\"; done", linked);
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

static void
test_plugin_that_works_is_remembered(void **state)
{
	struct place *place = *state, other = *place;

	/* Not without a cache of the program. */
	other.program = xasprintf("%s/espcap.so", place->dir);
	write_program(&other, "\177ELF plugin");
	cache_remember(place->fd, place->program, other.program, NULL);
	assert_false(cache_knows(place->fd, place->program, other.program, NULL));
	cache_write(place->fd, place->program, "4.0.17", place->names);
	assert_false(cache_knows(place->fd, place->program, other.program, NULL));
	cache_remember(place->fd, place->program, other.program, NULL);
	assert_true(cache_knows(place->fd, place->program, other.program, NULL));
	assert_string_equal(cached(place), "4.0.17");
	/* Of this very plugin with this very program. */
	assert_false(cache_knows(place->fd, other.program, other.program, NULL));
	assert_false(cache_knows(place->fd, place->program, place->program, NULL));
	write_program(&other, "\177ELF another");
	assert_false(cache_knows(place->fd, place->program, other.program, NULL));
	cache_remember(place->fd, place->program, other.program, NULL);
	assert_true(cache_knows(place->fd, place->program, other.program, NULL));
	/* And with what is preloaded for it. */
	assert_false(cache_knows(place->fd, place->program, other.program, other.program));
	cache_remember(place->fd, place->program, other.program, other.program);
	assert_true(cache_knows(place->fd, place->program, other.program, other.program));
	assert_false(cache_knows(place->fd, place->program, other.program, NULL));
	assert_false(cache_knows(place->fd, place->program, other.program, place->program));
	assert_false(cache_knows(place->fd, place->program, other.program, "/nonexistent"));
	write_program(place, "\177ELF another");
	assert_false(cache_knows(place->fd, place->program, other.program, other.program));
	free(other.program);
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
		TEST(test_plugin_that_works_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

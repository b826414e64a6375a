/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of tshark/build.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "tshark/build.h"

struct place {
	char dir[64];
	char *file, *object, *objects;
	uint8_t id[BUILD_ID_LEN];
	int64_t changed;
};

static void
write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
find_id(const struct place *place, uint8_t id[BUILD_ID_LEN], int64_t *changed)
{
	const char *files[] = { place->file };

	return build_id(files, 1, place->objects, strlen(place->objects), id,
	    changed);
}

static int
setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	*state = place;
	strcpy(place->dir, "/tmp/test_build.XXXXXX");
	if (mkdtemp(place->dir) == NULL)
		return -1;
	place->file = xasprintf("%s/plugin.so", place->dir);
	place->object = xasprintf("%s/libwireshark.so", place->dir);
	place->objects = xasprintf("/bin/sh\n%s\n", place->object);
	write_file(place->file, "one");
	write_file(place->object, "library");
	return find_id(place, place->id, &place->changed);
}

static int
teardown(void **state)
{
	struct place *place = *state;
	char *command = xasprintf("rm -rf '%s'", place->dir);

	(void)!system(command);
	free(command);
	free(place->file);
	free(place->object);
	free(place->objects);
	free(place);
	return 0;
}

static bool
is_same(const struct place *place)
{
	uint8_t id[BUILD_ID_LEN];
	int64_t changed;

	assert_int_equal(find_id(place, id, &changed), 0);
	return memcmp(id, place->id, BUILD_ID_LEN) == 0;
}

static void
test_the_same(void **state)
{
	struct place *place = *state;
	struct stat st;

	assert_true(is_same(place));
	assert_int_equal(stat(place->object, &st), 0);
	assert_int_equal(place->changed,
	    (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
}

/* Of the same size and with the same times, as far as these can be set. */
static void
test_other_content(void **state)
{
	struct place *place = *state;
	char *command = xasprintf(
	    "cp -p '%s' '%s/kept' && printf two >'%s' && "
	    "touch -r '%s/kept' '%s'",
	    place->file, place->dir, place->file,
	    place->dir, place->file);

	assert_int_equal(system(command), 0);
	assert_false(is_same(place));
	free(command);
}

static void
test_another_object(void **state)
{
	struct place *place = *state;
	char *command = xasprintf("cp -p '%s' '%s/new' && mv '%s/new' '%s'",
	    place->object, place->dir, place->dir, place->object);

	assert_int_equal(system(command), 0);
	assert_false(is_same(place));
	free(command);
}

static void
test_another_list(void **state)
{
	struct place *place = *state;

	place->objects[0] = '\0';
	assert_false(is_same(place));
}

static void
test_what_cannot_be_told(void **state)
{
	struct place *place = *state;
	uint8_t id[BUILD_ID_LEN];
	int64_t changed;

	/* The line has no end. */
	place->objects[strlen(place->objects) - 1] = '\0';
	assert_int_equal(find_id(place, id, &changed), -1);
	place->objects[0] = '\0';
	assert_int_equal(find_id(place, id, &changed), 0);
	assert_int_equal(unlink(place->file), 0);
	assert_int_equal(find_id(place, id, &changed), -1);
	/* Opening it does not wait for a writer. */
	assert_int_equal(mkfifo(place->file, 0600), 0);
	assert_int_equal(find_id(place, id, &changed), -1);
	assert_int_equal(unlink(place->file), 0);
	assert_int_equal(mkdir(place->file, 0700), 0);
	assert_int_equal(find_id(place, id, &changed), -1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_same),
		TEST(test_other_content),
		TEST(test_another_object),
		TEST(test_another_list),
		TEST(test_what_cannot_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

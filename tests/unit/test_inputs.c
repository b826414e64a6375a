/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of input/inputs.c: which files are read, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "input/inputs.h"

struct test {
	char top[64], folder[80];
	struct log log;
	struct options options;
	const char *files[8];
	struct inputs inputs;
	struct error error;
	char names[1024];
};

static int
setup(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	if (test == NULL)
		return -1;
	(void)snprintf(test->top, sizeof(test->top), "/tmp/test_inputs.XXXXXX");
	if (mkdtemp(test->top) == NULL)
		return -1;
	(void)snprintf(test->folder, sizeof(test->folder), "%s/d", test->top);
	test->log = (struct log){ .program = "test",
		.level = LOG_LEVEL_QUIET };
	test->options.files.items = test->files;
	*state = test;
	return mkdir(test->folder, 0700);
}

static int
teardown(void **state)
{
	struct test *test = *state;
	char *command = xasprintf("rm -rf '%s'", test->top);

	inputs_release(&test->inputs);
	assert_int_equal(system(command), 0);
	free(command);
	free(test);
	return 0;
}

/* Makes a file of so many bytes; the name is freed when the test ends. */
static void
make(struct test *test, const char *name, size_t len)
{
	char *path = xasprintf("%s/%s", test->folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	while (len-- > 0)
		(void)fputc('x', file);
	assert_int_equal(fclose(file), 0);
	free(path);
}

static void
make_folder(struct test *test, const char *name)
{
	char *path = xasprintf("%s/%s", test->folder, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static void
make_link(struct test *test, const char *to, const char *name)
{
	char *path = xasprintf("%s/%s", test->folder, name);

	assert_int_equal(symlink(to, path), 0);
	free(path);
}

static void
give(struct test *test, const char *name)
{
	test->files[test->options.files.count++] = name;
}

/* The names in their order, without the folder. */
static void
assert_names(struct test *test, const char *wanted)
{
	size_t len = strlen(test->folder) + 1;

	assert_int_equal(
	    inputs_list(&test->inputs, &test->options, &test->log,
		&test->error),
	    0);
	test->names[0] = '\0';
	for (size_t i = 0; i < test->inputs.count; i++) {
		const char *name = test->inputs.list[i].name;

		strcat(test->names, i == 0 ? "" : " ");
		strcat(test->names,
		    strncmp(name, test->folder, len - 1) == 0 ?
			name + len :
			name);
	}
	assert_string_equal(test->names, wanted);
}

/* As they are given, also twice. */
static void
test_files(void **state)
{
	struct test *test = *state;

	give(test, "z");
	give(test, "a");
	give(test, "-");
	give(test, "z");
	give(test, "/etc/hosts");
	assert_names(test, "z a - z /etc/hosts");
	assert_false(test->inputs.from_dir);
	assert_null(test->inputs.folder.path);
	assert_null(test->inputs.list[2].path);
	assert_string_equal(test->inputs.list[4].path, "/etc/hosts");
	assert_int_equal(test->inputs.list[0].path[0], '/');
	assert_string_equal(strrchr(test->inputs.list[0].path, '/'), "/z");
}

/* One that is not there is found missing when its turn comes. */
static void
test_missing(void **state)
{
	struct test *test = *state;

	give(test, "/nonexistent/a");
	give(test, "/nonexistent");
	give(test, "/etc");
	assert_names(test, "/nonexistent/a /nonexistent /etc");
	assert_null(test->inputs.list[0].path);
	assert_string_equal(test->inputs.list[1].path, "/nonexistent");
	assert_int_equal(inputs_bytes(&test->inputs), 0);
}

static void
test_how_many_at_a_time(void **state)
{
	struct options options = { .jobs = 0 };

	(void)state;
	assert_int_equal(inputs_jobs(&options), sysconf(_SC_NPROCESSORS_ONLN));
	options.jobs = 7;
	assert_int_equal(inputs_jobs(&options), 7);
}

static void
test_interface(void **state)
{
	struct test *test = *state;

	test->files[0] = "eth7";
	test->files[1] = "eth8";
	test->options.files.items = NULL;
	test->options.nics = (struct options_list){ test->files, 2 };
	assert_names(test, "eth7 eth8");
	assert_null(test->inputs.list[0].path);
}

/* By their bytes, not as people count. */
static void
test_folder(void **state)
{
	struct test *test = *state;

	make(test, "b", 3);
	make(test, "a10", 1);
	make(test, "a9", 2);
	make(test, "B", 0);
	make(test, ".hidden", 5);
	make_folder(test, "c");
	make(test, "c/x", 7);
	test->options.dir = test->folder;
	assert_names(test, ".hidden B a10 a9 b");
	assert_true(test->inputs.from_dir);
	assert_int_equal(inputs_bytes(&test->inputs), 11);
	assert_int_equal(test->inputs.folder.path != NULL, geteuid() == 0);
}

static void
test_recursive(void **state)
{
	struct test *test = *state;

	make(test, "b", 0);
	make_folder(test, "a");
	make(test, "a/y", 0);
	make_folder(test, "a/x");
	make(test, "a/x/1", 0);
	make_folder(test, "a/empty");
	test->options.dir = test->folder;
	test->options.recursive = true;
	assert_names(test, "a/x/1 a/y b");
}

static void
test_slash_at_the_end(void **state)
{
	struct test *test = *state;

	make(test, "a", 0);
	strcat(test->folder, "/");
	test->options.dir = test->folder;
	assert_int_equal(
	    inputs_list(&test->inputs, &test->options, &test->log,
		&test->error),
	    0);
	assert_int_equal(test->inputs.count, 1);
	assert_null(strstr(test->inputs.list[0].name, "//"));
	assert_null(strstr(test->inputs.list[0].path, "//"));
}

/* Links to files are files, unless root reads and they lead elsewhere; folders and FIFOs are none. */
static void
test_links(void **state)
{
	struct test *test = *state;
	char *fifo = xasprintf("%s/fifo", test->folder);

	make(test, "a", 0);
	make_folder(test, "c");
	make_link(test, "a", "in");
	make_link(test, "c", "into");
	make_link(test, "/etc/hosts", "out");
	make_link(test, "/dev/null", "null");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	test->options.dir = test->folder;
	assert_names(test, geteuid() == 0 ? "a in" : "a in out");
	free(fifo);
}

static void
test_loop_of_links(void **state)
{
	struct test *test = *state;

	make(test, "a", 0);
	make_link(test, ".", "self");
	test->options.dir = test->folder;
	test->options.recursive = true;
	assert_names(test, "a");
}

static void
test_deep(void **state)
{
	struct test *test = *state;
	char name[300] = "n";

	for (int depth = 1; depth <= 66; depth++) {
		make_folder(test, name);
		strcat(name, "/n");
		if (depth == 64 || depth == 65) {
			name[strlen(name) - 1] = 'f';
			make(test, name, 0);
			name[strlen(name) - 1] = 'n';
		}
	}
	test->options.dir = test->folder;
	test->options.recursive = true;
	assert_int_equal(
	    inputs_list(&test->inputs, &test->options, &test->log,
		&test->error),
	    0);
	/* The one that is 65 deep is left out. */
	assert_int_equal(test->inputs.count, 1);
}

static void
test_no_folder(void **state)
{
	struct test *test = *state;

	test->options.dir = "/nonexistent";
	assert_int_equal(
	    inputs_list(&test->inputs, &test->options, &test->log,
		&test->error),
	    -1);
	assert_int_equal(test->error.outcome, OUTCOME_INPUT);
	assert_non_null(strstr(test->error.text, "/nonexistent"));
	inputs_release(&test->inputs);
	test->options.dir = "/etc/hosts";
	assert_int_equal(
	    inputs_list(&test->inputs, &test->options, &test->log,
		&test->error),
	    -1);
	assert_non_null(strstr(test->error.text, "--file reads a file"));
}

/* Each would get a part of it. */
static void
test_one_pipe_twice(void **state)
{
	struct test *test = *state;
	char *fifo = xasprintf("%s/fifo", test->folder),
	     *other = xasprintf("%s/other", test->folder),
	     *link = xasprintf("%s/link", test->folder);

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(mkfifo(other, 0600), 0);
	make_link(test, "fifo", "link");
	/* A file may be read twice. */
	give(test, "/etc/hosts");
	give(test, "/etc/hosts");
	give(test, fifo);
	give(test, other);
	assert_int_equal(
	    inputs_list(&test->inputs, &test->options, &test->log,
		&test->error),
	    0);
	inputs_release(&test->inputs);
	give(test, link);
	assert_int_equal(
	    inputs_list(&test->inputs, &test->options, &test->log,
		&test->error),
	    -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "same pipe"));
	assert_non_null(strstr(test->error.text, "/link"));
	assert_non_null(strstr(test->error.text, "/fifo"));
	assert_null(strstr(test->error.text, "/other"));
	free(fifo);
	free(other);
	free(link);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_files),
		TEST(test_missing),
		TEST(test_how_many_at_a_time),
		TEST(test_interface),
		TEST(test_folder),
		TEST(test_recursive),
		TEST(test_slash_at_the_end),
		TEST(test_links),
		TEST(test_loop_of_links),
		TEST(test_deep),
		TEST(test_no_folder),
		TEST(test_one_pipe_twice),
	};

	return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}

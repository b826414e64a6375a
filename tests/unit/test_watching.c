/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of watch/watching.c: the folder, the registry and the completion action, opened and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "messages.h"
#include "watch/watching.h"

/* A user that is not root and owns nothing here. */
#define NOBODY 65534

struct test {
	char top[64];
	char *in, *done, *registry, *state;
	struct log log;
	struct options options;
	struct watching watching;
	struct error error;
};

static int
setup(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	if (test == NULL)
		return -1;
	(void)snprintf(test->top, sizeof(test->top),
	    "/tmp/test_watching.XXXXXX");
	if (mkdtemp(test->top) == NULL)
		return -1;
	test->in = xasprintf("%s/in", test->top);
	test->done = xasprintf("%s/done", test->top);
	test->state = xasprintf("%s/state", test->top);
	test->registry = xasprintf("%s/registry", test->top);
	test->log = (struct log){ .program = "test",
		.level = LOG_LEVEL_QUIET };
	test->options.watch = test->in;
	test->options.index = "packets";
	*state = test;
	return mkdir(test->in, 0700) != 0 || mkdir(test->done, 0700) != 0 ||
	    mkdir(test->state, 0700) != 0 ||
	    setenv("STATE_DIRECTORY", test->state, 1) != 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;
	char *command = xasprintf("rm -rf '%s'", test->top);

	watching_release(&test->watching);
	assert_int_equal(system(command), 0);
	free(command);
	free(test->in);
	free(test->done);
	free(test->state);
	free(test->registry);
	free(test);
	return 0;
}

static void
assert_opens(struct test *test)
{
	assert_int_equal(
	    watching_open(&test->watching, &test->options,
		&test->log, &test->error),
	    0);
	assert_non_null(test->watching.registry);
	assert_true(test->watching.folder.fd >= 0);
}

/* A part of why it does not. */
static void
assert_fails(struct test *test, enum outcome outcome, const char *why)
{
	assert_int_equal(
	    watching_open(&test->watching, &test->options,
		&test->log, &test->error),
	    -1);
	assert_int_equal(test->error.outcome, outcome);
	if (strstr(test->error.text, why) == NULL)
		fail_msg("no %s in %s", why, test->error.text);
}

/* The one file in the folder of the state; the caller's to free. */
static char *
state_file(const struct test *test)
{
	DIR *dir = opendir(test->state);
	struct dirent *entry;
	char *name = NULL;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			assert_null(name);
			name = xasprintf("%s/%s", test->state, entry->d_name);
		}
	closedir(dir);
	assert_non_null(name);
	return name;
}

static void
test_default(void **state)
{
	struct test *test = *state;
	char *name;

	assert_opens(test);
	assert_int_equal(test->watching.after.kind, AFTER_NOTHING);
	assert_false(test->watching.folder.changes);
	assert_int_equal(test->watching.folder.target, -1);
	name = state_file(test);
	assert_non_null(strstr(name, "/watch-"));
	assert_string_equal(name + strlen(name) - 9, ".registry");
	free(name);
}

/* Each place that packets go to has its own registry. */
static void
test_registry_of_each_place(void **state)
{
	struct test *test = *state;
	char *stdout_name, *server_name;

	assert_opens(test);
	stdout_name = state_file(test);
	watching_release(&test->watching);
	assert_int_equal(unlink(stdout_name), 0);
	test->options.node = "http://a:9200";
	assert_opens(test);
	server_name = state_file(test);
	assert_string_not_equal(server_name, stdout_name);
	watching_release(&test->watching);
	assert_int_equal(unlink(server_name), 0);
	free(stdout_name);
	test->options.node = "http://b:9200";
	assert_opens(test);
	stdout_name = state_file(test);
	assert_string_not_equal(server_name, stdout_name);
	watching_release(&test->watching);
	assert_int_equal(unlink(stdout_name), 0);
	test->options.node = "http://a:9200";
	test->options.index = "others";
	assert_opens(test);
	free(stdout_name);
	stdout_name = state_file(test);
	assert_string_not_equal(server_name, stdout_name);
	/* To standard output the index is of no interest. */
	watching_release(&test->watching);
	assert_int_equal(unlink(stdout_name), 0);
	free(stdout_name);
	free(server_name);
	test->options.node = NULL;
	assert_opens(test);
	server_name = state_file(test);
	watching_release(&test->watching);
	test->options.index = "packets";
	assert_opens(test);
	stdout_name = state_file(test);
	assert_string_equal(server_name, stdout_name);
	free(stdout_name);
	free(server_name);
}

static void
test_named_registry(void **state)
{
	struct test *test = *state;
	struct stat st;

	test->options.registry = test->registry;
	assert_opens(test);
	assert_int_equal(stat(test->registry, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
test_registry_in_use(void **state)
{
	struct test *test = *state;
	struct watching other;

	test->options.registry = test->registry;
	assert_opens(test);
	other = test->watching;
	memset(&test->watching, 0, sizeof(test->watching));
	assert_fails(test, OUTCOME_USAGE, test->registry);
	watching_release(&other);
}

static void
test_registry_is_a_descriptor(void **state)
{
	struct test *test = *state;

	test->options.registry = "/dev/fd/1";
	assert_fails(test, OUTCOME_USAGE, "open descriptor");
}

static void
test_no_place_for_a_registry(void **state)
{
	struct test *test = *state;

	assert_int_equal(chmod(test->state, 0777), 0);
	assert_opens(test);
	assert_int_equal(
	    registry_count(registry_file_registry(test->watching.registry)), 0);
	assert_int_equal(rmdir(test->state), 0);
}

/* Whether the file of the registry holds this. */
static bool
is_kept(const struct test *test, const char *text)
{
	FILE *file = fopen(test->registry, "r");
	char lines[4096];
	size_t len;

	assert_non_null(file);
	len = fread(lines, 1, sizeof(lines) - 1, file);
	lines[len] = '\0';
	(void)fclose(file);
	return strstr(lines, text) != NULL;
}

/* What tells nothing of any file that is there goes; what content is known by stays. */
static void
test_tidied(void **state)
{
	struct test *test = *state;
	char *name = xasprintf("%s/here", test->in);
	struct stat st;
	FILE *file = fopen(test->registry, "w");
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	close(fd);
	assert_non_null(file);
	fprintf(file,
	    "%s\n%032d 1:1 9 1 delivered 5 gone\n"
	    "%032d 1:2 9 1 delivered 5 here\n%032d 1:%" PRIu64
	    " 9 1 delivered 5 renamed\n2 %032d 1:4 9 0 1 9:%064d delivered 0 - "
	    "5 known\n",
	    REGISTRY_TITLE, 1, 2, 3, (uint64_t)st.st_ino, 4, 1);
	assert_int_equal(fclose(file), 0);
	test->options.registry = test->registry;
	assert_opens(test);
	assert_int_equal(
	    registry_count(registry_file_registry(test->watching.registry)), 3);
	assert_false(is_kept(test, " gone\n"));
	assert_true(is_kept(test, " here\n"));
	assert_true(is_kept(test, " renamed\n"));
	assert_true(is_kept(test, " known\n"));
	watching_release(&test->watching);
	assert_int_equal(unlink(name), 0);
	assert_opens(test);
	assert_int_equal(
	    registry_count(registry_file_registry(test->watching.registry)), 1);
	free(name);
}

static void
test_no_folder(void **state)
{
	struct test *test = *state;

	test->options.watch = "/nonexistent";
	assert_fails(test, OUTCOME_INPUT, "/nonexistent");
	watching_release(&test->watching);
	test->options.watch = "/etc/hosts";
	assert_fails(test, OUTCOME_INPUT, "--file reads a file");
}

static void
test_delete(void **state)
{
	struct test *test = *state;

	test->options.after = "delete";
	assert_opens(test);
	assert_int_equal(test->watching.after.kind, AFTER_DELETE);
	assert_true(test->watching.folder.changes);
	assert_int_equal(test->watching.folder.target, -1);
}

static void
test_move(void **state)
{
	struct test *test = *state;
	char *after = xasprintf("move:%s", test->done);

	test->options.after = after;
	assert_opens(test);
	assert_int_equal(test->watching.after.kind, AFTER_MOVE);
	assert_string_equal(test->watching.after.target, test->done);
	assert_true(test->watching.folder.target >= 0);
	free(after);
}

static void
test_move_to_nowhere(void **state)
{
	struct test *test = *state;
	char *after = xasprintf("move:%s", test->in);

	test->options.after = "move:/nonexistent/deeper";
	assert_fails(test, OUTCOME_USAGE, "No such file");
	watching_release(&test->watching);
	test->options.after = after;
	assert_fails(test, OUTCOME_USAGE, "the watched directory itself");
	watching_release(&test->watching);
	/* That is another file system. */
	test->options.after = "move:/proc";
	assert_fails(test, OUTCOME_USAGE, "another file system");
	free(after);
}

/* Root may always, so it is somebody else meanwhile. */
static void
test_no_right(void **state)
{
	struct test *test = *state;
	const uid_t user = geteuid();

	assert_int_equal(chmod(test->in, 0555), 0);
	if (user == 0) {
		assert_int_equal(chmod(test->top, 0777), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	test->options.after = "delete";
	test->options.registry = test->registry;
	assert_fails(test, OUTCOME_USAGE, "Permission denied");
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(chmod(test->in, 0700), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void
test_no_folder_is_watched(void **state)
{
	struct test *test = *state;

	test->options.watch = NULL;
	test->options.after = "delete";
	test->options.registry = test->registry;
	memset(&test->watching, 0xff, sizeof(test->watching));
	assert_int_equal(watching_open(&test->watching, &test->options,
			     &test->log, NULL),
	    0);
	assert_null(test->watching.watcher);
	assert_null(test->watching.registry);
	assert_int_equal(access(test->registry, F_OK), -1);
}

/* Once all of it is open. */
static void
test_the_folder_is_named(void **state)
{
	struct test *test = *state;
	struct messages messages;
	char *wanted = xasprintf("test: watching %s\n", test->in);
	int rv;

	test->log.level = LOG_LEVEL_NORMAL;
	messages_start(&messages);
	rv = watching_open(&test->watching, &test->options, &test->log, NULL);
	(void)messages_end(&messages);
	assert_int_equal(rv, 0);
	assert_string_equal(messages.text, wanted);
	watching_release(&test->watching);
	test->options.after = "move:/tmp/test_watching/none/deeper";
	messages_start(&messages);
	rv = watching_open(&test->watching, &test->options, &test->log, NULL);
	(void)messages_end(&messages);
	assert_int_equal(rv, -1);
	assert_string_equal(messages.text, "");
	free(wanted);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_default),
		TEST(test_registry_of_each_place),
		TEST(test_named_registry),
		TEST(test_registry_in_use),
		TEST(test_registry_is_a_descriptor),
		TEST(test_no_place_for_a_registry),
		TEST(test_tidied),
		TEST(test_no_folder),
		TEST(test_delete),
		TEST(test_move),
		TEST(test_move_to_nowhere),
		TEST(test_no_right),
		TEST(test_no_folder_is_watched),
		TEST(test_the_folder_is_named),
	};

	return cmocka_run_group_tests_name("watching", tests, NULL, NULL);
}

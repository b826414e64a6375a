/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of process/beneath.c: links within the folder and out of it, and links that come while it is looked. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "process/beneath.h"

struct place {
	char dir[64];
	char *inside;
	struct beneath folder;
};

static void
make_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int
setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));
	char *link;

	alarm(120);
	*state = place;
	strcpy(place->dir, "/tmp/test_beneath.XXXXXX");
	if (mkdtemp(place->dir) == NULL || chdir(place->dir) != 0 ||
	    mkdir("in", 0700) != 0 || mkdir("in/deep", 0700) != 0 ||
	    mkdir("in/deep/er", 0700) != 0 || mkdir("inside", 0700) != 0)
		return -1;
	make_file("secret", "secret");
	make_file("inside/secret", "secret");
	make_file("in/plain", "plain");
	make_file("in/deep/er/plain", "plain");
	place->inside = xasprintf("%s/in", place->dir);
	link = xasprintf("%s/deep/er/plain", place->inside);
	if (symlink("plain", "in/link") != 0 ||
	    symlink("../in/deep/../plain", "in/through") != 0 ||
	    symlink(link, "in/absolute") != 0 ||
	    symlink("absolute", "in/chain") != 0 ||
	    symlink("er", "in/deep/folder") != 0 ||
	    symlink("../secret", "in/out") != 0 ||
	    symlink("/etc/passwd", "in/far") != 0 ||
	    symlink("../inside/secret", "in/beside") != 0 ||
	    symlink("/proc/self/fd/0", "in/magic") != 0 ||
	    symlink("..", "in/up") != 0 || symlink("out", "in/chain-out") != 0 ||
	    symlink("nowhere", "in/dangling") != 0 ||
	    symlink("self", "in/self") != 0 ||
	    mkfifo("in/fifo", 0600) != 0)
		return -1;
	free(link);
	place->folder.path = place->inside;
	place->folder.fd = open("in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->folder.fd < 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;
	char *command = xasprintf("rm -rf '%s'", place->dir);

	close(place->folder.fd);
	(void)!chdir("/");
	(void)!system(command);
	free(command);
	free(place->inside);
	free(place);
	return 0;
}

/* 0 if it is opened and holds this, else an errno. */
static int
holds(const struct place *place, const char *name, const char *text)
{
	int fd = beneath_open(&place->folder, name, O_RDONLY);
	char bytes[16] = "";

	if (fd < 0)
		return errno;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(read(fd, bytes, sizeof(bytes) - 1) >= 0);
	assert_string_equal(bytes, text);
	close(fd);
	return 0;
}

static void
test_what_is_inside(void **state)
{
	static const char *const names[] = { "plain", "link", "through",
		"absolute", "chain", "deep/er/plain", "deep/folder/plain",
		"./plain", "deep//er///plain" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(holds(*state, names[i], "plain"), 0);
}

static void
test_what_leads_out(void **state)
{
	static const char *const names[] = { "out", "far", "beside", "chain-out",
		"up/secret", "up/in/deep/../../secret", "../secret", "..",
		"deep/../../secret" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(holds(*state, names[i], ""), EXDEV);
	assert_int_not_equal(holds(*state, "magic", ""), 0);
	/* Beside the folder, with a name that begins alike. */
	assert_int_equal(holds(*state, "../inside/secret", ""), EXDEV);
}

static void
test_what_is_no_file(void **state)
{
	const struct place *place = *state;
	int fd = beneath_open(&place->folder, ".", O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	close(fd);
	fd = beneath_open(&place->folder, "deep/folder", O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(
	    beneath_open(&place->folder, "plain", O_RDONLY | O_DIRECTORY), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(holds(place, "fifo", ""), EINVAL);
	assert_int_equal(holds(place, "missing", ""), ENOENT);
	assert_int_equal(holds(place, "dangling", ""), ENOENT);
	assert_int_equal(holds(place, "self", ""), ELOOP);
	assert_int_equal(holds(place, "plain/x", ""), ENOTDIR);
	assert_int_equal(holds(place, "", ""), ENOENT);
}

static void
test_leaves(void **state)
{
	const struct place *place = *state;
	static const struct {
		const char *name;
		bool leaves;
	} rows[] = { { "out", true }, { "far", true }, { "beside", true },
		{ "up", true }, { "chain-out", true }, { "link", false },
		{ "absolute", false }, { "chain", false }, { "dangling", false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *path = xasprintf("%s/%s", place->inside, rows[i].name);

		assert_int_equal(beneath_leaves(&place->folder, path),
		    rows[i].leaves);
		free(path);
	}
}

static void
test_names(void **state)
{
	const struct beneath folder = { -1, "/a/b" }, all = { -1, "/" };

	(void)state;
	assert_string_equal(beneath_name(&folder, "/a/b/c/d"), "c/d");
	assert_string_equal(beneath_name(&folder, "/a/b"), ".");
	assert_null(beneath_name(&folder, "/a/bc"));
	assert_null(beneath_name(&folder, "/a"));
	assert_string_equal(beneath_name(&all, "/a/b"), "a/b");
	assert_string_equal(beneath_name(&all, "/"), ".");
}

/* Somebody who puts links in the place of a file, and of a folder, as fast as can be. */

static void
swap(const char *one, const char *other)
{
	(void)renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

/*
 * A process, not a thread: tools that run one thread at a time, as valgrind does, might never let it run between two
 * openings.
 */
static pid_t
start_swapper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		swap("in/swapped", "in/swapped-link");
		swap("in/folder", "in/folder-link");
	}
}

static void
test_links_that_come_and_go(void **state)
{
	const struct place *place = *state;
	pid_t swapper;
	size_t opened = 0, refused = 0;

	make_file("in/swapped", "plain");
	assert_int_equal(symlink("../secret", "in/swapped-link"), 0);
	assert_int_equal(mkdir("in/folder", 0700), 0);
	make_file("in/folder/secret", "plain");
	assert_int_equal(symlink("../inside", "in/folder-link"), 0);
	swapper = start_swapper();
	for (int i = 0; i < 20000 || opened == 0 || refused == 0; i++) {
		int reason = holds(
		    place, i % 2 == 0 ? "swapped" : "folder/secret", "plain");

		assert_true(reason == 0 || reason == EXDEV || reason == ELOOP);
		opened += reason == 0;
		refused += reason == EXDEV;
	}
	assert_int_equal(kill(swapper, SIGKILL), 0);
	assert_int_equal(waitpid(swapper, NULL, 0), swapper);
}

/*
 * Holds a write lease on in/plain until the kernel asks for it, and then puts a FIFO into its place before it gives it
 * up.
 */
static void
hold_lease(int ready)
{
	sigset_t asked;
	int fd = open("in/plain", O_RDWR | O_CLOEXEC), number;

	sigemptyset(&asked);
	sigaddset(&asked, SIGIO);
	sigprocmask(SIG_BLOCK, &asked, NULL);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0 ||
	    write(ready, "r", 1) != 1 || sigwait(&asked, &number) != 0 ||
	    rename("in/fifo", "in/plain") != 0)
		_exit(1);
	/* Whoever waits for it waits a moment. */
	usleep(50000);
	_exit(fcntl(fd, F_SETLEASE, F_UNLCK) != 0);
}

static void
test_a_leased_file_is_waited_for(void **state)
{
	struct place *place = *state;
	int ends[2], fd, status = -1;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		hold_lease(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	/* It may see the file or what came into its place, and never waits for the writer of a FIFO. */
	fd = beneath_open(&place->folder, "plain", O_RDONLY);
	if (fd >= 0)
		close(fd);
	else
		assert_int_equal(errno, EINVAL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* No file any more: not opened, and not waited for. */
	assert_int_equal(
	    beneath_open_leased(place->folder.fd, "plain",
		O_RDONLY),
	    -1);
	assert_int_equal(errno, EINVAL);
	fd = beneath_open_leased(place->folder.fd, "deep/er/plain", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_inside),
		TEST(test_what_leads_out),
		TEST(test_what_is_no_file),
		TEST(test_leaves),
		TEST(test_names),
		TEST(test_links_that_come_and_go),
		TEST(test_a_leased_file_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

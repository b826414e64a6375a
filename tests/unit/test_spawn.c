/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of process/spawn.c and process/pipes.c: what a program finds when it starts, and why it could not. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/argv.h"
#include "base/xalloc.h"
#include "process/pipes.h"
#include "process/spawn.h"

/* What a program left behind. */
struct result {
	char out[8192];
	int status;
	struct error error;
	bool started;
};

/* What the next program is to load. */
static const char *preload;

static void
read_all(int fd, char *text, size_t size)
{
	struct stat st;
	size_t len = 0;
	ssize_t got;

	assert_int_equal(fstat(fd, &st), 0);
	fcntl(fd, F_SETFL, 0);
	while (len < size - 1 && (got = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
}

/* Runs words to their end. */
static void
run(struct result *result, int extra_fd, const char *const words[])
{
	struct argv argv = { 0 };
	struct pipes pipes;
	struct spawn spawn = { &argv, "/var/empty", preload, NULL, &pipes };
	pid_t pid;

	memset(result, 0, sizeof(*result));
	for (size_t i = 0; words[i] != NULL; i++)
		argv_push(&argv, words[i]);
	assert_int_equal(pipes_open(&pipes, false, extra_fd), 0);
	pid = spawn_start(&spawn, &result->error);
	pipes_close_its(&pipes);
	read_all(pipes.out, result->out, sizeof(result->out));
	result->started = pid > 0;
	if (result->started)
		assert_int_equal(waitpid(pid, &result->status, 0), pid);
	pipes_close_ours(&pipes);
	argv_release(&argv);
}

static void
run_shell(struct result *result, int extra_fd, const char *script)
{
	const char *const words[] = { "sh", "-c", script, NULL };

	run(result, extra_fd, words);
	assert_true(result->started);
}

/* What starting path says, which must not start. */
static const char *
refused(struct result *result, const char *path, enum outcome outcome)
{
	const char *const words[] = { path, "argument", NULL };

	run(result, -1, words);
	assert_false(result->started);
	assert_int_equal(result->error.outcome, outcome);
	/* Nothing is left behind, not even a zombie. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return result->error.text;
}

static void
make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void
test_why_it_cannot_be_executed(void **state)
{
	char dir[] = "/tmp/test_spawn.XXXXXX";
	struct result r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	make_file("plain", "#!/bin/sh\n", 0600);
	make_file("rubbish", "rubbish", 0700);
	mkdir("folder", 0700);
#define REFUSED(path) refused(&r, path, OUTCOME_USAGE)
	assert_string_equal(REFUSED("no-such-tshark"),
	    "no-such-tshark: not found in PATH");
	assert_string_equal(REFUSED(""),
	    "(a program without a name): not found in PATH");
	assert_string_equal(REFUSED("/no/such"),
	    "/no/such: No such file or directory");
	assert_string_equal(REFUSED("./plain"), "./plain: Permission denied");
	assert_string_equal(REFUSED("./rubbish"),
	    "./rubbish: not a program (exec format error)");
	assert_string_equal(REFUSED("./folder"), "./folder: is a directory");
	assert_string_equal(REFUSED("./plain/x"),
	    "./plain/x: No such file or directory");
	setenv("PATH", dir, 1);
	assert_non_null(strstr(REFUSED("plain"), "/plain: Permission denied"));
	assert_non_null(strstr(REFUSED("folder"), "/folder: is a directory"));
	setenv("PATH", "/usr/bin:/bin", 1);
	assert_int_equal(unlink("plain") + unlink("rubbish") +
		rmdir("folder") + rmdir(dir),
	    0);
	assert_int_equal(chdir("/"), 0);
}

/* valgrind(1) looks at the file before exec, finds it good, and cannot go back when exec fails. */
static void
test_missing_interpreter(void **state)
{
	const char *loaded = getenv("LD_PRELOAD");
	char path[] = "/tmp/test_spawn.XXXXXX";
	int fd;
	struct result r;

	(void)state;
	if (loaded != NULL && strstr(loaded, "/vgpreload") != NULL)
		skip();
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	make_file(path, "#!/no/such/interpreter\n", 0700);
	assert_non_null(strstr(REFUSED(path),
	    ": the interpreter that it names does not exist"));
	unlink(path);
}

static void
test_path_is_searched_in_order(void **state)
{
	const char *const words[] = { "tool", NULL };
	char dir[] = "/tmp/test_spawn.XXXXXX";
	struct result r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	mkdir("a", 0700);
	mkdir("b", 0700);
	mkdir("c", 0700);
	make_file("a/tool", "no", 0600);
	make_file("b/tool", "#!/bin/sh\necho b\n", 0700);
	make_file("c/tool", "#!/bin/sh\necho c\n", 0700);
	make_file("tool", "#!/bin/sh\necho here\n", 0700);
	/* Relative folders and the empty one count from where we are. */
	setenv("PATH", "/no/such:a:b:c", 1);
	run(&r, -1, words);
	assert_string_equal(r.out, "b\n");
	setenv("PATH", "a::c", 1);
	run(&r, -1, words);
	assert_string_equal(r.out, "here\n");
	setenv("PATH", "/usr/bin:/bin", 1);
	assert_int_equal(unlink("a/tool") + unlink("b/tool") +
		unlink("c/tool") + unlink("tool") + rmdir("a") + rmdir("b") +
		rmdir("c") + rmdir(dir),
	    0);
	assert_int_equal(chdir("/"), 0);
}

static void
test_environment_and_folder(void **state)
{
	const char *const env[] = { "env", NULL };
	struct result r;

	(void)state;
	setenv("LD_ESPCAP_TEST", "x", 1);
	run(&r, -1, env);
	assert_string_equal(r.out,
	    "HOME=/var/empty\nPATH=/usr/local/sbin:"
	    "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
	    "LC_ALL=C.UTF-8\n");
	unsetenv("LD_ESPCAP_TEST");
	preload = "/no/such.so";
	run(&r, -1, env);
	assert_non_null(strstr(r.out,
	    "\nLC_ALL=C.UTF-8\n"
	    "LD_PRELOAD=/no/such.so\n"));
	preload = NULL;
	run_shell(&r, -1,
	    "readlink /proc/self/cwd; ulimit -c; "
	    "read a b c d group rest </proc/$$/stat; "
	    "[ $group = $$ ] && echo leader");
	assert_string_equal(r.out, "/\n0\nleader\n");
}

/*
 * The mask that is ignored in `out`, without signals 32 and 33: these are
 * glibc's own, which it lets nobody set, and make starts us with them ignored.
 */
static unsigned long long
ignored(const char *out)
{
	const char *line = strstr(out, "SigIgn:");

	assert_non_null(line);
	return strtoull(line + 7, NULL, 16) & ~0x180000000ull;
}

static void
test_signals_are_as_new(void **state)
{
	const char *const words[] = { "grep", "-E", "^Sig(Blk|Ign):",
		"/proc/self/status", NULL };
	struct sigaction old;
	sigset_t blocked, before;
	struct result r;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGRTMIN + 3, SIG_IGN);
	sigaction(SIGQUIT, &(struct sigaction){ .sa_handler = SIG_IGN }, &old);
	sigfillset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, &before);
	run(&r, -1, words);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGQUIT, &old, NULL);
	signal(SIGRTMIN + 3, SIG_DFL);
	assert_non_null(strstr(r.out, "SigBlk:\t0000000000000000\n"));
	assert_int_equal(ignored(r.out), 0);
}

static const char list_fds[] =
    "cd /proc/$$/fd; for i in *; do "
    "[ $i -lt 10 ] || [ ! -e $i ] || echo leak $i; done; "
    "for i in 0 1 2 3 4 5 6 7 8 9; do [ ! -e $i ] || echo $i; done";

/* Descriptors above 9 may be the shell's own while it lists; ours would still be open. */
static void
check_no_leak(void)
{
	struct result r;
	int fds[4];

	fds[0] = open("/dev/null", O_RDONLY);
	for (size_t i = 1; i < 4; i++)
		fds[i] = dup2(fds[0], (int)(i * 57));
	run_shell(&r, -1, list_fds);
	assert_string_equal(r.out, "0\n1\n2\n");
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
}

static void
test_no_descriptor_is_inherited(void **state)
{
	(void)state;
	check_no_leak();
}

/* Runs call in a process of its own, as it changes what cannot be changed back. */
static void
apart(void (*call)(int number), int number)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(30);
		call(number);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* In a process of its own a failed assertion must become its exit status. */
#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

/* An old kernel, or a sandbox that knows no close_range(2). */
static void
refuse_close_range(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	errno = 0;
	CHECK(syscall(SYS_close_range, 500, 501, 0) == -1 && errno == EPERM);
}

static void
without_close_range(int number)
{
	struct result r;

	(void)number;
	refuse_close_range();
	CHECK(dup2(1, 57) == 57 && dup2(1, 171) == 171);
	run_shell(&r, -1, list_fds);
	CHECK(strcmp(r.out, "0\n1\n2\n") == 0);
}

static void
test_no_descriptor_without_close_range(void **state)
{
	(void)state;
	apart(without_close_range, 0);
}

static void
extra_at(int fd)
{
	struct result r;
	int file = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);

	CHECK(file >= 0);
	if (file != fd) {
		CHECK(dup3(file, fd, O_CLOEXEC) == fd);
		close(file);
	}
	run_shell(&r, fd, "head -n 1 <&3");
	CHECK(strcmp(r.out, "test_comm\n") == 0);
	/* Still the caller's, and still closed by exec. */
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

static void
test_extra_descriptor_becomes_3(void **state)
{
	static const int numbers[] = { 0, 1, 2, 3, 4, 10, 200 };
	char name[16];

	(void)state;
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, "test_comm");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		apart(extra_at, numbers[i]);
	prctl(PR_SET_NAME, name);
}

/* Each of those that get the same file reads it from the start, and cannot write to it. */
static void
test_extra_file_is_read_only(void **state)
{
	struct result r;
	int fd = memfd_create("extra", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "first\nsecond\n", 13), 13);
	for (int i = 0; i < 2; i++) {
		run_shell(&r, fd,
		    "cat <&3; (echo x >&3) 2>/dev/null || "
		    "echo refused");
		assert_string_equal(r.out, "first\nsecond\nrefused\n");
	}
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 13);
	close(fd);
}

static void
bad_extra(int number)
{
	struct pipes pipes;

	(void)number;
	CHECK(pipes_open(&pipes, true, 999) == -1 && errno == EBADF);
	CHECK(pipes.in == -1 && pipes.out == -1 && pipes.err == -1);
	CHECK(pipes.its_in == -1 && pipes.its_out == -1);
}

static void
without_standard_descriptors(int number)
{
	struct result r;
	struct pipes pipes;

	(void)number;
	for (int fd = 0; fd < 10; fd++)
		close(fd);
	run_shell(&r, -1, list_fds);
	CHECK(strcmp(r.out, "0\n1\n2\n") == 0);
	CHECK(pipes_open(&pipes, true, -1) == 0);
	/* What we say on 2 must not reach a child. */
	CHECK(pipes.in > 2 && pipes.out > 2 && pipes.err > 2);
	CHECK(fcntl(0, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1);
}

static void
test_odd_descriptors_of_our_own(void **state)
{
	(void)state;
	apart(bad_extra, 0);
	apart(without_standard_descriptors, 0);
}

/* Starts something long-lived, tells its pid and dies. */
static void
die_before_child(int report)
{
	struct argv argv = { 0 };
	struct pipes pipes;
	struct spawn spawn = { &argv, "/", NULL, NULL, &pipes };
	pid_t pid;

	argv_push(&argv, "sleep");
	argv_push(&argv, "60");
	CHECK(pipes_open(&pipes, true, -1) == 0);
	pid = spawn_start(&spawn, NULL);
	CHECK(pid > 0);
	CHECK(write(report, &pid, sizeof(pid)) == sizeof(pid));
	raise(SIGKILL);
}

/* A zombie without a parent counts: who collects it is not our business. */
static bool
is_running(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", (int)pid), line[256] = "";
	FILE *file = fopen(path, "re");
	const char *state;

	free(path);
	if (file == NULL)
		return false;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	state = strrchr(line, ')');
	return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

static void
test_child_dies_with_us(void **state)
{
	int ends[2];
	pid_t pid, grandchild = -1;
	bool running = true;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		die_before_child(ends[1]);
	assert_int_equal(read(ends[0], &grandchild, sizeof(grandchild)),
	    sizeof(grandchild));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 200 && (running = is_running(grandchild)); i++)
		usleep(10000);
	assert_false(running);
	close(ends[0]);
	close(ends[1]);
}

static int
setup_path(void **state)
{
	(void)state;
	alarm(120);
	return setenv("PATH", "/usr/bin:/bin", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_why_it_cannot_be_executed),
		cmocka_unit_test(test_missing_interpreter),
		cmocka_unit_test(test_path_is_searched_in_order),
		cmocka_unit_test(test_environment_and_folder),
		cmocka_unit_test(test_signals_are_as_new),
		cmocka_unit_test(test_no_descriptor_is_inherited),
		cmocka_unit_test(test_no_descriptor_without_close_range),
		cmocka_unit_test(test_extra_descriptor_becomes_3),
		cmocka_unit_test(test_extra_file_is_read_only),
		cmocka_unit_test(test_odd_descriptors_of_our_own),
		cmocka_unit_test(test_child_dies_with_us),
	};

	return cmocka_run_group_tests(tests, setup_path, NULL);
}

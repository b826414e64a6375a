/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sandbox/sandbox.c with all it is made of, and of process/home.c: what a program finds inside. */
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/argv.h"
#include "base/xalloc.h"
#include "in_valgrind.h"
#include "process/home.h"
#include "process/namespace_maker.h"
#include "process/pipes.h"
#include "process/spawn.h"
#include "sandbox/landlock.h"
#include "sandbox/privilege.h"
#include "sandbox/sandbox.h"

/* In a process of its own a failed assertion must become its exit status. */
#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

static void
skip_in_valgrind(void)
{
	if (in_valgrind())
		skip();
}

/* Runs call in a process of its own: as root it gives root up. */
static void
apart(void (*call)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(60);
		call();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static struct sandbox *
make_sandbox(const char *program, const char *reads, uint64_t memory)
{
	const char *const list[] = { reads, NULL };
	const struct sandbox_spec spec = { program, list, memory };
	struct sandbox *sandbox = sandbox_new(namespace_maker_for_tshark(NULL));
	const char *user;

	CHECK(privilege_drop(&user, NULL) == 0);
	CHECK(sandbox_finish(sandbox, &spec, NULL) == 0);
	return sandbox;
}

static void
say(void *ctx, const char *line)
{
	char *text = ctx;

	CHECK(strlen(text) + strlen(line) < 2000);
	strcat(strcat(text, line), "\n");
}

/* Whether the sandbox whose line begins so is said to hold. */
static bool
holds(const struct sandbox *sandbox, const char *beginning)
{
	char text[2048] = "\n", *line, *end;
	char *wanted = xasprintf("\n%s", beginning);
	bool result;

	sandbox_describe(sandbox, say, text);
	line = strstr(text, wanted);
	CHECK(line != NULL);
	end = strchr(line + 1, '\n');
	*end = '\0';
	result = strcmp(end - 8, ": active") == 0;
	CHECK(result || strstr(line, ": unavailable (") != NULL);
	free(wanted);
	return result;
}

/* What `sh -c script` prints inside, and its wait status. */
static int
run(const struct sandbox *sandbox, const char *script, char *out, size_t size)
{
	struct argv argv = { 0 };
	struct pipes pipes;
	struct spawn spawn = { &argv, "/", NULL, sandbox, &pipes };
	struct error error = { .text = "" };
	size_t len = 0;
	ssize_t got;
	int status;
	pid_t pid;

	argv_push(&argv, "/bin/sh");
	argv_push(&argv, "-c");
	argv_push(&argv, script);
	CHECK(pipes_open(&pipes, false, -1) == 0);
	pid = spawn_start(&spawn, &error);
	CHECK(pid > 0);
	pipes_close_its(&pipes);
	fcntl(pipes.out, F_SETFL, 0);
	while (len < size - 1 &&
	    (got = read(pipes.out, out + len, size - 1 - len)) > 0)
		len += (size_t)got;
	out[len] = '\0';
	CHECK(waitpid(pid, &status, 0) == pid);
	pipes_close_ours(&pipes);
	argv_release(&argv);
	return status;
}

static bool
says(const struct sandbox *sandbox, const char *script, const char *wanted)
{
	char out[8192];

	(void)run(sandbox, script, out, sizeof(out));
	return strcmp(out, wanted) == 0;
}

static void
no_privileges(void)
{
	struct sandbox *sandbox = make_sandbox("/bin/sh", "/", 0);

	CHECK(holds(sandbox, "no privileges"));
	CHECK(says(sandbox,
	    "exec grep -E '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs):' "
	    "/proc/self/status",
	    "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
	    "CapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n"
	    "NoNewPrivs:\t1\n"));
	if (holds(sandbox, "no network"))
		CHECK(says(sandbox, "exec grep ^CapBnd: /proc/self/status",
		    "CapBnd:\t0000000000000000\n"));
	/* The same user inside as outside. */
	CHECK(!says(sandbox, "exec id -u", "0\n"));
	CHECK(!says(sandbox, "exec cat /etc/shadow", "") ||
	    access("/etc/shadow", R_OK) != 0);
	sandbox_free(sandbox);
}

static void
test_no_privileges(void **state)
{
	(void)state;
	skip_in_valgrind();
	apart(no_privileges);
}

static void
limits(void)
{
	struct sandbox *sandbox = make_sandbox("/bin/sh", "/", (uint64_t)1 << 30);

	CHECK(sandbox_memory(sandbox) == (uint64_t)1 << 30);
	CHECK(says(sandbox, "ulimit -v; ulimit -f; ulimit -n; ulimit -c",
	    "1048576\n0\n256\n0\n"));
	CHECK(says(sandbox,
	    "exec grep -cE '^Max pending signals +64 +64 ' "
	    "/proc/self/limits",
	    "1\n"));
	if (holds(sandbox, "limit of processes"))
		CHECK(says(sandbox,
		    "exec grep -cE '^Max processes +1024 +1024 ' "
		    "/proc/self/limits",
		    "1\n"));
	sandbox_free(sandbox);
	sandbox = make_sandbox("/bin/sh", "/", 0);
	CHECK(sandbox_memory(sandbox) >= (uint64_t)2 << 30);
	sandbox_free(sandbox);
}

static void
test_limits(void **state)
{
	(void)state;
	skip_in_valgrind();
	apart(limits);
}

static void
network(void)
{
	struct sandbox *sandbox = make_sandbox("/bin/sh", "/", 0);

	if (holds(sandbox, "no network"))
		/* Two lines of titles. */
		CHECK(says(sandbox, "exec grep -vc '^ *lo:' /proc/net/dev",
		    "2\n"));
	if (holds(sandbox, "only the system calls that tshark needs")) {
		CHECK(says(sandbox, "exec grep ^Seccomp: /proc/self/status",
		    "Seccomp:\t2\n"));
		/* It may become another program, and start none. */
		CHECK(says(sandbox, "(echo forked); echo not reached", ""));
		CHECK(says(sandbox,
		    "kill -0 $$ && echo itself; "
		    "kill -0 $PPID || echo nobody",
		    "itself\nnobody\n"));
	}
	sandbox_free(sandbox);
}

static void
test_network_and_seccomp(void **state)
{
	(void)state;
	skip_in_valgrind();
	apart(network);
}

static void
processes(void)
{
	struct sandbox *sandbox = make_sandbox("/bin/sh", "/", 0);

	/* Number 1 is init, and who starts it has none. */
	if (holds(sandbox, "no other processes")) {
		CHECK(says(sandbox, "echo $$ $PPID", "2 0\n"));
		CHECK(says(sandbox, "echo $$ $PPID", "3 0\n"));
	}
	sandbox_free(sandbox);
	/* Neither init nor those in between are left. */
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
}

static void
test_processes(void **state)
{
	(void)state;
	skip_in_valgrind();
	apart(processes);
}

/* As if the kernel had no namespaces. */
static void
no_namespaces(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };
	static const char warning[] =
	    "\nprocesses that tshark starts may outlive espcap\n";
	struct sandbox *sandbox = make_sandbox("/bin/sh", "/", 0);
	char text[2048] = "\n";

	sandbox_describe(sandbox, say, text);
	CHECK((strstr(text, warning) == NULL) ==
	    (strstr(text, "outlives espcap): active\n") != NULL));
	sandbox_free(sandbox);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	/* The filter of system calls does not prevent it. */
	sandbox = make_sandbox("/bin/sh", "/", 0);
	strcpy(text, "\n");
	sandbox_describe(sandbox, say, text);
	CHECK(strstr(text, warning) != NULL);
	CHECK(strstr(text,
		  "outlives espcap): unavailable (Function not "
		  "implemented)\n") != NULL);
	sandbox_free(sandbox);
}

static void
test_what_may_outlive_is_said(void **state)
{
	(void)state;
	skip_in_valgrind();
	apart(no_namespaces);
}

static char folder[] = "/tmp/test_sandbox.XXXXXX";

static void
files(void)
{
	char *inner = xasprintf("%s/inner", folder);
	/* It starts no programs. */
	char *script = xasprintf(
	    "read a <%s/secret && echo $a; "
	    "read a <%s/allowed && echo $a; echo >%s/new || echo closed; "
	    "for a in %s/*; do test -e $a || echo hidden; done",
	    folder, inner,
	    inner, folder);
	struct sandbox *sandbox = make_sandbox("/bin/sh", inner, 0);

	if (holds(sandbox, "files only read"))
		CHECK(says(sandbox, script, "allowed\nclosed\nhidden\n"));
	sandbox_free(sandbox);
	free(script);
	free(inner);
}

/* Freed by the caller. */
static char *
in_folder(const char *rest)
{
	return xasprintf("%s%s", folder, rest);
}

static void
put(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
	free(path);
}

/* All of it is open to everybody but for the sandbox. */
static void
test_files(void **state)
{
	char *inner;

	(void)state;
	skip_in_valgrind();
	assert_non_null(mkdtemp(folder));
	inner = xasprintf("%s/inner", folder);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(mkdir(inner, 0777), 0);
	assert_int_equal(chmod(inner, 0777), 0);
	put("secret", "secret\n");
	put("inner/allowed", "allowed\n");
	apart(files);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(unlink("secret") + unlink("inner/allowed") +
		rmdir("inner") + rmdir(folder),
	    0);
	assert_int_equal(chdir("/"), 0);
	free(inner);
}

/* A program that is not a tshark of the system's can read what is beside it, but not all of /tmp. */
static void
own_folder(void)
{
	char *program = xasprintf("%s/program", folder);
	char *script = xasprintf(
	    "read a <%s/beside && echo $a; "
	    "for a in /tmp/*; do test -e \"$a\" || echo hidden; break; done",
	    folder);
	struct sandbox *sandbox = make_sandbox(program, "/no/such", 0);

	if (holds(sandbox, "files only read"))
		CHECK(says(sandbox, script, "beside\nhidden\n"));
	sandbox_free(sandbox);
	sandbox = make_sandbox("/tmp/program", "/no/such", 0);
	if (holds(sandbox, "files only read"))
		CHECK(says(sandbox, script, "hidden\n"));
	sandbox_free(sandbox);
	free(script);
	free(program);
}

static void
test_own_folder(void **state)
{
	(void)state;
	skip_in_valgrind();
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	put("program", "");
	put("beside", "beside\n");
	apart(own_folder);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(unlink("program") + unlink("beside") + rmdir(folder),
	    0);
	assert_int_equal(chdir("/"), 0);
}

/* However the path of a home or of /tmp is spelled. */
static void
home_folder(void)
{
	/* The last lies in it. */
	static const char *const homes[] = {
		"", "/", "/inner/..", "/link", "/inner"
	};
	static const char *const programs[] = {
		"/program", "/./program", "//program",
		"/inner/../program", "/link/program"
	};
	char *script = xasprintf(
	    "read a <%s/beside && echo $a || "
	    "echo hidden",
	    folder);
	struct sandbox *sandbox = make_sandbox("/tmp/./program", "/no/such", 0);

	if (!holds(sandbox, "files only read"))
		_exit(0);
	CHECK(says(sandbox, script, "hidden\n"));
	sandbox_free(sandbox);
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		for (size_t k = 0;
		     k < sizeof(programs) / sizeof(programs[0]); k++) {
			char *home = in_folder(homes[i]);
			char *program = in_folder(programs[k]);

			CHECK(setenv("HOME", home, 1) == 0);
			sandbox = make_sandbox(program, "/no/such", 0);
			CHECK(says(sandbox, script, "hidden\n"));
			sandbox_free(sandbox);
			free(program);
			free(home);
		}
	free(script);
}

static void
test_home_folder(void **state)
{
	(void)state;
	skip_in_valgrind();
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	put("program", "");
	put("beside", "beside\n");
	assert_int_equal(mkdir("inner", 0755), 0);
	assert_int_equal(symlink(".", "link"), 0);
	apart(home_folder);
	assert_int_equal(unlink("program") + unlink("beside") +
		unlink("link") + rmdir("inner") + rmdir(folder),
	    0);
	assert_int_equal(chdir("/"), 0);
}

/* A tshark in a bin gets the libraries beside it and the data of Wireshark, but not those of other programs. */
static void
bin_folder(void)
{
	char *program = in_folder("/bin/program");
	char *script = xasprintf(
	    "cd %s; for a in bin lib lib64 "
	    "share/wireshark share share/other secret; do "
	    "read b <$a/file && echo $a; done",
	    folder);
	struct sandbox *sandbox;

	CHECK(setenv("HOME", folder, 1) == 0);
	sandbox = make_sandbox(program, "/no/such", 0);
	if (holds(sandbox, "files only read"))
		CHECK(says(sandbox, script,
		    "bin\nlib\nlib64\nshare/wireshark\n"));
	sandbox_free(sandbox);
	free(script);
	free(program);
}

static void
test_bin_folder(void **state)
{
	static const char *const folders[] = {
		"bin", "lib", "lib64", "share", "share/wireshark",
		"share/other", "secret"
	};
	static const size_t count = sizeof(folders) / sizeof(folders[0]);

	(void)state;
	skip_in_valgrind();
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	put("file", "file\n");
	for (size_t i = 0; i < count; i++) {
		char *name = xasprintf("%s/file", folders[i]);

		assert_int_equal(mkdir(folders[i], 0755), 0);
		put(name, "file\n");
		free(name);
	}
	apart(bin_folder);
	for (size_t i = count; i-- > 0;) {
		char *name = xasprintf("%s/file", folders[i]);

		assert_int_equal(unlink(name) + rmdir(folders[i]), 0);
		free(name);
	}
	assert_int_equal(unlink("file") + rmdir(folder), 0);
	assert_int_equal(chdir("/"), 0);
}

/* What cannot be put up any more must not be left out. */
static void
broken(void)
{
	struct argv argv = { 0 };
	struct pipes pipes;
	struct sandbox *sandbox = make_sandbox("/bin/sh", "/", 0);
	struct spawn spawn = { &argv, "/", NULL, sandbox, &pipes };
	struct error error = { .text = "" };
	int first;

	argv_push(&argv, "/bin/sh");
	CHECK(pipes_open(&pipes, false, -1) == 0);
	if (!holds(sandbox, "files only read") && !holds(sandbox, "no network"))
		return;
	/* Its descriptors are the only others above those of the pipes. */
	first = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int fd = 5; fd < first + 20; fd++)
		if (fd != pipes.its_in && fd != pipes.its_out &&
		    fd != pipes.its_err)
			close(fd);
	CHECK(spawn_start(&spawn, &error) == -1);
	CHECK(error.outcome == OUTCOME_INTERNAL);
	CHECK(strstr(error.text, "sandbox: enter ") != NULL);
	CHECK(strstr(error.text, "--no-sandbox") != NULL);
}

static void
test_what_breaks_is_not_left_out(void **state)
{
	(void)state;
	skip_in_valgrind();
	apart(broken);
}

static void
test_root_is_refused(void **state)
{
	const char *const reads[] = { NULL };
	const struct sandbox_spec spec = { "/bin/sh", reads, 0 };
	struct sandbox *sandbox;
	struct error error;

	(void)state;
	skip_in_valgrind();
	if (geteuid() != 0)
		skip();
	sandbox = sandbox_new(namespace_maker_for_tshark(&error));
	assert_non_null(sandbox);
	assert_int_equal(sandbox_finish(sandbox, &spec, &error), -1);
	assert_string_equal(error.text, "sandbox: tshark would run as root");
	sandbox_free(sandbox);
}

/* HOME */

/* Who is killed as soon as a folder is there; 0 for nobody, a process group if negative. */
static pid_t victim;
/* Why no folder can be made, an errno; 0 if it can. */
static int refusal;

/* In place of that of libc. */
char *
mkdtemp(char *path)
{
	char *end = path + strlen(path) - 6;

	errno = refusal;
	if (refusal != 0)
		return NULL;
	for (unsigned i = (unsigned)getpid();; i++) {
		(void)snprintf(end, 7, "%06u", i % 1000000);
		if (mkdir(path, 0700) == 0)
			break;
		if (errno != EEXIST)
			return NULL;
	}
	if (victim != 0)
		(void)kill(victim, SIGKILL);
	return path;
}

static void
make_tree(const char *home)
{
	char *path = xasprintf("%s/.local", home);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	path = xasprintf("%s/.local/link", home);
	assert_int_equal(symlink("/etc", path), 0);
	free(path);
}

static void
test_home_goes_with_its_owner(void **state)
{
	struct home *home = home_new(false, NULL);
	char *path;
	struct stat st;

	(void)state;
	assert_non_null(home);
	path = xstrdup(home_path(home));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	make_tree(path);
	home_free(home);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
	free(path);
}

/* For a tshark of another user, who also has to come there. */
static void
home_for_others(void)
{
	char outer[] = "/tmp/test_sandbox.XXXXXX", *beginning;
	struct home *home;
	struct stat st;

	CHECK(mkdtemp(outer) != NULL && setenv("TMPDIR", outer, 1) == 0);
	beginning = xasprintf("%s/espcap-", outer);
	home = home_new(true, NULL);
	CHECK(home != NULL && stat(home_path(home), &st) == 0);
	CHECK((st.st_mode & 07777) == 0711);
	CHECK(strncmp(home_path(home), "/tmp/espcap-", 12) == 0);
	home_free(home);
	CHECK(chmod(outer, 0711) == 0);
	home = home_new(true, NULL);
	CHECK(strncmp(home_path(home), beginning, strlen(beginning)) == 0);
	home_free(home);
	home = home_new(false, NULL);
	CHECK(stat(home_path(home), &st) == 0 && (st.st_mode & 07777) == 0700);
	home_free(home);
	free(beginning);
	CHECK(rmdir(outer) == 0);
}

static void
test_home_for_others(void **state)
{
	(void)state;
	apart(home_for_others);
}

static void
test_home_goes_with_one_that_is_killed(void **state)
{
	char path[64] = "";
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct home *home = home_new(false, NULL);

		CHECK(home != NULL && setpgid(0, 0) == 0);
		make_tree(home_path(home));
		CHECK(write(ends[1], home_path(home),
			  strlen(home_path(home))) > 0);
		kill(0, SIGKILL);
	}
	assert_true(read(ends[0], path, sizeof(path) - 1) > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 500 && access(path, F_OK) == 0; i++)
		usleep(10000);
	assert_int_equal(access(path, F_OK), -1);
	close(ends[0]);
	close(ends[1]);
}

/* However early: as soon as the folder is there, be it alone or with all of its group. */
static void
test_home_goes_with_one_that_is_killed_early(void **state)
{
	char outer[] = "/tmp/test_sandbox.XXXXXX";
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(outer));
	for (int group = 0; group < 2; group++) {
		pid = fork();
		if (pid == 0) {
			CHECK(setpgid(0, 0) == 0);
			CHECK(setenv("TMPDIR", outer, 1) == 0);
			victim = group ? -getpid() : getpid();
			(void)home_new(false, NULL);
			pause();
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		for (int i = 0; i < 500 && rmdir(outer) != 0; i++)
			usleep(10000);
		/* It was empty. */
		assert_int_equal(mkdir(outer, 0700), 0);
	}
	assert_int_equal(rmdir(outer), 0);
}

static void
test_home_that_cannot_be_made_is_told(void **state)
{
	struct error error;

	(void)state;
	refusal = ENOSPC;
	assert_null(home_new(false, &error));
	refusal = 0;
	assert_int_equal(error.outcome, OUTCOME_INTERNAL);
	assert_string_equal(error.text,
	    "cannot make the private directory "
	    "/tmp/espcap-XXXXXX: No space left on device");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static int
setup_path(void **state)
{
	(void)state;
	alarm(300);
	unsetenv("TMPDIR");
	return setenv("PATH", "/usr/bin:/bin", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_privileges),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_network_and_seccomp),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_what_may_outlive_is_said),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_own_folder),
		cmocka_unit_test(test_home_folder),
		cmocka_unit_test(test_bin_folder),
		cmocka_unit_test(test_what_breaks_is_not_left_out),
		cmocka_unit_test(test_root_is_refused),
		cmocka_unit_test(test_home_goes_with_its_owner),
		cmocka_unit_test(test_home_goes_with_one_that_is_killed),
		cmocka_unit_test(test_home_goes_with_one_that_is_killed_early),
		cmocka_unit_test(test_home_for_others),
		cmocka_unit_test(test_home_that_cannot_be_made_is_told),
	};

	return cmocka_run_group_tests(tests, setup_path, NULL);
}

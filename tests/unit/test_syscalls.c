/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sandbox/syscalls.c: what answers what, number by number, in processes that are inside. */
#include "sandbox/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* In a process of its own a failed assertion must become its exit status. */
#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

/* What is allowed at all, some of it with certain arguments only. */
static const char *const may[] = {
	"read", "readv", "pread64", "write", "writev", "lseek", "close",
	"close_range", "dup", "dup2", "dup3", "pipe", "pipe2", "eventfd2",
	"fadvise64", "poll", "ppoll", "select", "pselect6", "open", "openat",
	"access", "faccessat", "faccessat2", "stat", "lstat", "fstat",
	"newfstatat", "statx", "statfs", "fstatfs", "readlink", "readlinkat",
	"getdents", "getdents64", "getcwd", "chdir", "fchdir", "umask", "brk",
	"mmap", "munmap", "mremap", "mprotect", "madvise", "mseal", "mlock",
	"munlock", "futex", "futex_waitv", "futex_wait", "futex_wake",
	"futex_requeue", "set_robust_list", "set_tid_address", "rseq",
	"gettid", "sched_yield", "getcpu", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigpending", "rt_sigtimedwait",
	"sigaltstack", "restart_syscall", "pause", "exit", "exit_group",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
	"gettimeofday", "time", "times", "alarm", "getitimer", "setitimer",
	"getpid", "getppid", "getpgrp", "getuid", "geteuid", "getgid",
	"getegid", "getresuid", "getresgid", "getgroups", "getrlimit",
	"setrlimit", "getrusage", "uname", "sysinfo", "getrandom", "execve",
	"wait4", "waitid", "clone", "kill", "tgkill", "prlimit64",
	"sched_getaffinity", "getpgid", "fcntl", "ioctl", "prctl", "arch_prctl"
};

static bool
is_allowed(const char *name)
{
	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
		if (strcmp(may[i], name) == 0)
			return true;
	return false;
}

/* valgrind's own system calls would meet the filter. */
static void
skip_in_valgrind(void)
{
	const char *loaded = getenv("LD_PRELOAD");

	if (loaded != NULL && strstr(loaded, "/vgpreload") != NULL)
		skip();
}

/* The wait status of call in a process that is inside. */
static int
inside(struct syscalls *syscalls, void (*call)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(60);
		CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		CHECK(syscalls_enter(syscalls) == 0);
		call();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static struct syscalls *
make(void)
{
	const char *why;
	struct syscalls *syscalls = syscalls_new(&why);

	if (syscalls == NULL && why != NULL)
		skip();
	assert_non_null(syscalls);
	return syscalls;
}

/* The errno of a call with these arguments; 0 for success. */
static int
answer(long number, long first, long second, long third)
{
	errno = 0;
	return syscall(number, first, second, third, 0, 0, 0) == -1 ? errno : 0;
}

/*
 * uretprobe(2) and uprobe of x86_64: kernels since 6.14 do not show them to a filter, and they do nothing but for a
 * probe.
 */
static bool
is_unfiltered(int number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	(void)number;
	return false;
#endif
}

static void
each_number(void)
{
	int refused = 0;

	for (int number = 0; number < 1100; number++) {
		char *name = seccomp_syscall_resolve_num_arch(
		    seccomp_arch_native(), number);
		int wanted = name == NULL || strcmp(name, "clone3") == 0 ?
		    ENOSYS :
		    EPERM;

		if (!is_unfiltered(number) &&
		    (name == NULL || !is_allowed(name)))
			CHECK(answer(number, -1, -1, -1) == wanted);
		refused += name != NULL && !is_allowed(name);
		free(name);
	}
	CHECK(refused > 150);
	CHECK(answer(0x3fffffff, 0, 0, 0) == ENOSYS);
	CHECK(answer(-1, 0, 0, 0) == ENOSYS);
#ifdef __x86_64__
	/* The second set of numbers, for x32: here it is getpid. */
	CHECK(answer(0x40000000 + 39, 0, 0, 0) == ENOSYS);
#endif
}

static void
test_each_number(void **state)
{
	struct syscalls *syscalls;

	(void)state;
	skip_in_valgrind();
	syscalls = make();
	assert_int_equal(inside(syscalls, each_number), 0);
	syscalls_free(syscalls);
}

/* Bits that the kernel does not look at neither open a way nor close one. */
#define HIGH (1L << 32)

static void
only_itself(void)
{
	struct rlimit limit;
	long own = getpid(), limits = (long)&limit, parent = getppid();
	cpu_set_t set;

	CHECK(answer(SYS_kill, own, 0, 0) == 0);
	CHECK(answer(SYS_kill, HIGH | own, 0, 0) == 0);
	CHECK(answer(SYS_tgkill, own, own, 0) == 0);
	CHECK(raise(0) == 0);
	for (int i = 0; i < 2; i++) {
		const long others[] = { parent, HIGH | parent };

		CHECK(answer(SYS_kill, others[i], 0, 0) == EPERM);
		CHECK(answer(SYS_tgkill, others[i], parent, 0) == EPERM);
		CHECK(answer(SYS_sched_getaffinity, others[i], sizeof(set),
			  (long)&set) == EPERM);
		CHECK(syscall(SYS_prlimit64, others[i], RLIMIT_CPU, NULL,
			  limits) == -1 &&
		    errno == EPERM);
	}
	CHECK(answer(SYS_kill, 0, 0, 0) == EPERM);
	CHECK(answer(SYS_kill, -1, 0, 0) == EPERM);
	CHECK(answer(SYS_kill, -own, 0, 0) == EPERM);
	CHECK(syscall(SYS_prlimit64, own, RLIMIT_CPU, NULL, limits) == 0);
	CHECK(syscall(SYS_prlimit64, 0, RLIMIT_CPU, NULL, limits) == 0);
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0);
}

/* The same filter for one process after the other. */
static void
test_each_process_is_its_own(void **state)
{
	struct syscalls *syscalls;

	(void)state;
	skip_in_valgrind();
	syscalls = make();
	for (int i = 0; i < 3; i++)
		assert_int_equal(inside(syscalls, only_itself), 0);
	syscalls_free(syscalls);
}

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static int
ends(void *unused)
{
	(void)unused;
	return 0;
}

static void
threads(void)
{
	static const int needed[] = {
		CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD
	};
	static char stack[65536] __attribute__((aligned(16)));

	/* Refused before the kernel looks at them: it would say EINVAL of most. */
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		CHECK(clone(ends, stack + sizeof(stack), THREAD & ~needed[i],
			  NULL) == -1 &&
		    errno == EPERM);
	CHECK(clone(ends, stack + sizeof(stack), THREAD, NULL) > 0);
}

static void
test_threads_share_all(void **state)
{
	struct syscalls *syscalls;

	(void)state;
	skip_in_valgrind();
	syscalls = make();
	assert_int_equal(inside(syscalls, threads), 0);
	syscalls_free(syscalls);
}

static void
limits(void)
{
	const long whose[] = { 0, getpid(), HIGH | getpid() };
	struct rlimit limit;

	for (long i = 0; i < RLIM_NLIMITS; i++) {
		int wanted = i == RLIMIT_CORE ? EPERM : 0;

		CHECK(answer(SYS_getrlimit, i, (long)&limit, 0) == 0);
		CHECK(answer(SYS_setrlimit, i, (long)&limit, 0) == wanted);
		CHECK(answer(SYS_setrlimit, HIGH | i, (long)&limit, 0) ==
		    wanted);
		for (int k = 0; k < 3; k++) {
			CHECK(syscall(SYS_prlimit64, whose[k], i, NULL,
				  &limit) == 0);
			CHECK(answer(SYS_prlimit64, whose[k], i,
				  (long)&limit) == wanted);
			CHECK(answer(SYS_prlimit64, whose[k], HIGH | i,
				  (long)&limit) == wanted);
		}
	}
	CHECK(answer(SYS_prlimit64, getppid(), RLIMIT_CPU, (long)&limit) ==
	    EPERM);
}

static void
test_the_core_limit_stays(void **state)
{
	struct syscalls *syscalls;

	(void)state;
	skip_in_valgrind();
	syscalls = make();
	assert_int_equal(inside(syscalls, limits), 0);
	syscalls_free(syscalls);
}

static void
arguments(void)
{
	int fd = open("/dev/null", O_RDONLY);

	CHECK(fd >= 0);
	CHECK(answer(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC) == 0);
	CHECK(answer(SYS_fcntl, fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK(answer(SYS_fcntl, fd, F_SETFL, O_NONBLOCK | O_ASYNC) == EPERM);
	CHECK(answer(SYS_fcntl, fd, F_SETOWN, getpid()) == EPERM);
	CHECK(answer(SYS_fcntl, fd, HIGH | F_SETOWN, getpid()) == EPERM);
	CHECK(answer(SYS_prctl, PR_SET_NAME, (long)"inside", 0) == 0);
	CHECK(answer(SYS_prctl, PR_SET_PDEATHSIG, 0, 0) == EPERM);
	CHECK(answer(SYS_prctl, HIGH | PR_SET_PDEATHSIG, 0, 0) == EPERM);
	CHECK(answer(SYS_prctl, PR_SET_DUMPABLE, 1, 0) == EPERM);
	CHECK(answer(SYS_prctl, PR_SET_SECCOMP, 2, 0) == EPERM);
	CHECK(answer(SYS_clone, THREAD | CLONE_NEWUSER, 0, 0) == EPERM);
	CHECK(answer(SYS_clone, THREAD | CLONE_UNTRACED, 0, 0) == EPERM);
	CHECK(answer(SYS_clone, THREAD | SIGCHLD, 0, 0) == EPERM);
	CHECK(answer(SYS_clone, CLONE_VM | CLONE_VFORK, 0, 0) == EPERM);
	CHECK(answer(SYS_clone, SIGCHLD, 0, 0) == EPERM);
	CHECK(answer(SYS_close, fd, 0, 0) == 0);
	CHECK(answer(SYS_close, 0, 0, 0) == EPERM);
}

static void
test_arguments(void **state)
{
	struct syscalls *syscalls;

	(void)state;
	skip_in_valgrind();
	syscalls = make();
	assert_int_equal(inside(syscalls, arguments), 0);
	syscalls_free(syscalls);
}

static void
aborts(void)
{
	abort();
}

/* As GLib ends a tshark that has no memory: by a signal that espcap sees. */
static void
test_it_can_abort(void **state)
{
	struct syscalls *syscalls;
	int status;

	(void)state;
	skip_in_valgrind();
	syscalls = make();
	status = inside(syscalls, aborts);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	syscalls_free(syscalls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_number),
		cmocka_unit_test(test_each_process_is_its_own),
		cmocka_unit_test(test_threads_share_all),
		cmocka_unit_test(test_the_core_limit_stays),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_it_can_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

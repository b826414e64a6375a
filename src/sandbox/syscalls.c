/* SPDX-License-Identifier: BSD-2-Clause */
/* libseccomp makes the list of what is allowed; the check for known numbers comes first. */
#include "sandbox/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Numbers of system calls are below it: the kernel's tables end at 470 or so. */
#define NUMBERS_END 1024
/* Stands for the id of the process until there is one: above any that the kernel gives, pid_max in proc(5). */
#define OWN 0x7ff0ff0fU

struct syscalls {
	struct sock_filter *code;
	size_t count;
	size_t *own; /* the instructions that compare with OWN */
	size_t own_count;
};

/* Whatever their arguments. Names that libseccomp or the architecture lacks are left out. */
static const char *const plain[] = {
	/* Bytes, on descriptors it has. */
	"read", "readv", "pread64", "write", "writev", "lseek", "dup", "dup2",
	"dup3", "pipe", "pipe2", "eventfd2", "fadvise64", "poll", "ppoll",
	"select", "pselect6",
	/* Files by name: Landlock says which. */
	"open", "openat", "access", "faccessat", "faccessat2", "stat",
	"lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs",
	"readlink", "readlinkat", "getdents", "getdents64", "getcwd",
	"chdir", "fchdir", "umask",
	/* Its memory. */
	"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mseal",
	"mlock", "munlock",
	/* Its threads and signals. */
	"futex", "futex_waitv", "futex_wait", "futex_wake", "futex_requeue",
	"set_robust_list", "set_tid_address", "rseq", "gettid",
	"sched_yield", "getcpu", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigpending", "rt_sigtimedwait",
	"sigaltstack", "restart_syscall", "pause", "exit", "exit_group",
	/* Time. */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
	"gettimeofday", "time", "times", "alarm", "getitimer", "setitimer",
	/* About itself and the machine. */
	"getpid", "getppid", "getpgrp", "getuid", "geteuid", "getgid",
	"getegid", "getresuid", "getresgid", "getgroups", "getrlimit",
	"getrusage", "uname", "sysinfo", "getrandom",
	/* A wrapper becomes tshark, and a shell asks for the children it has not. */
	"execve", "wait4", "waitid"
};

/* Allowed if all its tests hold; several rows of a call are alternatives. */
struct narrow {
	const char *name;
	unsigned int count;
	struct scmp_arg_cmp tests[2];
};

/* The kernel looks at the low half only of these: int, unsigned int and pid_t. */
#define IS(argument, value) \
	{ \
		argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, value \
	}
/* clang-format off */
#define WITHOUT(argument, bits) { argument, SCMP_CMP_MASKED_EQ, bits, 0 }
#define ONE(name, ...) { name, 1, { __VA_ARGS__ } }
#define BOTH(name, ...) { name, 2, { __VA_ARGS__ } }
/* clang-format on */

/*
 * Those of pthread_create in glibc and musl (CLONE_DETACHED means nothing). Each thread without CLONE_FILES
 * would have RLIMIT_NOFILE descriptors of its own.
 */
#define THREAD_MUST (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
    CLONE_THREAD)
#define THREAD_MAY (CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | \
    CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED)

/* What the C library asks arch_prctl(2) at the start, and of shadow stacks: its <asm/prctl.h> may be older. */
#define ARCHITECTURE_SET_FS 0x1002
#define ARCHITECTURE_GET_FS 0x1003
#define ARCHITECTURE_CET_STATUS 0x3001
#define ARCHITECTURE_SHSTK_ENABLE 0x5001
#define ARCHITECTURE_SHSTK_DISABLE 0x5002
#define ARCHITECTURE_SHSTK_LOCK 0x5003
#define ARCHITECTURE_SHSTK_STATUS 0x5005

/* Headers may be older. */
#define PRCTL_SET_VMA 0x53564d41
#define PRCTL_SET_VMA_ANON_NAME 0
#define IOCTL_TCGETS2 0x802c542a /* of newer C libraries in place of TCGETS */

static const struct narrow narrow[] = {
	/* Threads, and no flags but theirs: no process, no namespace, no signal at the end. */
	ONE("clone",
	    { 0, SCMP_CMP_MASKED_EQ, ~(uint64_t)THREAD_MAY, THREAD_MUST }),
	/* Signals and limits of this process alone; 0 is the caller. */
	ONE("kill", IS(0, OWN)), ONE("tgkill", IS(0, OWN)),
	BOTH("prlimit64", IS(0, 0), { 2, SCMP_CMP_EQ, 0, 0 }),
	BOTH("prlimit64", IS(0, OWN), { 2, SCMP_CMP_EQ, 0, 0 }),
	ONE("sched_getaffinity", IS(0, 0)),
	ONE("sched_getaffinity", IS(0, OWN)), ONE("getpgid", IS(0, 0)),
	/* tshark 3.4 closes its standard input if it cannot start mmdbresolve. */
	ONE("close", { 0, SCMP_CMP_NE, 0, 0 }),
	ONE("close_range", { 0, SCMP_CMP_NE, 0, 0 }),
	/* No owner who gets signals, no leases, no locks that others wait for. */
	ONE("fcntl", IS(1, F_DUPFD)), ONE("fcntl", IS(1, F_DUPFD_CLOEXEC)),
	ONE("fcntl", IS(1, F_GETFD)), ONE("fcntl", IS(1, F_SETFD)),
	ONE("fcntl", IS(1, F_GETFL)),
	BOTH("fcntl", IS(1, F_SETFL), WITHOUT(2, O_ASYNC)),
	/* Nothing that acts on a terminal or a device. */
	ONE("ioctl", IS(1, TCGETS)), ONE("ioctl", IS(1, IOCTL_TCGETS2)),
	ONE("ioctl", IS(1, TIOCGWINSZ)), ONE("ioctl", IS(1, FIONREAD)),
	ONE("ioctl", IS(1, FIOCLEX)), ONE("ioctl", IS(1, FIONCLEX)),
	/* Names of threads and of memory; libcap looks how many capabilities there are. */
	ONE("prctl", IS(0, PR_SET_NAME)), ONE("prctl", IS(0, PR_GET_NAME)),
	ONE("prctl", IS(0, PR_CAPBSET_READ)),
	BOTH("prctl", IS(0, PRCTL_SET_VMA),
	    { 1, SCMP_CMP_EQ, PRCTL_SET_VMA_ANON_NAME, 0 }),
	ONE("arch_prctl", IS(0, ARCHITECTURE_SET_FS)),
	ONE("arch_prctl", IS(0, ARCHITECTURE_GET_FS)),
	ONE("arch_prctl", IS(0, ARCHITECTURE_CET_STATUS)),
	ONE("arch_prctl", IS(0, ARCHITECTURE_SHSTK_ENABLE)),
	ONE("arch_prctl", IS(0, ARCHITECTURE_SHSTK_DISABLE)),
	ONE("arch_prctl", IS(0, ARCHITECTURE_SHSTK_LOCK)),
	ONE("arch_prctl", IS(0, ARCHITECTURE_SHSTK_STATUS))
};

/* -1 with errno of a failure of libseccomp, which returns it negative. */
static int
check(int result)
{
	if (result >= 0)
		return 0;
	errno = -result;
	return -1;
}

static int
allow(scmp_filter_ctx context, const struct narrow *rule)
{
	int number = seccomp_syscall_resolve_name(rule->name);

	/* Below 0: of another architecture, or newer than libseccomp. */
	if (number < 0)
		return 0;
	return check(seccomp_rule_add_array(context, SCMP_ACT_ALLOW, number,
	    rule->count, rule->tests));
}

/* All but RLIMIT_CORE: at any value but 1 a core_pattern that is a pipe gets the packets (child_manners). */
static int
allow_limits(scmp_filter_ctx context)
{
	for (unsigned int i = 0; i < RLIM_NLIMITS; i++) {
		const struct narrow rules[] = {
			ONE("setrlimit", IS(0, i)),
			BOTH("prlimit64", IS(0, 0), IS(1, i)),
			BOTH("prlimit64", IS(0, OWN), IS(1, i))
		};

		for (size_t k = 0; i != RLIMIT_CORE &&
		     k < sizeof(rules) / sizeof(rules[0]);
		     k++)
			if (allow(context, &rules[k]) != 0)
				return -1;
	}
	return 0;
}

static int
allow_all(scmp_filter_ctx context)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		const struct narrow rule = { .name = plain[i] };

		if (allow(context, &rule) != 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		if (allow(context, &narrow[i]) != 0)
			return -1;
	return allow_limits(context);
}

static void
add(struct syscalls *syscalls, struct sock_filter instruction)
{
	syscalls->code = xreallocarray(syscalls->code, syscalls->count + 1,
	    sizeof(*syscalls->code));
	syscalls->code[syscalls->count++] = instruction;
}

static void
add_load(struct syscalls *syscalls, size_t offset)
{
	add(syscalls,
	    (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void
add_jump(struct syscalls *syscalls, uint16_t how, uint32_t value, uint8_t yes,
    uint8_t no)
{
	add(syscalls,
	    (struct sock_filter)BPF_JUMP(
		(uint16_t)(BPF_JMP | BPF_K | how), value, yes, no));
}

static void
add_unknown(struct syscalls *syscalls)
{
	add(syscalls,
	    (struct sock_filter)BPF_STMT(
		BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
}

/* clone3(2) is not: its flags are out of reach, and at this answer glibc goes on with clone(2). */
static bool
is_known(uint32_t architecture, int number)
{
	char *name = seccomp_syscall_resolve_num_arch(architecture, number);
	bool known = name != NULL && strcmp(name, "clone3") != 0;

	free(name);
	return known;
}

/* Jumps to what libseccomp makes, which stands after all this, are filled in by add_list. */
static void
add_to_list(struct syscalls *syscalls)
{
	add(syscalls, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
}

/*
 * Numbers without a name answer ENOSYS, as from a kernel that does not know them: C libraries and programs
 * then do without. There are few runs of numbers that have names.
 */
static void
add_numbers(struct syscalls *syscalls)
{
	uint32_t architecture = seccomp_arch_native();
	int first, end;

	add_load(syscalls, offsetof(struct seccomp_data, arch));
	add_jump(syscalls, BPF_JEQ, architecture, 1, 0);
	add_to_list(syscalls);
	add_load(syscalls, offsetof(struct seccomp_data, nr));
	for (first = 0; first < NUMBERS_END; first = end) {
		for (end = first; end < NUMBERS_END &&
		     is_known(architecture, end);
		     end++)
			continue;
		if (end == first) {
			end++;
			continue;
		}
		add_jump(syscalls, BPF_JGE, (uint32_t)end, 3, 0);
		add_jump(syscalls, BPF_JGE, (uint32_t)first, 0, 1);
		add_to_list(syscalls);
		add_unknown(syscalls);
	}
	add_unknown(syscalls);
}

/* What libseccomp has written to fd, after what is there. */
static int
add_list(struct syscalls *syscalls, int fd)
{
	struct stat st;
	size_t front = syscalls->count, size, count;

	if (fstat(fd, &st) != 0)
		return -1;
	size = (size_t)st.st_size;
	count = size / sizeof(*syscalls->code);
	if (count == 0 || size % sizeof(*syscalls->code) != 0 ||
	    front + count > BPF_MAXINSNS) {
		errno = E2BIG;
		return -1;
	}
	syscalls->code = xreallocarray(syscalls->code, front + count,
	    sizeof(*syscalls->code));
	if (pread(fd, syscalls->code + front, size, 0) != (ssize_t)size) {
		errno = EIO;
		return -1;
	}
	syscalls->count = front + count;
	for (size_t i = 0; i < front; i++)
		if (syscalls->code[i].code == (BPF_JMP | BPF_JA))
			syscalls->code[i].k = (uint32_t)(front - i - 1);
	return 0;
}

/* Where the id of the process goes. Without such a place it could do nothing to itself, and neither to others. */
static void
find_own(struct syscalls *syscalls)
{
	for (size_t i = 0; i < syscalls->count; i++) {
		if (syscalls->code[i].code != (BPF_JMP | BPF_JEQ | BPF_K) ||
		    syscalls->code[i].k != OWN)
			continue;
		syscalls->own = xreallocarray(syscalls->own,
		    syscalls->own_count + 1, sizeof(*syscalls->own));
		syscalls->own[syscalls->own_count++] = i;
	}
}

static int
compile(struct syscalls *syscalls)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int fd = memfd_create("syscalls", MFD_CLOEXEC), rv = -1;

	if (context == NULL) {
		errno = ENOMEM;
		goto out;
	}
	if (fd < 0)
		goto out;
	/* An old kernel ends only the thread, which is the default; older ones search the list from one end. */
	(void)seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	(void)seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (allow_all(context) != 0 ||
	    check(seccomp_export_bpf(context, fd)) != 0)
		goto out;
	add_numbers(syscalls);
	rv = add_list(syscalls, fd);
	find_own(syscalls);
out:
	if (context != NULL)
		seccomp_release(context);
	if (fd >= 0)
		close(fd);
	return rv;
}

/* The order of arguments and the numbers have been looked at for these. */
static bool
is_supported(void)
{
	uint32_t architecture = seccomp_arch_native();

	return architecture == SCMP_ARCH_X86_64 ||
	    architecture == SCMP_ARCH_AARCH64;
}

struct syscalls *
syscalls_new(const char **why)
{
	struct syscalls *syscalls;
	int saved;

	*why = NULL;
	if (!is_supported()) {
		*why = "not written for this architecture";
		return NULL;
	}
	/* EFAULT for a program at NULL; EINVAL: the kernel was built without, prctl(2). */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 &&
	    errno != EFAULT) {
		*why = "the kernel has no seccomp";
		return NULL;
	}
	syscalls = xcalloc(1, sizeof(*syscalls));
	if (compile(syscalls) == 0)
		return syscalls;
	saved = errno;
	syscalls_free(syscalls);
	errno = saved;
	return NULL;
}

void
syscalls_free(struct syscalls *syscalls)
{
	if (syscalls == NULL)
		return;
	free(syscalls->code);
	free(syscalls->own);
	free(syscalls);
}

int
syscalls_enter(struct syscalls *syscalls)
{
	const struct sock_fprog program = {
		(unsigned short)syscalls->count, syscalls->code
	};
	pid_t own = getpid();

	for (size_t i = 0; i < syscalls->own_count; i++)
		syscalls->code[syscalls->own[i]].k = (uint32_t)own;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

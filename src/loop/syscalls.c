/* The program is written by hand: a list of numbers needs no library. */
#include "loop/syscalls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__) && defined(__LP64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

/* The low half of an argument, on these architectures the first. */
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
    (uint32_t)offsetof(struct seccomp_data, member))
#define ANSWER(errno_) BPF_STMT(BPF_RET | BPF_K, \
    SECCOMP_RET_ERRNO | (errno_))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* One that is refused: two instructions, so that no jump is ever too long. */
#define REFUSE(number) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 1), \
	ANSWER(EPERM)
/* Behind the number of the call: skips n instructions unless it is this one. */
#define UNLESS(number, n) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, n)

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Numbers that older headers lack; from 424 on they are the same on all architectures. */
#define NR_IO_URING_SETUP 425
#define NR_OPEN_TREE 428
#define NR_MOVE_MOUNT 429
#define NR_FSOPEN 430
#define NR_FSCONFIG 431
#define NR_FSMOUNT 432
#define NR_FSPICK 433
#define NR_PIDFD_OPEN 434
#define NR_CLONE3 435
#define NR_PIDFD_GETFD 438
#define NR_PROCESS_MADVISE 440
#define NR_MOUNT_SETATTR 442

static struct sock_filter program[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
	ANSWER(EPERM),
	LOAD(nr),
#ifdef __x86_64__
	/* The second set of numbers, for x32. */
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1),
	ANSWER(EPERM),
#endif
	/* Network. io_uring(7) makes sockets past this filter. */
	REFUSE(SYS_socket),
	REFUSE(NR_IO_URING_SETUP),
	/* Other processes. */
	REFUSE(SYS_ptrace),
	REFUSE(SYS_process_vm_readv),
	REFUSE(SYS_process_vm_writev),
	REFUSE(SYS_kcmp),
	REFUSE(NR_PIDFD_OPEN),
	REFUSE(NR_PIDFD_GETFD),
	REFUSE(NR_PROCESS_MADVISE),
	/* Mounts and namespaces. */
	REFUSE(SYS_mount),
	REFUSE(SYS_umount2),
	REFUSE(SYS_pivot_root),
	REFUSE(SYS_chroot),
	REFUSE(SYS_unshare),
	REFUSE(SYS_setns),
	REFUSE(SYS_open_by_handle_at),
	REFUSE(NR_OPEN_TREE),
	REFUSE(NR_MOVE_MOUNT),
	REFUSE(NR_FSOPEN),
	REFUSE(NR_FSCONFIG),
	REFUSE(NR_FSMOUNT),
	REFUSE(NR_FSPICK),
	REFUSE(NR_MOUNT_SETATTR),
	/* Doors into the kernel that have often stood open. */
	REFUSE(SYS_bpf),
	REFUSE(SYS_perf_event_open),
	REFUSE(SYS_userfaultfd),
	REFUSE(SYS_add_key),
	REFUSE(SYS_request_key),
	REFUSE(SYS_keyctl),
	/* The machine. */
	REFUSE(SYS_reboot),
	REFUSE(SYS_kexec_load),
	REFUSE(SYS_kexec_file_load),
	REFUSE(SYS_init_module),
	REFUSE(SYS_finit_module),
	REFUSE(SYS_delete_module),
	REFUSE(SYS_swapon),
	REFUSE(SYS_swapoff),
	REFUSE(SYS_settimeofday),
	REFUSE(SYS_clock_settime),
	REFUSE(SYS_acct),
	REFUSE(SYS_quotactl),
	REFUSE(SYS_syslog),
	/* Its flags are out of reach: glibc goes on with clone(2). */
	UNLESS(NR_CLONE3, 1),
	ANSWER(ENOSYS),
	UNLESS(SYS_clone, 4),
	LOAD(args[0]),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
	ANSWER(EPERM),
	ALLOW,
	UNLESS(SYS_ioctl, 4),
	LOAD(args[1]),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 0, 1),
	ANSWER(EPERM),
	ALLOW,
	ALLOW
};

static const struct sock_fprog filter = {
	sizeof(program) / sizeof(program[0]), program
};

const struct sock_fprog *
syscalls_filter(const char **why)
{
	/* EINVAL: the kernel was built without seccomp, prctl(2). */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
		*why = "the kernel has no seccomp";
		return NULL;
	}
	*why = NULL;
	return &filter;
}

#else

const struct sock_fprog *
syscalls_filter(const char **why)
{
	*why = "not written for this architecture";
	return NULL;
}

#endif

int
syscalls_enter(const struct sock_fprog *filter_)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_, 0, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A filter of system calls, seccomp(2): what the tsharks need is allowed, all else is refused. */
#ifndef ESPCAP_SANDBOX_SYSCALLS_H
#define ESPCAP_SANDBOX_SYSCALLS_H

struct syscalls;

/*
 * Makes the filter. Inside it there are threads, but no processes, no sockets, no changes to files, and nothing
 * that reaches another process or outlives this one; exec stays. A call that is refused answers EPERM, one
 * whose number libseccomp has no name for ENOSYS; one of another architecture ends the process. NULL with *why
 * if this architecture or kernel has no such filter, NULL with *why NULL and errno if it failed. Freed with
 * syscalls_free.
 */
struct syscalls *syscalls_new(const char **why);
void syscalls_free(struct syscalls *syscalls);

/*
 * The last step between fork and exec, with no_new_privs set: it is for this process alone, whose
 * id it puts into its own copy of the filter. For good. -1 with errno.
 */
int syscalls_enter(struct syscalls *syscalls);

#endif

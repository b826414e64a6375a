/* A filter of system calls, seccomp(2): what a dissector never needs is refused with EPERM. */
#ifndef ESPCAP_LOOP_SYSCALLS_H
#define ESPCAP_LOOP_SYSCALLS_H

#include <stddef.h>

struct sock_fprog;

/*
 * No sockets, no other process's memory, no namespaces and mounts, no keys, no BPF, no
 * typing on a terminal; exec and threads stay. NULL with *why if this architecture or kernel has no such filter.
 */
const struct sock_fprog *syscalls_filter(const char **why);

/* Between fork and exec, with no_new_privs set. For good. -1 with errno. */
int syscalls_enter(const struct sock_fprog *filter);

#endif

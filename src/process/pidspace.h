/* SPDX-License-Identifier: BSD-2-Clause */
/* A PID namespace for children: they see and signal only each other, and none of them outlives this process. */
#ifndef ESPCAP_PROCESS_PIDSPACE_H
#define ESPCAP_PROCESS_PIDSPACE_H

#include <sys/types.h>

struct pidspace;

/*
 * Makes one that belongs to the user namespace `user` (a descriptor, borrowed until pidspace_free), and its init, a
 * process of user uid and group gid. init ends when this process does, whatever ends it, or at pidspace_free, and
 * the kernel then kills all that is left in there. NULL with errno.
 */
struct pidspace *pidspace_new(int user, uid_t uid, gid_t gid);
/* Waits for init to end. All children that are in there must have been reaped. */
void pidspace_free(struct pidspace *space);

/* Before each start: makes a new one if somebody has killed init, and with it all that was in there. -1 with errno. */
int pidspace_renew(struct pidspace *space);

/* For setns(2): borrowed, until pidspace_renew or pidspace_free. */
int pidspace_descriptor(const struct pidspace *space);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Moves a process into namespaces, setns(2). */
#include "sandbox/namespaces.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

int
namespaces_enter(const struct namespaces *namespaces)
{
	if (namespaces->user < 0)
		return 0;
	if (setns(namespaces->user, CLONE_NEWUSER) != 0 ||
	    setns(namespaces->net, CLONE_NEWNET) != 0)
		return -1;
	return namespaces->pids < 0 ?
	    0 :
	    setns(namespaces->pids, CLONE_NEWPID);
}

/* By system calls: the functions of libc would tell other threads, of which there are none. */
int
namespaces_change_user(const struct namespaces *namespaces)
{
	const uid_t uid = namespaces->uid;
	const gid_t gid = namespaces->gid;

	if (!namespaces->is_other)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) != 0 ||
	    syscall(SYS_setresgid, gid, gid, gid) != 0)
		return -1;
	return (int)syscall(SYS_setresuid, uid, uid, uid);
}

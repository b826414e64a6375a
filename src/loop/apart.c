/* Namespaces are made by a helper that becomes the user first: who makes a user namespace owns it, user_namespaces(7). */
#include "loop/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "loop/pipes.h"
#include "loop/spawn.h"

/* Some systems let only CAP_SYS_ADMIN make a user namespace: it is kept over the change of the user. */
static int
become(uid_t uid, gid_t gid)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (geteuid() != 0)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
	    setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
	    syscall(SYS_capget, &header, data) != 0)
		return -1;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted;
	return (int)syscall(SYS_capset, &header, data);
}

/* The helper: tells an errno, and waits to be killed. */
static void __attribute__((noreturn))
helper_main(int report, uid_t uid, gid_t gid, pid_t parent)
{
	int reason = 0;

	/* Else its maps belong to root, proc(5). */
	if (become(uid, gid) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		reason = errno;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    write(report, &reason, sizeof(reason)) != sizeof(reason))
		_exit(1);
	for (;;)
		pause();
}

static int
write_file(pid_t pid, const char *name, const char *text)
{
	char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC), rv = -1;

	free(path);
	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		rv = 0;
	close(fd);
	return rv;
}

static int
write_map(pid_t pid, const char *name, unsigned long id)
{
	char *text = xasprintf("%lu %lu 1", id, id);
	int rv = write_file(pid, name, text);

	free(text);
	return rv;
}

static int
open_namespace(pid_t pid, const char *name)
{
	char *path = xasprintf("/proc/%d/ns/%s", (int)pid, name);
	int fd = pipes_raise(open(path, O_RDONLY | O_CLOEXEC));

	free(path);
	return fd;
}

/* Without privilege a group can be mapped only when setgroups(2) is denied. */
static int
take(struct apart *apart, pid_t pid, uid_t uid, gid_t gid)
{
	if (write_file(pid, "setgroups", "deny") != 0 ||
	    write_map(pid, "uid_map", uid) != 0 ||
	    write_map(pid, "gid_map", gid) != 0)
		return -1;
	apart->user = open_namespace(pid, "user");
	if (apart->user >= 0)
		apart->net = open_namespace(pid, "net");
	return apart->net >= 0 ? 0 : -1;
}

static void
give_up(struct apart *apart, int reason)
{
	apart_close(apart);
	(void)snprintf(apart->why, sizeof(apart->why), "%s", strerror(reason));
}

void
apart_open(struct apart *apart, uid_t uid, gid_t gid)
{
	pid_t parent = getpid(), helper;
	int ends[2], reason = EPIPE;
	ssize_t got;

	memset(apart, 0, sizeof(*apart));
	apart->user = apart->net = -1;
	if (pipes_pair(ends) != 0) {
		give_up(apart, errno);
		return;
	}
	helper = spawn_fork();
	if (helper == 0)
		helper_main(ends[1], uid, gid, parent);
	close(ends[1]);
	do
		got = helper < 0 ? 0 : read(ends[0], &reason, sizeof(reason));
	while (got < 0 && errno == EINTR);
	if (reason == 0 && take(apart, helper, uid, gid) != 0)
		reason = errno;
	if (reason != 0)
		give_up(apart, reason);
	close(ends[0]);
	if (helper < 0)
		return;
	(void)kill(helper, SIGKILL);
	while (waitpid(helper, NULL, 0) < 0 && errno == EINTR)
		continue;
}

int
apart_enter(const struct apart *apart)
{
	if (apart->user < 0)
		return 0;
	if (setns(apart->user, CLONE_NEWUSER) != 0)
		return -1;
	return setns(apart->net, CLONE_NEWNET);
}

void
apart_close(struct apart *apart)
{
	if (apart->user >= 0)
		close(apart->user);
	if (apart->net >= 0)
		close(apart->net);
	apart->user = apart->net = -1;
}

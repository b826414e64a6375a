/* Namespaces are made by a helper that becomes the user first: who makes a user namespace owns it, user_namespaces(7). */
#include "loop/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/xalloc.h"
#include "loop/pidspace.h"
#include "loop/pipes.h"
#include "loop/privilege.h"
#include "loop/spawn.h"

/* The helper: tells an errno, and waits to be killed. */
static void __attribute__((noreturn))
helper_main(int report, uid_t uid, gid_t gid, pid_t parent)
{
	int reason = 0;

	/* Else its maps belong to root, proc(5). */
	if (privilege_assume(uid, gid) != 0 ||
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

/* The second may be the first again. */
static int
write_map(pid_t pid, const char *name, unsigned long id, unsigned long second)
{
	char *text = second == id ? xasprintf("%lu %lu 1", id, id) :
	    xasprintf("%lu %lu 1\n%lu %lu 1", id, id, second, second);
	int rv = write_file(pid, name, text);

	free(text);
	return rv;
}

static int
open_namespace(pid_t pid, const char *name)
{
	char *path = xasprintf("/proc/%d/ns/%s", (int)pid, name);
	int fd = descriptor_raise(open(path, O_RDONLY | O_CLOEXEC));

	free(path);
	return fd;
}

/*
 * Root may map two users. What the kernel refuses, as in a container that does not know the second one, leaves the map
 * to be written. Without privilege a group can be mapped only when setgroups(2) is denied.
 */
static int
map_users(struct apart *apart, pid_t pid, uid_t uid, gid_t gid)
{
	const bool wants_both = apart->other_why[0] == '\0';
	const bool has_both_groups = wants_both &&
	    write_map(pid, "gid_map", gid, apart->gid) == 0;

	apart->is_other = has_both_groups &&
	    write_map(pid, "uid_map", uid, apart->uid) == 0;
	if (apart->is_other)
		return 0;
	if (wants_both)
		(void)snprintf(apart->other_why, sizeof(apart->other_why),
		    "map it into the namespace: %s", strerror(errno));
	if (!has_both_groups && (write_file(pid, "setgroups", "deny") != 0 ||
	    write_map(pid, "gid_map", gid, gid) != 0))
		return -1;
	return write_map(pid, "uid_map", uid, uid);
}

static int
take(struct apart *apart, pid_t pid, uid_t uid, gid_t gid)
{
	if (map_users(apart, pid, uid, gid) != 0)
		return -1;
	apart->user = open_namespace(pid, "user");
	if (apart->user >= 0)
		apart->net = open_namespace(pid, "net");
	return apart->net >= 0 ? 0 : -1;
}

static void
give_up(struct apart *apart, int reason)
{
	const char *why = strerror(reason);

	apart_close(apart);
	apart->is_other = false;
	(void)snprintf(apart->why, sizeof(apart->why), "%s", why);
	if (apart->other_why[0] == '\0')
		(void)snprintf(apart->other_why, sizeof(apart->other_why),
		    "no user namespace: %s", why);
}

static void
end_helper(pid_t helper)
{
	if (helper < 0)
		return;
	(void)kill(helper, SIGKILL);
	while (waitpid(helper, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* The user namespace and that of the network. -1 with errno. */
static int
open_first(struct apart *apart, uid_t uid, gid_t gid)
{
	pid_t parent = getpid(), helper;
	int ends[2], reason = EPIPE;
	ssize_t got;

	if (pipes_pair(ends) != 0)
		return -1;
	helper = spawn_fork();
	if (helper == 0)
		helper_main(ends[1], uid, gid, parent);
	close(ends[1]);
	do
		got = helper < 0 ? 0 : read(ends[0], &reason, sizeof(reason));
	while (got < 0 && errno == EINTR);
	if (reason == 0 && take(apart, helper, uid, gid) != 0)
		reason = errno;
	close(ends[0]);
	end_helper(helper);
	errno = reason;
	return reason == 0 ? 0 : -1;
}

void
apart_open(struct apart *apart, const struct apart_users *users)
{
	memset(apart, 0, sizeof(*apart));
	apart->user = apart->net = -1;
	apart->uid = users->tshark_uid;
	apart->gid = users->tshark_gid;
	if (users->why != NULL)
		(void)snprintf(apart->other_why, sizeof(apart->other_why), "%s",
		    users->why);
	if (open_first(apart, users->uid, users->gid) != 0) {
		give_up(apart, errno);
		return;
	}
	apart->pids = pidspace_new(apart->user, users->uid, users->gid);
	if (apart->pids == NULL)
		(void)snprintf(apart->pids_why, sizeof(apart->pids_why), "%s",
		    strerror(errno));
}

int
apart_renew(const struct apart *apart)
{
	return apart->pids == NULL ? 0 : pidspace_renew(apart->pids);
}

int
apart_enter(const struct apart *apart)
{
	if (apart->user < 0)
		return 0;
	if (setns(apart->user, CLONE_NEWUSER) != 0 ||
	    setns(apart->net, CLONE_NEWNET) != 0)
		return -1;
	return apart->pids == NULL ? 0 : pidspace_enter(apart->pids);
}

/* By system calls: the functions of libc would tell other threads, of which there are none. */
int
apart_change_user(const struct apart *apart)
{
	const uid_t uid = apart->uid;
	const gid_t gid = apart->gid;

	if (!apart->is_other)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) != 0 ||
	    syscall(SYS_setresgid, gid, gid, gid) != 0)
		return -1;
	return (int)syscall(SYS_setresuid, uid, uid, uid);
}

void
apart_close(struct apart *apart)
{
	pidspace_free(apart->pids);
	apart->pids = NULL;
	if (apart->user >= 0)
		close(apart->user);
	if (apart->net >= 0)
		close(apart->net);
	apart->user = apart->net = -1;
}

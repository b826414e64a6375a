/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Namespaces are made by a helper that becomes the user first: who makes a user namespace owns it, user_namespaces(7).
 */
#include "process/namespace_maker.h"

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
#include "process/pidspace.h"
#include "process/pipes.h"
#include "process/spawn.h"
#include "sandbox/privilege.h"

/* The first member is what its user sees. */
struct maker {
	struct namespaces made;
	struct pidspace *pids; /* NULL if there is none */
};

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
	char *text = second == id ?
	    xasprintf("%lu %lu 1", id, id) :
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
map_users(struct namespaces *made, pid_t pid, uid_t uid, gid_t gid)
{
	const bool wants_both = made->other_why[0] == '\0';
	const bool has_both_groups = wants_both &&
	    write_map(pid, "gid_map", gid, made->gid) == 0;

	made->is_other = has_both_groups &&
	    write_map(pid, "uid_map", uid, made->uid) == 0;
	if (made->is_other)
		return 0;
	if (wants_both)
		(void)snprintf(made->other_why, sizeof(made->other_why),
		    "cannot map it into the namespace: %s", strerror(errno));
	if (!has_both_groups &&
	    (write_file(pid, "setgroups", "deny") != 0 ||
		write_map(pid, "gid_map", gid, gid) != 0))
		return -1;
	return write_map(pid, "uid_map", uid, uid);
}

static int
take(struct namespaces *made, pid_t pid, uid_t uid, gid_t gid)
{
	if (map_users(made, pid, uid, gid) != 0)
		return -1;
	made->user = open_namespace(pid, "user");
	if (made->user >= 0)
		made->net = open_namespace(pid, "net");
	return made->net >= 0 ? 0 : -1;
}

static void
close_both(struct namespaces *made)
{
	if (made->user >= 0)
		close(made->user);
	if (made->net >= 0)
		close(made->net);
	made->user = made->net = -1;
}

static void
give_up(struct namespaces *made, int reason)
{
	const char *why = strerror(reason);

	close_both(made);
	made->is_other = false;
	(void)snprintf(made->why, sizeof(made->why), "%s", why);
	if (made->other_why[0] == '\0')
		(void)snprintf(made->other_why, sizeof(made->other_why),
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
open_first(struct namespaces *made, uid_t uid, gid_t gid)
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
	if (reason == 0 && take(made, helper, uid, gid) != 0)
		reason = errno;
	close(ends[0]);
	end_helper(helper);
	errno = reason;
	return reason == 0 ? 0 : -1;
}

static int
renew(struct namespaces *made)
{
	struct maker *maker = (struct maker *)made;

	if (maker->pids == NULL)
		return 0;
	if (pidspace_renew(maker->pids) != 0)
		return -1;
	made->pids = pidspace_descriptor(maker->pids);
	return 0;
}

static void
free_maker(struct namespaces *made)
{
	struct maker *maker = (struct maker *)made;

	pidspace_free(maker->pids);
	close_both(made);
	free(maker);
}

struct namespaces *
namespace_maker_new(const struct namespace_maker_users *users)
{
	struct maker *maker = xcalloc(1, sizeof(*maker));
	struct namespaces *made = &maker->made;

	made->user = made->net = made->pids = -1;
	made->renew = renew;
	made->free = free_maker;
	made->uid = users->tshark_uid;
	made->gid = users->tshark_gid;
	if (users->why != NULL)
		(void)snprintf(made->other_why, sizeof(made->other_why), "%s",
		    users->why);
	if (open_first(made, users->uid, users->gid) != 0) {
		give_up(made, errno);
		return made;
	}
	maker->pids = pidspace_new(made->user, users->uid, users->gid);
	if (maker->pids != NULL)
		made->pids = pidspace_descriptor(maker->pids);
	else
		(void)snprintf(made->pids_why, sizeof(made->pids_why), "%s",
		    strerror(errno));
	return made;
}

struct namespaces *
namespace_maker_for_tshark(struct error *error)
{
	struct namespace_maker_users users = { .why = NULL };

	if (privilege_target(&users.uid, &users.gid, error) != 0 ||
	    privilege_tshark(&users.tshark_uid, &users.tshark_gid, &users.why,
		error) != 0)
		return NULL;
	return namespace_maker_new(&users);
}

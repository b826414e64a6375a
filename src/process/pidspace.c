/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a PID namespace is its init: when that ends the kernel kills the others, pid_namespaces(7). */
#include "process/pidspace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/xalloc.h"
#include "process/pipes.h"
#include "process/spawn.h"
#include "sandbox/privilege.h"

struct pidspace {
	int user;
	uid_t uid;
	gid_t gid;
	int ns;
	int life; /* init sees it close */
	pid_t init;
	pid_t *ended; /* earlier ones, which cannot be reaped before all that they took along are */
	size_t ended_count;
};

/* What the process that makes a namespace tells, in shared memory. */
struct made {
	pid_t init; /* written by the kernel */
	int ns;     /* a descriptor of this process: the table is shared, too */
	int reason; /* an errno */
};

static void
reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/*
 * Orphans of the namespace become its children: ignoring SIGCHLD reaps them. Signals stay blocked, and in a session
 * of its own no kill of a whole group stops or ends it before espcap. It has a copy of espcap's memory, and keeps no
 * right.
 */
static void __attribute__((noreturn))
init_main(int life)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	char byte;
	ssize_t got;

	sigemptyset(&ignore.sa_mask);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setsid() < 0 ||
	    sigaction(SIGCHLD, &ignore, NULL) != 0 ||
	    dup2(life, 0) < 0 || chdir("/") != 0 ||
	    privilege_clear_capabilities() != 0)
		_exit(1);
	spawn_close_range(1, ~0U);
	/*
	 * The pipe tells of espcap's end; this does so even while a process that was just forked holds the pipe open.
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(1);
	do
		got = read(0, &byte, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	_exit(0);
}

/*
 * It is in the namespace only by its children. The link of a process to its own namespace can be
 * opened whether or not it may be dumped, which /proc/PID of init could not.
 */
static void __attribute__((noreturn))
maker_main(const struct pidspace *space, int life, struct made *made)
{
	pid_t init = -1;

	if (privilege_assume(space->uid, space->gid) == 0 &&
	    setns(space->user, CLONE_NEWUSER) == 0 &&
	    unshare(CLONE_NEWPID) == 0)
		init = spawn_sibling(&made->init);
	if (init == 0)
		init_main(life);
	if (init > 0)
		made->ns = descriptor_raise(open("/proc/self/ns/pid_for_children",
		    O_RDONLY | O_CLOEXEC));
	made->reason = made->ns >= 0 ? 0 : errno;
	_exit(0);
}

static int
begin(struct pidspace *space)
{
	const size_t size = sizeof(struct made);
	struct made *made = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ends[2], rv = -1;
	pid_t maker;

	if (made == MAP_FAILED)
		return -1;
	*made = (struct made){ .ns = -1, .reason = EPIPE };
	if (pipes_pair(ends) != 0)
		goto out;
	maker = spawn_fork_sharing();
	if (maker == 0)
		maker_main(space, ends[0], made);
	if (maker > 0)
		reap(maker);
	else
		made->reason = errno;
	close(ends[0]);
	if (made->reason == 0) {
		space->init = made->init;
		space->ns = made->ns;
		space->life = ends[1];
		rv = 0;
		goto out;
	}
	if (made->ns >= 0)
		close(made->ns);
	close(ends[1]);
	if (made->init > 0)
		reap(made->init);
	errno = made->reason;
out:
	munmap(made, size);
	return rv;
}

struct pidspace *
pidspace_new(int user, uid_t uid, gid_t gid)
{
	struct pidspace *space = xcalloc(1, sizeof(*space));

	space->user = user;
	space->uid = uid;
	space->gid = gid;
	if (begin(space) == 0)
		return space;
	free(space);
	return NULL;
}

/* Forgets init, whose pipe is closed; the zombie is reaped later. */
static void
retire(struct pidspace *space)
{
	close(space->life);
	close(space->ns);
	space->life = space->ns = -1;
	space->ended = xreallocarray(space->ended, space->ended_count + 1,
	    sizeof(*space->ended));
	space->ended[space->ended_count++] = space->init;
	space->init = -1;
}

static void
sweep(struct pidspace *space)
{
	size_t kept = 0;

	for (size_t i = 0; i < space->ended_count; i++)
		if (waitpid(space->ended[i], NULL, WNOHANG) == 0)
			space->ended[kept++] = space->ended[i];
	space->ended_count = kept;
}

/* Its descriptors are closed before the others are killed; it can be waited for only when they have been reaped. */
static bool
is_over(const struct pidspace *space)
{
	struct pollfd life = { .fd = space->life, .events = 0 };

	return poll(&life, 1, 0) > 0 && (life.revents & POLLERR) != 0;
}

int
pidspace_renew(struct pidspace *space)
{
	sweep(space);
	if (space->life >= 0 && is_over(space))
		retire(space);
	return space->life >= 0 ? 0 : begin(space);
}

int
pidspace_descriptor(const struct pidspace *space)
{
	return space->ns;
}

void
pidspace_free(struct pidspace *space)
{
	if (space == NULL)
		return;
	if (space->life >= 0)
		retire(space);
	for (size_t i = 0; i < space->ended_count; i++)
		reap(space->ended[i]);
	free(space->ended);
	free(space);
}

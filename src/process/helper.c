/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes of our own code, forked without exec. */
#include "process/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "process/spawn.h"
#include "sandbox/privilege.h"

static int
compare_fds(const void *a, const void *b)
{
	const int *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void
close_others(const int *keep, size_t count)
{
	int *sorted = xcalloc(count + 1, sizeof(*sorted));
	unsigned int first = 0;

	memcpy(sorted, keep, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_fds);
	for (size_t i = 0; i < count; i++) {
		if ((unsigned int)sorted[i] > first)
			spawn_close_range(first, (unsigned int)sorted[i] - 1);
		first = (unsigned int)sorted[i] + 1;
	}
	spawn_close_range(first, ~0U);
	free(sorted);
}

static void
set_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t none;

	sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGINT, &ignore, NULL);
	(void)sigaction(SIGTERM, &ignore, NULL);
	/* Meant for espcap, but sent to the whole group perhaps. */
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)sigaction(SIGUSR1, &ignore, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int
helper_bind(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return -1;
	/* It may have died before it was asked for. */
	return getppid() == parent ? 0 : -1;
}

int
helper_confine(pid_t parent, uint64_t longest_file, const char **user, struct error *error)
{
	/* One byte: see spawn.c; a core would hold packets. */
	const struct rlimit no_core = { 1, 1 }, none = { 0, 0 };
	const struct rlimit files = { longest_file, longest_file };

	if (privilege_renounce(user, error) != 0)
		return -1;
	/* What is longer is an error of the write, and no end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (helper_bind(parent) == 0 &&
	    setrlimit(RLIMIT_CORE, &no_core) == 0 &&
	    setrlimit(RLIMIT_NPROC, &none) == 0 &&
	    setrlimit(RLIMIT_FSIZE, &files) == 0)
		return 0;
	return error_set(error, OUTCOME_INTERNAL,
	    "cannot limit the capture process: %s", strerror(errno));
}

pid_t
helper_start(const int *keep, size_t count, int (*work)(void *ctx), void *ctx)
{
	pid_t parent = getpid(), pid = spawn_fork();

	if (pid != 0)
		return pid;
	set_signals();
	close_others(keep, count);
	if (helper_bind(parent) != 0)
		_exit(1);
	_exit(work(ctx));
}

void
helper_end(pid_t pid, bool kill_it)
{
	if (pid <= 0)
		return;
	if (kill_it)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

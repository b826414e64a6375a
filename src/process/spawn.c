/* SPDX-License-Identifier: BSD-2-Clause */
/* Fork and exec: what happens between the two, and how the parent learns why it failed. */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

/*
 * Descriptors of the new program: 0 to 2, the extra one, and the way back that exec closes. All pipes_ are above these.
 */
#define SPAWN_EXTRA 3
#define SPAWN_REPORT 4

#define SPAWN_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* All that is decided before fork: after it only async-signal-safe calls are allowed (signal-safety(7)). */
struct plan {
	const struct spawn *spawn;
	char **candidates; /* absolute paths to try in turn */
	size_t count;
	bool along_path; /* they come from PATH */
	char *environment[5];
	pid_t parent;
	int report;
	pid_t *child; /* in shared memory: who becomes the program if that is not who we fork; else NULL */
};

/* What a child that could not become the program sends back. The pointer is good on both sides of a fork. */
struct report {
	const char *step; /* of sandbox.h, NULL if it was none */
	int reason;       /* an errno */
	bool from_exec;
	size_t candidate; /* the one the reason belongs to */
};

/* For kernels and sandboxes without close_range(2). */
static void
close_each(unsigned int first, unsigned int last)
{
	const rlim_t most = 1 << 20;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > most)
		limit.rlim_cur = most;
	for (unsigned int fd = first; fd <= last && fd < limit.rlim_cur; fd++)
		close((int)fd);
}

void
spawn_close_range(unsigned int first, unsigned int last)
{
	if (first > last)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
#endif
	close_each(first, last);
}

static void
plan_add(struct plan *plan, const char *dir, size_t len, const char *name)
{
	char *here = NULL;

	/* The program starts in "/", so what is relative is meant from where we are. */
	if (len == 0 || dir[0] != '/')
		here = getcwd(NULL, 0);
	plan->candidates = xreallocarray(plan->candidates, plan->count + 1,
	    sizeof(*plan->candidates));
	plan->candidates[plan->count++] = xasprintf("%s%s%.*s%s%s",
	    here != NULL ? here : "", here != NULL ? "/" : "", (int)len, dir,
	    len > 0 ? "/" : "", name);
	free(here);
}

static void
plan_search(struct plan *plan, const char *name)
{
	const char *path = getenv("PATH");
	size_t len;

	plan->along_path = true;
	if (path == NULL)
		path = SPAWN_PATH;
	for (;; path += len + 1) {
		len = strcspn(path, ":");
		if (len < 4096)
			plan_add(plan, path, len, name);
		if (path[len] == '\0')
			break;
	}
}

static void
plan_init(struct plan *plan, const struct spawn *spawn)
{
	const char *name = spawn->argv->words[0];

	memset(plan, 0, sizeof(*plan));
	plan->spawn = spawn;
	plan->parent = getpid();
	if (name[0] == '/') {
		plan->candidates = xmalloc(sizeof(*plan->candidates));
		plan->candidates[plan->count++] = xstrdup(name);
	} else if (strchr(name, '/') != NULL)
		plan_add(plan, "", 0, name);
	else if (name[0] != '\0')
		plan_search(plan, name);
	plan->environment[0] = xasprintf("HOME=%s", spawn->home);
	plan->environment[1] = xstrdup("PATH=" SPAWN_PATH);
	plan->environment[2] = xstrdup("LC_ALL=C.UTF-8");
	if (spawn->preload != NULL)
		plan->environment[3] = xasprintf("LD_PRELOAD=%s",
		    spawn->preload);
}

static void
plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->candidates[i]);
	free(plan->candidates);
	for (size_t i = 0; plan->environment[i] != NULL; i++)
		free(plan->environment[i]);
	if (plan->child != NULL)
		munmap(plan->child, sizeof(*plan->child));
}

static int
child_descriptors(struct plan *plan)
{
	const struct pipes *pipes = plan->spawn->pipes;

	if (dup3(plan->report, SPAWN_REPORT, O_CLOEXEC) < 0)
		return -1;
	plan->report = SPAWN_REPORT;
	if (dup2(pipes->its_in, 0) < 0 || dup2(pipes->its_out, 1) < 0 ||
	    dup2(pipes->its_err, 2) < 0)
		return -1;
	if (pipes->its_extra < 0)
		close(SPAWN_EXTRA);
	else if (dup2(pipes->its_extra, SPAWN_EXTRA) < 0)
		return -1;
	spawn_close_range(SPAWN_REPORT + 1, ~0U);
	return 0;
}

static int
child_manners(const struct plan *plan)
{
	/*
	 * One byte, not none: where core_pattern is a pipe the kernel ignores
	 * every limit but this one (do_coredump in its fs/coredump.c), and a
	 * core holds the packets.
	 */
	const struct rlimit no_core = { 1, 1 };
	sigset_t none;

	if (setpgid(0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 ||
	    chdir("/") != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return -1;
	/* The parent may have died before it was asked for. In a PID namespace it has no number, but init ends then. */
	if (plan->child == NULL && getppid() != plan->parent)
		_exit(127);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Goes on along the path after the same errors as execvp(3), but never tries a shell. */
static void
child_exec(const struct plan *plan, struct report *report)
{
	report->from_exec = true;
	report->reason = ENOENT;
	for (size_t i = 0; i < plan->count; i++) {
		const char *path = plan->candidates[i];
		int reason;

		execve(path, plan->spawn->argv->words, plan->environment);
		reason = errno;
		if (reason == ENOENT || reason == ENOTDIR || reason == ESTALE ||
		    reason == ENODEV || reason == ETIMEDOUT)
			continue;
		/* A folder of PATH that is closed to us hides nothing a person wants to hear of. */
		if (reason == EACCES &&
		    (report->reason == EACCES ||
			(plan->along_path && access(path, F_OK) != 0)))
			continue;
		report->reason = reason;
		report->candidate = i;
		if (reason != EACCES)
			break;
	}
}

/* Moves on into the namespaces; into that of PIDs by one more fork, of which only the child returns. */
static const char *
child_join(const struct plan *plan)
{
	const char *step = sandbox_join(plan->spawn->sandbox);
	pid_t pid;

	if (step != NULL || plan->child == NULL)
		return step;
	pid = spawn_sibling(plan->child);
	if (pid > 0)
		_exit(0);
	return pid == 0 ? NULL : "fork in the PID namespace";
}

static void __attribute__((noreturn))
child_become(struct plan *plan)
{
	const struct sandbox *sandbox = plan->spawn->sandbox;
	struct report report;
	ssize_t sent;

	memset(&report, 0, sizeof(report));
	/* PR_SET_PDEATHSIG comes after: a change of credentials clears it. */
	if (sandbox != NULL)
		report.step = child_join(plan);
	if (sandbox != NULL && report.step == NULL)
		report.step = sandbox_enter(sandbox);
	if (report.step == NULL && child_descriptors(plan) == 0 &&
	    child_manners(plan) == 0) {
		if (sandbox != NULL)
			report.step = sandbox_limit(sandbox);
		if (report.step == NULL)
			child_exec(plan, &report);
		else
			report.reason = errno;
	} else
		report.reason = errno;
	do
		sent = write(plan->report, &report, sizeof(report));
	while (sent < 0 && errno == EINTR);
	_exit(127);
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ENOENT also means that the file is there but the interpreter it names is not. */
static int
error_missing(const struct plan *plan, struct error *error)
{
	const char *name = plan->spawn->argv->words[0];

	for (size_t i = 0; i < plan->count; i++) {
		if (access(plan->candidates[i], F_OK) == 0)
			return error_set(error, OUTCOME_USAGE,
			    "%s: the interpreter that it names does not exist",
			    plan->candidates[i]);
	}
	if (strchr(name, '/') != NULL)
		return error_set(error, OUTCOME_USAGE, "%s: %s", name,
		    strerror(ENOENT));
	return error_set(error, OUTCOME_USAGE, "%s: not found in PATH",
	    name[0] != '\0' ? name : "(a program without a name)");
}

static int
error_report(const struct plan *plan, const struct report *report,
    struct error *error)
{
	const char *name = plan->spawn->argv->words[0];
	const char *why = strerror(report->reason);

	if (report->step != NULL)
		return error_set(error, OUTCOME_INTERNAL,
		    "cannot start %s: sandbox: %s: %s (--no-sandbox disables it)",
		    name, report->step,
		    why);
	if (!report->from_exec)
		return error_set(error, OUTCOME_INTERNAL, "start %s: %s", name,
		    why);
	if (report->reason == ENOENT)
		return error_missing(plan, error);
	if (report->reason == ENOEXEC)
		why = "not a program (exec format error)";
	else if (is_directory(plan->candidates[report->candidate]))
		why = "is a directory";
	if (plan->along_path)
		name = plan->candidates[report->candidate];
	return error_set(error, OUTCOME_USAGE, "%s: %s", name, why);
}

static void
signals_default(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigemptyset(&action.sa_mask);
	for (int number = 1; number <= SIGRTMAX; number++)
		(void)sigaction(number, &action, NULL);
}

/* clone(2) as fork(2) does it; the child must not call what libc would have to know of it for. */
static pid_t
raw_clone(unsigned long flags, pid_t *pid)
{
#if defined(__s390__) || defined(__CRIS__)
	return (pid_t)syscall(SYS_clone, 0, flags, pid, NULL, 0);
#else
	return (pid_t)syscall(SYS_clone, flags, 0, pid, NULL, 0);
#endif
}

static pid_t
fork_quietly(unsigned long flags)
{
	sigset_t all, before;
	pid_t pid;
	int saved;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = flags == 0 ? fork() : raw_clone(flags | SIGCHLD, NULL);
	if (pid == 0) {
		/* One of our handlers would write to our loop from there. */
		signals_default();
		return 0;
	}
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

pid_t
spawn_fork(void)
{
	return fork_quietly(0);
}

pid_t
spawn_fork_sharing(void)
{
	return fork_quietly(CLONE_FILES);
}

/* Which signal tells of its end is what it was for this process, clone(2). */
pid_t
spawn_sibling(pid_t *pid)
{
	return raw_clone(CLONE_PARENT | CLONE_PARENT_SETTID, pid);
}

/* 0 if exec closed the pipe without a word. */
static int
report_read(int fd, struct report *report)
{
	ssize_t got;

	do
		got = read(fd, report, sizeof(*report));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*report) ? -1 : 0;
}

static void
collect(pid_t pid)
{
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* What the process that is to become the program says. Returns that one, or -1 when nothing of it is left. */
static pid_t
follow(const struct plan *plan, pid_t pid, int fd, struct error *error)
{
	struct report report;
	int rv = report_read(fd, &report);

	if (plan->child != NULL) {
		collect(pid);
		pid = *plan->child;
	}
	if (rv == 0 && pid > 0)
		return pid;
	collect(pid);
	if (rv != 0)
		error_report(plan, &report, error);
	else
		error_set(error, OUTCOME_INTERNAL,
		    "cannot start %s: the process that enters the sandbox was killed",
		    plan->spawn->argv->words[0]);
	return -1;
}

static pid_t
start(struct plan *plan, struct error *error)
{
	const char *name = plan->spawn->argv->words[0];
	int ends[2];
	pid_t pid;

	if (pipes_pair(ends) != 0) {
		error_set(error, OUTCOME_INTERNAL, "cannot start %s: pipe: %s", name,
		    strerror(errno));
		return -1;
	}
	plan->report = ends[1];
	pid = spawn_fork();
	if (pid == 0)
		child_become(plan);
	if (pid < 0)
		error_set(error, OUTCOME_INTERNAL, "cannot start %s: fork: %s", name,
		    strerror(errno));
	close(ends[1]);
	if (pid > 0)
		pid = follow(plan, pid, ends[0], error);
	close(ends[0]);
	return pid;
}

/* What a sandbox needs of us. The name of what failed with errno, NULL for success. */
static const char *
plan_sandbox(struct plan *plan)
{
	const struct sandbox *sandbox = plan->spawn->sandbox;
	const char *step;
	void *shared;

	if (sandbox == NULL)
		return NULL;
	step = sandbox_renew(sandbox);
	if (step != NULL || !sandbox_has_pids(sandbox))
		return step;
	shared = mmap(NULL, sizeof(*plan->child), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return "share memory";
	plan->child = shared;
	return NULL;
}

pid_t
spawn_start(const struct spawn *spawn, struct error *error)
{
	struct report failed = { .step = NULL };
	struct plan plan;
	pid_t pid = -1;

	plan_init(&plan, spawn);
	failed.step = plan_sandbox(&plan);
	failed.reason = errno;
	if (failed.step == NULL)
		pid = start(&plan, error);
	else
		error_report(&plan, &failed, error);
	plan_release(&plan);
	return pid;
}

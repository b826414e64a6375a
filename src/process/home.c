/* SPDX-License-Identifier: BSD-2-Clause */
/* Only another process is left to clean up when espcap is killed. */
#include "process/home.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "process/pipes.h"
#include "process/spawn.h"

#define DEPTH 16
#define PATTERN "XXXXXX" /* of mkdtemp(3) */
#define END_LEN (sizeof(PATTERN) - 1)

struct home {
	char *path;
	int life; /* the watcher sees it close */
	pid_t watcher;
};

/* What the watcher tells. */
struct made {
	int reason;        /* an errno, 0 for success */
	char end[END_LEN]; /* what the name has in place of PATTERN */
};

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	(void)remove(path);
	return 0;
}

/* As mkdtemp(3). */
static int
make_folder(char *path, bool for_others)
{
	int reason;

	if (mkdtemp(path) == NULL)
		return -1;
	if (!for_others || chmod(path, 0711) == 0)
		return 0;
	reason = errno;
	(void)rmdir(path);
	errno = reason;
	return -1;
}

/*
 * It makes the folder itself: however early espcap is killed, there is somebody then to remove it. Signals are blocked
 * since the fork; in a session of its own, no kill of a whole group takes it along with espcap.
 */
static void __attribute__((noreturn))
watcher_main(char *path, bool for_others, int life, int told)
{
	struct made made = { .reason = 0 };
	char byte;
	ssize_t got;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (dup2(life, 0) < 0 || dup2(told, 1) < 0)
		_exit(1);
	spawn_close_range(2, ~0U);
	if (setsid() < 0 || chdir("/") != 0 ||
	    make_folder(path, for_others) != 0)
		made.reason = errno;
	memcpy(made.end, path + strlen(path) - END_LEN, END_LEN);
	do
		got = write(1, &made, sizeof(made));
	while (got < 0 && errno == EINTR);
	close(1);
	if (made.reason != 0)
		_exit(1);
	do
		got = read(0, &byte, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	(void)nftw(path, remove_one, DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	_exit(0);
}

/* What the watcher has made. -1 with errno. */
static int
hear(struct home *home, int told)
{
	struct made made;
	ssize_t got;

	do
		got = read(told, &made, sizeof(made));
	while (got < 0 && errno == EINTR);
	/* It was killed. */
	if (got != (ssize_t)sizeof(made))
		made.reason = EPIPE;
	else
		memcpy(home->path + strlen(home->path) - END_LEN, made.end,
		    END_LEN);
	errno = made.reason;
	return made.reason == 0 ? 0 : -1;
}

static int
start_watcher(struct home *home, bool for_others)
{
	int life[2], told[2], rv = -1;

	if (pipes_pair(life) != 0)
		return -1;
	home->life = life[1];
	if (pipes_pair(told) == 0) {
		home->watcher = spawn_fork();
		if (home->watcher == 0)
			watcher_main(home->path, for_others, life[0], told[1]);
		close(told[1]);
		if (home->watcher > 0)
			rv = hear(home, told[0]);
		close(told[0]);
	}
	close(life[0]);
	return rv;
}

/* Whether anybody may pass through all folders of an absolute path. */
static bool
is_passable(const char *path)
{
	char *copy = xstrdup(path);
	struct stat st;
	bool passable = true;

	for (char *end = copy + strlen(copy); passable && end != NULL;
	     end = strrchr(copy, '/')) {
		*end = '\0';
		passable = stat(copy[0] != '\0' ? copy : "/", &st) == 0 &&
		    (st.st_mode & S_IXOTH) != 0;
	}
	free(copy);
	return passable;
}

static const char *
temporary_folder(bool for_others)
{
	const char *tmp = getenv("TMPDIR");

	return tmp != NULL && tmp[0] == '/' && access(tmp, W_OK) == 0 &&
		(!for_others || is_passable(tmp)) ?
	    tmp :
	    "/tmp";
}

struct home *
home_new(bool for_others, struct error *error)
{
	struct home *home = xcalloc(1, sizeof(*home));

	home->life = -1;
	home->watcher = -1;
	home->path = xasprintf("%s/espcap-" PATTERN,
	    temporary_folder(for_others));
	if (start_watcher(home, for_others) == 0)
		return home;
	error_set(error, OUTCOME_INTERNAL, "cannot make the private directory %.400s: %s",
	    home->path, strerror(errno));
	home_free(home);
	return NULL;
}

void
home_free(struct home *home)
{
	if (home == NULL)
		return;
	if (home->life >= 0)
		close(home->life);
	while (home->watcher > 0 && waitpid(home->watcher, NULL, 0) < 0 &&
	    errno == EINTR)
		continue;
	free(home->path);
	free(home);
}

const char *
home_path(const struct home *home)
{
	return home->path;
}

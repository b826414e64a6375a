/* Only another process is left to clean up when espcap is killed. */
#include "loop/home.h"

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
#include "loop/pipes.h"
#include "loop/spawn.h"

#define DEPTH 16

struct home {
	char *path;
	int life;		/* the watcher sees it close */
	pid_t watcher;
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

/* Signals are blocked since the fork; in a session of its own, no kill of a whole group takes it along with espcap. */
static void __attribute__((noreturn))
watcher_main(const char *path, int life)
{
	char byte;
	ssize_t got;

	(void)setsid();
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (dup2(life, 0) < 0 || chdir("/") != 0)
		_exit(1);
	spawn_close_range(1, ~0U);
	do
		got = read(0, &byte, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	(void)nftw(path, remove_one, DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	_exit(0);
}

static int
start_watcher(struct home *home)
{
	int ends[2];

	if (pipes_pair(ends) != 0)
		return -1;
	home->watcher = spawn_fork();
	if (home->watcher == 0)
		watcher_main(home->path, ends[0]);
	close(ends[0]);
	home->life = ends[1];
	return home->watcher < 0 ? -1 : 0;
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
	    (!for_others || is_passable(tmp)) ? tmp : "/tmp";
}

struct home *
home_new(bool for_others, struct error *error)
{
	struct home *home = xcalloc(1, sizeof(*home));

	home->life = -1;
	home->watcher = -1;
	home->path = xasprintf("%s/espcap-XXXXXX",
	    temporary_folder(for_others));
	if (mkdtemp(home->path) == NULL) {
		error_set(error, OUTCOME_INTERNAL, "%s: %s", home->path,
		    strerror(errno));
		free(home->path);
		free(home);
		return NULL;
	}
	if (for_others && chmod(home->path, 0711) != 0)
		error_set(error, OUTCOME_INTERNAL, "%s: %s", home->path,
		    strerror(errno));
	else if (start_watcher(home) == 0)
		return home;
	else
		error_set(error, OUTCOME_INTERNAL, "start the process "
		    "that removes %.400s: %s", home->path, strerror(errno));
	(void)rmdir(home->path);
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

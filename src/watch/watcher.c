/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens in a watched folder. */
#include "watch/watcher.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"

#define NEWS (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | \
    IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

struct watcher {
	char *name, *path;
	struct log *log;
	int fd;
	int inotify; /* -1: nothing is reported */
	struct event *readable;
	struct priv_broker *broker;
	struct watch *watch;
	const char *end;
};

/* What a scan found. */
struct found {
	char **names;
	size_t count, room;
};

struct watch_time
watcher_time(void)
{
	struct timespec real;
	struct watch_time time;

	clock_gettime(CLOCK_REALTIME, &real);
	time.now = (int64_t)clock_ms();
	time.real = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec;
	return time;
}

static void
ask_for_news(struct watcher *watcher)
{
	watcher->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watcher->inotify >= 0 &&
	    inotify_add_watch(
		watcher->inotify, watcher->path, NEWS | IN_ONLYDIR) >= 0)
		return;
	log_note(watcher->log,
	    "%s: inotify is unavailable (%s): scanning it every five seconds "
	    "instead",
	    watcher->name,
	    strerror(errno));
	if (watcher->inotify >= 0)
		close(watcher->inotify);
	watcher->inotify = -1;
}

struct watcher *
watcher_open(const char *name, struct log *log, struct error *error)
{
	struct watcher *watcher = xcalloc(1, sizeof(*watcher));

	watcher->name = xstrdup(name);
	watcher->log = log;
	watcher->inotify = -1;
	watcher->fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (watcher->fd >= 0)
		watcher->path = realpath(name, NULL);
	if (watcher->path == NULL) {
		error_set(error, OUTCOME_INPUT, "%s: %s", name,
		    errno == ENOTDIR ?
			"not a directory; --file reads a file" :
			strerror(errno));
		watcher_free(watcher);
		return NULL;
	}
	ask_for_news(watcher);
	return watcher;
}

void
watcher_free(struct watcher *watcher)
{
	if (watcher == NULL)
		return;
	if (watcher->readable != NULL)
		event_free(watcher->readable);
	if (watcher->inotify >= 0)
		close(watcher->inotify);
	if (watcher->fd >= 0)
		close(watcher->fd);
	free(watcher->name);
	free(watcher->path);
	free(watcher);
}

int
watcher_fd(const struct watcher *watcher)
{
	return watcher->fd;
}

const char *
watcher_name(const struct watcher *watcher)
{
	return watcher->name;
}

const char *
watcher_path(const struct watcher *watcher)
{
	return watcher->path;
}

const char *
watcher_end(const struct watcher *watcher)
{
	struct stat st;

	if (watcher->end == NULL && fstat(watcher->fd, &st) == 0 &&
	    st.st_nlink == 0)
		return "the directory was removed";
	return watcher->end;
}

/* Looking. */

static void
look_at(struct watcher *watcher, const char *name)
{
	struct watch_time time = watcher_time();
	struct folder_entry entry;

	if (watch_is_hidden(name))
		return;
	if (priv_broker_folder_look(watcher->broker, name, &entry) != 0) {
		if (errno == ENOENT)
			watch_missing(watcher->watch, name);
		return;
	}
	/* Links are not followed: who may fill the folder could have us read any file. */
	if (S_ISREG(entry.mode))
		(void)watch_seen(watcher->watch, name, &entry, &time);
	else
		watch_missing(watcher->watch, name);
}

void
watcher_each(const struct watcher *watcher,
    void (*see)(void *ctx, const char *name, uint64_t inode), void *ctx)
{
	int fd = openat(watcher->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	/* Who may not open it any more reads what is open, from its beginning. */
	if (fd < 0 && (fd = fcntl(watcher->fd, F_DUPFD_CLOEXEC, 3)) >= 0)
		(void)lseek(fd, 0, SEEK_SET);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (!watch_is_hidden(entry->d_name))
			see(ctx, entry->d_name, entry->d_ino);
	closedir(dir);
}

static void
remember(void *ctx, const char *name, uint64_t inode)
{
	struct found *found = ctx;

	(void)inode;
	if (found->count == found->room) {
		found->room = found->room == 0 ? 64 : found->room * 2;
		found->names = xreallocarray(found->names, found->room,
		    sizeof(*found->names));
	}
	found->names[found->count++] = xstrdup(name);
}

static int
by_name(const void *a, const void *b)
{
	return watch_compare(*(char *const *)a, *(char *const *)b);
}

/* First the names that are known, so that a new name can be that of a file that has lost its own. */
void
watcher_scan(struct watcher *watcher)
{
	struct found found = { NULL, 0, 0 };
	size_t unknown = 0;

	watcher_each(watcher, remember, &found);
	if (found.count > 0)
		qsort(found.names, found.count, sizeof(*found.names), by_name);
	watch_begin_scan(watcher->watch);
	for (size_t i = 0; i < found.count; i++) {
		char *name = found.names[i];

		if (watch_find(watcher->watch, name) != NULL) {
			look_at(watcher, name);
			free(name);
		} else
			found.names[unknown++] = name;
	}
	watch_end_scan(watcher->watch);
	for (size_t i = 0; i < unknown; i++) {
		look_at(watcher, found.names[i]);
		free(found.names[i]);
	}
	free(found.names);
}

/* News. */

static void
take_event(struct watcher *watcher, const struct inotify_event *event)
{
	const char *name = event->len > 0 ? event->name : "";

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		watch_forget_writers(watcher->watch);
		watcher_scan(watcher);
		return;
	}
	if ((event->mask & IN_MOVE_SELF) != 0)
		watcher->end = "the directory was moved away";
	if ((event->mask & (IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0 &&
	    watcher->end == NULL)
		watcher->end = "the directory was removed";
	if (name[0] == '\0' || (event->mask & IN_ISDIR) != 0)
		return;
	if ((event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0)
		watch_missing(watcher->watch, name);
	else
		look_at(watcher, name);
	if ((event->mask & IN_MODIFY) != 0)
		watch_set_writer(watcher->watch, name, WATCH_WRITER_OPEN);
	else if ((event->mask & IN_CLOSE_WRITE) != 0)
		watch_closed(watcher->watch, name);
	else if ((event->mask & IN_MOVED_TO) != 0)
		watch_set_writer(watcher->watch, name, WATCH_WRITER_CLOSED);
}

static void
on_news(evutil_socket_t fd, short what, void *ctx)
{
	struct watcher *watcher = ctx;
	char events[16384]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(fd, events, sizeof(events));

	(void)what;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event =
		    (const void *)(events + at);

		take_event(watcher, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

void
watcher_listen(struct watcher *watcher, struct loop *loop, struct priv_broker *broker,
    struct watch *watch)
{
	watcher->broker = broker;
	watcher->watch = watch;
	if (watcher->inotify >= 0) {
		watcher->readable = event_new(loop_base(loop), watcher->inotify,
		    EV_READ | EV_PERSIST, on_news, watcher);
		if (watcher->readable == NULL ||
		    event_add(watcher->readable, NULL) != 0)
			abort(); /* out of memory */
	}
	watcher_scan(watcher);
}

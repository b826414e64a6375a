/* SPDX-License-Identifier: BSD-2-Clause */
/* A running child: its three pipes on the loop, and the two ends of its life, which come in either order. */
#include "process/child.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "process/process_memory.h"
#include "process/spawn.h"
#include "process/tail.h"

#define CHILD_READ_SIZE ((size_t)256 << 10)

/* How long others may hold the stdout of a dead child. */
static const struct timeval child_linger = { 1, 0 };
static const struct timeval child_soon = { 0, 0 };
/*
 * A child that writes in small pieces would wake us for each of them. After a
 * small piece it is left alone for this long: its pipe holds far more than it
 * writes meanwhile.
 */
#define CHILD_SMALL ((ssize_t)64 << 10)
#define CHILD_ROOMY (512 << 10)
static const struct timeval child_breath = { 0, 2000 };

struct child {
	struct child_handler handler;
	pid_t pid; /* -1 once reaped: then the number may be anybody's */
	int wait_status;
	bool wait_known;
	bool dead; /* ended, perhaps not yet reaped */
	bool killed;
	bool paused;
	bool finished;
	struct event *on_exit;

	struct pipes pipes;
	struct event *on_in;
	struct buffer queue;
	bool wants_input; /* bytes may still be written, if only to be dropped */
	size_t dropped;   /* counted as queued until the loop comes round */
	struct event *on_dropped;

	struct event *on_out;
	bool is_roomy;           /* the pipe of stdout holds CHILD_ROOMY bytes */
	struct event *on_breath; /* reading goes on */
	struct event *on_linger;
	size_t owed; /* bytes in stdout when it ended: all of them are its own */
	char *chunk;

	struct event *on_err;
	struct tail *tail;

	unsigned long long progress;
	char *errors;
	char status[96];
};

/* epoll can refuse a pipe only for lack of kernel memory, and then nothing sensible is left to do. */
static void
watch(struct event *event, const struct timeval *after)
{
	if (event_add(event, after) != 0) {
		fputs("espcap: the event loop cannot watch a child\n", stderr);
		abort();
	}
}

static void
stop_watching(int *fd, struct event *event)
{
	if (*fd < 0)
		return;
	event_del(event);
	close(*fd);
	*fd = -1;
}

/* stderr */

static ssize_t
read_errors(struct child *child)
{
	size_t room;
	char *to = tail_room(child->tail, &room);
	ssize_t got = read(child->pipes.err, to, room);

	if (got > 0)
		tail_added(child->tail, (size_t)got);
	return got;
}

static bool
would_block(ssize_t got)
{
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
on_errors(evutil_socket_t fd, short what, void *ctx)
{
	struct child *child = ctx;
	ssize_t got = read_errors(child);

	(void)fd;
	(void)what;
	if (got <= 0 && !would_block(got))
		stop_watching(&child->pipes.err, child->on_err);
}

/* The end of its life */

static void
describe(struct child *child)
{
	int status = child->wait_status;

	if (!child->wait_known)
		snprintf(child->status, sizeof(child->status),
		    "ended, with an unknown status");
	else if (WIFSIGNALED(status))
		snprintf(child->status, sizeof(child->status),
		    "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(child->status, sizeof(child->status),
		    "exit status %d", WEXITSTATUS(status));
}

static void
send_kill(const struct child *child)
{
	if (child->pid > 0) {
		(void)kill(-child->pid, SIGKILL);
		(void)kill(child->pid, SIGKILL);
	}
}

/* Nobody of its group may outlive it; the group's number is safe only while the child is not reaped. */
static void
reap(struct child *child)
{
	pid_t got;

	if (child->pid < 0)
		return;
	send_kill(child);
	do
		got = waitpid(child->pid, &child->wait_status, 0);
	while (got < 0 && errno == EINTR);
	child->wait_known = got == child->pid;
	child->pid = -1;
}

/* What the dead one wrote fits in the pipe; a living holder of it must not keep us here. */
static void
drain_errors(struct child *child)
{
	for (int n = 0; child->pipes.err >= 0 && n < 64; n++) {
		if (read_errors(child) <= 0)
			break;
	}
	stop_watching(&child->pipes.err, child->on_err);
}

static void
finish_if_ended(struct child *child)
{
	if (!child->dead || child->pipes.out >= 0 || child->finished)
		return;
	child->finished = true;
	event_del(child->on_exit);
	event_del(child->on_linger);
	event_del(child->on_breath);
	event_del(child->on_dropped);
	stop_watching(&child->pipes.in, child->on_in);
	drain_errors(child);
	reap(child);
	describe(child);
	child->errors = tail_text(child->tail);
	buffer_release(&child->queue);
	child->handler.on_finish(child->handler.ctx);
}

/* Waits on for the end of stdout, if there is nothing more to come from the child itself. */
static void
linger(struct child *child)
{
	if (child->dead && child->pipes.out >= 0 && child->owed == 0 &&
	    !evtimer_pending(child->on_linger, NULL))
		watch(child->on_linger, &child_linger);
}

static void
on_lingered(evutil_socket_t fd, short what, void *ctx)
{
	struct child *child = ctx;

	(void)fd;
	(void)what;
	if (child->paused)
		return;
	stop_watching(&child->pipes.out, child->on_out);
	finish_if_ended(child);
}

/* Any child's end calls this; which one it was, only waitid knows. */
static void
on_exit_of_some(evutil_socket_t number, short what, void *ctx)
{
	struct child *child = ctx;
	siginfo_t info;
	int left = 0;

	(void)number;
	(void)what;
	if (child->dead)
		return;
	/* It stays a zombie until finish, so that its number can still be killed. */
	memset(&info, 0, sizeof(info));
	if (waitid(P_PID, (id_t)child->pid, &info,
		WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid != child->pid)
		return;
	child->dead = true;
	if (child->pipes.out >= 0 && ioctl(child->pipes.out, FIONREAD, &left) == 0)
		child->owed = (size_t)left;
	linger(child);
	finish_if_ended(child);
}

/* stdout */

static void
on_output(evutil_socket_t fd, short what, void *ctx)
{
	struct child *child = ctx;
	ssize_t got = read((int)fd, child->chunk, CHILD_READ_SIZE);

	(void)what;
	if (would_block(got))
		return;
	if (got <= 0) {
		stop_watching(&child->pipes.out, child->on_out);
		finish_if_ended(child);
		return;
	}
	child->progress += (unsigned long long)got;
	child->owed -= child->owed < (size_t)got ? child->owed : (size_t)got;
	linger(child);
	if (got < CHILD_SMALL && child->is_roomy && !child->dead &&
	    !child->killed) {
		event_del(child->on_out);
		watch(child->on_breath, &child_breath);
	}
	child->handler.on_output(child->handler.ctx, child->chunk,
	    (size_t)got);
}

static void
on_breath(evutil_socket_t fd, short what, void *ctx)
{
	struct child *child = ctx;

	(void)fd;
	(void)what;
	if (child->pipes.out >= 0 && !child->paused)
		watch(child->on_out, NULL);
}

void
child_pause(struct child *child)
{
	if (child->paused || child->killed)
		return;
	child->paused = true;
	event_del(child->on_breath);
	if (child->pipes.out >= 0)
		event_del(child->on_out);
}

void
child_resume(struct child *child)
{
	if (!child->paused)
		return;
	child->paused = false;
	if (child->pipes.out >= 0)
		watch(child->on_out, NULL);
	linger(child);
}

/* stdin */

static void
input_writable(struct child *child)
{
	if (child->wants_input && child->handler.on_writable != NULL &&
	    child_queued(child) < CHILD_QUEUE_LOW)
		child->handler.on_writable(child->handler.ctx);
}

/*
 * Dropped bytes stay counted for one turn of the loop. Otherwise the owner
 * would find room forever and push a whole capture through in one callback.
 */
static void
drop(struct child *child, size_t len)
{
	child->dropped += len;
	if (!evtimer_pending(child->on_dropped, NULL))
		watch(child->on_dropped, &child_soon);
}

static void
on_dropped(evutil_socket_t fd, short what, void *ctx)
{
	struct child *child = ctx;

	(void)fd;
	(void)what;
	child->dropped = 0;
	input_writable(child);
}

static void
on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct child *child = ctx;
	ssize_t put = write((int)fd, child->queue.data, child->queue.len);

	(void)what;
	if (would_block(put))
		return;
	if (put < 0) {
		/* EPIPE: it wants no more, which is its right. */
		stop_watching(&child->pipes.in, child->on_in);
		drop(child, child->queue.len);
		buffer_release(&child->queue);
		return;
	}
	child->progress += (unsigned long long)put;
	buffer_consume(&child->queue, (size_t)put);
	if (child->queue.len == 0)
		event_del(child->on_in);
	if (child->queue.len == 0 && !child->wants_input)
		stop_watching(&child->pipes.in, child->on_in);
	input_writable(child);
}

size_t
child_queued(const struct child *child)
{
	return child->queue.len + child->dropped;
}

int
child_write(struct child *child, const void *data, size_t len)
{
	assert(child->wants_input);
	if (len > CHILD_QUEUE_MAX - child_queued(child))
		return -1;
	if (len == 0)
		return 0;
	if (child->pipes.in < 0) {
		drop(child, len);
		return 0;
	}
	if (buffer_append(&child->queue, data, len) != 0)
		return -1;
	if (child->queue.len == len)
		watch(child->on_in, NULL);
	return 0;
}

void
child_close_input(struct child *child)
{
	child->wants_input = false;
	if (child->queue.len == 0)
		stop_watching(&child->pipes.in, child->on_in);
}

/* The beginning and the whole */

static int
make_events(struct child *child, struct event_base *base)
{
	if (child->pipes.in >= 0)
		child->on_in = event_new(base, child->pipes.in,
		    EV_WRITE | EV_PERSIST, on_input, child);
	child->on_out = event_new(base, child->pipes.out, EV_READ | EV_PERSIST,
	    on_output, child);
	child->on_err = event_new(base, child->pipes.err, EV_READ | EV_PERSIST,
	    on_errors, child);
	child->on_exit = evsignal_new(base, SIGCHLD, on_exit_of_some, child);
	child->is_roomy = fcntl(child->pipes.out, F_GETPIPE_SZ) >= CHILD_ROOMY;
	child->on_linger = evtimer_new(base, on_lingered, child);
	child->on_breath = evtimer_new(base, on_breath, child);
	child->on_dropped = evtimer_new(base, on_dropped, child);
	if ((child->pipes.in >= 0 && child->on_in == NULL) ||
	    child->on_out == NULL || child->on_err == NULL ||
	    child->on_exit == NULL || child->on_linger == NULL ||
	    child->on_breath == NULL ||
	    child->on_dropped == NULL)
		return -1;
	/* Before the fork, or a quick end would go unnoticed. */
	if (event_add(child->on_exit, NULL) != 0 ||
	    event_add(child->on_out, NULL) != 0 ||
	    event_add(child->on_err, NULL) != 0)
		return -1;
	return 0;
}

static struct child *
child_new(const struct child_handler *handler, bool wants_input)
{
	struct child *child = xcalloc(1, sizeof(*child));

	child->handler = *handler;
	child->pid = -1;
	child->wants_input = wants_input;
	buffer_init(&child->queue, CHILD_QUEUE_MAX);
	child->chunk = xmalloc(CHILD_READ_SIZE);
	child->tail = tail_new();
	return child;
}

struct child *
child_start(struct loop *loop, const struct child_spec *spec,
    const struct child_handler *handler, struct error *error)
{
	struct child *child = child_new(handler, spec->wants_input);
	const struct spawn spawn = { spec->argv, spec->home,
		spec->preload, spec->sandbox, &child->pipes };

	if (pipes_open(&child->pipes, spec->wants_input, spec->extra_fd) != 0)
		error_set(error, OUTCOME_INTERNAL,
		    "cannot start %s: pipes: %s", spec->argv->words[0],
		    strerror(errno));
	else if (make_events(child, loop_base(loop)) != 0)
		error_set(error, OUTCOME_INTERNAL,
		    "cannot start %s: event loop: %s", spec->argv->words[0],
		    strerror(errno));
	else
		child->pid = spawn_start(&spawn, error);
	pipes_close_its(&child->pipes);
	if (child->pid > 0)
		return child;
	child_free(child);
	return NULL;
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
child_free(struct child *child)
{
	if (child == NULL)
		return;
	reap(child);
	free_event(child->on_exit);
	free_event(child->on_in);
	free_event(child->on_dropped);
	free_event(child->on_out);
	free_event(child->on_linger);
	free_event(child->on_breath);
	free_event(child->on_err);
	pipes_close_ours(&child->pipes);
	buffer_release(&child->queue);
	free(child->chunk);
	tail_free(child->tail);
	free(child->errors);
	free(child);
}

void
child_kill(struct child *child)
{
	child_resume(child);
	child->killed = true;
	send_kill(child);
}

unsigned long long
child_cpu(const struct child *child)
{
	struct timespec used;
	clockid_t clock;

	if (child->dead || clock_getcpuclockid(child->pid, &clock) != 0 ||
	    clock_gettime(clock, &used) != 0)
		return 0;
	return (unsigned long long)used.tv_sec * 1000 +
	    (unsigned long long)used.tv_nsec / 1000000;
}

uint64_t
child_memory(const struct child *child)
{
	return child->dead ? 0 : process_memory_bytes(child->pid);
}

unsigned long long
child_space(const struct child *child)
{
	char path[32];
	unsigned long long pages = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)child->pid);
	file = child->dead ? NULL : fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%llu", &pages) != 1)
		pages = 0;
	(void)fclose(file);
	return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

unsigned long long
child_progress(const struct child *child)
{
	return child->progress;
}

bool
child_succeeded(const struct child *child)
{
	return child_exit_status(child) == 0;
}

int
child_exit_status(const struct child *child)
{
	if (!child->wait_known || !WIFEXITED(child->wait_status))
		return -1;
	return WEXITSTATUS(child->wait_status);
}

const char *
child_status(const struct child *child)
{
	return child->status;
}

const char *
child_errors(const struct child *child)
{
	return child->errors != NULL ? child->errors : "";
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop: libevent's base, caught signals, deferred calls. */
#include "loop/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

struct deferred {
	void (*call)(void *ctx);
	void *ctx;
	STAILQ_ENTRY(deferred)
	next;
};

STAILQ_HEAD(deferred_list, deferred);

/*
 * A handler is given no context: what it counts, and whom it wakes, cannot hang from struct loop. libevent's own
 * handler has a blocked write go on (SA_RESTART), and is of no use when the loop does not come round.
 */
static struct {
	volatile sig_atomic_t count, number;
	volatile sig_atomic_t fd;
	timer_t last;
} signals;

struct loop {
	struct event_base *base;
	struct event *caught; /* NULL until loop_catch */
	int caught_fd;        /* the handler writes to it */
	timer_t last;         /* ends the program some time after the second signal */
	unsigned told;        /* signals that on_signal was called for */
	void (*on_signal)(void *ctx, int number);
	void *signal_ctx;
	struct event *hangup; /* NULL until loop_catch_hangup */
	void (*on_hangup)(void *ctx);
	void *hangup_ctx;
	struct event *user; /* NULL until loop_catch_user */
	void (*on_user)(void *ctx);
	void *user_ctx;
	struct event *soon; /* pending while deferred is not empty */
	struct deferred_list deferred;
	size_t deferred_count;
	bool stopped;
};

static void *
loop_realloc(void *old, size_t size)
{
	return xreallocarray(old, size, 1);
}

static void
on_soon(evutil_socket_t fd, short what, void *ctx)
{
	static const struct timeval now = { 0, 0 };
	struct loop *loop = ctx;

	(void)fd;
	(void)what;
	/* A call that defers itself again must wait for the next round, or nothing else would ever run. */
	for (size_t n = loop->deferred_count; n > 0 && !loop->stopped; n--) {
		struct deferred *first = STAILQ_FIRST(&loop->deferred);
		struct deferred todo = *first;

		STAILQ_REMOVE_HEAD(&loop->deferred, next);
		loop->deferred_count--;
		free(first);
		todo.call(todo.ctx);
	}
	if (loop->deferred_count > 0)
		evtimer_add(loop->soon, &now);
}

static void
on_caught(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;
	uint64_t ignored;

	(void)what;
	(void)!read(fd, &ignored, sizeof(ignored));
	while (loop->told < (unsigned)signals.count) {
		loop->told++;
		loop->on_signal(loop->signal_ctx, signals.number);
	}
}

/* Only what signal-safety(7) lists. */
static void
handle_signal(int number)
{
	const struct itimerspec last = { { 0, 0 }, { LOOP_LAST_SECONDS, 0 } };
	const uint64_t one = 1;
	int reason = errno;

	signals.number = number;
	signals.count = signals.count + 1;
	if (signals.count == 2)
		(void)timer_settime(signals.last, 0, &last, NULL);
	(void)!write(signals.fd, &one, sizeof(one));
	errno = reason;
}

void
loop_end_by(int number)
{
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* Something at the end waits for what does not come: a name server, a disk that is gone. */
static void
handle_last(int number)
{
	(void)number;
	if (signals.count < 2)
		return;
	loop_end_by(signals.number);
	_exit(128 + signals.number);
}

static struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		return NULL;
	event_config_set_flag(config,
	    EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

/* A signal mask survives exec, and whoever started us may have had these blocked. */
static void
signals_prepare(void)
{
	sigset_t needed;

	signal(SIGPIPE, SIG_IGN);
	/* Who asks for the counts too early or too late must not end the run. */
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&needed);
	sigaddset(&needed, SIGCHLD);
	sigaddset(&needed, SIGINT);
	sigaddset(&needed, SIGTERM);
	sigaddset(&needed, SIGHUP);
	sigaddset(&needed, SIGALRM);
	sigaddset(&needed, SIGVTALRM);
	sigaddset(&needed, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &needed, NULL);
}

struct loop *
loop_new(struct error *error)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	/* From here on event_new cannot return NULL for lack of memory. */
	event_set_mem_functions(xmalloc, loop_realloc, free);
	STAILQ_INIT(&loop->deferred);
	signals_prepare();
	loop->base = base_new();
	if (loop->base != NULL)
		loop->soon = evtimer_new(loop->base, on_soon, loop);
	if (loop->soon == NULL) {
		error_set(error, OUTCOME_INTERNAL,
		    "cannot make the event loop: libevent failed");
		loop_free(loop);
		return NULL;
	}
	return loop;
}

static void
release_caught(struct loop *loop)
{
	if (loop->caught == NULL)
		return;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	timer_delete(loop->last);
	event_free(loop->caught);
	close(loop->caught_fd);
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	while (!STAILQ_EMPTY(&loop->deferred)) {
		struct deferred *first = STAILQ_FIRST(&loop->deferred);

		STAILQ_REMOVE_HEAD(&loop->deferred, next);
		free(first);
	}
	release_caught(loop);
	if (loop->hangup != NULL)
		event_free(loop->hangup);
	if (loop->user != NULL)
		event_free(loop->user);
	if (loop->soon != NULL)
		event_free(loop->soon);
	if (loop->base != NULL)
		event_base_free(loop->base);
	free(loop);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

static struct event *
signal_event(struct loop *loop, int number, event_callback_fn call)
{
	struct event *event = evsignal_new(loop->base, number, call, loop);

	/* Without it the default action stays, which also ends the program. */
	if (event != NULL)
		event_add(event, NULL);
	return event;
}

static void
set_handlers(void)
{
	/* Without SA_RESTART: a write that waits against all expectation is interrupted. */
	struct sigaction action = { .sa_handler = handle_signal };
	const struct sigaction last = { .sa_handler = handle_last };

	/* One after the other, so that none is lost in counting. */
	sigaddset(&action.sa_mask, SIGINT);
	sigaddset(&action.sa_mask, SIGTERM);
	(void)sigaction(SIGVTALRM, &last, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

/* False with the default actions in place, which also end the program. */
static bool
begin_catching(struct loop *loop)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGVTALRM };

	loop->caught_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->caught_fd < 0)
		return false;
	if (timer_create(CLOCK_MONOTONIC, &event, &loop->last) != 0) {
		close(loop->caught_fd);
		return false;
	}
	loop->caught = event_new(loop->base, loop->caught_fd,
	    EV_READ | EV_PERSIST, on_caught, loop);
	event_add(loop->caught, NULL);
	signals.count = signals.number = 0;
	signals.fd = loop->caught_fd;
	signals.last = loop->last;
	return true;
}

void
loop_catch(struct loop *loop, void (*on_signal)(void *ctx, int number), void *ctx)
{
	loop->on_signal = on_signal;
	loop->signal_ctx = ctx;
	if (loop->caught == NULL && begin_catching(loop))
		set_handlers();
}

unsigned
loop_signals(const struct loop *loop, int *last)
{
	*last = loop->caught != NULL ? signals.number : 0;
	return loop->caught != NULL ? (unsigned)signals.count : 0;
}

static void
on_hup(evutil_socket_t number, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)number;
	(void)what;
	loop->on_hangup(loop->hangup_ctx);
}

void
loop_catch_hangup(struct loop *loop, void (*on_hangup)(void *ctx), void *ctx)
{
	loop->on_hangup = on_hangup;
	loop->hangup_ctx = ctx;
	if (loop->hangup == NULL)
		loop->hangup = signal_event(loop, SIGHUP, on_hup);
}

static void
on_usr1(evutil_socket_t number, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)number;
	(void)what;
	loop->on_user(loop->user_ctx);
}

void
loop_catch_user(struct loop *loop, void (*on_user)(void *ctx), void *ctx)
{
	loop->on_user = on_user;
	loop->user_ctx = ctx;
	if (loop->user == NULL)
		loop->user = signal_event(loop, SIGUSR1, on_usr1);
}

/* The caught signals are not something to wait for, though libevent counts them. */
static bool
loop_waits(struct loop *loop)
{
	int count = event_base_get_num_events(loop->base,
	    EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE |
		EVENT_BASE_COUNT_VIRTUAL);

	if (loop->caught != NULL)
		count--;
	if (loop->hangup != NULL)
		count--;
	if (loop->user != NULL)
		count--;
	return count > 0;
}

int
loop_run(struct loop *loop, struct error *error)
{
	int result = 0;

	while (result == 0 && !loop->stopped && loop_waits(loop)) {
		if (event_base_loop(loop->base, EVLOOP_ONCE) < 0)
			result = error_set(error, OUTCOME_INTERNAL,
			    "cannot wait for events: libevent failed");
	}
	loop->stopped = false;
	return result;
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
	event_base_loopbreak(loop->base);
}

void
loop_start_timer(struct event *timer, uint64_t ms)
{
	struct timeval after = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000 * 1000) };

	evtimer_add(timer, &after);
}

void
loop_defer(struct loop *loop, void (*call)(void *ctx), void *ctx)
{
	static const struct timeval now = { 0, 0 };
	struct deferred *last = xcalloc(1, sizeof(*last));

	last->call = call;
	last->ctx = ctx;
	STAILQ_INSERT_TAIL(&loop->deferred, last, next);
	loop->deferred_count++;
	evtimer_add(loop->soon, &now);
}

/* The event loop: libevent's base, caught signals, deferred calls. */
#include "loop/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/xalloc.h"

struct deferred {
	void (*call)(void *ctx);
	void *ctx;
	STAILQ_ENTRY(deferred) next;
};

STAILQ_HEAD(deferred_list, deferred);

struct loop {
	struct event_base *base;
	struct event *interrupt;	/* NULL until loop_catch */
	struct event *terminate;
	void (*on_signal)(void *ctx, int number);
	void *signal_ctx;
	struct event *hangup;		/* NULL until loop_catch_hangup */
	void (*on_hangup)(void *ctx);
	void *hangup_ctx;
	struct event *user;		/* NULL until loop_catch_user */
	void (*on_user)(void *ctx);
	void *user_ctx;
	struct event *soon;		/* pending while deferred is not empty */
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
	static const struct timeval now = {0, 0};
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
on_caught(evutil_socket_t number, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)what;
	loop->on_signal(loop->signal_ctx, (int)number);
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
	sigaddset(&needed, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &needed, NULL);
}

struct loop *
loop_new(struct error *error)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	/* From here on event_new cannot return NULL for want of memory. */
	event_set_mem_functions(xmalloc, loop_realloc, free);
	STAILQ_INIT(&loop->deferred);
	signals_prepare();
	loop->base = base_new();
	if (loop->base != NULL)
		loop->soon = evtimer_new(loop->base, on_soon, loop);
	if (loop->soon == NULL) {
		error_set(error, OUTCOME_INTERNAL,
		    "make the event loop: libevent refused");
		loop_free(loop);
		return NULL;
	}
	return loop;
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
	if (loop->interrupt != NULL)
		event_free(loop->interrupt);
	if (loop->terminate != NULL)
		event_free(loop->terminate);
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

void
loop_catch(struct loop *loop, void (*on_signal)(void *ctx, int number), void *ctx)
{
	loop->on_signal = on_signal;
	loop->signal_ctx = ctx;
	if (loop->interrupt == NULL)
		loop->interrupt = signal_event(loop, SIGINT, on_caught);
	if (loop->terminate == NULL)
		loop->terminate = signal_event(loop, SIGTERM, on_caught);
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

	if (loop->interrupt != NULL)
		count--;
	if (loop->terminate != NULL)
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
			    "wait for events: libevent failed");
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
	static const struct timeval now = {0, 0};
	struct deferred *last = xcalloc(1, sizeof(*last));

	last->call = call;
	last->ctx = ctx;
	STAILQ_INSERT_TAIL(&loop->deferred, last, next);
	loop->deferred_count++;
	evtimer_add(loop->soon, &now);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that wait for standard error. */
#include "run/drain.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/write.h"
#include "base/xalloc.h"

/* What cannot be waited for (see sink_stdout.c) is tried again after so long. */
#define AGAIN_MS 100

struct drain {
	struct log *log;
	struct event *writable, *again;
};

static void
wait_writable(void *ctx)
{
	struct drain *drain = ctx;

	if (write_kind(STDERR_FILENO) == WRITE_TERMINAL ||
	    event_add(drain->writable, NULL) != 0)
		loop_start_timer(drain->again, AGAIN_MS);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct drain *drain = ctx;

	(void)fd;
	(void)what;
	if (!log_flush(drain->log))
		wait_writable(drain);
}

struct drain *
drain_new(struct loop *loop, struct log *log)
{
	struct drain *drain = xcalloc(1, sizeof(*drain));

	drain->log = log;
	drain->writable = event_new(loop_base(loop), STDERR_FILENO, EV_WRITE,
	    on_writable, drain);
	drain->again = evtimer_new(loop_base(loop), on_writable, drain);
	if (drain->writable == NULL || drain->again == NULL)
		abort(); /* out of memory */
	log->on_kept = wait_writable;
	log->ctx = drain;
	return drain;
}

void
drain_free(struct drain *drain)
{
	if (drain == NULL)
		return;
	drain->log->on_kept = NULL;
	event_free(drain->writable);
	event_free(drain->again);
	free(drain);
}

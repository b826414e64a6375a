/* How a run stands, told to the person while it goes on. */
#include "app/status.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"

#define PROGRESS_MS 300
#define MINUTE_SECONDS 60

struct status {
	struct log *log;
	struct status_source source;
	uint64_t start;			/* clock_ms */
	struct event *progress, *minute;	/* NULL if not wanted */
};

static void
on_progress(evutil_socket_t fd, short what, void *ctx)
{
	struct status *status = ctx;
	struct progress progress;
	char line[300];

	(void)fd;
	(void)what;
	status->source.progress(status->source.ctx, &progress);
	progress.elapsed = clock_ms() - status->start;
	progress_line(&progress, line, sizeof(line));
	log_progress(status->log, line);
}

static void
on_user(void *ctx)
{
	struct status *status = ctx;
	struct totals totals;
	char line[PROGRESS_TOTALS_LEN];

	status->source.totals(status->source.ctx, &totals);
	progress_totals(&totals, line, sizeof(line));
	log_error(status->log, "so far: %s", line);
}

static void
on_minute(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	on_user(ctx);
}

static struct event *
start_timer(struct status *status, struct loop *loop, struct timeval every,
    event_callback_fn call)
{
	struct event *event = event_new(loop_base(loop), -1, EV_PERSIST, call,
	    status);

	if (event == NULL || event_add(event, &every) != 0)
		abort();	/* out of memory */
	return event;
}

struct status *
status_start(struct loop *loop, struct log *log,
    const struct status_source *source, bool progress, bool minutely)
{
	struct status *status = xcalloc(1, sizeof(*status));

	status->log = log;
	status->source = *source;
	status->start = clock_ms();
	loop_catch_user(loop, on_user, status);
	if (progress)
		status->progress = start_timer(status, loop,
		    (struct timeval){ 0, PROGRESS_MS * 1000 }, on_progress);
	if (minutely)
		status->minute = start_timer(status, loop,
		    (struct timeval){ MINUTE_SECONDS, 0 }, on_minute);
	return status;
}

void
status_stop(struct status *status)
{
	if (status->progress != NULL) {
		on_progress(-1, 0, status);
		if (status->log->line_open)
			log_progress(status->log, "");
		event_free(status->progress);
	}
	if (status->minute != NULL)
		event_free(status->minute);
	free(status);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How a run stands, reported to the user while it goes on. */
#include "run/status.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/terminal.h"
#include "base/xalloc.h"

#define PROGRESS_MS 300
#define CELLS_ELSEWHERE 200
#define MINUTE_SECONDS 60
/* What Prometheus reads by default every 15 s to a minute. */
#define METRICS_SECONDS 15
/* A server that is down does not keep a service from having started. */
#define READY_SECONDS 5

struct status {
	struct log *log;
	struct status_source source;
	uint64_t start;            /* clock_ms */
	struct metrics_file *file; /* NULL if not wanted, as the next */
	struct event *progress, *minute, *metrics, *ready;
	struct notify *notify;
	bool minutely;
};

/*
 * The last column stays free: a terminal whose cursor has been there erases the character in it, or is on the next
 * line. What is not a terminal has no width.
 */
static size_t
line_cells(void)
{
	size_t columns = terminal_columns(STDERR_FILENO);

	if (columns == 0)
		return CELLS_ELSEWHERE;
	return columns > 1 ? columns - 1 : 1;
}

static void
on_progress(evutil_socket_t fd, short what, void *ctx)
{
	struct status *status = ctx;
	struct progress progress;
	char line[PROGRESS_LINE_LEN];

	(void)fd;
	(void)what;
	status->source.progress(status->source.ctx, &progress);
	if (progress.is_midline)
		return;
	progress.elapsed = clock_ms() - status->start;
	progress_line(&progress, line_cells(), line);
	log_progress(status->log, line);
}

static void
say(struct status *status, char line[PROGRESS_TOTALS_LEN])
{
	struct totals totals;

	status->source.totals(status->source.ctx, &totals);
	progress_totals(&totals, line, PROGRESS_TOTALS_LEN);
}

/* How far the work on each partition is behind those who write into it. */
static void
log_lag(struct status *status)
{
	struct metrics metrics;
	uint64_t sum = 0;

	status->source.metrics(status->source.ctx, &metrics);
	for (size_t i = 0; i < metrics.kafka.partition_count; i++) {
		const struct input_partition *partition = &metrics.kafka.partitions[i];

		log_error(status->log, "lag of topic %s, partition %" PRId32 ": %" PRIu64, partition->topic,
		    partition->partition, partition->lag);
		sum += partition->lag;
	}
	log_error(status->log, "lag of %zu partitions: %" PRIu64 "%s", metrics.kafka.partition_count, sum,
	    metrics.kafka.is_cut_off ? "; a broker does not answer" : "");
}

/* The sums, and those of each interface or partition. */
static void
log_so_far(struct status *status, char line[PROGRESS_TOTALS_LEN])
{
	struct totals totals;

	status->source.totals(status->source.ctx, &totals);
	for (size_t i = 0; i < totals.part_count; i++) {
		progress_totals(&totals.parts[i].totals, line, PROGRESS_TOTALS_LEN);
		log_error(status->log, "so far on %s: %s", totals.parts[i].interface, line);
	}
	if (totals.is_kafka)
		log_lag(status);
	progress_totals(&totals, line, PROGRESS_TOTALS_LEN);
	log_error(status->log, "so far: %s", line);
}

static void
on_user(void *ctx)
{
	struct status *status = ctx;
	char line[PROGRESS_TOTALS_LEN];

	log_so_far(status, line);
	notify_status(status->notify, line);
}

static void
on_minute(evutil_socket_t fd, short what, void *ctx)
{
	struct status *status = ctx;
	char line[PROGRESS_TOTALS_LEN];

	(void)fd;
	(void)what;
	if (status->minutely)
		log_so_far(status, line);
	else
		say(status, line);
	notify_status(status->notify, line);
}

void
status_ready(struct status *status)
{
	char line[PROGRESS_TOTALS_LEN];

	say(status, line);
	notify_ready(status->notify, line);
}

static void
on_running(evutil_socket_t fd, short what, void *ctx)
{
	struct status *status = ctx;

	(void)fd;
	(void)what;
	event_del(status->ready);
	status_ready(status);
}

void
status_stopping(struct status *status)
{
	notify_stopping(status->notify);
}

static void
on_metrics(evutil_socket_t fd, short what, void *ctx)
{
	struct status *status = ctx;
	struct metrics metrics;

	(void)fd;
	(void)what;
	status->source.metrics(status->source.ctx, &metrics);
	metrics_file_write(status->file, status->log, &metrics);
}

static struct event *
start_timer(struct status *status, struct loop *loop, struct timeval every,
    event_callback_fn call)
{
	struct event *event = event_new(loop_base(loop), -1, EV_PERSIST, call,
	    status);

	if (event == NULL || event_add(event, &every) != 0)
		abort(); /* out of memory */
	return event;
}

struct status *
status_start(struct loop *loop, struct log *log,
    const struct status_source *source, const struct status_config *config)
{
	struct status *status = xcalloc(1, sizeof(*status));

	status->log = log;
	status->source = *source;
	status->start = clock_ms();
	status->file = config->metrics;
	status->notify = config->notify;
	status->minutely = config->minutely;
	loop_catch_user(loop, on_user, status);
	if (config->progress)
		status->progress = start_timer(status, loop,
		    (struct timeval){ 0, PROGRESS_MS * 1000 }, on_progress);
	if (config->minutely || config->notify != NULL)
		status->minute = start_timer(status, loop,
		    (struct timeval){ MINUTE_SECONDS, 0 }, on_minute);
	if (config->metrics != NULL)
		status->metrics = start_timer(status, loop,
		    (struct timeval){ METRICS_SECONDS, 0 }, on_metrics);
	if (config->notify != NULL)
		status->ready = start_timer(status, loop,
		    (struct timeval){ READY_SECONDS, 0 }, on_running);
	notify_watch(config->notify, loop);
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
	if (status->ready != NULL)
		event_free(status->ready);
	if (status->minute != NULL)
		event_free(status->minute);
	if (status->metrics != NULL) {
		on_metrics(-1, 0, status);
		event_free(status->metrics);
	}
	free(status);
}

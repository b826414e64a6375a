/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --metrics. */
#include "metrics/metrics_out.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/place.h"
#include "base/write.h"
#include "base/xalloc.h"
#include "process/priv_broker.h"

#define TEXT_MAX ((size_t)1 << 20)
#define EVERY_MS 15000

struct metrics_out {
	struct place place;
	struct place *places[1];
	struct priv_broker *broker;
	char *folder;
	struct event *tick;
	struct log *log;
	const char *interface;
	metrics_out_fn *write;
	const void *ctx;
	struct metrics_out_state state;
	bool has_failed;
};

static int
append_text(const struct metrics_out *metrics, struct buffer *text)
{
	struct exposition exposition = { .out = text, .interface = metrics->interface };

	metrics->write(metrics->ctx, &metrics->state, &exposition);
	return exposition.rv;
}

/* -1 with errno. */
static int
replace(struct metrics_out *metrics)
{
	struct buffer text;
	int fd = -1, rv = -1, reason;

	buffer_init(&text, TEXT_MAX);
	if (append_text(metrics, &text) != 0)
		errno = EFBIG;
	else
		fd = place_begin(&metrics->place);
	if (fd < 0)
		goto out;
	rv = write_all(fd, text.data, text.len);
	if (rv == 0)
		rv = place_finish(&metrics->place);
	else
		place_abandon(&metrics->place);
out:
	reason = errno;
	if (fd >= 0)
		close(fd);
	buffer_release(&text);
	errno = reason;
	return rv;
}

static void
put(struct metrics_out *metrics)
{
	if (replace(metrics) == 0) {
		metrics->has_failed = false;
		return;
	}
	if (!metrics->has_failed)
		log_note(metrics->log, "--metrics=%s: %s; continuing, and trying again", metrics->place.path,
		    strerror(errno));
	metrics->has_failed = true;
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct metrics_out *metrics = ctx;

	(void)fd;
	(void)what;
	put(metrics);
	loop_start_timer(metrics->tick, EVERY_MS);
}

static int
open_place(struct metrics_out *metrics, const char *path, struct error *error)
{
	const struct priv_broker_outputs outputs = { metrics->places, 1 };
	const char *slash = strrchr(path, '/');

	if (descriptor_output(path) >= 0)
		return error_set(error, OUTCOME_USAGE,
		    "--metrics=%.400s: names an open descriptor; the metrics are replaced as a whole and must be a file", path);
	metrics->folder = slash == NULL ? xstrdup(".") : xstrndup(path, (size_t)(slash - path) + 1);
	if (place_open(&metrics->place, "--metrics=", path, 0644, error) != 0 ||
	    place_check_replace(&metrics->place, error) != 0)
		return -1;
	replacement_sweep(metrics->place.folder, metrics->place.name);
	metrics->broker = priv_broker_new(NULL, 0, 0, NULL, &outputs, error);
	return metrics->broker != NULL ? 0 : -1;
}

struct metrics_out *
metrics_out_new(const char *path, struct error *error)
{
	struct metrics_out *metrics = xcalloc(1, sizeof(*metrics));

	metrics->place.folder = -1;
	metrics->places[0] = &metrics->place;
	if (open_place(metrics, path, error) == 0)
		return metrics;
	metrics_out_free(metrics);
	return NULL;
}

void
metrics_out_free(struct metrics_out *metrics)
{
	if (metrics == NULL)
		return;
	if (metrics->tick != NULL)
		event_free(metrics->tick);
	priv_broker_free(metrics->broker);
	place_close(&metrics->place);
	free(metrics->folder);
	free(metrics);
}

const char *
metrics_out_folder(const struct metrics_out *metrics)
{
	return metrics->place.agent == NULL ? metrics->folder : NULL;
}

int
metrics_out_begin(struct metrics_out *metrics, struct loop *loop, struct log *log, const char *interface,
    metrics_out_fn *write, const void *ctx, struct error *error)
{
	metrics->log = log;
	metrics->interface = interface;
	metrics->write = write;
	metrics->ctx = ctx;
	metrics->state.start = clock_of_day();
	if (replace(metrics) != 0)
		return place_refuse(metrics->place.what, metrics->place.path, error);
	metrics->tick = evtimer_new(loop_base(loop), on_tick, metrics);
	loop_start_timer(metrics->tick, EVERY_MS);
	return 0;
}

void
metrics_out_end(struct metrics_out *metrics, int status)
{
	if (metrics == NULL || metrics->tick == NULL)
		return;
	metrics->state.has_ended = true;
	metrics->state.status = status;
	put(metrics);
}

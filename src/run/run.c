/* SPDX-License-Identifier: BSD-2-Clause */
/* One run: what comes from an input goes into a sink. */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/run_totals.h"
#include "run/status.h"
#include "sink/sink_stdout.h"

/*
 * An input without an end of its own that was interrupted tries as long to deliver what it has as files do by default,
 * ms.
 */
#define RETRY_LAST 300000

struct run {
	const struct run_config *config;
	struct log *log;
	struct input *input;
	struct sink *sink;
	struct run_totals sums;
	struct status *status;
	enum outcome outcome;
	bool ready;   /* the sink takes documents */
	bool started; /* the input is */
	bool stopping;
	bool full;   /* the sink wants no more now */
	bool done;   /* no document follows */
	bool is_cut; /* a signal came before all of the input was read */
	bool has_documents;
	char *file_name; /* of the last document; only with names_files */
	int signals;
	int last_signal;
};

static void
blame(struct run *run, enum outcome outcome)
{
	run->outcome = outcome_worse(run->outcome, outcome);
}

static void
stop_if_done(struct run *run)
{
	if (run->done && run->sink->type->is_empty(run->sink))
		loop_stop(run->config->loop);
}

static void
finish(struct run *run)
{
	run->done = true;
	status_stopping(run->status);
	run->sink->type->end(run->sink);
	stop_if_done(run);
}

/* The input. */

static void
check_full(struct run *run)
{
	if (run->full || !run->sink->type->is_full(run->sink))
		return;
	run->full = true;
	run->input->type->pause(run->input);
}

/* As head and tail do; the name is a part of the first line. */
static void
write_named(struct run *run, const struct document_ready *ready)
{
	size_t len = strlen(ready->file_name), room = 4 * len + 1;
	struct document_ready named = *ready;
	char *name = xmalloc(room);
	struct buffer text;

	(void)text_visible(name, room, ready->file_name, len);
	buffer_init(&text, room + ready->len + 16);
	if (buffer_printf(&text, "%s==> %s <==\n", run->file_name != NULL ? "\n" : "", name) != 0 ||
	    buffer_append(&text, ready->json, ready->len) != 0)
		abort(); /* there is room for it */
	named.json = text.data;
	named.len = text.len;
	run->sink->type->write(run->sink, &named);
	buffer_release(&text);
	free(name);
	free(run->file_name);
	run->file_name = xstrdup(ready->file_name);
}

static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct run *run = ctx;

	if (!run->has_documents && run->config->explains_text)
		log_note(run->log, "one line of text a packet; --output=json prints the documents");
	run->has_documents = true;
	if (run->config->names_files && ready->file_name != NULL &&
	    (run->file_name == NULL || strcmp(run->file_name, ready->file_name) != 0))
		write_named(run, ready);
	else
		run->sink->type->write(run->sink, ready);
	check_full(run);
}

static int
on_placed(void *ctx, const struct sink_place *place, const char *json,
    size_t len)
{
	struct run *run = ctx;
	int rv = run->sink->type->write_as(run->sink, place, json, len);

	check_full(run);
	return rv;
}

static void
on_failure(void *ctx, enum outcome outcome)
{
	blame(ctx, outcome);
}

static void
on_hurry(void *ctx)
{
	struct run *run = ctx;

	if (run->config->server != NULL && run->config->server->retry_for == 0)
		run->sink->type->give_up_after(run->sink, RETRY_LAST);
}

static void
on_end(void *ctx)
{
	finish(ctx);
}

static void
prepare_input(struct run *run)
{
	run->input->handler = (struct input_handler){ .on_document = on_document,
		.on_placed = on_placed,
		.on_failure = on_failure,
		.on_hurry = on_hurry,
		.on_end = on_end,
		.ctx = run };
	if (run->input->type->prepare != NULL)
		run->input->type->prepare(run->input);
}

/* The sink. */

static void
on_ready(void *ctx)
{
	struct run *run = ctx;

	run->ready = true;
	status_ready(run->status);
	if (run->stopping) {
		finish(run);
		return;
	}
	run->started = true;
	run->input->type->start(run->input,
	    run->sink->type->value_max(run->sink));
}

static void
on_drain(void *ctx)
{
	struct run *run = ctx;

	run->full = false;
	if (run->started)
		run->input->type->resume(run->input);
	stop_if_done(run);
}

static void
on_fail(void *ctx)
{
	struct run *run = ctx;
	struct error error;

	if (run->sink->type->failure(run->sink, &error) != OUTCOME_OK) {
		log_error(run->log, "%s", error.text);
		blame(run, error.outcome);
	} else
		log_verbose(run->log, "%s", error.text);
	loop_stop(run->config->loop);
}

/* A document is not printed into the progress line. */
static void
on_terminal(void *ctx)
{
	struct run *run = ctx;

	log_progress(run->log, "");
}

static void
on_hangup(void *ctx)
{
	struct run *run = ctx;
	const char *authorization = run->config->reauthorize(run->config->ctx);

	if (authorization != NULL)
		run->sink->type->authorize(run->sink, authorization);
}

static struct sink *
make_sink(struct run *run, struct error *error)
{
	const struct run_config *config = run->config;
	struct loop *loop = config->loop;
	struct sink_handler handler = { .on_ready = on_ready,
		.on_drain = on_drain,
		.on_fail = on_fail,
		.on_terminal = isatty(STDERR_FILENO) ? on_terminal : NULL,
		.ctx = run };

	if (config->server == NULL)
		return sink_stdout_new(loop, &handler, error);
	run->sink = sink_server_new(loop, run->log, config->server, &handler,
	    error);
	if (run->sink != NULL && config->authorization != NULL)
		run->sink->type->authorize(run->sink, config->authorization);
	if (run->sink != NULL && config->reauthorize != NULL)
		loop_catch_hangup(loop, on_hangup, run);
	return run->sink;
}

/* Signals. */

static bool
cuts_off(const struct run *run)
{
	const struct input_type *type = run->input->type;

	return type->is_read != NULL &&
	    !(run->started && type->is_read(run->input));
}

static void
on_signal(void *ctx, int number)
{
	struct run *run = ctx;

	run->last_signal = number;
	if (run->signals++ > 0) {
		loop_stop(run->config->loop);
		return;
	}
	/* Everything is delivered. */
	if (run->done && run->sink->type->hurry != NULL &&
	    run->sink->type->hurry(run->sink))
		return;
	run->stopping = true;
	run->is_cut = cuts_off(run);
	status_stopping(run->status);
	/* Before that nothing was read: there is nothing to wait for. */
	if (run->started)
		run->input->type->stop(run->input);
	else
		loop_stop(run->config->loop);
	if (run->is_cut)
		log_note(run->log, "%s: part of the input is not read", strsignal(number));
	log_note(run->log, "%s%sdelivering what was read; a second signal ends at once",
	    run->is_cut ? "" : strsignal(number), run->is_cut ? "" : ": ");
}

/* Start and end. */

static struct status *
start_status(struct run *run)
{
	const struct status_source source = { run_totals_progress, run_totals_totals,
		run_totals_metrics, &run->sums };
	const struct status_config config = { .progress = run->config->progress,
		.minutely = run->input->type->is_minutely &&
		    run->log->level == LOG_LEVEL_VERBOSE,
		.metrics = run->config->metrics,
		.notify = run->config->notify };

	run->sums = (struct run_totals){ run->input, run->sink,
		run->config->server, run->config->parts, run->config->part_count };
	return status_start(run->config->loop, run->log, &source, &config);
}

static void
judge(struct run *run, const struct totals *totals)
{
	if (totals->rejected > 0)
		blame(run, OUTCOME_REJECTED);
	/* Interrupted before there was a sink to take what was captured. */
	if (!run->ready && totals->unsent > 0 && run->outcome == OUTCOME_OK)
		run->outcome = OUTCOME_OUTPUT;
}

/* 0 for none. */
static int
ending_signal(const struct run *run)
{
	int last;

	/* Also those that came when the loop was over. */
	if (loop_signals(run->config->loop, &last) > 1)
		return last;
	return run->is_cut && run->outcome == OUTCOME_OK ? run->last_signal : 0;
}

enum outcome
run_input(const struct run_config *config, struct totals *totals,
    int *signal_number)
{
	struct run run = { .config = config,
		.log = config->log,
		.input = config->input };
	struct error error;

	*signal_number = 0;
	run.sink = make_sink(&run, &error);
	if (run.sink == NULL) {
		log_error(run.log, "%s", error.text);
		run.input->type->free(run.input);
		return error.outcome;
	}
	loop_catch(config->loop, on_signal, &run);
	prepare_input(&run);
	run.status = start_status(&run);
	if (loop_run(config->loop, &error) != 0) {
		log_error(run.log, "%s", error.text);
		blame(&run, error.outcome);
	}
	status_stopping(run.status);
	status_stop(run.status);
	run.input->type->close(run.input);
	run_totals_totals(&run.sums, totals);
	judge(&run, totals);
	*signal_number = ending_signal(&run);
	run.sink->type->free(run.sink);
	run.input->type->free(run.input);
	free(run.file_name);
	return run.outcome;
}

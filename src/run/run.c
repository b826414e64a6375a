/* SPDX-License-Identifier: BSD-2-Clause */
/* One run over the inputs. */
#include "run/run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "run/run_live.h"
#include "run/run_private.h"
#include "run/run_totals.h"
#include "sink/sink_stdout.h"
#include "source/source.h"

/* Documents of an input whose turn has not come wait up to about here. */
#define BACKLOG_HIGH ((size_t)2 << 20)

static void start_jobs(struct run *run);

static bool
is_head(const struct job *job)
{
	return job->run->job_count > 0 && job_at(job->run, 0) == job;
}

/* Documents. */

static void
check_full(struct run *run)
{
	if (run->full || !run->sink->type->is_full(run->sink))
		return;
	run->full = true;
	if (run->job_count > 0 && job_at(run, 0)->work != NULL)
		work_pause(job_at(run, 0)->work);
}

/* A document that waits: its head, and its bytes behind. */
static void
put_off(struct job *job, const struct document_ready *ready)
{
	if (buffer_append(&job->backlog, ready, sizeof(*ready)) != 0 ||
	    buffer_append(&job->backlog, ready->json, ready->len) != 0)
		abort(); /* far above BACKLOG_HIGH */
	if (job->backlog.len > BACKLOG_HIGH)
		work_pause(job->work);
}

static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct job *job = ctx;
	struct run *run = job->run;

	if (!is_head(job)) {
		put_off(job, ready);
		return;
	}
	run->sink->type->write(run->sink, ready);
	check_full(run);
}

/* The documents that waited for their input's turn. */
static void
release_backlog(struct job *job)
{
	struct run *run = job->run;
	struct document_ready ready;

	while (job->backlog.len > 0) {
		memcpy(&ready, job->backlog.data, sizeof(ready));
		buffer_consume(&job->backlog, sizeof(ready));
		ready.json = job->backlog.data;
		run->sink->type->write(run->sink, &ready);
		buffer_consume(&job->backlog, ready.len);
	}
	buffer_release(&job->backlog);
	check_full(run);
	if (job->work != NULL && !run->full)
		work_resume(job->work);
}

static void
stop_if_done(struct run *run)
{
	if (run->done && run->sink->type->is_empty(run->sink))
		loop_stop(run->config->dissection.loop);
}

static void retire(void *ctx);

static void
on_drain(void *ctx)
{
	struct run *run = ctx;

	run->full = false;
	if (run->replay != NULL)
		replay_go(run->replay);
	if (run->follow != NULL)
		follow_go(run->follow);
	if (run->job_count > 0 && job_at(run, 0)->ended)
		retire(run);
	else if (run->job_count > 0)
		work_resume(job_at(run, 0)->work);
	stop_if_done(run);
}

static void
finish(struct run *run)
{
	run->done = true;
	status_stopping(run->status);
	run->sink->type->end(run->sink);
	stop_if_done(run);
}

static void
on_fail(void *ctx)
{
	struct run *run = ctx;
	struct error error;

	run->sink_failed = true;
	if (run->sink->type->failure(run->sink, &error) != OUTCOME_OK) {
		log_error(run->log, "%s", error.text);
		run->outcome = outcome_worse(run->outcome, error.outcome);
	} else
		log_verbose(run->log, "%s", error.text);
	loop_stop(run->config->dissection.loop);
}

/* Inputs. */

static void
say_how_it_ended(struct run *run, const struct job *job)
{
	struct error error = job->open_error;
	enum outcome outcome = error.outcome;
	bool no_capture = false;

	if (job->work != NULL) {
		outcome = work_outcome(job->work, &error);
		no_capture = work_is_no_capture(job->work);
	}
	/* A process that was killed left half a packet: that it was killed is said. */
	if (outcome == OUTCOME_OK || (run->lost && outcome == OUTCOME_INPUT))
		return;
	if (no_capture && run->config->inputs->from_dir) {
		log_note(run->log, "%s: %s, passed over", job->input->name,
		    error.text);
		return;
	}
	log_error(run->log, "%s: %s", job->input->name, error.text);
	/* If --bpf suits another input, this one had no packet for it. */
	if (outcome == OUTCOME_USAGE && job->work != NULL &&
	    !work_is_filterable(job->work))
		outcome = work_lesser_outcome(job->work, outcome);
	if (run->lost && outcome == OUTCOME_INPUT)
		return;
	run->outcome = outcome_worse(run->outcome, outcome);
}

static void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	work_free(job->work);
	buffer_release(&job->backlog);
	free(job);
}

/* Takes ended inputs off the front; the next one's documents may go out then, which a full sink does not want. */
static void
retire(void *ctx)
{
	struct run *run = ctx;

	while (run->job_count > 0 && job_at(run, 0)->ended && !run->full) {
		struct job *job = job_at(run, 0);
		uint64_t done, all;

		if (job->work != NULL) {
			run_totals_add_job(&run->totals, job);
			work_bytes(job->work, &done, &all);
			run->bytes_done += done;
		}
		say_how_it_ended(run, job);
		run->files_done++;
		run->job_first = (run->job_first + 1) % run->job_room;
		run->job_count--;
		job_free(job);
		if (run->job_count > 0)
			release_backlog(job_at(run, 0));
	}
	start_jobs(run);
}

static void
on_end(void *ctx)
{
	struct job *job = ctx;

	job->ended = true;
	if (is_head(job))
		loop_defer(job->run->config->dissection.loop, retire, job->run);
}

static int
open_input(struct run *run, size_t index, struct error *error)
{
	int fd;

	if (run->config->live != NULL)
		return live_take_fd(run->config->live);
	if (run->config->inputs->list[index].path != NULL ||
	    strcmp(run->config->inputs->list[index].name, "-") != 0)
		return priv_broker_open(run->config->broker, index, error);
	if (isatty(STDIN_FILENO))
		return error_set(error, OUTCOME_INPUT,
		    "standard input is a "
		    "terminal: redirect a capture to it");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT,
		    "standard input is closed");
	return fd;
}

static void
start_job(struct run *run)
{
	struct job *job = xcalloc(1, sizeof(*job));
	const struct run_config *config = run->config;
	struct dissection_handler handler = { .on_document = on_document,
		.on_end = on_end,
		.ctx = job };
	/* A live capture counts by itself, for it counts what it drops, too. */
	uint64_t count = config->count == 0 || config->live != NULL ?
	    0 :
	    config->count - run->totals.read;
	struct source *source;
	int fd;

	job->run = run;
	job->input = &config->inputs->list[run->next];
	buffer_init(&job->backlog, (size_t)4 << 30);
	run->jobs[(run->job_first + run->job_count++) % run->job_room] = job;
	fd = open_input(run, run->next++, &job->open_error);
	if (fd < 0) {
		job->ended = true;
		if (is_head(job))
			loop_defer(config->dissection.loop, retire, run);
		return;
	}
	job->open_error.outcome = OUTCOME_OK;
	source = source_new(config->dissection.loop, fd);
	/* It is our own stream. */
	if (config->live != NULL)
		source_trust(source);
	job->work = work_new(&run->dissection, config->parts,
	    source_base(source),
	    job->input->name, job->input->path, count, &handler);
	if (run->full && is_head(job))
		work_pause(job->work);
}

static bool
wants_more(const struct run *run)
{
	if (run->stopping || run->next == run->config->inputs->count ||
	    run->job_count >= run->job_room)
		return false;
	/* How many packets are left to the next input only the one before can tell. */
	return run->config->count == 0 ||
	    (run->job_count == 0 && run->totals.read < run->config->count);
}

static void
start_jobs(struct run *run)
{
	while (wants_more(run))
		start_job(run);
	if (run->job_count == 0 && !run->done)
		finish(run);
}

/* A dead letter file in place of captures. */

static void
on_replay_end(void *ctx)
{
	struct run *run = ctx;

	run->files_done = 1;
	finish(run);
}

static int
open_replay(struct run *run, struct error *error)
{
	const struct run_config *config = run->config;
	int fd = priv_broker_open(config->broker, config->replay_index, error);

	if (fd < 0)
		return -1;
	if (dead_letter_is_fd(config->server->dead_letter, fd)) {
		close(fd);
		return error_set(error, OUTCOME_USAGE,
		    "it is the dead letter "
		    "file of this run as well: move it, or give --dead-letter");
	}
	run->replay = replay_new(config->dissection.loop, fd, run->sink,
	    on_replay_end, run);
	replay_go(run->replay);
	return 0;
}

static void
start_replay(struct run *run)
{
	struct error error;

	if (open_replay(run, &error) == 0)
		return;
	log_error(run->log, "%s: %s", run->config->replay, error.text);
	run->outcome = outcome_worse(run->outcome, error.outcome);
	finish(run);
}

static void
end_replay(struct run *run)
{
	struct error error;

	if (run->replay == NULL)
		return;
	if (replay_outcome(run->replay, &error) != OUTCOME_OK) {
		log_error(run->log, "%s: %s", run->config->replay, error.text);
		run->outcome = outcome_worse(run->outcome, error.outcome);
	}
	replay_free(run->replay);
}

/* A folder that is watched in place of inputs. */

/* There is no more to come: it is not tried for ever any more. */
static void
on_follow_end(void *ctx)
{
	run_live_hurry(ctx);
	finish(ctx);
}

static void
start_follow(struct run *run)
{
	const struct run_config *config = run->config;
	struct follow_config follow = { .dissection = &run->dissection,
		.watching = config->watching,
		.broker = config->broker,
		.sink = run->sink,
		.count = config->count,
		.jobs = config->jobs,
		.idle = config->idle,
		.duration = config->duration,
		.omit = !config->dissection.ids,
		.on_end = on_follow_end,
		.ctx = run };

	run->follow = follow_new(&follow);
}

static void
end_follow(struct run *run)
{
	if (run->follow == NULL)
		return;
	follow_close(run->follow);
	run->outcome = outcome_worse(run->outcome,
	    follow_outcome(run->follow));
}

/* The sink. */

static void
on_ready(void *ctx)
{
	struct run *run = ctx;
	size_t max = run->sink->type->value_max(run->sink);

	run->ready = true;
	status_ready(run->status);
	if (max > 0 &&
	    (run->dissection.max_value == 0 || run->dissection.max_value > max))
		run->dissection.max_value = max;
	if (run->stopping)
		finish(run);
	else if (run->config->replay != NULL)
		start_replay(run);
	else if (run->config->watching != NULL)
		start_follow(run);
	else
		start_jobs(run);
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
	struct loop *loop = config->dissection.loop;
	struct sink_handler handler = { .on_ready = on_ready,
		.on_drain = on_drain,
		.on_fail = on_fail,
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

/* The person. */

static void
stop_reading(struct run *run)
{
	/* Nothing was read: there is nothing to wait for. */
	if (!run->ready)
		loop_stop(run->config->dissection.loop);
	if (run->replay != NULL)
		replay_stop(run->replay);
	if (run->follow != NULL) {
		follow_stop(run->follow);
		run_live_hurry(run);
	}
	for (size_t i = 0; i < run->job_count; i++)
		if (job_at(run, i)->work != NULL &&
		    !job_at(run, i)->ended)
			work_stop(job_at(run, i)->work);
}

static void
on_signal(void *ctx, int number)
{
	struct run *run = ctx;

	run->last_signal = number;
	if (run->signals++ > 0) {
		loop_stop(run->config->dissection.loop);
		return;
	}
	run->stopping = true;
	status_stopping(run->status);
	if (run->config->live != NULL && run->ready)
		run_live_stop(run);
	else
		stop_reading(run);
	log_note(run->log,
	    "%s: delivering what was read; a second signal "
	    "ends at once",
	    strsignal(number));
}

static struct status *
start_status(struct run *run)
{
	const struct status_source source = { run_totals_progress, run_totals_totals,
		run_totals_metrics, run };
	bool is_live = run->config->live != NULL;
	const struct status_config config = { .progress = run->config->progress,
		.minutely = is_live && run->log->level == LOG_LEVEL_VERBOSE,
		.metrics = run->config->metrics,
		.notify = run->config->notify };

	/* A live capture has no size. */
	if (run->config->progress && !is_live)
		run->bytes_all = inputs_bytes(run->config->inputs);
	return status_start(run->config->dissection.loop, run->log, &source,
	    &config);
}

static void
judge(struct run *run)
{
	if (run->dissection.filter != NULL &&
	    filter_is_futile(run->dissection.filter))
		run->outcome = outcome_worse(run->outcome, OUTCOME_USAGE);
	if (run->totals.rejected > 0)
		run->outcome = outcome_worse(run->outcome, OUTCOME_REJECTED);
	/* Interrupted before there was a server to take it. */
	if (run->totals.is_live && !run->ready && run->totals.unsent > 0 &&
	    run->outcome == OUTCOME_OK)
		run->outcome = OUTCOME_OUTPUT;
}

enum outcome
run_inputs(const struct run_config *config, struct totals *totals,
    int *signal_number)
{
	struct run run = { .config = config,
		.log = config->dissection.log,
		.dissection = config->dissection };
	struct error error;

	*signal_number = 0;
	run.sink = make_sink(&run, &error);
	if (run.sink == NULL) {
		log_error(run.log, "%s", error.text);
		return error.outcome;
	}
	run.job_room = config->jobs;
	run.jobs = xcalloc(run.job_room, sizeof(*run.jobs));
	loop_catch(config->dissection.loop, on_signal, &run);
	run_live_listen(&run);
	run.status = start_status(&run);
	if (loop_run(config->dissection.loop, &error) != 0) {
		log_error(run.log, "%s", error.text);
		run.outcome = outcome_worse(run.outcome, error.outcome);
	}
	status_stopping(run.status);
	status_stop(run.status);
	if (config->live != NULL)
		live_close(config->live);
	run_totals_totals(&run, totals);
	run.totals = *totals;
	judge(&run);
	end_replay(&run);
	end_follow(&run);
	/* Also those that came when the loop was over. */
	if (loop_signals(config->dissection.loop, &run.last_signal) > 1)
		*signal_number = run.last_signal;
	for (size_t i = 0; i < run.job_count; i++)
		job_free(job_at(&run, i));
	run.sink->type->free(run.sink);
	follow_free(run.follow);
	free(run.jobs);
	return run.outcome;
}

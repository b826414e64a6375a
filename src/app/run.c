/* One run over the inputs. */
#include "app/run.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "app/replay.h"
#include "base/xalloc.h"
#include "sink/sink_stdout.h"

/* Documents of an input whose turn has not come wait up to about here. */
#define BACKLOG_HIGH ((size_t)2 << 20)
#define PROGRESS_MS 300
/* --verbose tells how a live capture stands. */
#define STATUS_SECONDS 60
/* A live capture that was interrupted tries as long to deliver what it has as files do by default, ms. */
#define RETRY_LAST 300000

/* One input that is being read. */
struct job {
	struct run *run;
	const struct input *input;
	struct dissection *dissection;	/* NULL if it could not be opened */
	struct error open_error;
	struct buffer backlog;		/* documents, each with its length in front */
	bool ended;
};

struct run {
	const struct run_rules *rules;
	struct dissection_rules dissection;	/* as the sink wants it */
	struct log *log;
	struct sink *sink;
	struct replay *replay;
	struct job **jobs;	/* a ring: the first is the one whose turn it is */
	size_t job_room, job_first, job_count;
	size_t next;		/* of the inputs */
	struct totals totals;	/* of the inputs that have ended */
	uint64_t bytes_done;	/* the same */
	uint64_t bytes_all;	/* of all inputs, 0 if not known */
	uint64_t files_done;
	struct timespec start;
	struct event *progress, *status;
	enum outcome outcome;
	bool ready;		/* the sink takes documents */
	bool stopping;
	bool sink_failed;
	bool full;		/* the sink wants no more now */
	bool done;
	bool lost;		/* the live capture is */
	int signals;
	int last_signal;
};

static void start_jobs(struct run *run);

static struct job *
job_at(const struct run *run, size_t i)
{
	return run->jobs[(run->job_first + i) % run->job_room];
}

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
	if (run->job_count > 0 && job_at(run, 0)->dissection != NULL)
		dissection_pause(job_at(run, 0)->dissection);
}

/* A document that waits: its head, and its bytes behind. */
static void
put_off(struct job *job, const struct document_ready *ready)
{
	if (buffer_append(&job->backlog, ready, sizeof(*ready)) != 0 ||
	    buffer_append(&job->backlog, ready->json, ready->len) != 0)
		abort();	/* far above BACKLOG_HIGH */
	if (job->backlog.len > BACKLOG_HIGH)
		dissection_pause(job->dissection);
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
	if (job->dissection != NULL && !run->full)
		dissection_resume(job->dissection);
	check_full(run);
}

static void
stop_if_done(struct run *run)
{
	if (run->done && run->sink->type->is_empty(run->sink))
		loop_stop(run->rules->dissection.loop);
}

static void
on_drain(void *ctx)
{
	struct run *run = ctx;

	run->full = false;
	if (run->replay != NULL)
		replay_go(run->replay);
	if (run->job_count > 0 && job_at(run, 0)->dissection != NULL)
		dissection_resume(job_at(run, 0)->dissection);
	stop_if_done(run);
}

static void
finish(struct run *run)
{
	run->done = true;
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
	loop_stop(run->rules->dissection.loop);
}

/* Inputs. */

static void
add_counts(struct totals *totals, const struct dissection *dissection)
{
	struct dissection_counts counts = dissection_counts(dissection);

	totals->read += counts.read;
	totals->filtered += counts.filtered;
	totals->undissected += counts.undissected;
	totals->skipped += counts.skipped;
	totals->fallbacks += counts.fallbacks;
}

static void
say_how_it_ended(struct run *run, const struct job *job)
{
	struct error error = job->open_error;
	enum outcome outcome = error.outcome;
	bool no_capture = false;

	if (job->dissection != NULL) {
		outcome = dissection_outcome(job->dissection, &error);
		no_capture = dissection_is_no_capture(job->dissection);
	}
	/* A process that was killed left half a packet: that it was killed is said. */
	if (outcome == OUTCOME_OK || (run->lost && outcome == OUTCOME_INPUT))
		return;
	if (no_capture && run->rules->inputs->from_dir) {
		log_note(run->log, "%s: %s, passed over", job->input->name,
		    error.text);
		return;
	}
	log_error(run->log, "%s: %s", job->input->name, error.text);
	run->outcome = outcome_worse(run->outcome, outcome);
}

static void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	dissection_free(job->dissection);
	buffer_release(&job->backlog);
	free(job);
}

/* Takes ended inputs off the front; the next one's documents may go out then. */
static void
retire(void *ctx)
{
	struct run *run = ctx;

	while (run->job_count > 0 && job_at(run, 0)->ended) {
		struct job *job = job_at(run, 0);
		uint64_t done, all;

		if (job->dissection != NULL) {
			add_counts(&run->totals, job->dissection);
			dissection_bytes(job->dissection, &done, &all);
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
		loop_defer(job->run->rules->dissection.loop, retire, job->run);
}

static int
open_input(struct run *run, size_t index, struct error *error)
{
	int fd;

	if (run->rules->live != NULL)
		return live_take_fd(run->rules->live);
	if (run->rules->inputs->list[index].path != NULL ||
	    strcmp(run->rules->inputs->list[index].name, "-") != 0)
		return opener_open(run->rules->opener, index, error);
	if (isatty(STDIN_FILENO))
		return error_set(error, OUTCOME_INPUT, "standard input is a "
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
	const struct run_rules *rules = run->rules;
	struct dissection_handler handler = { .on_document = on_document,
		.on_end = on_end, .ctx = job };
	/* A live capture counts by itself, for it counts what it drops, too. */
	uint64_t count = rules->count == 0 || rules->live != NULL ? 0 :
	    rules->count - run->totals.read;
	int fd;

	job->run = run;
	job->input = &rules->inputs->list[run->next];
	buffer_init(&job->backlog, (size_t)4 << 30);
	run->jobs[(run->job_first + run->job_count++) % run->job_room] = job;
	fd = open_input(run, run->next++, &job->open_error);
	if (fd < 0) {
		job->ended = true;
		if (is_head(job))
			loop_defer(rules->dissection.loop, retire, run);
		return;
	}
	job->open_error.outcome = OUTCOME_OK;
	job->dissection = dissection_new(&run->dissection, fd,
	    job->input->name, job->input->path, count, &handler);
	if (run->full && is_head(job))
		dissection_pause(job->dissection);
}

static bool
wants_more(const struct run *run)
{
	if (run->stopping || run->next == run->rules->inputs->count ||
	    run->job_count >= run->job_room)
		return false;
	/* How many packets are left to the next input only the one before can tell. */
	return run->rules->count == 0 || (run->job_count == 0 &&
	    run->totals.read < run->rules->count);
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
	const struct run_rules *rules = run->rules;
	int fd = opener_open(rules->opener, rules->replay_index, error);

	if (fd < 0)
		return -1;
	if (dead_letter_is_fd(rules->server->dead_letter, fd)) {
		close(fd);
		return error_set(error, OUTCOME_USAGE, "it is the dead letter "
		    "file of this run as well: move it, or give --dead-letter");
	}
	run->replay = replay_new(rules->dissection.loop, fd, run->sink,
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
	log_error(run->log, "%s: %s", run->rules->replay, error.text);
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
		log_error(run->log, "%s: %s", run->rules->replay, error.text);
		run->outcome = outcome_worse(run->outcome, error.outcome);
	}
	replay_free(run->replay);
}

/* The sink. */

static void
on_ready(void *ctx)
{
	struct run *run = ctx;
	size_t max = run->sink->type->value_max(run->sink);

	run->ready = true;
	if (max > 0 && (run->dissection.max_value == 0 ||
	    run->dissection.max_value > max))
		run->dissection.max_value = max;
	if (run->stopping)
		finish(run);
	else if (run->rules->replay != NULL)
		start_replay(run);
	else
		start_jobs(run);
}

static void
on_hangup(void *ctx)
{
	struct run *run = ctx;
	const char *authorization = run->rules->reauthorize(run->rules->ctx);

	if (authorization != NULL)
		sink_server_authorize(run->sink, authorization);
}

static struct sink *
make_sink(struct run *run, struct error *error)
{
	const struct run_rules *rules = run->rules;
	struct loop *loop = rules->dissection.loop;
	struct sink_handler handler = { .on_ready = on_ready,
		.on_drain = on_drain, .on_fail = on_fail, .ctx = run };

	if (rules->server == NULL)
		return sink_stdout_new(loop, &handler, error);
	run->sink = sink_server_new(loop, run->log, rules->server, &handler,
	    error);
	if (run->sink != NULL && rules->authorization != NULL)
		sink_server_authorize(run->sink, rules->authorization);
	if (run->sink != NULL && rules->reauthorize != NULL)
		loop_catch_hangup(loop, on_hangup, run);
	return run->sink;
}

/* A live capture. */

static void
on_live_note(void *ctx, const char *text)
{
	struct run *run = ctx;

	log_note(run->log, "%s", text);
}

static void
on_live_lost(void *ctx, const char *text)
{
	struct run *run = ctx;

	run->lost = true;
	log_error(run->log, "%s; what was captured is still delivered", text);
	run->outcome = outcome_worse(run->outcome, OUTCOME_TSHARK);
}

static void
start_live(struct run *run)
{
	const struct live_handler handler = { on_live_note, on_live_lost, run };

	if (run->rules->live != NULL)
		live_listen(run->rules->live, run->rules->dissection.loop,
		    &handler);
}

static void
stop_live(struct run *run)
{
	live_stop(run->rules->live);
	if (run->rules->server != NULL && run->rules->server->retry_for == 0)
		sink_server_retry_for(run->sink, RETRY_LAST);
}

/* What the capture process saw is what was read; of the packets in its queue when it ended nobody else knows. */
static void
add_live(const struct run *run, struct totals *totals)
{
	struct live_counts counts;

	if (run->rules->live == NULL)
		return;
	counts = live_counts(run->rules->live);
	totals->is_live = true;
	totals->read = counts.captured;
	totals->dropped = counts.queue_drop;
	totals->kernel_drop = counts.kernel_drop;
	totals->interface_drop = counts.interface_drop;
}

/* The person. */

static void
on_signal(void *ctx, int number)
{
	struct run *run = ctx;

	run->last_signal = number;
	if (run->signals++ > 0) {
		loop_stop(run->rules->dissection.loop);
		return;
	}
	log_note(run->log, "%s: what was read is still delivered; once more "
	    "ends at once", strsignal(number));
	run->stopping = true;
	if (run->rules->live != NULL && run->ready) {
		stop_live(run);
		return;
	}
	/* Nothing was read: there is nothing to wait for. */
	if (!run->ready)
		loop_stop(run->rules->dissection.loop);
	if (run->replay != NULL)
		replay_stop(run->replay);
	for (size_t i = 0; i < run->job_count; i++)
		if (job_at(run, i)->dissection != NULL &&
		    !job_at(run, i)->ended)
			dissection_stop(job_at(run, i)->dissection);
}

static void
on_progress(evutil_socket_t fd, short what, void *ctx)
{
	struct run *run = ctx;
	struct progress progress = { .files_done = run->files_done,
		.files_all = run->rules->inputs->count,
		.packets = run->totals.read, .bytes_done = run->bytes_done,
		.bytes_all = run->bytes_all };
	struct sink_counts counts;
	struct timespec now;
	char line[300];

	(void)fd;
	(void)what;
	for (size_t i = 0; i < run->job_count; i++) {
		uint64_t done, all;

		if (job_at(run, i)->dissection == NULL)
			continue;
		dissection_bytes(job_at(run, i)->dissection, &done, &all);
		progress.bytes_done += done;
		progress.packets +=
		    dissection_counts(job_at(run, i)->dissection).read;
	}
	if (run->replay != NULL)
		progress.packets += replay_read(run->replay);
	if (run->rules->live != NULL) {
		struct totals totals = { 0 };

		add_live(run, &totals);
		progress.interface = live_interface(run->rules->live);
		progress.packets = totals.read;
		progress.dropped = totals.dropped + totals.kernel_drop +
		    totals.interface_drop;
	}
	counts = run->sink->type->counts(run->sink);
	progress.has_server = run->rules->server != NULL;
	progress.indexed = counts.delivered;
	progress.duplicate = counts.duplicate;
	progress.rejected = counts.rejected;
	progress.retries = counts.retries;
	progress.in_flight = counts.in_flight;
	clock_gettime(CLOCK_MONOTONIC, &now);
	progress.elapsed = (uint64_t)((now.tv_sec - run->start.tv_sec) * 1000 +
	    (now.tv_nsec - run->start.tv_nsec) / 1000000);
	progress_line(&progress, line, sizeof(line));
	log_progress(run->log, line);
}

/* Sizes are for the progress line only: what cannot be seen counts nothing. */
static void
add_sizes(struct run *run)
{
	struct stat st;

	if (run->rules->live != NULL)
		return;
	for (size_t i = 0; i < run->rules->inputs->count; i++) {
		const char *path = run->rules->inputs->list[i].path;

		if (path != NULL ? stat(path, &st) == 0 :
		    fstat(STDIN_FILENO, &st) == 0)
			run->bytes_all += S_ISREG(st.st_mode) ?
			    (uint64_t)st.st_size : 0;
	}
}

static void
start_progress(struct run *run)
{
	struct timeval every = { 0, PROGRESS_MS * 1000 };

	clock_gettime(CLOCK_MONOTONIC, &run->start);
	if (!run->rules->progress)
		return;
	add_sizes(run);
	run->progress = event_new(loop_base(run->rules->dissection.loop), -1,
	    EV_PERSIST, on_progress, run);
	if (run->progress == NULL || event_add(run->progress, &every) != 0)
		abort();	/* out of memory */
}

static void
stop_progress(struct run *run)
{
	if (run->progress == NULL)
		return;
	on_progress(-1, 0, run);
	if (run->log->line_open)
		log_progress(run->log, "");
	event_free(run->progress);
}

/* What has no document, or whose document did not get out, is unsent. */
static struct totals
sum_up(const struct run *run)
{
	struct totals totals = run->totals;
	struct sink_counts counts;

	for (size_t i = 0; i < run->job_count; i++)
		if (job_at(run, i)->dissection != NULL)
			add_counts(&totals, job_at(run, i)->dissection);
	if (run->replay != NULL)
		totals.read += replay_read(run->replay);
	counts = run->sink->type->counts(run->sink);
	totals.delivered = counts.delivered;
	totals.duplicate = counts.duplicate;
	totals.rejected = counts.rejected;
	totals.retries = counts.retries;
	totals.maybe_duplicate = counts.maybe_duplicate;
	totals.has_server = run->rules->server != NULL;
	totals.has_auto_id = totals.has_server && run->rules->server->auto_id;
	add_live(run, &totals);
	totals.unsent = totals.read - totals.delivered -
	    totals.duplicate - totals.rejected - totals.filtered -
	    totals.undissected - totals.dropped;
	return totals;
}

static void
say_status(const struct run *run)
{
	struct totals totals = sum_up(run);
	char line[PROGRESS_TOTALS_LEN];

	progress_totals(&totals, line, sizeof(line));
	log_error(run->log, "so far: %s", line);
}

static void
on_user(void *ctx)
{
	say_status(ctx);
}

static void
on_status(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	say_status(ctx);
}

static void
start_status(struct run *run)
{
	struct timeval every = { STATUS_SECONDS, 0 };

	loop_catch_user(run->rules->dissection.loop, on_user, run);
	if (run->rules->live == NULL ||
	    run->log->level != LOG_LEVEL_VERBOSE)
		return;
	run->status = event_new(loop_base(run->rules->dissection.loop), -1,
	    EV_PERSIST, on_status, run);
	if (run->status == NULL || event_add(run->status, &every) != 0)
		abort();	/* out of memory */
}

static void
judge(struct run *run)
{
	if (run->totals.rejected > 0)
		run->outcome = outcome_worse(run->outcome, OUTCOME_REJECTED);
	/* Interrupted before there was a server to take it. */
	if (run->totals.is_live && !run->ready && run->totals.unsent > 0 &&
	    run->outcome == OUTCOME_OK)
		run->outcome = OUTCOME_OUTPUT;
}

enum outcome
run_inputs(const struct run_rules *rules, struct totals *totals,
    int *signal_number)
{
	struct run run = { .rules = rules, .log = rules->dissection.log,
		.dissection = rules->dissection };
	struct error error;

	*signal_number = 0;
	run.sink = make_sink(&run, &error);
	if (run.sink == NULL) {
		log_error(run.log, "%s", error.text);
		return error.outcome;
	}
	run.job_room = rules->jobs;
	run.jobs = xcalloc(run.job_room, sizeof(*run.jobs));
	loop_catch(rules->dissection.loop, on_signal, &run);
	start_live(&run);
	start_progress(&run);
	start_status(&run);
	if (loop_run(rules->dissection.loop, &error) != 0) {
		log_error(run.log, "%s", error.text);
		run.outcome = outcome_worse(run.outcome, error.outcome);
	}
	stop_progress(&run);
	if (run.status != NULL)
		event_free(run.status);
	if (rules->live != NULL)
		live_close(rules->live);
	run.totals = sum_up(&run);
	judge(&run);
	end_replay(&run);
	if (run.signals > 1)
		*signal_number = run.last_signal;
	for (size_t i = 0; i < run.job_count; i++)
		job_free(job_at(&run, i));
	run.sink->type->free(run.sink);
	free(run.jobs);
	*totals = run.totals;
	return run.outcome;
}

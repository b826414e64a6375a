/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of run/run.c over any input of input/make_input.c, by a script. Dissections (shard/work.h), the sink, the
 * live capture, the replay, the watched folder and the privileged broker are none: they note what is done with them.
 * Goes after cmocka.h.
 *
 * A script is words; each is done in a turn of the loop of its own:
 *   ready drain          the sink says so; drain: it is not full any more
 *   full empty busy      the sink is from now on; as the two others, at the start it is empty
 *   closing              the sink is not empty because of what it does after the last document
 *   fail                 the sink has failed, with bench->failure
 *   a1                   document 1 of the input that is called a
 *   a*                   one of a megabyte
 *   a-                   a packet without a document, of any kind
 *   a!                   all of the input is read
 *   a.                   the input ends
 *   int term hup         a signal
 *   shut                 standard input is closed
 *   lost lostb           the interface a is, b is
 *   over                 the replay, or the watched folder, has ended
 *   tell                 how far the input is: files, packets, bytes
 *   d1                   a document of the watched folder, or of the replay
 * When it is done and the run is not, "running" is noted and the run ended.
 */
#ifndef ESPCAP_TESTS_RUNNING_H
#define ESPCAP_TESTS_RUNNING_H

#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "input/inputs.h"
#include "input/live.h"
#include "input/make_input.h"
#include "input/replay.h"
#include "run/run.h"
#include "shard/work.h"
#include "sink/sink_stdout.h"
#include "watch/follow.h"

#define NAMES_MAX 8

/* A dissection. */
struct work {
	struct dissection_handler handler;
	const char *name;
	struct dissection_counts counts;
	bool is_read;
	struct work *next;
};

struct bench {
	struct log log;
	struct loop *loop;
	struct input_file list[NAMES_MAX];
	struct inputs inputs;
	struct dissection_config dissection;
	struct input_config input;
	struct run_config config;
	struct sink_server_config server;
	struct totals totals;
	enum outcome outcome;
	int signal_number;

	const char *script;
	struct event *turn;
	char events[8192];

	/* As told. */
	const char *unreadable; /* an input that cannot be opened */
	struct {
		enum outcome outcome;
		bool no_capture, unfilterable;
	} ends[NAMES_MAX];    /* by the letter of the input */
	enum outcome lesser;  /* of one that --bpf has no meaning for */
	enum outcome failure; /* of the sink */
	size_t value_max;
	enum outcome over;              /* of the replay, or the watched folder */
	struct live_counts captured[2]; /* on the interfaces a and b */
	struct sink_counts counts;

	/* What they have been given. */
	struct work *splits;
	struct sink_handler sink_handler;
	struct sink sink;
	bool is_full, is_busy, is_closing;
	struct live_handler live_handlers[2];
	void (*on_over)(void *ctx);
	void (*on_document)(void *ctx, const struct document_ready *ready);
	int (*on_letter)(void *ctx, const struct sink_place *place,
	    const char *json, size_t len);
	void *over_ctx;
};

static struct bench *bench_now;

static inline void
note(const char *format, const char *name, uint64_t number)
{
	size_t len = strlen(bench_now->events);
	char text[200];

	(void)snprintf(text, sizeof(text), "%s %s", format, name);
	if (number != UINT64_MAX)
		(void)snprintf(text, sizeof(text), "%s %s%s%" PRIu64, format, name,
		    name[0] == '\0' ? "" : " ", number);
	else if (name[0] == '\0')
		(void)snprintf(text, sizeof(text), "%s", format);
	assert_true(len + strlen(text) + 3 < sizeof(bench_now->events));
	(void)snprintf(bench_now->events + len,
	    sizeof(bench_now->events) - len, "%s%s", len == 0 ? "" : ", ", text);
}

#define SAY(text) note((text), "", UINT64_MAX)
#define SAY_NAME(text, name) note((text), (name), UINT64_MAX)

/* Dissections. */

static inline unsigned
end_of(const struct work *split)
{
	return (unsigned)(split->name[0] - 'a') % NAMES_MAX;
}

struct work *
work_new(const struct dissection_config *config, unsigned parts,
    struct record_source *source, const char *name, const char *path, uint64_t count,
    const struct dissection_handler *handler)
{
	struct work *split = xcalloc(1, sizeof(*split));

	(void)path;
	source->type->free(source);
	split->handler = *handler;
	split->name = name;
	split->next = bench_now->splits;
	bench_now->splits = split;
	note("new", name, count);
	if (parts != 1)
		note("parts", "", parts);
	if (config->max_value > 0)
		note("max", "", config->max_value);
	return split;
}

void
work_free(struct work *split)
{
	if (split == NULL)
		return;
	SAY_NAME("free", split->name);
	for (struct work **at = &bench_now->splits; *at != NULL;
	     at = &(*at)->next)
		if (*at == split) {
			*at = split->next;
			break;
		}
	free(split);
}

void
work_pause(struct work *split)
{
	SAY_NAME("pause", split->name);
}

void
work_resume(struct work *split)
{
	SAY_NAME("resume", split->name);
}

void
work_stop(struct work *split)
{
	SAY_NAME("stop", split->name);
}

bool
work_is_read(const struct work *split)
{
	return split->is_read;
}

struct dissection_counts
work_counts(const struct work *split)
{
	return split->counts;
}

uint64_t
work_memory(const struct work *split)
{
	(void)split;
	return 0;
}

void
work_bytes(const struct work *split, uint64_t *done, uint64_t *all)
{
	*done = split->counts.read * 10;
	*all = 100;
}

bool
work_is_filterable(const struct work *split)
{
	return !bench_now->ends[end_of(split)].unfilterable;
}

enum outcome
work_outcome(const struct work *split, struct error *error)
{
	enum outcome outcome = bench_now->ends[end_of(split)].outcome;

	(void)error_set(error, outcome, "as told");
	return outcome;
}

enum outcome
work_lesser_outcome(const struct work *split, enum outcome than)
{
	(void)split;
	(void)than;
	return bench_now->lesser;
}

bool
work_is_no_capture(const struct work *split)
{
	return bench_now->ends[end_of(split)].no_capture;
}

/* The sink. */

static inline void
sink_write(struct sink *sink, const struct document_ready *ready)
{
	assert_ptr_equal(sink, &bench_now->sink);
	SAY_NAME("write", ready->len > 100 ? "large" : ready->json);
	bench_now->counts.delivered++;
	ack_deliver(ready->ack);
}

static inline void
sink_end(struct sink *sink)
{
	(void)sink;
	SAY("end");
}

static inline bool
sink_is_full(const struct sink *sink)
{
	(void)sink;
	return bench_now->is_full;
}

static inline bool
sink_is_empty(const struct sink *sink)
{
	(void)sink;
	return !bench_now->is_busy && !bench_now->is_closing;
}

static inline size_t
sink_value_max(const struct sink *sink)
{
	(void)sink;
	return bench_now->value_max;
}

static inline struct sink_counts
sink_counts(const struct sink *sink)
{
	(void)sink;
	return bench_now->counts;
}

static inline enum outcome
sink_failure(const struct sink *sink, struct error *error)
{
	(void)sink;
	(void)error_set(error, bench_now->failure, "as told");
	return bench_now->failure;
}

static inline void
sink_free(struct sink *sink)
{
	(void)sink;
	SAY("gone");
}

static inline int
sink_write_as(struct sink *sink, const struct sink_place *place,
    const char *json, size_t len)
{
	(void)sink;
	(void)len;
	SAY_NAME("place", json);
	SAY_NAME("at", place->index);
	return 0;
}

static inline void
sink_authorize(struct sink *sink, const char *authorization)
{
	(void)sink;
	SAY_NAME("authorize", authorization);
}

static inline void
sink_give_up_after(struct sink *sink, uint64_t ms)
{
	(void)sink;
	note("retry", "", ms);
}

static inline bool
sink_hurry(struct sink *sink)
{
	bool was_closing = bench_now->is_closing;

	(void)sink;
	SAY("hurry");
	bench_now->is_closing = false;
	if (was_closing)
		bench_now->sink_handler.on_drain(bench_now->sink_handler.ctx);
	return was_closing;
}

static const struct sink_type sink_double = { .write = sink_write,
	.end = sink_end,
	.is_full = sink_is_full,
	.is_empty = sink_is_empty,
	.value_max = sink_value_max,
	.counts = sink_counts,
	.failure = sink_failure,
	.free = sink_free,
	.write_as = sink_write_as,
	.authorize = sink_authorize,
	.give_up_after = sink_give_up_after,
	.hurry = sink_hurry };

static inline struct sink *
sink_new(const struct sink_handler *handler)
{
	bench_now->sink_handler = *handler;
	bench_now->sink.type = &sink_double;
	return &bench_now->sink;
}

struct sink *
sink_stdout_new(struct loop *loop, const struct sink_handler *handler,
    struct error *error)
{
	(void)loop;
	if (bench_now->failure == OUTCOME_USAGE) {
		(void)error_set(error, OUTCOME_OUTPUT, "as told");
		return NULL;
	}
	return sink_new(handler);
}

struct sink *
sink_server_new(struct loop *loop, struct log *log,
    const struct sink_server_config *config, const struct sink_handler *handler,
    struct error *error)
{
	(void)loop;
	(void)log;
	(void)error;
	assert_ptr_equal(config, &bench_now->server);
	SAY("server");
	return sink_new(handler);
}

bool
dead_letter_is_fd(const struct dead_letter *dead_letter, int fd)
{
	(void)fd;
	return dead_letter != NULL;
}

#include "run_modes_double.h"

/* The script. */

static inline void
bench_document(const struct work *split, const char *word)
{
	static char large[1 << 20];
	struct document_ready ready = { .json = word, .len = strlen(word) + 1 };

	if (word[1] == '*') {
		ready.json = large;
		ready.len = sizeof(large);
	}
	split->handler.on_document(split->handler.ctx, &ready);
}

/* What an input does. */
static inline void
bench_input(const char *word)
{
	struct work *split = bench_now->splits;

	while (split != NULL && split->name[0] != word[0])
		split = split->next;
	if (split == NULL) {
		SAY_NAME("nobody", word);
		return;
	}
	if (word[1] == '.') {
		split->handler.on_end(split->handler.ctx);
		return;
	}
	if (word[1] == '!') {
		split->is_read = true;
		return;
	}
	split->counts.read++;
	if (word[1] == '-') {
		split->counts.undissected++;
		return;
	}
	split->counts.printed++;
	bench_document(split, word);
}

static inline void
bench_tell(const struct input *input)
{
	struct input_progress progress = { 0 };
	char text[150];

	input->type->progress(input, &progress);
	(void)snprintf(text, sizeof(text),
	    "%" PRIu64 "/%" PRIu64 " %" PRIu64 " %" PRIu64 "/%s%s",
	    progress.files_done, progress.files_all, progress.packets,
	    progress.bytes_done, progress.bytes_all > 0 ? "known" : "?",
	    progress.interface != NULL ? progress.interface : "");
	SAY_NAME("at", text);
	if (progress.dropped > 0)
		note("dropped", "", progress.dropped);
}

static inline void
bench_word(const char *word)
{
	struct bench *bench = bench_now;
	const struct sink_handler *sink = &bench->sink_handler;

	if (strcmp(word, "ready") == 0)
		sink->on_ready(sink->ctx);
	else if (strcmp(word, "full") == 0)
		bench->is_full = true;
	else if (strcmp(word, "busy") == 0)
		bench->is_busy = true;
	else if (strcmp(word, "closing") == 0)
		bench->is_closing = true;
	else if (strcmp(word, "empty") == 0)
		bench->is_busy = false;
	else if (strcmp(word, "drain") == 0) {
		bench->is_full = false;
		sink->on_drain(sink->ctx);
	} else if (strcmp(word, "fail") == 0)
		sink->on_fail(sink->ctx);
	else if (strcmp(word, "int") == 0)
		(void)raise(SIGINT);
	else if (strcmp(word, "term") == 0)
		(void)raise(SIGTERM);
	else if (strcmp(word, "hup") == 0)
		(void)raise(SIGHUP);
	else if (strcmp(word, "shut") == 0)
		close(STDIN_FILENO);
	else if (strcmp(word, "lost") == 0)
		bench->live_handlers[0].on_lost(bench->live_handlers[0].ctx, "lost");
	else if (strcmp(word, "lostb") == 0)
		bench->live_handlers[1].on_lost(bench->live_handlers[1].ctx, "lost");
	else if (strcmp(word, "tell") == 0)
		bench_tell(bench->config.input);
	else if (strcmp(word, "over") == 0)
		bench->on_over(bench->over_ctx);
	else if (word[0] == 'd' && bench->on_over != NULL)
		bench_other_document(word);
	else
		bench_input(word);
}

static inline void
bench_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct bench *bench = ctx;
	size_t len = strcspn(bench->script, " ");
	char word[16];

	(void)fd;
	(void)what;
	if (len == 0) {
		SAY("running");
		loop_stop(bench->loop);
		return;
	}
	assert_true(len < sizeof(word));
	memcpy(word, bench->script, len);
	word[len] = '\0';
	bench->script += len + strspn(bench->script + len, " ");
	/* What a word brings about is deferred, perhaps twice; under valgrind a signal may also come late. */
	loop_start_timer(bench->turn, strcmp(word, "int") == 0 || strcmp(word, "term") == 0 || strcmp(word, "hup") == 0 ? 50 : 2);
	bench_word(word);
}

static inline int
bench_setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (bench == NULL)
		return -1;
	bench_now = bench;
	bench->log = (struct log){ .program = "test",
		.level = LOG_LEVEL_QUIET };
	bench->loop = loop_new(NULL);
	bench->inputs.list = bench->list;
	bench->dissection = (struct dissection_config){ .loop = bench->loop,
		.log = &bench->log };
	bench->input = (struct input_config){ .dissection = &bench->dissection,
		.inputs = &bench->inputs,
		.jobs = 1,
		.parts = 1 };
	bench->config = (struct run_config){ .loop = bench->loop,
		.log = &bench->log };
	*state = bench;
	alarm(60);
	return bench->loop == NULL ? -1 : 0;
}

static inline int
bench_teardown(void **state)
{
	struct bench *bench = *state;

	loop_free(bench->loop);
	free(bench);
	alarm(0);
	return 0;
}

/* The inputs by their letters. */
static inline void
bench_inputs(struct bench *bench, const char *letters)
{
	static char names[NAMES_MAX][2];

	for (; letters[bench->inputs.count] != '\0'; bench->inputs.count++) {
		size_t i = bench->inputs.count;

		assert_true(i < NAMES_MAX);
		names[i][0] = letters[i];
		bench->list[i].name = names[i];
		bench->list[i].path = names[i];
	}
}

/* Runs by this script, to what must have been done by then. */
static inline void
bench_run(struct bench *bench, const char *script, const char *wanted)
{
	bench->script = script;
	bench->turn = evtimer_new(loop_base(bench->loop), bench_turn, bench);
	loop_start_timer(bench->turn, 1);
	if (bench->config.input == NULL)
		bench->config.input = make_input(&bench->input);
	bench->outcome = run_input(&bench->config, &bench->totals,
	    &bench->signal_number);
	event_free(bench->turn);
	assert_null(bench->splits);
	assert_string_equal(bench->events, wanted);
}

#endif

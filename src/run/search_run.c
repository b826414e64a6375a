/* SPDX-License-Identifier: BSD-2-Clause */
/* A run that asks an index. */
#include "run/search_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/terminal.h"
#include "base/xalloc.h"
#include "run/places.h"
#include "run/stored_line.h"
#include "server/search.h"
#include "sink/sink_stdout.h"

/* Documents that --where looks at: index.max_result_window. */
#define SAMPLE 10000
/* Documents that --query cannot find. */
#define WITHOUT_TERMS "{\"bool\":{\"must_not\":{\"exists\":{\"field\":\"espcap.terms\"}}}}"
/* A document indented. */
#define PRINT_MAX ((size_t)1 << 30)
/* Statuses above are signals, as in a shell. */
#define SIGNALS 128

struct search_run {
	const struct search_run_config *config;
	const struct options *options;
	struct log *log;
	struct cluster *cluster;
	struct search_config search_config;
	struct search *search;
	struct sink *sink;
	struct places *places; /* with --where */
	struct buffer includes, line;
	uint64_t matched;   /* documents given to the sink, or counted */
	uint64_t unmatched; /* hits that do not match after all */
	uint64_t undecided; /* hits of which that cannot be told */
	bool is_first;      /* --query: the documents that it cannot find are counted */
	bool is_whole;      /* --where looks at all documents: no term names the field */
	bool is_over;       /* the search is */
	bool is_broken;     /* nothing more can be printed */
	enum outcome outcome;
	int signals, last_signal;
};

static void
blame(struct search_run *run, enum outcome outcome)
{
	run->outcome = outcome_worse(run->outcome, outcome);
}

/* Printing. */

/* One line: values may have newlines between them, no string has. */
static int
put_document(struct search_run *run, const struct search_found *found)
{
	struct buffer *line = &run->line;

	if (run->config->is_text)
		return stored_line_write(found->source, found->len, terminal_has_color(STDOUT_FILENO),
		    isatty(STDOUT_FILENO) ? terminal_columns(STDOUT_FILENO) : 0, line);
	if (run->options->pretty)
		return json_pretty(line, found->source, found->len);
	if (buffer_append(line, found->source, found->len) != 0)
		return -1;
	for (char *at = line->data; (at = memchr(at, '\n', (size_t)(line->data + line->len - at))) != NULL;)
		*at = ' ';
	for (char *at = line->data; (at = memchr(at, '\r', (size_t)(line->data + line->len - at))) != NULL;)
		*at = ' ';
	return 0;
}

static void
print(struct search_run *run)
{
	const struct document_ready ready = { .json = run->line.data, .len = run->line.len };

	run->sink->type->write(run->sink, &ready);
	buffer_shrink(&run->line, (size_t)1 << 20);
}

/* Whether hits must be looked at. */
static bool
needs_check(const struct search_run *run)
{
	const struct query *query = run->config->question->query;

	return query != NULL && query_needs_check(query);
}

/* Whether a hit is printed: of some the index knows only the beginning of a long value. */
static bool
is_match(struct search_run *run, const struct search_found *found)
{
	int matches;

	if (!needs_check(run))
		return true;
	matches = query_matches(run->config->question->query, found->source, found->len, found->matched, found->matched_len);
	run->unmatched += matches == 0;
	run->undecided += matches < 0;
	return matches == 1;
}

static bool
on_hit(void *ctx, const struct search_found *found)
{
	struct search_run *run = ctx;

	if (run->places != NULL) {
		if (places_add(run->places, found->source, found->len) != 0)
			run->undecided++;
		return true;
	}
	if (!is_match(run, found))
		return true;
	if (run->options->count_only) {
		run->matched++;
		return true;
	}
	if (run->matched == 0 && run->config->is_explained)
		log_note(run->log, "one line of text a packet; --output=json prints the documents");
	buffer_clear(&run->line);
	if (put_document(run, found) != 0) {
		log_error(run->log, "%s/%s: this document cannot be printed", found->index, found->id);
		run->undecided++;
		return true;
	}
	run->matched++;
	print(run);
	return run->options->limit == 0 || run->matched < run->options->limit;
}

static bool
is_full(void *ctx)
{
	struct search_run *run = ctx;

	return run->sink->type->is_full(run->sink);
}

/* The end. */

static void
stop_if_done(struct search_run *run)
{
	if (run->is_over && (run->is_broken || run->sink->type->is_empty(run->sink)))
		loop_stop(run->config->loop);
}

static void
print_results(struct search_run *run)
{
	int rv = 0;

	buffer_clear(&run->line);
	if (run->options->count_only)
		rv = buffer_printf(&run->line, "%" PRIu64 "\n", run->matched);
	else if (run->places != NULL)
		rv = places_write(run->places, run->options->output != NULL && strcmp(run->options->output, "json") == 0,
		    &run->line);
	if (rv != 0)
		abort(); /* there is room for all places */
	if (run->line.len == 0)
		return;
	/* The sink ends it with a newline. */
	run->line.len--;
	print(run);
}

static void
note_nothing(struct search_run *run, const struct search_counts *counts)
{
	const struct options *options = run->options;
	bool has_times = options->since != NULL || options->until != NULL;

	if (!counts->has_total || counts->total > 0)
		return;
	if (counts->has_index)
		log_note(run->log, "no packet matches");
	else if (has_times)
		log_note(run->log, "no index of these days: %s", search_names(run->search));
	else {
		log_error(run->log, "no index of --index=%s that these credentials may read: %s", options->index,
		    search_names(run->search));
		blame(run, OUTCOME_INPUT);
	}
}

static void
note_sample(struct search_run *run, const struct search_counts *counts)
{
	const char *field = run->options->where;

	if (run->places == NULL || !counts->has_index)
		return;
	if (places_count(run->places) == 0)
		log_note(run->log, "no document that was looked at has %s in layers", field);
	if (counts->given < counts->total)
		log_note(run->log, "looked at %" PRIu64 " of %" PRIu64 " documents%s%s, chosen at random", counts->given,
		    counts->total, run->is_whole ? "" : " with ", run->is_whole ? "" : field);
}

static void
begin_search(struct search_run *run);
static void
configure(struct search_run *run);

/* The index has no terms: any document may have the field. */
static void
look_everywhere(struct search_run *run)
{
	run->is_whole = true;
	run->search_config.clause_len = 0;
	search_free(run->search);
	begin_search(run);
}

static void
judge(struct search_run *run, const struct search_counts *counts)
{
	uint64_t limit = run->options->limit;
	bool is_limited = limit > 0 && run->matched >= limit;

	if (run->undecided > 0) {
		log_error(run->log, "of %" PRIu64 " documents it cannot be told whether they match, or they cannot be printed",
		    run->undecided);
		blame(run, OUTCOME_OUTPUT);
	}
	if (run->outcome != OUTCOME_OK || run->signals > 0 || run->is_broken || run->places != NULL ||
	    run->search_config.counts_only || is_limited)
		return;
	if (counts->given >= counts->total)
		return;
	log_error(run->log,
	    "%" PRIu64 " packets matched when the query began, and %" PRIu64
	    " of them were gone before they were read: an "
	    "index was deleted, or documents were",
	    counts->total, counts->total - counts->given);
	blame(run, OUTCOME_OUTPUT);
}

/* What --query cannot find is reported; then it is asked. */
static void
take_first(struct search_run *run, const struct search_counts *counts)
{
	if (counts->total > 0) {
		log_error(run->log,
		    "%" PRIu64
		    " documents cannot be found by --query, because they have no espcap.terms: an older espcap "
		    "indexed them, or --index-profile=layers, or they were reindexed; --query-string and --query-dsl find them",
		    counts->total);
		blame(run, OUTCOME_OUTPUT);
	}
	run->is_first = false;
	configure(run);
	search_free(run->search);
	begin_search(run);
}

static void
on_end(void *ctx, const struct error *error)
{
	struct search_run *run = ctx;
	struct search_counts counts = search_counts(run->search);

	if (run->is_first && error == NULL && counts.has_index && run->signals == 0 && !run->is_broken) {
		take_first(run, &counts);
		return;
	}

	if (error == NULL && run->places != NULL && !run->is_whole && counts.has_index && counts.total == 0 &&
	    run->signals == 0) {
		look_everywhere(run);
		return;
	}
	if (error != NULL) {
		log_error(run->log, "%s", error->text);
		blame(run, error->outcome);
	} else {
		if (run->search_config.counts_only && !run->is_first)
			run->matched = counts.total;
		note_nothing(run, &counts);
		note_sample(run, &counts);
		judge(run, &counts);
		if (run->signals == 0 && !run->is_broken && run->outcome != OUTCOME_INPUT)
			print_results(run);
	}
	run->is_over = true;
	run->sink->type->end(run->sink);
	stop_if_done(run);
}

static void
begin_search(struct search_run *run)
{
	const struct search_handler handler = { .on_hit = on_hit, .is_full = is_full, .on_end = on_end, .ctx = run };

	run->search = search_new(run->config->loop, run->log, run->cluster, &run->search_config, &handler);
}

/* Standard output. */

static void
on_ready(void *ctx)
{
	begin_search(ctx);
}

static void
on_drain(void *ctx)
{
	struct search_run *run = ctx;

	if (run->search != NULL && !run->is_over)
		search_resume(run->search);
	stop_if_done(run);
}

static void
on_fail(void *ctx)
{
	struct search_run *run = ctx;
	struct error error;

	if (run->sink->type->failure(run->sink, &error) != OUTCOME_OK) {
		log_error(run->log, "%s", error.text);
		blame(run, error.outcome);
	} else
		log_verbose(run->log, "%s", error.text);
	run->is_broken = true;
	if (run->search != NULL && !run->is_over)
		search_stop(run->search);
	else
		loop_stop(run->config->loop);
}

/* Signals. */

static void
on_signal(void *ctx, int number)
{
	struct search_run *run = ctx;

	run->last_signal = number;
	if (run->signals++ > 0 || run->search == NULL || run->is_over) {
		loop_stop(run->config->loop);
		return;
	}
	log_note(run->log, "%s: the rest is not read; a second signal ends at once", strsignal(number));
	search_stop(run->search);
}

static void
on_hangup(void *ctx)
{
	struct search_run *run = ctx;
	const char *authorization = run->config->reauthorize(run->config->ctx);

	if (authorization != NULL)
		cluster_authorize(run->cluster, authorization);
}

/* Start and end. */

/* All sections, and sections in arrays, too. */
static void
put_includes(struct search_run *run)
{
	char *pattern = xasprintf("layers.*.%s", run->options->where);

	if (buffer_puts(&run->includes, "[") != 0 || json_string(&run->includes, pattern, strlen(pattern)) != 0 ||
	    buffer_append(&run->includes, "]", sizeof("]")) != 0)
		abort(); /* no option is longer */
	free(pattern);
}

static void
configure(struct search_run *run)
{
	const struct search_run_config *config = run->config;
	const struct options *options = run->options;
	struct search_config *search = &run->search_config;

	*search = (struct search_config){ .prefix = options->index };
	search->clause = run->is_first ? WITHOUT_TERMS : config->question->clause.data;
	search->clause_len = run->is_first ? strlen(WITHOUT_TERMS) : config->question->clause.len;
	search->times = (struct search_times){ options->since_ms, options->until_ms };
	search->limit = needs_check(run) ? 0 : options->limit;
	search->counts_only = run->is_first || (options->count_only && !needs_check(run));
	/* What query_matches asks for. */
	if (options->count_only && needs_check(run))
		search->includes = "[\"layers\",\"espcap.truncated\"]";
	search->backoff = config->backoff;
	search->retry_for = config->retry_for;
	search->remedy = config->remedy;
	if (run->places == NULL)
		return;
	search->sample = SAMPLE;
	put_includes(run);
	search->includes = run->includes.data;
}

static void
put_final(struct search_run *run, char *text, size_t size)
{
	struct search_counts counts = { .has_total = false };
	size_t used;
	uint64_t done = run->sink->type->counts(run->sink).delivered;
	bool is_count = run->options->count_only;

	if (run->search != NULL)
		counts = search_counts(run->search);
	if (run->places != NULL) {
		(void)snprintf(text, size, "found=%" PRIu64 " looked_at=%" PRIu64 " places=%zu retries=%" PRIu64, counts.total,
		    counts.given, places_count(run->places), counts.retries);
		return;
	}
	if (is_count)
		done = run->matched;
	(void)snprintf(text, size, "found=%" PRIu64 " %s=%" PRIu64, counts.total, is_count ? "counted" : "printed", done);
	done += run->unmatched + run->undecided;
	used = strlen(text);
	(void)snprintf(text + used, size - used,
	    " unmatched=%" PRIu64 " undecided=%" PRIu64 " unread=%" PRIu64 " retries=%" PRIu64, run->unmatched,
	    run->undecided, counts.total > done ? counts.total - done : 0, counts.retries);
}

static int
status_of(const struct search_run *run)
{
	int last;

	if (loop_signals(run->config->loop, &last) > 0 && (run->outcome == OUTCOME_OK || loop_signals(run->config->loop, &last) > 1))
		return SIGNALS + last;
	return (int)run->outcome;
}

static void
release(struct search_run *run)
{
	cluster_free(run->cluster);
	search_free(run->search);
	if (run->sink != NULL)
		run->sink->type->free(run->sink);
	places_free(run->places);
	buffer_release(&run->includes);
	buffer_release(&run->line);
}

static int
prepare(struct search_run *run, struct error *error)
{
	const struct search_run_config *config = run->config;
	const struct sink_handler handler = { .on_ready = on_ready, .on_drain = on_drain, .on_fail = on_fail, .ctx = run };

	run->cluster = cluster_new(config->loop, config->log, config->cluster, error);
	if (run->cluster == NULL)
		return -1;
	cluster_authorize(run->cluster, config->authorization);
	run->sink = sink_stdout_new(config->loop, &handler, error);
	return run->sink != NULL ? 0 : -1;
}

int
search_run(const struct search_run_config *config)
{
	struct search_run run = { .config = config, .options = config->question->options, .log = config->log };
	struct error error;
	char text[320];
	int status;

	buffer_init(&run.includes, (size_t)1 << 20);
	buffer_init(&run.line, PRINT_MAX);
	if (run.options->where != NULL)
		run.places = places_new(run.options->where);
	run.is_first = run.options->query != NULL;
	configure(&run);
	if (prepare(&run, &error) != 0) {
		log_error(run.log, "%s", error.text);
		release(&run);
		return (int)error.outcome;
	}
	loop_catch(config->loop, on_signal, &run);
	loop_catch_hangup(config->loop, on_hangup, &run);
	if (loop_run(config->loop, &error) != 0) {
		log_error(run.log, "%s", error.text);
		blame(&run, error.outcome);
	}
	put_final(&run, text, sizeof(text));
	log_final(run.log, "%s", text);
	status = status_of(&run);
	release(&run);
	return status;
}

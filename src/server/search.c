/* SPDX-License-Identifier: BSD-2-Clause */
/* The documents of an index that a query finds: one request after the other. */
#include "server/search.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "server/backoff.h"
#include "server/search_failure.h"
#include "server/search_reply.h"
#include "server/setup.h"

/* A page has about so many bytes. */
#define PAGE_BYTES ((uint64_t)4 << 20)
/* So many are read of the reply at most; of one with few documents, which may have 16 MiB each, more. */
#define REPLY_MAX ((size_t)12 << 20)
#define REPLY_MAX_FEW ((size_t)72 << 20)
#define FEW 4
#define SIZE_FIRST 100
/* index.max_result_window */
#define SIZE_MAX_HITS 10000
/* The last hit of a page may belong to the next page, so one is not enough. */
#define SIZE_MIN 2
/* Seconds that a server keeps a point in time after a page was asked for: a reader may take so long for one. */
#define KEEP_ALIVE 600
/* How long its end is waited for, ms. */
#define CLOSE_MS 2000
/* An error of the server itself is no passing one after so many times. */
#define BROKEN_MAX 3
/* Of more points in time that were given up each ends by itself, after KEEP_ALIVE. */
#define STALE_MAX 16
#define BODY_MAX ((size_t)32 << 20)
#define PATH_MAX_LEN ((size_t)4000)
#define CONTEXT_REPLY_MAX ((size_t)4 << 20)
/* Greater than each _doc, an int, and each _shard_doc, a long. */
#define PAST_DOC "2147483647"
#define PAST_SHARD_DOC "9223372036854775807"

enum step {
	STEP_SETUP, /* what kind of server it is */
	STEP_COUNT, /* is the query understood, and how many hits are there? */
	STEP_OPEN,  /* a point in time */
	STEP_PAGE,
	STEP_PAUSED,
	STEP_CLOSE,
	STEP_DONE
};

struct search {
	struct loop *loop;
	struct log *log;
	struct cluster *cluster;
	const struct search_config *config;
	struct search_handler handler;
	struct setup_config setup_config;
	struct setup *setup;
	enum template_engine engine;
	enum step step;
	bool is_asking;  /* a request is under way */
	enum step asked; /* of it */
	bool is_stopping;
	bool has_switched; /* the other kind of point in time was tried */
	bool has_contexts; /* the server may have points in time */
	bool is_inside;    /* the last hit given out is one of several with its key */
	bool is_failed;
	struct event *again, *patience;
	unsigned attempt, broken;
	uint64_t size, most;    /* of the next page; of any, for others had too many bytes */
	char *context;          /* the id of the point in time, NULL for none */
	char *stale[STALE_MAX]; /* of others, which may still be open */
	size_t stale_count;
	struct buffer indices, path, body;
	struct buffer after, past; /* what the next page continues after; past: in another point in time */
	struct search_counts counts;
	char trouble[1200]; /* the last failure of a request */
	struct error error;
};

static void ask(struct search *search);

/* The end. */

static void
tell_end(void *ctx)
{
	struct search *search = ctx;

	search->handler.on_end(search->handler.ctx, search->is_failed ? &search->error : NULL);
}

static void
finish(struct search *search)
{
	if (search->step == STEP_DONE)
		return;
	search->step = STEP_DONE;
	event_del(search->again);
	event_del(search->patience);
	loop_defer(search->loop, tell_end, search);
}

/* The point in time is closed first, if there is one; what is under way is waited for, as its reply may have it. */
static void
close_context(struct search *search)
{
	bool is_closed = search->context == NULL && search->stale_count == 0 &&
	    !(search->is_asking && search->asked == STEP_OPEN);

	search->is_stopping = true;
	event_del(search->again);
	if (is_closed || cluster_is_down(search->cluster)) {
		finish(search);
		return;
	}
	loop_start_timer(search->patience, CLOSE_MS);
	if (search->is_asking)
		return;
	if (search->context == NULL)
		search->context = search->stale[--search->stale_count];
	search->step = STEP_CLOSE;
	ask(search);
}

static void
fail(struct search *search, enum outcome outcome, const char *text)
{
	search->is_failed = true;
	(void)error_set(&search->error, outcome, "%s", text);
	close_context(search);
}

/* What went wrong may pass. */

static void
put_patience(struct search *search)
{
	if (search->config->retry_for > 0)
		loop_start_timer(search->patience, search->config->retry_for);
}

static void
on_patience(evutil_socket_t fd, short what, void *ctx)
{
	struct search *search = ctx;
	const char *why = search->trouble[0] != '\0' ? search->trouble : cluster_trouble(search->cluster);
	char text[1024];

	(void)fd;
	(void)what;
	if (search->is_stopping) {
		finish(search);
		return;
	}
	(void)snprintf(text, sizeof(text), "gave up: no answer for %" PRIu64 " s (--retry-for)%s%.900s",
	    search->config->retry_for / 1000, why[0] != '\0' ? ": " : "", why);
	fail(search, OUTCOME_OUTPUT, text);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct search *search = ctx;

	(void)fd;
	(void)what;
	if (search->step != STEP_DONE)
		ask(search);
}

static void
ask_again(struct search *search)
{
	if (search->attempt == 0)
		log_note(search->log, "%s; trying again", search->trouble);
	search->counts.retries++;
	loop_start_timer(search->again, backoff_delay(search->config->backoff, search->attempt++));
}

/* Another point in time continues after the last packet that was given out. is_gone: there is nothing to close. */
static void
reopen(struct search *search, bool is_gone)
{
	if (!is_gone && search->stale_count < STALE_MAX)
		search->stale[search->stale_count++] = search->context;
	else
		free(search->context);
	search->context = NULL;
	search->counts.reopens++;
	search->counts.is_loose = search->counts.is_loose || search->is_inside;
	buffer_clear(&search->after);
	if (buffer_append(&search->after, search->past.data, search->past.len) != 0)
		abort(); /* both have room for the same */
	search->step = STEP_OPEN;
}

static void
take_failure(struct search *search, const struct http_reply *reply, const struct search_failure *failure)
{
	switch (failure->kind) {
	case SEARCH_FAILURE_LOST:
		log_note(search->log, "%s; opening another point in time after %" PRIu64 " documents", search->trouble,
		    search->counts.given);
		search->counts.retries++;
		reopen(search, true);
		if (search->attempt++ == 0)
			ask(search);
		else
			loop_start_timer(search->again, backoff_delay(search->config->backoff, search->attempt));
		return;
	case SEARCH_FAILURE_BROKEN:
		/* When the query was understood, it is the state of the cluster that it cannot be answered. */
		if (search->step != STEP_PAGE && ++search->broken >= BROKEN_MAX)
			break;
		__attribute__((fallthrough));
	case SEARCH_FAILURE_BUSY:
		ask_again(search);
		/* Less at a time may be what it can do. */
		if (reply->status == 429 && search->step == STEP_PAGE && search->size > SIZE_MIN)
			search->size /= 2;
		/* The node that had a part of it may be gone for good. */
		else if (search->step == STEP_PAGE && search->context != NULL && search->attempt > 1 &&
		    reply->fault == HTTP_ANSWERED)
			reopen(search, false);
		return;
	case SEARCH_FAILURE_CREDENTIALS:
	case SEARCH_FAILURE_REFUSED:
		break;
	}
	fail(search, failure->outcome, search->trouble);
}

/* Replies. */

/* Too many bytes: fewer documents. False if there are few already. */
static bool
ask_smaller(struct search *search, const struct http_reply *reply)
{
	if (reply->fault != HTTP_REPLY_TOO_LARGE || search->step != STEP_PAGE || search->size <= SIZE_MIN)
		return false;
	search->most = search->size - 1;
	search->size = search->size / 4 < SIZE_MIN ? SIZE_MIN : search->size / 4;
	/* It was an answer. */
	put_patience(search);
	ask(search);
	return true;
}

static bool
is_partial(struct search *search, const struct search_reply *found)
{
	if (found->failed == 0 && !found->is_timed_out)
		return false;
	(void)snprintf(search->trouble, sizeof(search->trouble), "%" PRIu64 " of %" PRIu64 " shards did not answer%s%.500s",
	    found->failed, found->shards, found->reason[0] != '\0' ? ": " : "", found->reason);
	return true;
}

static void
take_count(struct search *search, const struct search_reply *found)
{
	search->counts.has_total = true;
	search->counts.total = found->total;
	search->counts.has_index = found->shards > 0;
	if (search->config->counts_only || found->total == 0 || found->shards == 0) {
		finish(search);
		return;
	}
	search->step = search->has_contexts && search->config->sample == 0 ? STEP_OPEN : STEP_PAGE;
	ask(search);
}

static void
take_context(struct search *search, struct search_reply *found)
{
	free(search->context);
	search->context = found->context;
	found->context = NULL;
	search->step = STEP_PAGE;
	ask(search);
}

/* What the next page continues after. */
static int
note_after(struct search *search, const char *body, const struct search_hit *hit)
{
	const char *past = search->engine == TEMPLATE_OPENSEARCH ? PAST_DOC : PAST_SHARD_DOC;

	buffer_clear(&search->after);
	buffer_clear(&search->past);
	return search_after_write(body, hit, NULL, &search->after) | search_after_write(body, hit, past, &search->past);
}

/* How many hits of this page are given out; -1 after fail. */
static int
choose_hits(struct search *search, const char *body, const struct search_reply *found, size_t *count)
{
	enum search_turn turn;

	*count = found->count;
	if (found->count < search->size || search->config->sample > 0)
		return 0;
	turn = search_reply_turn(body, found, count);
	search->is_inside = turn != SEARCH_TURN_KEY;
	if (turn == SEARCH_TURN_KEY || (turn == SEARCH_TURN_VALUE && search->size >= search->most))
		return 0;
	if (search->size < search->most) {
		*count = 0;
		return 0;
	}
	fail(search, OUTCOME_OUTPUT,
	    "more packets have the same time than the server gives in one page, and nothing else orders them: narrow the "
	    "query");
	return -1;
}

static bool
give(struct search *search, const char *body, const struct search_reply *found, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct search_hit *hit = &found->hits[i];
		const struct search_found document = { search_hit_index(found, hit), search_hit_id(found, hit),
			body + hit->source, hit->source_len, hit->matched_len > 0 ? body + hit->matched : NULL,
			hit->matched_len };

		search->counts.given++;
		if (!search->handler.on_hit(search->handler.ctx, &document))
			return false;
		if (search->config->limit > 0 && search->counts.given >= search->config->limit)
			return false;
	}
	return true;
}

/* The size of the next page by that of this one. */
static void
adapt(struct search *search, size_t len, const struct search_reply *found, bool is_stuck)
{
	uint64_t each = found->count > 0 ? len / found->count + 1 : 1, fit = PAGE_BYTES / each;

	if (is_stuck) {
		search->size *= 2;
	} else {
		/* Later documents may be much larger. */
		if (fit > search->size * 4)
			fit = search->size * 4;
		search->size = fit;
		search->most = SIZE_MAX_HITS;
	}
	if (search->size > search->most)
		search->size = search->most;
	if (search->size < SIZE_MIN)
		search->size = SIZE_MIN;
}

static bool
has_sources(const struct search_reply *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->hits[i].source_len == 0)
			return false;
	return true;
}

static void
take_page(struct search *search, const struct http_reply *reply, struct search_reply *found)
{
	bool is_last = found->count < search->size || search->config->sample > 0;
	size_t count;

	if (found->context != NULL) {
		free(search->context);
		search->context = found->context;
		found->context = NULL;
	}
	if (!has_sources(found)) {
		fail(search, OUTCOME_OUTPUT, "the index does not keep its documents: _source is disabled in its mapping");
		return;
	}
	if (choose_hits(search, reply->body, found, &count) != 0)
		return;
	if (count > 0 && !is_last && note_after(search, reply->body, &found->hits[count - 1]) != 0) {
		fail(search, OUTCOME_OUTPUT, "the server does not give what documents are sorted by as numbers");
		return;
	}
	if (!give(search, reply->body, found, count) || is_last) {
		close_context(search);
		return;
	}
	adapt(search, reply->len, found, count == 0);
	if (search->handler.is_full != NULL && search->handler.is_full(search->handler.ctx))
		search->step = STEP_PAUSED;
	else
		ask(search);
}

/* True: the other kind of server, or none, has it. */
static bool
has_no_contexts(struct search *search, const struct http_reply *reply)
{
	if (search->step != STEP_OPEN || reply->fault != HTTP_ANSWERED ||
	    (reply->status != 400 && reply->status != 404 && reply->status != 405) ||
	    memmem(reply->body, reply->len, "index_not_found_exception", 25) != NULL)
		return false;
	if (!search->has_switched) {
		search->has_switched = true;
		search->engine = search->engine == TEMPLATE_OPENSEARCH ? TEMPLATE_ELASTICSEARCH : TEMPLATE_OPENSEARCH;
		ask(search);
		return true;
	}
	search->has_contexts = false;
	search->counts.is_loose = true;
	log_note(search->log,
	    "the server has no point in time: packets that are indexed or deleted during the query may be missing or not");
	search->step = STEP_PAGE;
	ask(search);
	return true;
}

static void
take_answer(struct search *search, const struct http_reply *reply)
{
	struct search_reply found;

	if (search_reply_read(reply->body, reply->len, &found) != 0 ||
	    (search->step == STEP_OPEN && found.context == NULL) || (search->step == STEP_COUNT && !found.has_total)) {
		const struct search_failure failure = { .kind = SEARCH_FAILURE_BROKEN, .outcome = OUTCOME_OUTPUT };

		(void)snprintf(search->trouble, sizeof(search->trouble), "the reply is not that of a search (%zu bytes)", reply->len);
		take_failure(search, reply, &failure);
	} else if (is_partial(search, &found)) {
		const struct search_failure failure = { .kind = SEARCH_FAILURE_BUSY, .outcome = OUTCOME_OUTPUT };

		take_failure(search, reply, &failure);
	} else {
		/* That another point in time can be opened is no answer. */
		if (search->step != STEP_OPEN) {
			search->attempt = search->broken = 0;
			search->trouble[0] = '\0';
			put_patience(search);
		}
		if (search->step == STEP_COUNT)
			take_count(search, &found);
		else if (search->step == STEP_OPEN)
			take_context(search, &found);
		else
			take_page(search, reply, &found);
	}
	search_reply_release(&found);
}

/* The end was asked for while this was under way. */
static void
take_last(struct search *search, const struct http_reply *reply)
{
	struct search_reply found;

	if (search->asked == STEP_OPEN && reply->fault == HTTP_ANSWERED && reply->status == 200) {
		if (search_reply_read(reply->body, reply->len, &found) == 0) {
			free(search->context);
			search->context = found.context;
			found.context = NULL;
		}
		search_reply_release(&found);
	}
	close_context(search);
}

static void
forget_closed(struct search *search)
{
	free(search->context);
	search->context = search->stale_count > 0 ? search->stale[--search->stale_count] : NULL;
}

static void
on_reply(void *ctx, size_t node, const struct http_reply *reply)
{
	struct search *search = ctx;
	struct search_failure failure;

	search->is_asking = false;
	if (search->step == STEP_DONE)
		return;
	if (search->asked == STEP_CLOSE) {
		forget_closed(search);
		close_context(search);
		return;
	}
	if (search->is_stopping) {
		take_last(search, reply);
		return;
	}
	if (reply->fault == HTTP_ANSWERED && reply->status == 200) {
		cluster_praise(search->cluster, node);
		take_answer(search, reply);
		return;
	}
	if (ask_smaller(search, reply) || has_no_contexts(search, reply))
		return;
	search_failure_read(cluster_url(search->cluster, node), reply, search->context != NULL && search->step == STEP_PAGE,
	    &failure);
	(void)snprintf(search->trouble, sizeof(search->trouble), "%.700s%s%.400s", failure.text,
	    failure.kind == SEARCH_FAILURE_CREDENTIALS ? "; " : "",
	    failure.kind == SEARCH_FAILURE_CREDENTIALS ? search->config->remedy : "");
	take_failure(search, reply, &failure);
}

/* Requests. */

static int
put_page(struct search *search)
{
	struct search_body body = { .clause = search->config->clause,
		.clause_len = search->config->clause_len,
		.times = search->config->times,
		.keep_alive = KEEP_ALIVE,
		.counts = search->step == STEP_COUNT,
		.is_sample = search->config->sample > 0,
		.tie = search->engine == TEMPLATE_OPENSEARCH ? SEARCH_TIE_DOC : SEARCH_TIE_SERVER };

	if (search->step == STEP_PAGE) {
		body.context = search->context;
		body.size = search->size;
		body.has_order = search->config->sample == 0;
		body.includes = search->config->includes;
		body.after = search->after.len > 0 ? search->after.data : NULL;
		body.after_len = search->after.len;
		if (search->context == NULL)
			body.tie = SEARCH_TIE_SERVER;
	}
	return search_body_write(&body, &search->body);
}

#define UNAVAILABLE "ignore_unavailable=true&allow_no_indices=true"

static int
put_search(struct search *search)
{
	/* A point in time knows its indices. */
	if (search->step == STEP_PAGE && search->context != NULL)
		return buffer_puts(&search->path, "/_search?allow_partial_search_results=false") | put_page(search);
	return buffer_printf(&search->path, "/%s/_search?" UNAVAILABLE "&allow_partial_search_results=false",
		   search->indices.data) |
	    put_page(search);
}

static int
put_close(struct search *search)
{
	bool is_opensearch = search->engine == TEMPLATE_OPENSEARCH;

	return buffer_puts(&search->path, is_opensearch ? "/_search/point_in_time" : "/_pit") |
	    buffer_puts(&search->body, is_opensearch ? "{\"pit_id\":[" : "{\"id\":") |
	    json_string(&search->body, search->context, strlen(search->context)) |
	    buffer_puts(&search->body, is_opensearch ? "]}" : "}");
}

/* In the step that it is in. */
static int
put_request(struct search *search, struct cluster_request *request)
{
	switch (search->step) {
	case STEP_COUNT:
		request->reply_max = REPLY_MAX;
		return put_search(search);
	case STEP_OPEN:
		request->reply_max = CONTEXT_REPLY_MAX;
		return buffer_printf(&search->path, "/%s/%s?ignore_unavailable=true&keep_alive=%us", search->indices.data,
		    search->engine == TEMPLATE_OPENSEARCH ? "_search/point_in_time" : "_pit", KEEP_ALIVE);
	case STEP_PAGE:
		request->reply_max = search->size <= FEW ? REPLY_MAX_FEW : REPLY_MAX;
		return put_search(search);
	case STEP_CLOSE:
		request->method = "DELETE";
		request->reply_max = REPLY_MAX;
		request->is_once = true;
		return put_close(search);
	case STEP_SETUP:
	case STEP_PAUSED:
	case STEP_DONE:
		break;
	}
	abort();
}

static void
ask(struct search *search)
{
	struct cluster_request request = { .method = "POST", .is_bounded = true };

	if (search->is_asking)
		return;
	search->asked = search->step;
	buffer_clear(&search->path);
	buffer_clear(&search->body);
	if (put_request(search, &request) != 0 || buffer_append(&search->path, "", 1) != 0) {
		search->is_failed = true;
		(void)error_set(&search->error, OUTCOME_USAGE, "the query is too long");
		finish(search);
		return;
	}
	request.path = search->path.data;
	if (search->body.len > 0) {
		request.content_type = "application/json";
		request.body = search->body.data;
		request.len = search->body.len;
	}
	search->is_asking = true;
	cluster_send(search->cluster, &request, on_reply, search);
}

/* Start and end. */

static void
on_ready(void *ctx, enum template_engine engine, enum setup_found found)
{
	struct search *search = ctx;

	(void)found;
	search->engine = engine;
	if (search->step == STEP_DONE)
		return;
	put_patience(search);
	search->step = STEP_COUNT;
	ask(search);
}

static void
on_setup_fail(void *ctx, const struct error *error)
{
	struct search *search = ctx;

	if (search->step == STEP_DONE)
		return;
	search->is_failed = true;
	search->error = *error;
	finish(search);
}

struct search *
search_new(struct loop *loop, struct log *log, struct cluster *cluster, const struct search_config *config,
    const struct search_handler *handler)
{
	struct search *search = xcalloc(1, sizeof(*search));
	const struct setup_handler ready = { .on_ready = on_ready, .on_fail = on_setup_fail, .ctx = search };

	search->loop = loop;
	search->log = log;
	search->cluster = cluster;
	search->config = config;
	search->handler = *handler;
	search->has_contexts = true;
	search->size = SIZE_FIRST;
	search->most = SIZE_MAX_HITS;
	if (config->limit > 0 && config->limit < SIZE_FIRST)
		search->size = config->limit + 1;
	if (config->sample > 0)
		search->size = config->sample;
	buffer_init(&search->indices, PATH_MAX_LEN);
	buffer_init(&search->path, 2 * PATH_MAX_LEN);
	buffer_init(&search->body, BODY_MAX);
	buffer_init(&search->after, REPLY_MAX_FEW);
	buffer_init(&search->past, REPLY_MAX_FEW);
	(void)search_indices(config->prefix, &config->times, &search->indices);
	(void)buffer_append(&search->indices, "", 1);
	search->again = evtimer_new(loop_base(loop), on_again, search);
	search->patience = evtimer_new(loop_base(loop), on_patience, search);
	if (search->again == NULL || search->patience == NULL)
		abort(); /* out of memory */
	search->setup_config = (struct setup_config){ .template = { .prefix = config->prefix },
		.put = SETUP_TEMPLATE_NEVER,
		.backoff = config->backoff };
	put_patience(search);
	search->setup = setup_new(loop, log, cluster, &search->setup_config, &ready);
	return search;
}

void
search_free(struct search *search)
{
	if (search == NULL)
		return;
	setup_free(search->setup);
	event_free(search->again);
	event_free(search->patience);
	free(search->context);
	for (size_t i = 0; i < search->stale_count; i++)
		free(search->stale[i]);
	buffer_release(&search->indices);
	buffer_release(&search->path);
	buffer_release(&search->body);
	buffer_release(&search->after);
	buffer_release(&search->past);
	free(search);
}

void
search_resume(struct search *search)
{
	if (search->step != STEP_PAUSED)
		return;
	search->step = STEP_PAGE;
	put_patience(search);
	ask(search);
}

void
search_stop(struct search *search)
{
	if (search->is_stopping || search->step == STEP_DONE)
		return;
	close_context(search);
}

struct search_counts
search_counts(const struct search *search)
{
	return search->counts;
}

const char *
search_names(const struct search *search)
{
	return search->indices.data;
}

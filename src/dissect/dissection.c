/* SPDX-License-Identifier: BSD-2-Clause */
/* One input from its bytes to its documents. */
#include "dissect/dissection.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "dissect/arrivals.h"
#include "dissect/dissection_private.h"
#include "dissect/handover.h"
#include "dissect/passes.h"
#include "dissect/source.h"

/*
 * tshark can lag behind what it was given by a pipe, our queue and its own
 * buffer: less than 30,000 records even if all are empty. With a display filter, what is
 * older than this and has no document was not wanted by it.
 */
#define PENDING_MAX 262144
/* Packets counted in one go when there is no tshark to wait for. */
#define DRAIN_SLICE 4096
#define TICK_MS 250
/* A shard is not given packets so far behind the one whose turn it is: more than tshark lags behind, see above. */
#define AHEAD_MAX 65536
/*
 * A tshark without progress is hung when it has used the timeout in processor
 * time: on a busy machine it may need much longer by the clock. One that sleeps
 * uses none, so by the clock it gets this many times as long.
 */
#define SLEEP_FACTOR 5

void
dissection_blame(struct dissection *dissection, enum outcome outcome, const char *text)
{
	reasons_add(&dissection->reasons, outcome, text);
}

static void
say_end(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->handler.on_end(dissection->handler.ctx);
}

static void
tell_unclear(const struct dissection *dissection)
{
	uint64_t texts = dissection->unclear +
	    (dissection->reader != NULL ?
		    reader_unclear(dissection->reader) :
		    0);

	if (texts > 0)
		log_verbose(dissection->config.log,
		    "%s: %" PRIu64
		    " texts are as PDML shows them: whether they hold control "
		    "characters is unknown",
		    dissection->name, texts);
}

void
dissection_end(struct dissection *dissection)
{
	char why[700];

	if (dissection->ended)
		return;
	dissection->ended = true;
	tell_unclear(dissection);
	if (dissection->anew > 0) {
		(void)snprintf(why, sizeof(why),
		    TSHARK_LACKS_MEMORY
		    "; packets behind %" PRIu64
		    " were dissected without what "
		    "it knew of those before",
		    dissection->anew);
		dissection_blame(dissection, OUTCOME_TSHARK, why);
	}
	/* A tshark that was replaced without loss is no failure of the run. */
	if (dissection->tshark_failed &&
	    (dissection->counts.undissected > 0 ||
		feed_is_opaque(dissection->feed) ||
		(dissection_is_live(dissection) &&
		    dissection->pass == PASS_DRAIN))) {
		(void)snprintf(why, sizeof(why), "tshark failed: %s",
		    dissection->failure);
		dissection_blame(dissection, OUTCOME_TSHARK, why);
	}
	if (dissection->config.shard == NULL &&
	    dissection_filter(dissection) == DISSECTION_UNFILTERABLE)
		dissection_blame(dissection, OUTCOME_USAGE,
		    DISSECTION_NO_FILTER);
	event_del(dissection->ticker);
	if (dissection->readable != NULL)
		event_del(dissection->readable);
	if (dissection->config.shard != NULL)
		order_leave(dissection->config.shard->order,
		    dissection->config.shard->index);
	loop_defer(dissection->config.loop, say_end, dissection);
	dissection_tell_order(dissection);
}

/* Where packets end. */

bool
dissection_resolve_first(struct dissection *dissection)
{
	const struct dissection_shard *shard = dissection->config.shard;
	const struct pending_packet *first = feed_first(dissection->feed);

	if (shard != NULL && first != NULL)
		order_done(shard->order, first->ordinal);
	return feed_resolve(dissection->feed);
}

static void
tell_order(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->config.shard->on_order(dissection->config.shard->ctx);
}

void
dissection_tell_order(struct dissection *dissection)
{
	if (dissection->config.shard != NULL)
		loop_defer(dissection->config.loop, tell_order, dissection);
}

void
dissection_resolve(struct dissection *dissection, uint64_t *count)
{
	const struct pending_packet *packet = feed_first(dissection->feed);

	/* Without the display filter nothing is learned of who passes it. */
	if (dissection->pass != PASS_LOCATE &&
	    dissection_resolve_first(dissection)) {
		if (packet->dead)
			count = &dissection->counts.undissected;
		if (count == &dissection->counts.undissected)
			ranges_add(&dissection->undissected, packet->ordinal);
		(*count)++;
	}
	feed_pop(dissection->feed);
}

void
dissection_resolve_all(struct dissection *dissection, uint64_t *count)
{
	if (feed_first(dissection->feed) == NULL)
		return;
	while (feed_first(dissection->feed) != NULL)
		dissection_resolve(dissection, count);
	dissection_tell_order(dissection);
}

/* Feeding. */

void
dissection_finish_input(struct dissection *dissection)
{
	dissection->input_done = true;
	if (dissection->readable != NULL)
		event_del(dissection->readable);
	if (dissection->child != NULL)
		child_close_input(dissection->child);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	dissection_pump(ctx);
}

static void
pump_again(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->pump_deferred = false;
	dissection_pump(dissection);
}

static void
turn_later(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->turn_deferred = false;
	passes_turn(dissection);
}

static bool
is_full(const struct dissection *dissection)
{
	return dissection->child != NULL &&
	    child_queued(dissection->child) >= CHILD_QUEUE_LOW;
}

static bool
is_ahead(struct dissection *dissection)
{
	const struct dissection_shard *shard = dissection->config.shard;

	dissection->ahead = shard != NULL &&
	    feed_given(dissection->feed) >=
		order_next(shard->order) + AHEAD_MAX;
	return dissection->ahead;
}

void
dissection_give(struct dissection *dissection, const void *bytes, size_t len)
{
	if (dissection->pass == PASS_DRAIN) {
		dissection_resolve_all(dissection, &dissection->counts.undissected);
		return;
	}
	/* The queue holds a record more than it is filled to: this cannot fail. */
	if (child_write(dissection->child, bytes, len) != 0)
		abort();
	if (dissection_has_filter(dissection) &&
	    feed_pending(dissection->feed) > PENDING_MAX)
		dissection_resolve(dissection, &dissection->counts.filtered);
}

enum feed_event
dissection_next(struct dissection *dissection, const void **bytes, size_t *len,
    struct error *error)
{
	enum feed_event event = feed_next(dissection->feed, bytes, len, error);
	const char *news = feed_news(dissection->feed);

	if (news != NULL)
		log_note(dissection->config.log, "%s: %s", dissection->name,
		    news);
	return event;
}

/* tshark's memory grows with each flow, and a live capture has no end. */
static void
renew(struct dissection *dissection)
{
	log_verbose(dissection->config.log,
	    "%s: a fresh tshark goes on behind "
	    "packet %" PRIu64 ": it has had %s",
	    dissection->name,
	    feed_given(dissection->feed), dissection->handover_reason);
	dissection->renewing = true;
	dissection_finish_input(dissection);
}

void
dissection_pump(struct dissection *dissection)
{
	struct error error;
	const void *bytes;
	unsigned slice = 0;
	size_t len;

	dissection->waiting = false;
	/* It has not begun. */
	if (dissection->child == NULL && dissection->pass != PASS_DRAIN)
		return;
	while (!dissection->input_done && !dissection->failed &&
	    !is_full(dissection) && !is_ahead(dissection)) {
		if (handover_is_due(dissection)) {
			renew(dissection);
			return;
		}
		switch (dissection_next(dissection, &bytes, &len, &error)) {
		case FEED_GAVE:
			dissection_give(dissection, bytes, len);
			break;
		case FEED_WAIT:
			if (dissection->readable != NULL)
				event_add(dissection->readable, NULL);
			else
				dissection->waiting = true;
			return;
		case FEED_BAD:
			dissection_blame(dissection, error.outcome, error.text);
			dissection_finish_input(dissection);
			break;
		case FEED_SESSION:
			dissection->turning = true;
			dissection_finish_input(dissection);
			break;
		case FEED_END:
			dissection_finish_input(dissection);
			break;
		}
		if (dissection->pass == PASS_DRAIN && ++slice == DRAIN_SLICE) {
			if (!dissection->pump_deferred)
				loop_defer(dissection->config.loop, pump_again,
				    dissection);
			dissection->pump_deferred = true;
			return;
		}
	}
	if (!dissection->input_done || dissection->pass != PASS_DRAIN ||
	    dissection->pump_deferred)
		return;
	if (!dissection->turning) {
		dissection_end(dissection);
		return;
	}
	/* Whoever takes the documents may have it go on before that. */
	if (!dissection->turn_deferred)
		loop_defer(dissection->config.loop, turn_later, dissection);
	dissection->turn_deferred = true;
}

void
dissection_fail(struct dissection *dissection, const char *why)
{
	if (dissection->failed)
		return;
	dissection->failed = true;
	(void)snprintf(dissection->failure, sizeof(dissection->failure), "%s",
	    why);
	dissection->held = false;
	buffer_clear(&dissection->rest);
	if (!dissection->finished)
		child_kill(dissection->child);
}

/* What it prints is not read, or it gets nothing, because of other shards. */
static bool
is_excused(const struct dissection *dissection)
{
	const struct dissection_shard *shard = dissection->config.shard;

	return dissection_is_held(dissection) ||
	    (dissection->ahead && order_shard(shard->order) != shard->index);
}

/* Whether tshark has something to do that it does not do. */
static bool
owes_progress(const struct dissection *dissection)
{
	if (dissection->child == NULL || dissection->paused ||
	    dissection->failed || is_excused(dissection))
		return false;
	return child_queued(dissection->child) > 0 || dissection->input_done ||
	    (!dissection_has_filter(dissection) && feed_pending(dissection->feed) > 0 &&
		(dissection->pass != PASS_FIRST || dissection_is_live(dissection)));
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct dissection *dissection = ctx;
	unsigned long long progress;
	char why[128];

	(void)fd;
	(void)what;
	handover_tick(dissection);
	if (handover_is_due(dissection))
		renew(dissection);
	if (!owes_progress(dissection)) {
		dissection->idle = 0;
		dissection->progress = 0;
		return;
	}
	progress = child_progress(dissection->child);
	if (progress != dissection->progress || dissection->idle == 0) {
		dissection->progress = progress;
		dissection->cpu = child_cpu(dissection->child);
		dissection->idle = TICK_MS;
		return;
	}
	dissection->idle += TICK_MS;
	if (dissection->idle < dissection->config.timeout * SLEEP_FACTOR &&
	    child_cpu(dissection->child) <
		dissection->cpu + dissection->config.timeout)
		return;
	(void)snprintf(why, sizeof(why),
	    "it neither read nor wrote for %llu ms "
	    "of its processor time",
	    child_cpu(dissection->child) -
		dissection->cpu);
	dissection_fail(dissection, why);
}

/* "./a/b" is "a/b" in documents. */
static const char *
plain_name(const char *name)
{
	while (name[0] == '.' && name[1] == '/' && name[2] != '\0')
		for (name += 2; *name == '/' && name[1] != '\0';)
			name++;
	return name;
}

struct dissection *
dissection_new(const struct dissection_config *config, int fd, const char *name,
    const char *path, uint64_t count, const struct dissection_handler *handler)
{
	struct dissection *dissection = xcalloc(1, sizeof(*dissection));
	struct event_base *base = loop_base(config->loop);
	struct timeval tick = { 0, TICK_MS * 1000 };

	dissection->config = *config;
	dissection->handler = *handler;
	dissection->name = xstrdup(name);
	dissection->file_name = config->live != NULL ?
	    NULL :
	    xstrdup(plain_name(name));
	dissection->path = path != NULL ? xstrdup(path) : NULL;
	dissection->count = count;
	dissection->plugin = config->tshark->has_plugin;
	dissection->feed = feed_new(fd, config->filter, count, config->ids,
	    config->live != NULL ? config->live->id : NULL);
	feed_follow(dissection->feed, config->follow);
	if (config->track)
		source_track(feed_source(dissection->feed), config->mark,
		    config->mark != NULL);
	if (config->shard != NULL)
		feed_shard(dissection->feed,
		    &(struct feed_shard){ config->shard->index,
			config->shard->count, config->shard->placeholder,
			config->shard->order });
	buffer_init(&dissection->rest, SIZE_MAX / 2);
	tree_init(&dissection->tree, config->max_value, config->max_doc);
	times_init(&dissection->times, config->tshark->names);
	buffer_init(&dissection->out, config->max_doc * 4);
	dissection->capture.file_name = dissection->file_name;
	if (config->live != NULL) {
		dissection->capture.host = config->live->host;
		dissection->capture.interface = config->live->interface;
	}
	dissection->capture.file_path = dissection->path;
	dissection->capture.id = feed_id(dissection->feed);
	dissection->capture.has_date = feed_date(dissection->feed,
	    &dissection->capture.file_date);
	dissection->ticker = event_new(base, -1, EV_PERSIST, on_tick,
	    dissection);
	if (feed_is_pipe(dissection->feed))
		dissection->readable = event_new(base, fd, EV_READ,
		    on_readable, dissection);
	if (dissection->ticker == NULL ||
	    event_add(dissection->ticker, &tick) != 0 ||
	    (dissection->readable == NULL &&
		feed_is_pipe(dissection->feed)))
		abort(); /* out of memory */
	loop_defer(config->loop, passes_first, dissection);
	return dissection;
}

void
dissection_free(struct dissection *dissection)
{
	if (dissection == NULL)
		return;
	child_free(dissection->child);
	child_free(dissection->next);
	event_free(dissection->ticker);
	if (dissection->readable != NULL)
		event_free(dissection->readable);
	feed_free(dissection->feed);
	reader_free(dissection->reader);
	tree_release(&dissection->tree);
	buffer_release(&dissection->out);
	buffer_release(&dissection->rest);
	reasons_release(&dissection->reasons);
	free(dissection->name);
	free(dissection->file_name);
	free(dissection->path);
	free(dissection);
}

void
dissection_pause(struct dissection *dissection)
{
	dissection->paused = true;
	if (dissection->child != NULL)
		child_pause(dissection->child);
}

void
dissection_resume(struct dissection *dissection)
{
	dissection->paused = false;
	dissection->idle = 0;
	if (dissection->child != NULL && !dissection->choked)
		child_resume(dissection->child);
}

void
dissection_go_on(struct dissection *dissection)
{
	if (dissection->ended || dissection->paused)
		return;
	if (dissection_is_held(dissection))
		arrivals_go_on(dissection);
	if (dissection->ahead && !is_ahead(dissection))
		dissection_pump(dissection);
	if (dissection->skipping)
		passes_seek(dissection);
}

void
dissection_stop(struct dissection *dissection)
{
	if (dissection->stopping)
		return;
	dissection->stopping = true;
	feed_stop(dissection->feed);
	dissection_pump(dissection);
}

void
dissection_look(struct dissection *dissection)
{
	/* One that does not wait reads on by itself. */
	if (dissection->waiting && !dissection->ended)
		dissection_pump(dissection);
}

void
dissection_finish(struct dissection *dissection)
{
	feed_follow(dissection->feed, false);
	dissection_look(dissection);
}

bool
dissection_is_waiting(const struct dissection *dissection)
{
	return dissection->waiting;
}

bool
dissection_has_rest(const struct dissection *dissection)
{
	return feed_has_rest(dissection->feed);
}

const char *
dissection_id(const struct dissection *dissection)
{
	return feed_id(dissection->feed);
}

const struct source *
dissection_source(const struct dissection *dissection)
{
	return feed_source(dissection->feed);
}

const struct ranges *
dissection_unfiltered(const struct dissection *dissection)
{
	return feed_inapplicable(dissection->feed);
}

const struct ranges *
dissection_undissected(const struct dissection *dissection)
{
	return &dissection->undissected;
}

struct dissection_counts
dissection_counts(const struct dissection *dissection)
{
	struct dissection_counts counts = dissection->counts;

	counts.read = feed_read(dissection->feed) + dissection->opaque_format_read;
	counts.skipped = feed_skipped(dissection->feed);
	return counts;
}

void
dissection_bytes(const struct dissection *dissection, uint64_t *done,
    uint64_t *all)
{
	feed_bytes(dissection->feed, done, all);
}

uint64_t
dissection_memory(const struct dissection *dissection)
{
	return dissection->child != NULL ? child_memory(dissection->child) : 0;
}

enum outcome
dissection_outcome(const struct dissection *dissection, struct error *error)
{
	return reasons_outcome(&dissection->reasons, error);
}

enum dissection_filter
dissection_filter(const struct dissection *dissection)
{
	if (feed_was_filtered(dissection->feed))
		return DISSECTION_FILTERED;
	return feed_defied_filter(dissection->feed) ?
	    DISSECTION_UNFILTERABLE :
	    DISSECTION_UNASKED;
}

const struct reasons *
dissection_reasons(const struct dissection *dissection)
{
	return &dissection->reasons;
}

bool
dissection_is_no_capture(const struct dissection *dissection)
{
	return dissection->no_capture || feed_is_empty(dissection->feed);
}

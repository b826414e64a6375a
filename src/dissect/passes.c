/* SPDX-License-Identifier: BSD-2-Clause */
/* How the passes over an input begin and end: each is one tshark. */
#include "dissect/passes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dissect/arrivals.h"
#include "dissect/handover.h"

/* Each packet that ends a tshark takes two runs at most, and the first run is one. */
#define RUNS_MAX (2 * FEED_DEAD_MAX + 5)
/* A pass that ends for want of memory behind so many packets is not counted as a run. */
#define RELIEF_PACKETS 1000
/* Packets of other shards that are skipped in one go. */
#define SEEK_SLICE 4096

/* How a pass ends. */

/* One line of a text, for a message. */
static void
flatten(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			*text = ' ';
}

static void
describe_failure(struct dissection *dissection)
{
	char errors[256];

	dissection->lacks_memory = !dissection->failed &&
	    !child_succeeded(dissection->child) &&
	    tshark_lacks_memory(dissection->config.tshark,
		child_errors(dissection->child));
	if (dissection->failed)
		return;
	if (dissection->lacks_memory) {
		(void)snprintf(dissection->failure,
		    sizeof(dissection->failure), TSHARK_LACKS_MEMORY);
		return;
	}
	(void)snprintf(errors, sizeof(errors), "%.200s",
	    child_errors(dissection->child));
	flatten(errors);
	if (child_succeeded(dissection->child))
		(void)snprintf(dissection->failure,
		    sizeof(dissection->failure),
		    "it ended without the documents of %zu packets",
		    feed_pending(dissection->feed));
	else
		(void)snprintf(dissection->failure,
		    sizeof(dissection->failure), "%s%s%s",
		    child_status(dissection->child),
		    errors[0] != '\0' ? ": " : "", errors);
}

/* tshark looked at the file and said no, before any packet. */
static bool
is_refused(const struct dissection *dissection)
{
	return !dissection_is_live(dissection) && !dissection->failed &&
	    !dissection->lacks_memory && dissection->pass_documents == 0 &&
	    feed_resolved(dissection->feed) <= feed_base(dissection->feed) &&
	    child_exit_status(dissection->child) > 0 &&
	    child_errors(dissection->child)[0] != '\0';
}

static void
refuse(struct dissection *dissection)
{
	char why[600];

	(void)snprintf(why, sizeof(why), "%s", child_errors(dissection->child));
	flatten(why);
	/* It may be cut short as well, which was seen first. */
	reasons_join(&dissection->reasons, OUTCOME_INPUT, why);
	passes_begin(dissection, PASS_DRAIN, false);
}

static void
end_as_no_capture(struct dissection *dissection)
{
	dissection->no_capture = true;
	dissection_blame(dissection, OUTCOME_INPUT,
	    "not a capture in a format tshark understands");
	dissection_end(dissection);
}

/* The packet that tshark was at when a pass with flushed output failed. False if there were too many. */
static bool
skip_poison(struct dissection *dissection)
{
	const struct pending_packet *packet = feed_first(dissection->feed);

	if (packet == NULL)
		return true;
	if (!feed_skip_poison(dissection->feed))
		return false;
	log_note(dissection->config.log,
	    "%s: tshark failed on packet %" PRIu64 " (%s); going on behind it",
	    dissection->name, packet->ordinal, dissection->failure);
	return true;
}

/* Want of memory behind so many packets is no failure. */
static bool
has_served(const struct dissection *dissection)
{
	return dissection->lacks_memory &&
	    feed_resolved(dissection->feed) - dissection->relieved >=
	    RELIEF_PACKETS;
}

/* In a year some tshark may fail; in a minute not that many. */
static bool
fails_too_often(struct dissection *dissection)
{
	uint64_t *oldest, before;

	if (!dissection_is_live(dissection))
		return dissection->passes - dissection->handovers >= RUNS_MAX;
	if (has_served(dissection) || dissection->plugin)
		return false;
	oldest = &dissection->failed_at[dissection->failures++ % LIVE_FAILURES];
	before = *oldest;
	*oldest = clock_ms();
	return dissection->failures > LIVE_FAILURES &&
	    *oldest - before < LIVE_FAILURES_MS;
}

/*
 * A tshark keeps what it learned of each conversation. One that has no room for more is no
 * packet's fault: a fresh one goes on behind those that have their documents. In a live
 * capture, where fresh ones go on anyhow, it is told but no failure of the run.
 */
static bool
relieve(struct dissection *dissection)
{
	uint64_t resolved = feed_resolved(dissection->feed);

	if (!dissection->lacks_memory || dissection->pass == PASS_LOCATE ||
	    resolved <= dissection->relieved)
		return false;
	if (has_served(dissection))
		dissection->handovers++;
	dissection->relieved = resolved;
	if (dissection->anew == 0 && !dissection_is_live(dissection))
		dissection->anew = resolved;
	feed_forget(dissection->feed);
	if (dissection->config.shard != NULL)
		streams_restart(dissection->config.shard->streams,
		    dissection->config.shard->index);
	log_note(dissection->config.log,
	    "%s: " TSHARK_LACKS_MEMORY
	    "; a fresh "
	    "one goes on behind packet %" PRIu64,
	    dissection->name, resolved);
	return true;
}

static void
leave_plugin(struct dissection *dissection)
{
	dissection->plugin = false;
	dissection->counts.fallbacks++;
	log_note(dissection->config.log,
	    "%s: tshark failed with the plugin "
	    "(%s); %s without it",
	    dissection->name, dissection->failure,
	    dissection_is_live(dissection) ? "going on" : "reading again");
}

/* What cannot be given again. */
static void
leave_behind(struct dissection *dissection)
{
	log_note(dissection->config.log,
	    "%s: tshark failed (%s); going "
	    "on behind the packets it had",
	    dissection->name,
	    dissection->failure);
	dissection_resolve_all(dissection, &dissection->counts.undissected);
}

/* Before its first document a tshark may have failed on packets that have theirs: it is tried without these. */
static bool
was_in_the_past(struct dissection *dissection)
{
	if (dissection->warm == 0 || dissection->pass_documents > 0)
		return false;
	log_note(dissection->config.log,
	    "%s: tshark failed (%s); going on "
	    "without what it knew of the packets before",
	    dissection->name,
	    dissection->failure);
	return true;
}

/*
 * How the next pass begins; false to give up. With a display filter a packet
 * without document tells nothing, so a pass without it finds the one that
 * tshark fails on. A pipe cannot be read again for that: all it had is lost.
 */
static bool
go_on(struct dissection *dissection, enum pass *next, bool *warmly)
{
	bool filter = dissection->config.tshark_config->display_filter != NULL;
	bool lossy = feed_is_lossy(dissection->feed);
	bool served = has_served(dissection);

	*next = PASS_CAREFUL;
	if (feed_is_opaque(dissection->feed) || dissection->stopping ||
	    fails_too_often(dissection))
		return false;
	if (lossy)
		leave_behind(dissection);
	if (was_in_the_past(dissection)) {
		*next = PASS_FIRST;
		return true;
	}
	if (relieve(dissection)) {
		*next = PASS_FIRST;
		*warmly = served && dissection_is_live(dissection);
		return true;
	}
	/* Whose fault it was is not known: the same packets, but without the plugin. */
	if (dissection->plugin) {
		leave_plugin(dissection);
		return true;
	}
	if (lossy)
		return true;
	if (filter && feed_is_pipe(dissection->feed)) {
		leave_behind(dissection);
		return true;
	}
	if (filter && dissection->pass != PASS_LOCATE)
		*next = PASS_LOCATE;
	else if (dissection->pass != PASS_FIRST ||
	    feed_is_pipe(dissection->feed))
		return skip_poison(dissection);
	log_verbose(dissection->config.log,
	    "%s: tshark failed (%s); reading again, with care",
	    dissection->name, dissection->failure);
	return true;
}

static void
after_failure(struct dissection *dissection)
{
	struct error error;
	enum pass next;
	bool warmly = false;

	if (dissection->defies_filter) {
		dissection_end(dissection);
		return;
	}
	describe_failure(dissection);
	if (dissection->no_capture ||
	    (is_refused(dissection) && feed_is_opaque(dissection->feed) &&
		dissection_outcome(dissection, &error) == OUTCOME_OK)) {
		end_as_no_capture(dissection);
		return;
	}
	if (is_refused(dissection)) {
		refuse(dissection);
		return;
	}
	dissection->tshark_failed = true;
	if (!go_on(dissection, &next, &warmly))
		next = PASS_DRAIN;
	passes_begin(dissection, next, warmly);
}

/* All documents came, or the display filter kept them back. */
static void
after_success(struct dissection *dissection)
{
	if (dissection->pass == PASS_LOCATE) {
		/* What ended tshark before did not do so again. */
		passes_begin(dissection, PASS_CAREFUL, false);
		return;
	}
	dissection_resolve_all(dissection, &dissection->counts.filtered);
	if (dissection->turning) {
		passes_turn(dissection);
		return;
	}
	if (!dissection->renewing) {
		dissection_end(dissection);
		return;
	}
	/* One failure in a long run should not make all the rest slower. */
	dissection->plugin = dissection->config.tshark->has_plugin;
	passes_begin(dissection, PASS_FIRST, true);
}

/* Whether every packet given has its document, or needs none. */
static bool
is_complete(const struct dissection *dissection)
{
	return !dissection->failed && dissection->input_done &&
	    !reader_is_inside(dissection->reader) &&
	    (dissection_has_filter(dissection) ||
		feed_first(dissection->feed) == NULL);
}

static void
leave_child(void *ctx)
{
	struct dissection *dissection = ctx;
	bool good = child_succeeded(dissection->child);

	if (!good && is_complete(dissection) && !dissection_has_filter(dissection) &&
	    !feed_is_opaque(dissection->feed) &&
	    feed_resolved(dissection->feed) > 0) {
		log_note(dissection->config.log,
		    "%s: tshark ended with %s, but "
		    "with the documents of all packets",
		    dissection->name,
		    child_status(dissection->child));
		good = true;
	}
	/* --count cuts an opaque format off where tshark does not expect it. */
	if (is_complete(dissection) &&
	    (good || dissection_has_enough(dissection)))
		after_success(dissection);
	else
		after_failure(dissection);
}

static void
on_finish(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->finished = true;
	if (dissection->failed || !dissection_is_held(dissection))
		passes_leave(dissection);
}

void
passes_leave(struct dissection *dissection)
{
	/* The child must not be freed from its own callback. */
	loop_defer(dissection->config.loop, leave_child, dissection);
}

/* How it begins. */

static void
on_writable(void *ctx)
{
	dissection_pump(ctx);
}

struct child *
passes_start(struct dissection *dissection, enum pass pass, bool plugin,
    size_t warm, struct error *error)
{
	const struct tshark *tshark = dissection->config.tshark;
	const struct tshark_config *config = dissection->config.tshark_config;
	struct child_handler handler = { .on_output = arrivals_take,
		.on_writable = on_writable,
		.on_finish = on_finish,
		.ctx = dissection };
	struct argv argv = { NULL, 0 };
	struct child_spec spec = { .argv = &argv,
		.home = tshark->home,
		.preload = tshark_preload(tshark, plugin),
		.sandbox = tshark->sandbox,
		.extra_fd = config->keys_fd,
		.wants_input = true };
	bool filter = config->display_filter != NULL && pass != PASS_LOCATE &&
	    !dissection_is_probe(dissection);
	/* A packet without document tells nothing if documents wait in a buffer. */
	struct tshark_run run = { .plugin = plugin,
		.filter = filter,
		.flush = pass != PASS_FIRST || filter ||
		    feed_is_pipe(dissection->feed) ||
		    feed_is_following(dissection->feed),
		.warm = warm,
		.placeholder = dissection->config.shard != NULL ?
		    dissection->config.shard->placeholder :
		    0 };
	struct child *child;

	tshark_argv(tshark, config, &run, &argv);
	child = child_start(dissection->config.loop, &spec, &handler, error);
	argv_release(&argv);
	return child;
}

static int
start_child(struct dissection *dissection)
{
	struct error error;

	dissection->child = handover_take(dissection);
	if (dissection->child == NULL)
		dissection->child = passes_start(dissection, dissection->pass,
		    dissection->plugin, dissection->warm, &error);
	if (dissection->child == NULL) {
		dissection_blame(dissection, error.outcome, error.text);
		return -1;
	}
	dissection->counts.tsharks++;
	if (dissection->paused)
		child_pause(dissection->child);
	return 0;
}

static enum reader_form
form_of(const struct dissection *dissection)
{
	if (dissection->plugin)
		return READER_FRAMES;
	if (!dissection->config.tshark_config->pdml)
		return READER_EK;
	return tshark_is_decimal(dissection->config.tshark) ?
	    READER_PDML_DECIMAL :
	    READER_PDML;
}

static void
prepare_pass(struct dissection *dissection, enum pass pass, bool warmly)
{
	bool again = dissection->passes++ > 0;

	child_free(dissection->child);
	dissection->child = NULL;
	dissection->pass = pass;
	dissection->failed = dissection->input_done = false;
	dissection->renewing = dissection->turning = false;
	dissection->held = dissection->finished = dissection->choked = false;
	buffer_clear(&dissection->rest);
	dissection->idle = dissection->progress = 0;
	dissection->pass_documents = 0;
	if (dissection->reader != NULL)
		dissection->unclear += reader_unclear(dissection->reader);
	reader_free(dissection->reader);
	dissection->reader = reader_new(form_of(dissection),
	    dissection->config.tshark->names, &dissection->tree,
	    dissection->config.max_doc);
	dissection->warm = handover_begin(dissection, warmly);
	if (again && !feed_again(dissection->feed, dissection->warm)) {
		/* A pipe that cannot be taken up again is counted to its end. */
		dissection->pass = PASS_DRAIN;
		if (feed_is_pipe(dissection->feed))
			dissection_resolve_all(dissection,
			    &dissection->counts.undissected);
		else {
			dissection_blame(dissection, OUTCOME_INPUT,
			    "cannot be read a second time");
			dissection->input_done = true;
		}
	}
	/* What nobody dissects need not be captured. */
	if (dissection->pass == PASS_DRAIN && dissection_is_live(dissection))
		feed_stop(dissection->feed);
	if (dissection->pass != PASS_DRAIN && start_child(dissection) != 0) {
		dissection->pass = PASS_DRAIN;
		dissection->input_done = true;
	}
}

void
passes_begin(struct dissection *dissection, enum pass pass, bool warmly)
{
	prepare_pass(dissection, pass, warmly);
	dissection_pump(dissection);
}

/* What went wrong with one session says nothing of the next. */
void
passes_turn(struct dissection *dissection)
{
	feed_turn(dissection->feed);
	dissection->turning = false;
	dissection->passes = dissection->handovers = 0;
	dissection->plugin = dissection->config.tshark->has_plugin;
	if (dissection->config.shard != NULL &&
	    dissection->config.shard->index > 0) {
		feed_seek(dissection->feed);
		dissection->pass = PASS_FIRST;
		child_free(dissection->child);
		dissection->child = NULL;
		passes_seek(dissection);
		return;
	}
	passes_begin(dissection, PASS_FIRST, false);
}

/*
 * The order has no gaps, so a shard that skipped a session must not add the packets of the next one before another
 * has added those of this one. The first shard skips nothing: if it ended before that, the file is not what it was
 * or tshark cannot be started, and it says so. False to wait or to end.
 */
static bool
skip_session(struct dissection *dissection)
{
	const struct order *order = dissection->config.shard->order;

	if (order_last(order) >= feed_given(dissection->feed)) {
		feed_turn(dissection->feed);
		return true;
	}
	if (order_has_left(order, 0))
		dissection_end(dissection);
	else
		dissection->skipping = true;
	return false;
}

/* A shard begins when it has a packet: as many tsharks as are needed. */
void
passes_seek(void *ctx)
{
	struct dissection *dissection = ctx;
	struct error error;
	const void *bytes;
	size_t len;

	dissection->skipping = false;
	for (unsigned i = 0; i < SEEK_SLICE; i++) {
		enum feed_event event = dissection_next(dissection, &bytes,
		    &len, &error);

		if (event == FEED_SESSION) {
			if (!skip_session(dissection))
				return;
			continue;
		}
		if (event != FEED_GAVE || feed_is_opaque(dissection->feed)) {
			/* What is wrong with the file the first shard tells. */
			dissection_end(dissection);
			return;
		}
		if (feed_first(dissection->feed) != NULL) {
			dissection->passes++;
			passes_begin(dissection, PASS_FIRST, false);
			return;
		}
	}
	loop_defer(dissection->config.loop, passes_seek, dissection);
}

/* A folder may hold thousands of files that are nothing: these cost no tshark. */
void
passes_first(void *ctx)
{
	struct dissection *dissection = ctx;
	struct error error;
	const void *bytes;
	size_t len;
	enum feed_event event;

	if (dissection->config.shard != NULL &&
	    dissection->config.shard->index > 0) {
		passes_seek(dissection);
		return;
	}
	event = dissection_next(dissection, &bytes, &len, &error);
	if (event == FEED_BAD)
		dissection_blame(dissection, error.outcome, error.text);
	if (event == FEED_BAD || event == FEED_END) {
		dissection_end(dissection);
		return;
	}
	prepare_pass(dissection, PASS_FIRST, false);
	if (event == FEED_GAVE)
		dissection_give(dissection, bytes, len);
	dissection_pump(dissection);
}

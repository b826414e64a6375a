/* SPDX-License-Identifier: BSD-2-Clause */
/* One input from its records to its documents. */
#include "dissect/dissection.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "dissect/feed.h"
#include "dissect/handover.h"
#include "dissect/opaque_format.h"
#include "dissect/recovery.h"
#include "dissect/session.h"
#include "dissect/writer.h"

/*
 * tshark can lag behind what it was given by a pipe, our queue and its own
 * buffer: less than 30,000 records even if all are empty. With a display filter, what is
 * older than this and has no document was not wanted by it.
 */
#define PENDING_MAX 262144
/* Packets that are counted or looked at in one go when there is not tshark to wait for. */
#define SLICE 4096

struct dissection {
	struct dissection_config config;
	struct dissection_handler handler;
	char *name, *file_name, *path;
	uint64_t count;

	struct record_source *source;
	struct feed *feed;
	struct recovery *recovery;
	struct handover *handover; /* of a live capture, else NULL */
	struct session *session;   /* NULL before the first, and with PASS_DRAIN */
	struct writer *writer;
	struct event *ticker;

	/* This pass. */
	enum pass pass;
	uint64_t documents;
	bool input_done; /* nothing more is given */
	bool renewing;   /* a fresh tshark goes on */
	bool turning;    /* the same, with the next session of the input */

	bool waiting; /* for the source */
	bool ahead;   /* of the others, so that nothing is given */
	bool paused, stopping;
	bool is_read;  /* see dissection_is_read */
	uint64_t last; /* see dissection_last */
	bool pump_deferred, turn_deferred, change_deferred;

	struct dissection_counts counts;
	uint64_t opaque_read; /* packets that tshark found in an opaque format */
	struct ranges undissected;
	struct reasons reasons; /* why it does not end well */
	bool tshark_failed;
	char failure[512]; /* the last one */
	unsigned unparsable;
	uint64_t unclear; /* texts of the sessions before this one: pdml_unclear */
	bool no_capture;
	bool defies_filter; /* --bpf is given, and only tshark can read its packets */
	bool ended, abandoned;
};

static void pump(struct dissection *dissection);
static void turn(struct dissection *dissection);
static void begin_session(void *ctx);

static bool
is_live(const struct dissection *dissection)
{
	return dissection->config.live != NULL;
}

/* --bpf cannot be applied to a format that only tshark reads: tshark only says whether it is a capture. */
static bool
is_probe(const struct dissection *dissection)
{
	return dissection->config.filter != NULL &&
	    dissection->source->is_opaque;
}

static bool
has_filter(const struct dissection *dissection, enum pass pass)
{
	return dissection->config.tshark_config->display_filter != NULL &&
	    pass != PASS_LOCATE && !is_probe(dissection);
}

/* --count is reached in a format whose packets only tshark knows. */
static bool
has_enough(const struct dissection *dissection)
{
	return dissection->source->is_opaque && dissection->count > 0 &&
	    dissection->opaque_read >= dissection->count;
}

static void
blame(struct dissection *dissection, enum outcome outcome, const char *text)
{
	reasons_add(&dissection->reasons, outcome, text);
}

/* The end. */

static void
tell_end(void *ctx)
{
	struct dissection *dissection = ctx;

	if (!dissection->abandoned)
		dissection->handler.on_end(dissection->handler.ctx);
}

static void
tell_unclear(const struct dissection *dissection)
{
	uint64_t texts = dissection->unclear +
	    (dissection->session != NULL ?
		    session_unclear(dissection->session) :
		    0);

	if (texts > 0)
		log_verbose(dissection->config.log,
		    "%s: %" PRIu64
		    " texts are as PDML shows them, which may hide control characters",
		    dissection->name, texts);
}

static void
blame_tshark(struct dissection *dissection)
{
	uint64_t anew = recovery_anew(dissection->recovery);
	char why[700];

	if (anew > 0) {
		(void)snprintf(why, sizeof(why),
		    TSHARK_LACKS_MEMORY "; packets after %" PRIu64
					" were dissected without the context of earlier ones",
		    anew);
		blame(dissection, OUTCOME_TSHARK, why);
	}
	/* A tshark that was replaced without loss is not a failure of the run. */
	if (dissection->tshark_failed &&
	    (dissection->counts.undissected > 0 ||
		dissection->source->is_opaque ||
		(is_live(dissection) && dissection->pass == PASS_DRAIN))) {
		(void)snprintf(why, sizeof(why), "tshark failed: %s",
		    dissection->failure);
		blame(dissection, OUTCOME_TSHARK, why);
	}
}

static void
tell_change(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->change_deferred = false;
	if (!dissection->abandoned)
		dissection->config.gate->on_change(dissection->config.gate->ctx);
}

static void
changed(struct dissection *dissection)
{
	if (!dissection->change_deferred)
		loop_defer(dissection->config.loop, tell_change, dissection);
	dissection->change_deferred = true;
}

/* All is done: on_end follows. */
static void
end(struct dissection *dissection)
{
	const struct dissection_gate *gate = dissection->config.gate;

	if (dissection->ended)
		return;
	dissection->ended = true;
	tell_unclear(dissection);
	blame_tshark(dissection);
	if (gate == NULL &&
	    dissection_filter(dissection) == DISSECTION_UNFILTERABLE)
		blame(dissection, OUTCOME_USAGE, DISSECTION_NO_FILTER);
	event_del(dissection->ticker);
	dissection->source->type->wait(dissection->source, false);
	loop_defer(dissection->config.loop, tell_end, dissection);
	if (gate == NULL)
		return;
	gate->on_leave(gate->ctx);
	changed(dissection);
}

/* Where packets end. */

/* The outcome of the oldest packet given is known; true if it must be counted (feed_resolve). */
static bool
resolve_first(struct dissection *dissection)
{
	const struct dissection_gate *gate = dissection->config.gate;
	const struct dissection_origin *origin = dissection->config.origin;
	const struct pending_packet *first = feed_first(dissection->feed);

	if (gate != NULL && first != NULL) {
		gate->on_resolve(gate->ctx, first->ordinal);
		changed(dissection);
	}
	if (origin != NULL && first != NULL && first->ordinal > feed_resolved(dissection->feed))
		origin->on_resolve(origin->ctx, first->ordinal);
	return feed_resolve(dissection->feed);
}

/* The oldest packet given has no document and will have none. */
static void
resolve(struct dissection *dissection, uint64_t *count)
{
	const struct pending_packet *packet = feed_first(dissection->feed);

	/* Without the display filter nothing is learned of who passes it. */
	if (dissection->pass != PASS_LOCATE && resolve_first(dissection)) {
		if (packet->dead)
			count = &dissection->counts.undissected;
		if (count == &dissection->counts.undissected)
			ranges_add(&dissection->undissected, packet->ordinal);
		(*count)++;
	}
	feed_pop(dissection->feed);
}

static void
resolve_all(struct dissection *dissection, uint64_t *count)
{
	while (feed_first(dissection->feed) != NULL)
		resolve(dissection, count);
}

/* Documents. */

static void
finish_input(struct dissection *dissection)
{
	dissection->input_done = true;
	dissection->source->type->wait(dissection->source, false);
	if (dissection->session != NULL)
		session_end_input(dissection->session);
}

static void
write_document(struct dissection *dissection,
    const struct document_packet *packet)
{
	const struct part *part =
	    parts_find(feed_parts(dissection->feed), packet->ordinal);
	const struct dissection_origin *origin = dissection->config.origin;
	struct document_packet own = *packet;
	struct document_ready ready;
	struct error error;

	writer_place(dissection->writer, part == NULL ? "" : part->id, part == NULL ? 0 : part->before);
	if (origin != NULL)
		origin->describe(origin->ctx, packet->ordinal, writer_capture(dissection->writer), &own);
	if (writer_write(dissection->writer, session_tree(dissection->session), &own, &ready, &error) != 0) {
		blame(dissection, error.outcome, error.text);
		dissection->counts.undissected++;
		ranges_add(&dissection->undissected, packet->ordinal);
		return;
	}
	dissection->counts.printed++;
	dissection->handler.on_document(dissection->handler.ctx, &ready);
}

/* Of a format that only tshark reads, it alone knows the packets. */
static void
take_opaque(struct dissection *dissection, uint64_t number)
{
	struct document_packet packet = { .ordinal = number };

	if (has_enough(dissection))
		return;
	opaque_format_packet(session_tree(dissection->session),
	    dissection->config.tshark->names, &packet);
	/*
	 * tshark shows the parts of files that hold no packets, too (JSON,
	 * PNG, ...): these have no time.
	 */
	if (dissection->opaque_read == 0 && !packet.has_time) {
		dissection->no_capture = true;
		session_break(dissection->session, "no capture");
		return;
	}
	if (is_probe(dissection)) {
		dissection->defies_filter = true;
		blame(dissection, OUTCOME_USAGE,
		    "--bpf needs pcap or pcapng: only tshark can read this format");
		session_break(dissection->session, "--bpf");
		return;
	}
	dissection->opaque_read++;
	if (dissection->config.ids &&
	    opaque_format_identify(dissection_id(dissection), &packet) != 0)
		blame(dissection, OUTCOME_INTERNAL,
		    "the crypto library offers no SHA-256");
	write_document(dissection, &packet);
	if (has_enough(dissection))
		finish_input(dissection);
}

/* Of which an empty record was dissected. */
static bool
is_of_others(const struct dissection *dissection, uint64_t number)
{
	const struct pending_packet *first = feed_first(dissection->feed);

	return dissection->config.gate != NULL &&
	    number <= feed_given(dissection->feed) &&
	    (first == NULL || first->ordinal > number);
}

/* Whether the packet, whose document is new, must wait for those of others. */
static bool
must_wait(const struct dissection *dissection,
    const struct pending_packet *packet)
{
	const struct dissection_gate *gate = dissection->config.gate;

	return gate != NULL &&
	    packet->ordinal > feed_resolved(dissection->feed) &&
	    !gate->is_open(gate->ctx, packet->ordinal);
}

/* The fields that name frames, in the document of this packet. */
static void
renumber(const struct dissection *dissection, uint64_t ordinal)
{
	const struct dissection_origin *origin = dissection->config.origin;
	const struct writer_numbers numbers = { .base = feed_base(dissection->feed),
		.of = ordinal,
		.number = origin == NULL ? NULL : origin->number,
		.ctx = origin == NULL ? NULL : origin->ctx };

	writer_renumber(dissection->writer, session_tree(dissection->session), &numbers);
}

/* The document in the tree, which is of the oldest packet given. */
static void
take_first(struct dissection *dissection)
{
	const struct dissection_gate *gate = dissection->config.gate;
	const struct pending_packet *first = feed_first(dissection->feed);
	struct session *session = dissection->session;
	struct document_packet packet = { .ordinal = first->ordinal,
		.has_time = first->has_time,
		.sec = first->sec,
		.nsec = first->nsec,
		.wirelen = first->wirelen,
		.position = first->position };

	memcpy(packet.id, first->id, sizeof(packet.id));
	renumber(dissection, first->ordinal);
	if (gate != NULL && first->ordinal > feed_resolved(dissection->feed))
		gate->amend(gate->ctx, session_tree(session),
		    session_tcp_streams(session), session_udp_streams(session));
	if (resolve_first(dissection))
		write_document(dissection, &packet);
	feed_pop(dissection->feed);
}

/* The next document, which tshark says is of this packet. False if it must wait. */
static bool
take_document(struct dissection *dissection, uint64_t number)
{
	const struct pending_packet *first;
	char why[128];

	while ((first = feed_first(dissection->feed)) != NULL &&
	    first->ordinal < number &&
	    has_filter(dissection, dissection->pass))
		resolve(dissection, &dissection->counts.filtered);
	if (first == NULL || first->ordinal != number) {
		(void)snprintf(why, sizeof(why),
		    "it printed packet %" PRIu64 " instead of packet %" PRIu64,
		    number, first == NULL ? 0 : first->ordinal);
		session_break(dissection->session, why);
	} else if (first->dead || dissection->pass == PASS_LOCATE)
		resolve(dissection, &dissection->counts.undissected);
	else if (must_wait(dissection, first))
		return false;
	else
		take_first(dissection);
	return true;
}

static bool
on_document(void *ctx)
{
	struct dissection *dissection = ctx;
	uint64_t number = session_frame(dissection->session) +
	    feed_base(dissection->feed);

	if (is_of_others(dissection, number))
		return true;
	dissection->documents++;
	if (!dissection->source->is_opaque)
		return take_document(dissection, number);
	take_opaque(dissection, number);
	return true;
}

static void
on_unparsable(void *ctx, const char *text)
{
	struct dissection *dissection = ctx;

	if (dissection->unparsable++ == 0)
		log_note(dissection->config.log, "%s: tshark printed %s",
		    dissection->name, text);
}

/* A document that was held goes out if it may. */
static void
take_held(struct dissection *dissection)
{
	const struct pending_packet *first = feed_first(dissection->feed);

	if (first == NULL || must_wait(dissection, first))
		return;
	take_first(dissection);
	session_release(dissection->session);
}

/* Feeding. */

static bool
is_ahead(struct dissection *dissection)
{
	const struct dissection_gate *gate = dissection->config.gate;

	dissection->ahead = gate != NULL &&
	    gate->is_ahead(gate->ctx, feed_given(dissection->feed));
	return dissection->ahead;
}

/* Whether tshark may be given more. */
static bool
takes_more(struct dissection *dissection)
{
	const struct session *session = dissection->session;

	if (dissection->input_done ||
	    (session != NULL &&
		(session_is_broken(session) || session_is_full(session))))
		return false;
	return !is_ahead(dissection);
}

static void
give(struct dissection *dissection, const void *bytes, size_t len)
{
	if (dissection->pass == PASS_DRAIN) {
		resolve_all(dissection, &dissection->counts.undissected);
		return;
	}
	session_give(dissection->session, bytes, len);
	if (has_filter(dissection, dissection->pass) &&
	    feed_pending(dissection->feed)->queue.count > PENDING_MAX)
		resolve(dissection, &dissection->counts.filtered);
}

/* feed_next, and says what is new. */
static enum feed_event
next(struct dissection *dissection, const void **bytes, size_t *len)
{
	struct error error;
	enum feed_event event = feed_next(dissection->feed, bytes, len, &error);
	const char *news = feed_news(dissection->feed);

	if (news != NULL)
		log_note(dissection->config.log, "%s: %s", dissection->name,
		    news);
	if (event == FEED_BAD)
		blame(dissection, error.outcome, error.text);
	if ((event == FEED_BAD || event == FEED_END) && !dissection->stopping) {
		dissection->is_read = true;
		dissection->last = feed_given(dissection->feed);
	}
	return event;
}

static void
wait_for_source(struct dissection *dissection)
{
	dissection->waiting = true;
	dissection->source->type->wait(dissection->source, true);
}

static void
pump_again(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->pump_deferred = false;
	if (!dissection->abandoned)
		pump(dissection);
}

static void
turn_later(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->turn_deferred = false;
	if (dissection->abandoned)
		return;
	turn(dissection);
	begin_session(dissection);
}

/* Without a tshark whose end would be waited for. */
static void
end_drain(struct dissection *dissection)
{
	if (!dissection->turning) {
		end(dissection);
		return;
	}
	/* Whoever takes the documents may have it go on before that. */
	if (!dissection->turn_deferred)
		loop_defer(dissection->config.loop, turn_later, dissection);
	dissection->turn_deferred = true;
}

/* A live capture's tshark may hand over: there is one that works. */
static bool
can_renew(const struct dissection *dissection)
{
	return dissection->handover != NULL && dissection->session != NULL &&
	    !dissection->input_done && !session_is_broken(dissection->session);
}

/* tshark's memory grows with each flow, and a live capture has no end. True if a fresh one is to go on now. */
static bool
renew(struct dissection *dissection)
{
	if (!can_renew(dissection) ||
	    !handover_is_due(dissection->handover, feed_since(dissection->feed),
		feed_kept(dissection->feed)))
		return false;
	log_verbose(dissection->config.log,
	    "%s: a fresh tshark takes over after packet %" PRIu64
	    ": the old one has had %s",
	    dissection->name, feed_given(dissection->feed),
	    handover_reason(dissection->handover));
	dissection->renewing = true;
	finish_input(dissection);
	return true;
}

/* One step. False to give nothing more for now. */
static bool
feed_session(struct dissection *dissection)
{
	const void *bytes;
	size_t len;

	switch (next(dissection, &bytes, &len)) {
	case FEED_GAVE:
		give(dissection, bytes, len);
		return true;
	case FEED_PREVIEW:
		return true;
	case FEED_WAIT:
		wait_for_source(dissection);
		return false;
	case FEED_SESSION:
		dissection->turning = true;
		break;
	case FEED_BAD:
	case FEED_END:
		break;
	}
	finish_input(dissection);
	return true;
}

/* Reads on until tshark has enough to do, or there is nothing to read now. */
static void
pump(struct dissection *dissection)
{
	unsigned slice = 0;

	dissection->waiting = false;
	/* It has not begun. */
	if (dissection->session == NULL && dissection->pass != PASS_DRAIN)
		return;
	while (takes_more(dissection)) {
		if (renew(dissection) || !feed_session(dissection))
			return;
		if (dissection->pass == PASS_DRAIN && ++slice == SLICE) {
			if (!dissection->pump_deferred)
				loop_defer(dissection->config.loop, pump_again,
				    dissection);
			dissection->pump_deferred = true;
			return;
		}
	}
	if (dissection->input_done && dissection->pass == PASS_DRAIN &&
	    !dissection->pump_deferred)
		end_drain(dissection);
}

static void
on_writable(void *ctx)
{
	pump(ctx);
}

static void
on_ready(void *ctx)
{
	struct dissection *dissection = ctx;

	if (dissection->source->is_seeking)
		begin_session(dissection);
	else
		pump(dissection);
}

/* Beginning. */

static void on_session_end(void *ctx);

static struct session *
start(struct dissection *dissection, enum pass pass, bool plugin, size_t warm,
    struct error *error)
{
	const struct dissection_config *config = &dissection->config;
	const struct dissection_gate *gate = config->gate;
	const struct session_config session = { .loop = config->loop,
		.tshark = config->tshark,
		.tshark_config = config->tshark_config,
		.max_value = config->max_value,
		.max_doc = config->max_doc,
		.rest_max = gate != NULL ? gate->rest_max : 0 };
	const struct session_handler handler = { .on_document = on_document,
		.on_unparsable = on_unparsable,
		.on_writable = on_writable,
		.on_end = on_session_end,
		.ctx = dissection };
	bool filter = has_filter(dissection, pass);
	/* A packet without document tells nothing if documents wait in a buffer. */
	const struct tshark_run run = { .plugin = plugin,
		.filter = filter,
		.flush = pass != PASS_FIRST || filter ||
		    dissection->source->is_stream || dissection->source->grows,
		.warm = warm,
		.placeholder = gate != NULL ? gate->placeholder : 0 };

	return session_new(&session, &run, &handler, error);
}

/* The one that is to stand ready. */
static struct session *
start_next(void *ctx, size_t warm)
{
	struct dissection *dissection = ctx;

	return start(dissection, PASS_FIRST,
	    dissection->config.tshark->has_plugin, warm, NULL);
}

static int
start_session(struct dissection *dissection, size_t warm)
{
	struct error error;

	if (dissection->handover != NULL)
		dissection->session = handover_take(dissection->handover);
	if (dissection->session == NULL)
		dissection->session = start(dissection, dissection->pass,
		    recovery_has_plugin(dissection->recovery), warm, &error);
	if (dissection->session == NULL) {
		blame(dissection, error.outcome, error.text);
		return -1;
	}
	dissection->counts.tsharks++;
	if (dissection->paused)
		session_pause(dissection->session);
	return 0;
}

static void
drop_session(struct dissection *dissection)
{
	if (dissection->session != NULL)
		dissection->unclear += session_unclear(dissection->session);
	session_free(dissection->session);
	dissection->session = NULL;
}

/* What was read before cannot be given again: it is counted to its end. */
static void
drain(struct dissection *dissection)
{
	dissection->pass = PASS_DRAIN;
	if (dissection->source->is_stream)
		resolve_all(dissection, &dissection->counts.undissected);
	else {
		blame(dissection, OUTCOME_INPUT,
		    "cannot be read a second time");
		dissection->input_done = true;
	}
}

/* warmly: of a live capture, with the knowledge of the packets last seen. */
static void
prepare_pass(struct dissection *dissection, enum pass pass, bool warmly)
{
	bool again = recovery_begin(dissection->recovery);
	size_t warm = 0;

	drop_session(dissection);
	dissection->pass = pass;
	dissection->documents = 0;
	dissection->input_done = dissection->renewing = dissection->turning =
	    false;
	if (dissection->handover != NULL)
		warm = handover_begin(dissection->handover, warmly,
		    recovery_has_plugin(dissection->recovery),
		    feed_kept(dissection->feed));
	if (again && !feed_again(dissection->feed, warm))
		drain(dissection);
	/* What nobody dissects need not be captured. */
	if (dissection->pass == PASS_DRAIN && is_live(dissection))
		feed_stop(dissection->feed, 0);
	if (dissection->pass != PASS_DRAIN &&
	    start_session(dissection, warm) != 0) {
		dissection->pass = PASS_DRAIN;
		dissection->input_done = true;
	}
}

/*
 * The first pass over a session of the input. It takes a packet or a header to start a tshark: a folder may hold
 * thousands of files that are nothing, and a shard need not have a packet.
 */
static void
begin_session(void *ctx)
{
	struct dissection *dissection = ctx;
	const void *bytes;
	size_t len;

	for (unsigned i = 0; i < SLICE && !dissection->abandoned; i++) {
		enum feed_event event = next(dissection, &bytes, &len);

		if (event == FEED_PREVIEW)
			continue;
		if (event == FEED_BAD || event == FEED_END) {
			end(dissection);
			return;
		}
		if (event == FEED_WAIT && dissection->source->is_seeking) {
			wait_for_source(dissection);
			return;
		}
		prepare_pass(dissection, PASS_FIRST, false);
		if (event == FEED_GAVE)
			give(dissection, bytes, len);
		pump(dissection);
		return;
	}
	if (!dissection->abandoned)
		loop_defer(dissection->config.loop, begin_session, dissection);
}

static void
turn(struct dissection *dissection)
{
	recovery_turn(dissection->recovery);
	drop_session(dissection);
	dissection->pass = PASS_FIRST;
	dissection->turning = false;
	feed_turn(dissection->feed);
	/* Another may wait until all packets of the session before were read. */
	if (dissection->config.gate != NULL)
		changed(dissection);
}

/* How a pass ends. */

/* Whether every packet given has its document, or needs none. */
static bool
is_complete(const struct dissection *dissection)
{
	return !session_is_broken(dissection->session) &&
	    dissection->input_done && session_is_whole(dissection->session) &&
	    (has_filter(dissection, dissection->pass) ||
		feed_first(dissection->feed) == NULL);
}

static void
gather_facts(struct dissection *dissection, struct recovery_facts *facts)
{
	const struct session *session = dissection->session;
	const struct feed *feed = dissection->feed;
	const struct pending *pending = feed_pending(feed);
	struct error error;

	*facts = (struct recovery_facts){ .pass = dissection->pass,
		.is_complete = is_complete(dissection),
		.is_filtered = has_filter(dissection, dissection->pass),
		.succeeded = session_succeeded(session),
		.is_broken = session_is_broken(session),
		.lacks_memory = session_lacks_memory(session),
		.says_no = session_says_no(session),
		.is_warm = session_run(session)->warm > 0,
		.documents = dissection->documents,
		.is_pipe = dissection->source->is_stream,
		.is_opaque = dissection->source->is_opaque,
		.is_lossy = feed_is_lossy(feed),
		.is_no_capture = dissection->no_capture,
		.defies_filter = dissection->defies_filter,
		.is_blamed = dissection_outcome(dissection, &error) !=
		    OUTCOME_OK,
		.has_enough = has_enough(dissection),
		.stopping = dissection->stopping,
		.turning = dissection->turning,
		.renewing = dissection->renewing,
		.has_pending = pending->queue.count > 0,
		.may_skip = feed_may_skip(dissection->feed),
		.resolved = feed_resolved(feed),
		.base = feed_base(feed),
		.now = clock_ms() };
	if (facts->has_pending)
		facts->last_pending =
		    pending_at(pending, pending->queue.count - 1)->ordinal;
}

static void
tell_news(const struct dissection *dissection, enum recovery_news news)
{
	struct log *log = dissection->config.log;
	const char *name = dissection->name, *why = dissection->failure;

	switch (news) {
	case RECOVERY_SILENT:
		break;
	case RECOVERY_LATE:
		log_note(log,
		    "%s: tshark ended with %s, but every packet has its document",
		    name, session_status(dissection->session));
		break;
	case RECOVERY_WARM:
		log_note(log,
		    "%s: tshark failed (%s); continuing without the context of earlier "
		    "packets",
		    name, why);
		break;
	case RECOVERY_HANDED_OVER:
		log_note(log,
		    "%s: " TSHARK_LACKS_MEMORY
		    "; a fresh one takes over after packet %" PRIu64,
		    name, feed_resolved(dissection->feed));
		break;
	case RECOVERY_PLUGIN:
		log_note(log,
		    "%s: tshark failed with the plugin "
		    "(%s); %s without it",
		    name, why,
		    is_live(dissection) ? "continuing" : "reading again");
		break;
	case RECOVERY_POISON:
		log_note(log,
		    "%s: tshark failed on packet %" PRIu64 " (%s); continuing after it",
		    name, feed_first(dissection->feed)->ordinal, why);
		break;
	case RECOVERY_CARE:
		log_verbose(log,
		    "%s: tshark failed (%s); reading again to find the packet that ends it", name,
		    why);
		break;
	}
}

/* What the plan has done with the packets that tshark had. */
static void
settle_packets(struct dissection *dissection, const struct recovery_plan *plan)
{
	const struct dissection_gate *gate = dissection->config.gate;

	if (plan->pending_filtered)
		resolve_all(dissection, &dissection->counts.filtered);
	if (plan->pending_given_up) {
		log_note(dissection->config.log,
		    "%s: tshark failed (%s); continuing after the packets it had",
		    dissection->name, dissection->failure);
		resolve_all(dissection, &dissection->counts.undissected);
	}
	tell_news(dissection, plan->news);
	dissection->counts.fallbacks += plan->news == RECOVERY_PLUGIN;
	if (plan->skip)
		(void)feed_skip_poison(dissection->feed);
	if (!plan->forget)
		return;
	feed_forget(dissection->feed);
	if (gate != NULL)
		gate->on_restart(gate->ctx);
}

static void
act(struct dissection *dissection, const struct recovery_plan *plan)
{
	switch (plan->action) {
	case RECOVERY_END:
		end(dissection);
		break;
	case RECOVERY_NO_CAPTURE:
		dissection->no_capture = true;
		blame(dissection, OUTCOME_INPUT,
		    "not a capture that tshark can read");
		end(dissection);
		break;
	case RECOVERY_TURN:
		turn(dissection);
		begin_session(dissection);
		break;
	case RECOVERY_BEGIN:
		prepare_pass(dissection, plan->pass, plan->warmly);
		pump(dissection);
		break;
	}
}

static void
on_session_end(void *ctx)
{
	struct dissection *dissection = ctx;
	struct recovery_facts facts;
	struct recovery_plan plan;
	char why[600];

	gather_facts(dissection, &facts);
	recovery_decide(dissection->recovery, &facts, &plan);
	if (plan.failed) {
		dissection->tshark_failed = true;
		session_failure(dissection->session,
		    feed_pending(dissection->feed)->queue.count, dissection->failure,
		    sizeof(dissection->failure));
	}
	if (plan.refused) {
		session_errors(dissection->session, why, sizeof(why));
		/* It may be cut short as well, which was seen first. */
		reasons_join(&dissection->reasons, OUTCOME_INPUT, why);
	}
	settle_packets(dissection, &plan);
	act(dissection, &plan);
}

/* Time. */

/* Whether documents must come although tshark was given nothing lately. */
static bool
owes_documents(const struct dissection *dissection)
{
	return !has_filter(dissection, dissection->pass) &&
	    feed_first(dissection->feed) != NULL &&
	    (dissection->pass != PASS_FIRST || is_live(dissection));
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct dissection *dissection = ctx;
	const struct dissection_gate *gate = dissection->config.gate;
	bool excused;

	(void)fd;
	(void)what;
	if (can_renew(dissection)) {
		handover_tick(dissection->handover, dissection->session,
		    feed_since(dissection->feed), feed_kept(dissection->feed));
		(void)renew(dissection);
	}
	if (dissection->session == NULL)
		return;
	excused = dissection->ahead && !gate->is_awaited(gate->ctx);
	session_tick(dissection->session, owes_documents(dissection), excused,
	    dissection->config.timeout);
}

/* From outside. */

/* "./a/b" is "a/b" in documents. */
static const char *
plain_name(const char *name)
{
	while (name[0] == '.' && name[1] == '/' && name[2] != '\0')
		for (name += 2; *name == '/' && name[1] != '\0';)
			name++;
	return name;
}

static struct writer *
make_writer(const struct dissection *dissection)
{
	const struct dissection_config *config = &dissection->config;
	const struct writer_config writer = { .document = config->document,
		.names = config->tshark->names,
		.max_doc = config->max_doc };
	struct document_capture capture = { .file_name = dissection->file_name,
		.file_path = dissection->path,
		.has_date = dissection->source->has_date,
		.file_date = dissection->source->date };

	if (config->live != NULL) {
		capture.host = config->live->host;
		capture.interface = config->live->interface;
	}
	return writer_new(&writer, &capture);
}

static struct handover *
make_handover(struct dissection *dissection)
{
	const struct dissection_live *live = dissection->config.live;
	const struct sandbox *sandbox = dissection->config.tshark->sandbox;
	const struct handover_config config = { .lifetime = live->lifetime,
		.lifetime_ms = live->lifetime_ms,
		.memory = sandbox != NULL ? sandbox_memory(sandbox) : 0,
		.start = start_next,
		.ctx = dissection };

	return handover_new(&config);
}

struct dissection *
dissection_new(const struct dissection_config *config,
    struct record_source *source, const char *name, const char *path,
    uint64_t count, const struct dissection_handler *handler)
{
	struct dissection *dissection = xcalloc(1, sizeof(*dissection));
	const struct dissection_live *live = config->live;
	const struct feed_config feed = { .filter = config->filter,
		.count = count,
		.ids = config->ids,
		.live = live != NULL ? live->id : NULL };
	const struct recovery_config recovery = { .is_live = live != NULL,
		.has_filter = config->tshark_config->display_filter != NULL,
		.has_plugin = config->tshark->has_plugin };
	struct timeval tick = { 0, SESSION_TICK_MS * 1000 };

	dissection->config = *config;
	dissection->handler = *handler;
	dissection->name = xstrdup(name);
	dissection->file_name = live != NULL ? NULL :
					       xstrdup(plain_name(name));
	dissection->path = path != NULL ? xstrdup(path) : NULL;
	dissection->count = count;
	dissection->source = source;
	source->on_ready = on_ready;
	source->ctx = dissection;
	dissection->feed = feed_new(source, &feed);
	dissection->recovery = recovery_new(&recovery);
	dissection->writer = make_writer(dissection);
	if (live != NULL)
		dissection->handover = make_handover(dissection);
	dissection->ticker = event_new(loop_base(config->loop), -1, EV_PERSIST,
	    on_tick, dissection);
	if (dissection->ticker == NULL ||
	    event_add(dissection->ticker, &tick) != 0)
		abort(); /* out of memory */
	loop_defer(config->loop, begin_session, dissection);
	return dissection;
}

void
dissection_free(struct dissection *dissection)
{
	if (dissection == NULL)
		return;
	session_free(dissection->session);
	handover_free(dissection->handover);
	event_free(dissection->ticker);
	writer_free(dissection->writer);
	recovery_free(dissection->recovery);
	feed_free(dissection->feed);
	dissection->source->type->free(dissection->source);
	reasons_release(&dissection->reasons);
	free(dissection->name);
	free(dissection->file_name);
	free(dissection->path);
	free(dissection);
}

void
dissection_abandon(struct dissection *dissection)
{
	dissection->abandoned = dissection->ended = true;
	drop_session(dissection);
	event_del(dissection->ticker);
	dissection->source->type->wait(dissection->source, false);
}

void
dissection_pause(struct dissection *dissection)
{
	dissection->paused = true;
	if (dissection->session != NULL)
		session_pause(dissection->session);
}

void
dissection_resume(struct dissection *dissection)
{
	dissection->paused = false;
	if (dissection->session != NULL)
		session_resume(dissection->session);
}

void
dissection_go_on(struct dissection *dissection)
{
	if (dissection->ended || dissection->paused)
		return;
	if (dissection->session != NULL && session_holds(dissection->session))
		take_held(dissection);
	else if (dissection->session != NULL)
		session_go_on(dissection->session);
	if (dissection->ahead && !is_ahead(dissection))
		pump(dissection);
}

bool
dissection_is_read(const struct dissection *dissection)
{
	return dissection->is_read || has_enough(dissection);
}

uint64_t
dissection_last(const struct dissection *dissection)
{
	return dissection->last;
}

void
dissection_stop(struct dissection *dissection, uint64_t until)
{
	if (dissection->stopping)
		return;
	dissection->stopping = true;
	feed_stop(dissection->feed, until);
	pump(dissection);
}

void
dissection_look(struct dissection *dissection)
{
	/* One that does not wait reads on by itself. */
	if (dissection->waiting && !dissection->ended)
		pump(dissection);
}

bool
dissection_is_waiting(const struct dissection *dissection)
{
	return dissection->waiting;
}

const char *
dissection_id(const struct dissection *dissection)
{
	return parts_first_id(feed_parts(dissection->feed));
}

const struct ranges *
dissection_unfiltered(const struct dissection *dissection)
{
	return selection_inapplicable(feed_selection(dissection->feed));
}

const struct ranges *
dissection_undissected(const struct dissection *dissection)
{
	return &dissection->undissected;
}

struct dissection_counts
dissection_counts(const struct dissection *dissection)
{
	const struct selection *selection = feed_selection(dissection->feed);
	struct dissection_counts counts = dissection->counts;

	counts.read = selection_read(selection) + dissection->opaque_read;
	counts.skipped = selection_skipped(selection);
	return counts;
}

void
dissection_bytes(const struct dissection *dissection, uint64_t *done,
    uint64_t *all)
{
	dissection->source->type->bytes(dissection->source, done, all);
}

uint64_t
dissection_memory(const struct dissection *dissection)
{
	return dissection->session != NULL ?
	    session_memory(dissection->session) :
	    0;
}

enum outcome
dissection_outcome(const struct dissection *dissection, struct error *error)
{
	return reasons_outcome(&dissection->reasons, error);
}

enum dissection_filter
dissection_filter(const struct dissection *dissection)
{
	const struct selection *selection = feed_selection(dissection->feed);

	if (selection_was_applied(selection))
		return DISSECTION_FILTERED;
	return selection_inapplicable(selection)->count > 0 ?
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
	return dissection->no_capture || dissection->source->is_empty;
}

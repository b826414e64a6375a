/* SPDX-License-Identifier: BSD-2-Clause */
/* What tshark is given of one input. */
#include "dissect/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "dissect/resumption.h"

struct feed {
	struct record_source *source;
	struct selection *selection;
	struct resumption *resumption; /* of a stream; NULL for what can be read again */
	bool ids, live;
	bool stopping;
	uint64_t stop_at;
	struct parts parts; /* of a live capture and one of an opaque format one */
	const char *news;   /* not yet fetched */
	bool told_joined;
	char joined[160]; /* news of it */

	/* The session. */
	struct buffer header; /* of the next one, while turning; of this one, while due */
	bool turning, header_due;
	bool has_packet;
	bool previewed;  /* what was read is read again */
	uint64_t before; /* packets before this session */

	uint64_t given;     /* packets up to this one were taken from the source this time */
	uint64_t resolved;  /* of packets up to this one it is known where they ended */
	uint64_t forgotten; /* those up to this one are given empty */
	struct pending pending;
	uint64_t dead[FEED_DEAD_MAX];
	unsigned dead_count;
	struct buffer record; /* the one given last */
	uint64_t base;        /* packets before the first that this tshark got */
	uint64_t begun;       /* packets before the first that a document is wanted of from it */
};

struct feed *
feed_new(struct record_source *source, const struct feed_config *config)
{
	struct feed *feed = xcalloc(1, sizeof(*feed));

	feed->source = source;
	feed->selection = selection_new(config->filter, config->count);
	feed->ids = config->ids;
	feed->live = config->live != NULL;
	if (feed->live)
		(void)snprintf(parts_add(&feed->parts, 0)->id, CAPTURE_ID_LEN,
		    "%s", config->live);
	if (source->is_stream)
		feed->resumption = resumption_new(feed->live);
	buffer_init(&feed->record, CAPTURE_RECORD_MAX + 4096);
	buffer_init(&feed->header, CAPTURE_RECORD_MAX + 4096);
	return feed;
}

void
feed_free(struct feed *feed)
{
	if (feed == NULL)
		return;
	selection_free(feed->selection);
	resumption_free(feed->resumption);
	pending_release(&feed->pending);
	buffer_release(&feed->record);
	buffer_release(&feed->header);
	parts_release(&feed->parts);
	free(feed);
}

/* Packets whose documents are to come. */

const struct pending_packet *
feed_first(const struct feed *feed)
{
	return pending_first(&feed->pending);
}

const struct pending *
feed_pending(const struct feed *feed)
{
	return &feed->pending;
}

void
feed_pop(struct feed *feed)
{
	const struct pending_packet *first = pending_first(&feed->pending);

	if (first == NULL)
		return;
	if (feed->resumption != NULL)
		resumption_pop(feed->resumption, first, feed->pending.queue.count - 1);
	pending_pop(&feed->pending);
}

bool
feed_resolve(struct feed *feed)
{
	const struct pending_packet *first = pending_first(&feed->pending);

	if (first == NULL || first->ordinal <= feed->resolved)
		return false;
	feed->resolved = first->ordinal;
	return first->selected;
}

uint64_t
feed_resolved(const struct feed *feed)
{
	return feed->resolved;
}

void
feed_forget(struct feed *feed)
{
	feed->forgotten = feed->resolved;
}

/* Of a live capture what is resolved is never given again. */
static void
forget_dead(struct feed *feed)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < feed->dead_count; i++)
		if (feed->dead[i] > feed->resolved)
			feed->dead[kept++] = feed->dead[i];
	feed->dead_count = kept;
}

bool
feed_may_skip(struct feed *feed)
{
	if (feed->live)
		forget_dead(feed);
	return pending_first(&feed->pending) != NULL &&
	    feed->dead_count < FEED_DEAD_MAX;
}

bool
feed_skip_poison(struct feed *feed)
{
	if (!feed_may_skip(feed))
		return false;
	feed->dead[feed->dead_count++] =
	    pending_first(&feed->pending)->ordinal;
	return true;
}

static bool
is_dead(const struct feed *feed, uint64_t ordinal)
{
	if (ordinal <= feed->forgotten)
		return true;
	for (unsigned i = 0; i < feed->dead_count; i++)
		if (feed->dead[i] == ordinal)
			return true;
	return false;
}

/* Records. */

static void
put_record(struct feed *feed, const struct capture_record *record, bool empty)
{
	buffer_clear(&feed->record);
	if (feed->source->type->copy(feed->source, record, empty,
		&feed->record) != 0)
		abort(); /* a record is bounded, and so is what is made of it */
}

/* It is counted by this tshark, but its document is none of its own. */
static enum feed_event
give_foreign(struct feed *feed, const struct record *record)
{
	struct capture_record empty = record->raw;

	if (selection_counts_all(feed->selection))
		(void)selection_takes(feed->selection, &record->raw, true);
	empty.wirelen = record->placeholder;
	put_record(feed, &empty, true);
	return FEED_GAVE;
}

/* The id of a packet whose document is wanted. */
static int
identify(const struct feed *feed, const struct record *record, uint8_t id[PACKET_ID_LEN], struct error *error)
{
	const struct record_identity *identity = record->identity;
	struct capture_record own = record->raw;

	if (identity == NULL)
		return parts_identify(&feed->parts, &record->raw, id, error);
	own.ordinal = identity->ordinal;
	if (capture_id_packet(identity->capture, &own, id) != 0)
		return error_set(error, OUTCOME_INTERNAL, PARTS_NO_SHA256);
	return 0;
}

/* Of what can be opened again. */
static struct packet_position
position_of(const struct feed *feed, const struct record *given)
{
	const struct capture_record *record = &given->raw;
	struct packet_position position = { .is_known = !feed->source->is_stream && given->identity == NULL,
		.offset = record->offset,
		.has_section = record->is_pcapng || record->section != 0,
		.section = record->section,
		.context_count = record->context_count };

	memcpy(position.context, record->context, sizeof(position.context));
	return position;
}

static enum feed_event
give_own(struct feed *feed, const struct record *given, struct error *error)
{
	const struct capture_record *record = &given->raw;
	bool is_context = given->identity != NULL && given->identity->is_context;
	struct pending_packet packet = { .ordinal = record->ordinal,
		.sec = record->sec,
		.nsec = record->nsec,
		.wirelen = record->wirelen,
		.has_time = record->has_time,
		.big = record->big,
		.dead = is_dead(feed, record->ordinal),
		.position = position_of(feed, given) };

	packet.selected = !is_context && selection_takes(feed->selection, record, false);
	if (feed->ids && packet.selected && !packet.dead &&
	    identify(feed, given, packet.id, error) != 0)
		return FEED_BAD;
	if (feed->resumption != NULL)
		resumption_keep(feed->resumption, record, &packet);
	pending_push(&feed->pending, &packet);
	put_record(feed, record, packet.dead);
	return FEED_GAVE;
}

/* Only for --count it matters whether it is wanted, and only of others it is not asked again. */
static enum feed_event
preview(struct feed *feed, const struct record *record)
{
	feed->previewed = true;
	if (record->raw.is_packet)
		feed->given = record->raw.ordinal;
	if (record->raw.is_packet && record->placeholder != 0 &&
	    selection_counts_all(feed->selection))
		(void)selection_takes(feed->selection, &record->raw, true);
	return FEED_PREVIEW;
}

static enum feed_event
give_packet(struct feed *feed, const struct record *record,
    struct error *error)
{
	if (!feed->has_packet && !feed->live)
		feed->base = feed->before = record->raw.ordinal - 1;
	feed->has_packet = true;
	feed->given = record->raw.ordinal;
	if (!feed->live &&
	    parts_remember(&feed->parts, &record->raw, error) != 0)
		return FEED_BAD;
	return record->placeholder != 0 ?
	    give_foreign(feed, record) :
	    give_own(feed, record, error);
}

/* Of a format that only tshark knows. */
static enum feed_event
give_opaque(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	if (feed->resumption != NULL)
		resumption_give_up(feed->resumption);
	if (feed->parts.count == 0 &&
	    parts_remember(&feed->parts, record, error) != 0)
		return FEED_BAD;
	put_record(feed, record, false);
	return FEED_GAVE;
}

static void
tell_joined(struct feed *feed)
{
	if (feed->told_joined || feed->source->is_secondary)
		return;
	feed->told_joined = true;
	(void)snprintf(feed->joined, sizeof(feed->joined),
	    "another capture follows after packet %" PRIu64
	    ": frame numbers continue, ids are those of each capture by itself",
	    feed->given);
	feed->news = feed->joined;
}

/* The header of the next session waits until feed_turn. */
static enum feed_event
end_session(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	if (feed->source->session == SOURCE_SESSIONS_MAX) {
		error_set(error, OUTCOME_INPUT,
		    "more than %d captures of "
		    "different formats are joined",
		    SOURCE_SESSIONS_MAX);
		return FEED_BAD;
	}
	put_record(feed, record, false);
	buffer_clear(&feed->header);
	(void)buffer_append(&feed->header, feed->record.data, feed->record.len);
	feed->turning = true;
	return FEED_SESSION;
}

/* As it was put. */
static void
retain_other(struct feed *feed)
{
	if (feed->resumption != NULL)
		resumption_keep_other(feed->resumption, feed->record.data,
		    feed->record.len);
}

static enum feed_event
give_other(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	if (feed->source->is_opaque)
		return give_opaque(feed, record, error);
	if (record->part != CAPTURE_PART_GOES_ON)
		tell_joined(feed);
	if (record->part == CAPTURE_PART_DIFFERS)
		return end_session(feed, record, error);
	if (record->part == CAPTURE_PART_FITS) {
		buffer_clear(&feed->record);
		return FEED_GAVE;
	}
	put_record(feed, record, false);
	retain_other(feed);
	return FEED_GAVE;
}

void
feed_turn(struct feed *feed)
{
	pending_clear(&feed->pending);
	if (feed->resumption != NULL)
		resumption_turn(feed->resumption);
	feed->base = feed->before = feed->given;
	feed->has_packet = false;
	feed->dead_count = 0;
	feed->turning = false;
	feed->header_due = !feed->source->type->anchor(feed->source);
}

const struct parts *
feed_parts(const struct feed *feed)
{
	return &feed->parts;
}

/* What another tshark had, or was to have; false if all of it was given again. */
static bool
give_again(struct feed *feed)
{
	struct resumed resumed;

	resumption_next(feed->resumption, &resumed);
	switch (resumed.kind) {
	case RESUMED_NOTHING:
		return false;
	case RESUMED_BYTES:
		buffer_clear(&feed->record);
		return buffer_append(&feed->record, resumed.bytes,
			   resumed.len) == 0;
	case RESUMED_FILLER:
		pending_push(&feed->pending, &resumed.packet);
		break;
	case RESUMED_WARM:
		break;
	case RESUMED_PACKET:
		resumed.empty = resumed.packet.dead =
		    is_dead(feed, resumed.packet.ordinal);
		pending_push(&feed->pending, &resumed.packet);
		break;
	}
	put_record(feed, &resumed.record, resumed.empty);
	return true;
}

/* Before anything is read. */
static bool
refill(struct feed *feed)
{
	if (!feed->header_due)
		return feed->resumption != NULL && give_again(feed);
	feed->header_due = false;
	buffer_clear(&feed->record);
	(void)buffer_append(&feed->record, feed->header.data, feed->header.len);
	retain_other(feed);
	return true;
}

static bool
resume(struct feed *feed, size_t warm)
{
	const struct pending_packet *packet;

	while ((packet = pending_first(&feed->pending)) != NULL &&
	    packet->ordinal <= feed->resolved)
		feed_pop(feed);
	if (!resumption_begin(feed->resumption, &feed->pending, feed->before + 1,
		feed->resolved, warm))
		return false;
	if (feed->live) {
		feed->begun = feed->resolved;
		feed->base = feed->resolved - warm;
	}
	return true;
}

bool
feed_again(struct feed *feed, size_t warm)
{
	if (feed->resumption != NULL)
		return resume(feed, warm);
	pending_clear(&feed->pending);
	feed->given = feed->before;
	/* The header is read again. */
	feed->header_due = feed->turning = false;
	return feed->source->type->rewind(feed->source);
}

/* Whether the packets wanted have all been read, this time too. */
static bool
has_enough(const struct feed *feed)
{
	if (feed->stopping && feed->stop_at > 0)
		return feed->given >= feed->stop_at;
	return (feed->stopping || selection_is_full(feed->selection)) &&
	    feed->given >= selection_seen(feed->selection);
}

enum feed_event
feed_next(struct feed *feed, const void **bytes, size_t *len,
    struct error *error)
{
	struct record record = { .identity = NULL };
	enum feed_event event = FEED_GAVE;

	if (!refill(feed)) {
		if (has_enough(feed))
			return FEED_END;
		if (feed->turning)
			return FEED_SESSION;
		switch (feed->source->type->next(feed->source, &record,
		    error)) {
		case SOURCE_RECORD:
			if (feed->source->is_seeking)
				return preview(feed, &record);
			if (feed->previewed)
				feed->given = feed->before;
			feed->previewed = false;
			event = record.raw.is_packet ?
			    give_packet(feed, &record, error) :
			    give_other(feed, &record.raw, error);
			break;
		case SOURCE_WAIT:
			return FEED_WAIT;
		case SOURCE_END:
			return FEED_END;
		case SOURCE_BAD:
			return FEED_BAD;
		}
	}
	*bytes = feed->record.data;
	*len = feed->record.len;
	return event;
}

const char *
feed_news(struct feed *feed)
{
	const char *of_filter = selection_news(feed->selection);
	const char *news = feed->news != NULL ? feed->news : of_filter;

	feed->news = NULL;
	return news;
}

const struct selection *
feed_selection(const struct feed *feed)
{
	return feed->selection;
}

void
feed_stop(struct feed *feed, uint64_t until)
{
	feed->stopping = true;
	feed->stop_at = until;
}

uint64_t
feed_base(const struct feed *feed)
{
	return feed->base;
}

uint64_t
feed_given(const struct feed *feed)
{
	uint64_t held = feed->resumption != NULL ?
	    resumption_held(feed->resumption) :
	    0;

	return held > 0 ? held - 1 : feed->given;
}

uint64_t
feed_since(const struct feed *feed)
{
	return feed_given(feed) - feed->begun;
}

size_t
feed_kept(const struct feed *feed)
{
	return feed->resumption != NULL ? resumption_kept(feed->resumption) : 0;
}

bool
feed_is_lossy(const struct feed *feed)
{
	return feed->resumption != NULL && resumption_is_lossy(feed->resumption);
}

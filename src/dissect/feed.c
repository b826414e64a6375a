/* SPDX-License-Identifier: BSD-2-Clause */
/* What tshark is given of one input. */
#include "dissect/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "dissect/parts.h"
#include "dissect/source.h"
#include "dissect/warm_up.h"
#include "packet/capture_id.h"
#include "packet/flow_hash.h"

/* What is kept of a pipe, to begin again: its blocks that are no packets, and the packets pending. */
#define PREAMBLE_MAX ((size_t)4 << 20)
#define RETAINED_MAX ((size_t)64 << 20)
/* Each costs the start of a tshark, and a hostile file may hold one in a hundred bytes. */
#define SESSIONS_MAX 1000
/* Each is remembered, and a hostile file may hold one in forty bytes. */
#define PARTS_MAX 1000000

#define NO_SHA256 "the crypto library offers no SHA-256"

struct feed {
	struct source *source;
	struct filter *filter;
	uint64_t count;
	bool stopping;
	uint64_t read, skipped;
	uint64_t chosen;            /* packets that --bpf wants, also those of other shards */
	const char *news;           /* of the filter; not yet fetched */
	bool applied;               /* --bpf to some packet */
	struct ranges inapplicable; /* packets that it could not be applied to */
	struct feed_shard shard;
	bool scanning;           /* for the first packet of the shard */
	struct parts parts;      /* of a live capture and one of an opaque format */
	char id[CAPTURE_ID_LEN]; /* of the first */
	bool ids, live;
	unsigned session;
	struct buffer header; /* of the next session, while turning; of this one, while due */
	bool turning, header_due;
	uint64_t session_before; /* packets before this session */
	bool told_joined;
	char joined[160]; /* news of it */

	uint64_t counted;   /* packets up to this one are in read and skipped */
	uint64_t given;     /* packets up to this one were taken from the source this time */
	uint64_t resolved;  /* of packets up to this one it is known where they ended */
	uint64_t forgotten; /* those up to this one are given empty */
	struct pending pending;
	uint64_t dead[FEED_DEAD_MAX];
	unsigned dead_count;
	struct buffer record; /* the one given last */

	/* A pipe cannot be rewound. */
	bool can_resume;
	bool lossy;             /* retained has not all that is pending */
	struct warm_up warm_up; /* of a live capture: the packets resolved last */
	uint64_t base;          /* of a live capture: packets before the first that this tshark got */
	uint64_t begun;         /* packets before the first that a document is wanted of from it */
	size_t warm;            /* empty records still to be given in front of the overlap */
	bool warming;           /* the overlap is being given */
	struct buffer preamble, retained;
	bool preamble_due;
	struct capture_record first; /* in first_raw */
	uint8_t *first_raw;
	struct pending held;        /* given before, to be given again */
	size_t held_at;             /* their records in retained */
	uint64_t refill, refill_to; /* ordinals still to be given as empty records */
};

struct feed *
feed_new(int fd, struct filter *filter, uint64_t count, bool ids,
    const char *live)
{
	struct feed *feed = xcalloc(1, sizeof(*feed));

	feed->source = source_new(fd);
	feed->filter = filter;
	feed->count = count;
	feed->ids = ids;
	feed->live = live != NULL;
	if (feed->live) {
		(void)snprintf(feed->id, sizeof(feed->id), "%s", live);
		memcpy(parts_add(&feed->parts, 0)->id, feed->id,
		    sizeof(feed->id));
		source_trust(feed->source);
	}
	feed->can_resume = source_is_pipe(feed->source);
	feed->refill = 1; /* refill_to is 0: nothing to give */
	buffer_init(&feed->record, CAPTURE_RECORD_MAX + 4096);
	buffer_init(&feed->header, CAPTURE_RECORD_MAX + 4096);
	buffer_init(&feed->preamble, PREAMBLE_MAX);
	buffer_init(&feed->retained, RETAINED_MAX);
	warm_up_init(&feed->warm_up);
	return feed;
}

void
feed_shard(struct feed *feed, const struct feed_shard *shard)
{
	feed->shard = *shard;
	feed->scanning = shard->index > 0;
}

void
feed_free(struct feed *feed)
{
	if (feed == NULL)
		return;
	source_free(feed->source);
	pending_release(&feed->pending);
	pending_release(&feed->held);
	buffer_release(&feed->record);
	buffer_release(&feed->header);
	buffer_release(&feed->preamble);
	buffer_release(&feed->retained);
	warm_up_release(&feed->warm_up);
	parts_release(&feed->parts);
	free(feed->first_raw);
	free(feed);
}

/* Packets whose documents are to come. */

const struct pending_packet *
feed_first(const struct feed *feed)
{
	return pending_first(&feed->pending);
}

size_t
feed_pending(const struct feed *feed)
{
	return feed->pending.count;
}

void
feed_pop(struct feed *feed)
{
	const struct pending_packet *first = pending_first(&feed->pending);

	if (first == NULL)
		return;
	if (feed->live && feed->lossy)
		warm_up_clear(&feed->warm_up);
	else if (feed->live)
		warm_up_keep(&feed->warm_up, first, feed->retained.data);
	if (!feed->lossy)
		buffer_consume(&feed->retained, first->raw_len);
	if (feed->held_at > 0)
		feed->held_at -= first->raw_len;
	pending_pop(&feed->pending);
	if (feed->pending.count == 0)
		feed->lossy = false;
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
feed_skip_poison(struct feed *feed)
{
	const struct pending_packet *first = pending_first(&feed->pending);

	if (feed->live)
		forget_dead(feed);
	if (first == NULL || feed->dead_count == FEED_DEAD_MAX)
		return false;
	feed->dead[feed->dead_count++] = first->ordinal;
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
	if ((empty ?
		    source_empty_record(feed->source, record, &feed->record) :
		    source_copy_record(feed->source, record, &feed->record)) != 0)
		abort(); /* a record is bounded, and so is what is made of it */
}

/* Whether --bpf wants it. Keeps what is new about the filter. */
static bool
is_wanted(struct feed *feed, const struct capture_record *record)
{
	const char *news;
	enum filter_answer answer;

	if (feed->filter == NULL)
		return true;
	answer = filter_match(feed->filter, record, &news);
	if (news != NULL)
		feed->news = news;
	feed->applied |= answer == FILTER_MATCH || answer == FILTER_REJECT;
	if (answer == FILTER_INAPPLICABLE)
		ranges_add(&feed->inapplicable, record->ordinal);
	return answer == FILTER_MATCH;
}

/* Counts a packet that was not seen before. other: of another shard. */
static bool
select_packet(struct feed *feed, const struct capture_record *record,
    bool other)
{
	bool wanted = is_wanted(feed, record);

	if (record->ordinal <= feed->counted)
		return wanted;
	feed->counted = record->ordinal;
	feed->chosen += wanted;
	if (other)
		return wanted;
	if (wanted)
		feed->read++;
	else
		feed->skipped++;
	return wanted;
}

/* Whether another tshark dissects the packet. */
static bool
is_others(struct feed *feed, const struct capture_record *record)
{
	unsigned shard;

	if (feed->shard.order == NULL)
		return false;
	shard = flow_hash_shard(record->linktype, record->bytes, record->caplen,
	    feed->shard.count);
	if (!feed->scanning)
		order_add(feed->shard.order, record->ordinal, shard);
	return shard != feed->shard.index;
}

/* It is counted by this tshark, but its document is none of its own. */
static enum feed_event
give_others(struct feed *feed, const struct capture_record *record)
{
	struct capture_record empty = *record;

	/* Only --count needs to know. */
	if (feed->count > 0)
		(void)select_packet(feed, record, true);
	empty.wirelen = feed->shard.placeholder;
	put_record(feed, &empty, true);
	return FEED_GAVE;
}

static void
give_up_resuming(struct feed *feed)
{
	feed->can_resume = false;
	buffer_release(&feed->preamble);
	buffer_release(&feed->retained);
}

/* Keeps a packet of a pipe, to give it again. */
static void
retain(struct feed *feed, const struct capture_record *record)
{
	if (!feed->can_resume || feed->lossy ||
	    buffer_append(&feed->retained, record->raw, record->raw_len) == 0)
		return;
	if (!feed->live) {
		give_up_resuming(feed);
		return;
	}
	feed->lossy = true;
	buffer_clear(&feed->retained);
}

/* The same with a record that is no packet, as it was put. */
static void
retain_other(struct feed *feed)
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };

	if (!feed->can_resume || feed->lossy)
		return;
	/* Interfaces are numbered anew in each section of a pcapng. */
	if ((!feed->live && feed->preamble.len > 0 && feed->record.len > 4 &&
		memcmp(feed->record.data, section, 4) == 0) ||
	    buffer_append(&feed->preamble, feed->record.data,
		feed->record.len) != 0)
		give_up_resuming(feed);
}

/* The first packet of a capture that is seen for the first time names it. */
static int
remember_part(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	const struct part *last = parts_find(&feed->parts, UINT64_MAX);
	struct part *part;

	if (feed->live ||
	    (last != NULL &&
		(record->number != 1 || record->ordinal <= last->before + 1)))
		return 0;
	if (feed->parts.count == PARTS_MAX)
		return error_set(error, OUTCOME_INPUT,
		    "more than %d captures are joined", PARTS_MAX);
	part = parts_add(
	    &feed->parts, record->ordinal == 0 ? 0 : record->ordinal - 1);
	if (capture_id(record, part->id) != 0)
		return error_set(error, OUTCOME_INTERNAL, NO_SHA256);
	if (last == NULL)
		memcpy(feed->id, part->id, sizeof(feed->id));
	return 0;
}

/* A packet of the stream that tshark gets stands for those that are not given again. */
static void
remember_first(struct feed *feed, const struct capture_record *record)
{
	if (!feed->can_resume || feed->live || feed->first_raw != NULL)
		return;
	feed->first = *record;
	feed->first_raw = xmalloc(record->raw_len);
	memcpy(feed->first_raw, record->raw, record->raw_len);
	feed->first.raw = feed->first_raw;
	feed->first.bytes = feed->first_raw + (record->bytes - record->raw);
}

/* The id of a packet is that which it has in its capture by itself. */
static int
identify(const struct feed *feed, const struct capture_record *record,
    uint8_t id[PACKET_ID_LEN], struct error *error)
{
	struct capture_record own = *record;
	uint64_t before;
	const char *capture = feed_capture(feed, record->ordinal, &before);

	own.ordinal -= before;
	if (capture_id_packet(capture, &own, id) != 0)
		return error_set(error, OUTCOME_INTERNAL, NO_SHA256);
	return 0;
}

static enum feed_event
give_packet(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	struct pending_packet packet = { .ordinal = record->ordinal,
		.sec = record->sec,
		.nsec = record->nsec,
		.wirelen = record->wirelen,
		.has_time = record->has_time,
		.big = record->big,
		.dead = is_dead(feed, record->ordinal) };

	feed->given = record->ordinal;
	if (remember_part(feed, record, error) != 0)
		return FEED_BAD;
	remember_first(feed, record);
	if (is_others(feed, record))
		return give_others(feed, record);
	packet.selected = select_packet(feed, record, false);
	if (feed->ids && packet.selected && !packet.dead &&
	    identify(feed, record, packet.id, error) != 0)
		return FEED_BAD;
	retain(feed, record);
	if (feed->can_resume && !feed->lossy) {
		packet.raw_len = (uint32_t)record->raw_len;
		packet.bytes_at = (uint32_t)(record->bytes - record->raw);
		packet.caplen = record->caplen;
		packet.linktype = record->linktype;
	}
	pending_push(&feed->pending, &packet);
	put_record(feed, record, packet.dead);
	return FEED_GAVE;
}

/* Of a format that only tshark knows. */
static enum feed_event
give_opaque(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	feed->can_resume = false;
	if (feed->id[0] == '\0' && remember_part(feed, record, error) != 0)
		return FEED_BAD;
	put_record(feed, record, false);
	return FEED_GAVE;
}

static void
tell_joined(struct feed *feed)
{
	if (feed->told_joined || feed->shard.index > 0)
		return;
	feed->told_joined = true;
	(void)snprintf(feed->joined, sizeof(feed->joined),
	    "another capture "
	    "is joined to it after packet %" PRIu64
	    ": frame numbers "
	    "continue, ids are those of each capture by itself",
	    feed->given);
	feed->news = feed->joined;
}

/* The header of the next session waits until feed_turn. */
static enum feed_event
end_session(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	if (feed->session == SESSIONS_MAX) {
		error_set(error, OUTCOME_INPUT,
		    "more than %d captures of "
		    "different formats are joined",
		    SESSIONS_MAX);
		return FEED_BAD;
	}
	put_record(feed, record, false);
	buffer_clear(&feed->header);
	(void)buffer_append(&feed->header, feed->record.data, feed->record.len);
	feed->turning = true;
	return FEED_SESSION;
}

static enum feed_event
give_other(struct feed *feed, const struct capture_record *record,
    struct error *error)
{
	if (source_is_opaque(feed->source))
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
	pending_clear(&feed->held);
	buffer_clear(&feed->retained);
	buffer_clear(&feed->preamble);
	feed->held_at = 0;
	feed->lossy = false;
	feed->session++;
	feed->base = feed->session_before = feed->given;
	feed->refill = 1;
	feed->refill_to = 0;
	feed->dead_count = 0;
	feed->can_resume = source_is_pipe(feed->source);
	free(feed->first_raw);
	feed->first_raw = NULL;
	source_anchor(feed->source);
	feed->turning = false;
	feed->header_due = true;
	feed->preamble_due = false;
}

void
feed_seek(struct feed *feed)
{
	feed->scanning = true;
}

unsigned
feed_session(const struct feed *feed)
{
	return feed->session;
}

const char *
feed_capture(const struct feed *feed, uint64_t ordinal, uint64_t *before)
{
	const struct part *part = parts_find(&feed->parts, ordinal);

	*before = part == NULL ? 0 : part->before;
	return part == NULL ? "" : part->id;
}

/* Beginning again on a pipe. */

/* A packet whose record is retained, as source_next gave it once. */
static struct capture_record
held_record(const struct pending_packet *held, const void *raw)
{
	struct capture_record record = { .is_packet = true,
		.raw_len = held->raw_len,
		.ordinal = held->ordinal,
		.has_time = held->has_time,
		.sec = held->sec,
		.nsec = held->nsec,
		.linktype = held->linktype,
		.big = held->big,
		.caplen = held->caplen,
		.wirelen = held->wirelen };

	record.raw = raw;
	record.bytes = record.raw + held->bytes_at;
	return record;
}

/* What a former tshark had last: no document of it is wanted, so it is not pending. */
static bool
warm_up(struct feed *feed)
{
	const struct pending_packet *kept;
	struct capture_record record;
	const void *raw;
	bool pad = feed->warm > 0;

	if (!feed->warming)
		return false;
	kept = pad ?
	    warm_up_peek(&feed->warm_up, &raw) :
	    warm_up_next(&feed->warm_up, &raw);
	if (kept == NULL) {
		feed->warming = false;
		return false;
	}
	feed->warm -= pad;
	record = held_record(kept, raw);
	put_record(feed, &record, pad || kept->dead);
	return true;
}

/* Empty records in place of what a former tshark had, then what it had not finished. */
static bool
refill(struct feed *feed)
{
	const struct pending_packet *held;
	struct pending_packet packet;
	struct capture_record record;

	if (feed->header_due) {
		feed->header_due = false;
		buffer_clear(&feed->record);
		(void)buffer_append(&feed->record, feed->header.data,
		    feed->header.len);
		retain_other(feed);
		return true;
	}
	if (feed->preamble_due) {
		feed->preamble_due = false;
		buffer_clear(&feed->record);
		return buffer_append(&feed->record, feed->preamble.data,
			   feed->preamble.len) == 0;
	}
	if (feed->refill <= feed->refill_to) {
		memset(&packet, 0, sizeof(packet));
		packet.ordinal = feed->refill++;
		packet.dead = true;
		pending_push(&feed->pending, &packet);
		put_record(feed, &feed->first, true);
		return true;
	}
	if (warm_up(feed))
		return true;
	held = pending_first(&feed->held);
	if (held == NULL)
		return false;
	record = held_record(held, feed->retained.data + feed->held_at);
	packet = *held;
	packet.dead = is_dead(feed, held->ordinal);
	put_record(feed, &record, packet.dead);
	pending_push(&feed->pending, &packet);
	pending_pop(&feed->held);
	feed->held_at = feed->held.count == 0 ?
	    0 :
	    feed->held_at + packet.raw_len;
	return true;
}

static void
swap_pending(struct feed *feed)
{
	struct pending other = feed->held;

	feed->held = feed->pending;
	feed->pending = other;
}

/* The fresh tshark gets so many packets that no document is wanted of; of those not kept an empty record. */
static void
begin_live(struct feed *feed, size_t warm)
{
	size_t kept = warm_up_begin(&feed->warm_up, warm);

	feed->begun = feed->resolved;
	feed->base = feed->resolved - warm;
	feed->warm = warm - kept;
	feed->warming = warm > 0;
}

static bool
resume(struct feed *feed, size_t warm)
{
	const struct pending_packet *packet;

	while ((packet = pending_first(&feed->pending)) != NULL &&
	    packet->ordinal <= feed->resolved)
		feed_pop(feed);
	/* What was given stands before what was still to be given again. */
	for (; (packet = pending_first(&feed->held)) != NULL;
	     pending_pop(&feed->held))
		pending_push(&feed->pending, packet);
	if (!feed->can_resume)
		return false;
	swap_pending(feed);
	feed->held_at = 0;
	feed->refill = feed->session_before + 1;
	if (feed->live)
		begin_live(feed, warm);
	else
		feed->refill_to = feed->resolved;
	feed->preamble_due = true;
	return true;
}

bool
feed_again(struct feed *feed, size_t warm)
{
	if (source_is_pipe(feed->source))
		return resume(feed, warm);
	pending_clear(&feed->pending);
	feed->given = feed->session_before;
	feed->scanning = false;
	/* The header is read again. */
	feed->header_due = feed->turning = false;
	return source_rewind(feed->source);
}

/* Whether the packets wanted have all been read, this time too. */
static bool
has_enough(const struct feed *feed)
{
	if (feed->stopping && feed->shard.order != NULL)
		return feed->given >= order_last(feed->shard.order);
	return feed->given >= feed->counted &&
	    (feed->stopping ||
		(feed->count > 0 && feed->chosen >= feed->count));
}

enum feed_event
feed_next(struct feed *feed, const void **bytes, size_t *len,
    struct error *error)
{
	struct capture_record record;
	enum feed_event event = FEED_GAVE;

	if (!refill(feed)) {
		if (has_enough(feed))
			return FEED_END;
		if (feed->turning)
			return FEED_SESSION;
		switch (source_next(feed->source, &record, error)) {
		case SOURCE_RECORD:
			event = record.is_packet ?
			    give_packet(feed, &record, error) :
			    give_other(feed, &record, error);
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
	const char *news = feed->news;

	feed->news = NULL;
	return news;
}

bool
feed_was_filtered(const struct feed *feed)
{
	return feed->applied;
}

const struct ranges *
feed_inapplicable(const struct feed *feed)
{
	return &feed->inapplicable;
}

bool
feed_defied_filter(const struct feed *feed)
{
	return feed->inapplicable.count > 0;
}

void
feed_stop(struct feed *feed)
{
	feed->stopping = true;
}

void
feed_follow(struct feed *feed, bool follow)
{
	source_follow(feed->source, follow);
}

bool
feed_is_following(const struct feed *feed)
{
	return source_is_following(feed->source);
}

bool
feed_has_rest(const struct feed *feed)
{
	return source_has_rest(feed->source);
}

bool
feed_is_pipe(const struct feed *feed)
{
	return source_is_pipe(feed->source);
}

bool
feed_is_opaque(const struct feed *feed)
{
	return source_is_opaque(feed->source);
}

bool
feed_is_empty(const struct feed *feed)
{
	return source_is_empty(feed->source);
}

int
feed_fd(const struct feed *feed)
{
	return source_fd(feed->source);
}

struct source *
feed_source(const struct feed *feed)
{
	return feed->source;
}

const char *
feed_id(const struct feed *feed)
{
	return feed->id;
}

bool
feed_date(const struct feed *feed, int64_t *sec)
{
	return source_date(feed->source, sec);
}

void
feed_bytes(const struct feed *feed, uint64_t *done, uint64_t *all)
{
	*done = source_bytes(feed->source);
	*all = source_size(feed->source);
}

uint64_t
feed_base(const struct feed *feed)
{
	return feed->base;
}

uint64_t
feed_given(const struct feed *feed)
{
	const struct pending_packet *held = pending_first(&feed->held);

	return held != NULL ? held->ordinal - 1 : feed->given;
}

uint64_t
feed_since(const struct feed *feed)
{
	return feed_given(feed) - feed->begun;
}

size_t
feed_kept(const struct feed *feed)
{
	return warm_up_count(&feed->warm_up);
}

bool
feed_is_lossy(const struct feed *feed)
{
	return feed->lossy;
}

uint64_t
feed_read(const struct feed *feed)
{
	return feed->read;
}

uint64_t
feed_skipped(const struct feed *feed)
{
	return feed->skipped;
}

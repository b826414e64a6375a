/* One input from its bytes to its documents. */
#include "dissect/dissection.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "dissect/capture_id.h"
#include "dissect/ek.h"
#include "dissect/pending.h"
#include "dissect/source.h"
#include "loop/child.h"

/* Packets that end a tshark are left out up to this many in one input. */
#define DEAD_MAX 10
/* Each takes two runs at most, and the first run is one. */
#define RUNS_MAX (2 * DEAD_MAX + 5)
/*
 * tshark can lag behind what it was given by a pipe, our queue and its own
 * buffer: less than 30,000 records even if all are empty. With a display filter, what is
 * older than this and has no document was not wanted by it.
 */
#define PENDING_MAX 262144
/* What is kept of a pipe's blocks that are no packets, to begin again. */
#define PREAMBLE_MAX ((size_t)4 << 20)
#define RETAINED_MAX ((size_t)64 << 20)
/* Packets counted in one go when there is no tshark to wait for. */
#define DRAIN_SLICE 4096
#define TICK_MS 250

enum pass {
	PASS_FIRST,	/* everything as it comes, output in large pieces */
	PASS_CAREFUL,	/* again from the start, each document flushed: tells which packet ends tshark */
	PASS_LOCATE,	/* the same without the display filter, only to learn that packet */
	PASS_DRAIN	/* no tshark any more: only count */
};

struct dissection {
	struct dissection_rules rules;
	struct dissection_handler handler;
	char *name, *file_name, *path;
	uint64_t count;
	struct dissection_counts counts;

	struct source *source;
	struct event *readable;		/* of a pipe */
	struct event *ticker;
	bool input_done;		/* of this pass */
	bool stopping;
	uint64_t counted;		/* packets up to this one are in counts */
	uint64_t given;			/* packets up to this one were taken from the source in this pass */
	uint64_t settled;		/* of packets up to this one it is known where they ended */

	enum pass pass;
	unsigned passes;
	struct child *child;
	struct tree tree;
	struct ek *ek;
	struct pending pending;
	uint64_t pass_documents;
	bool paused;
	bool failed;			/* this pass; the child is being killed */
	char failure[512];
	unsigned long long progress;	/* what the child had done at the last tick */
	uint64_t idle;			/* ms without any */
	unsigned rubbish;

	uint64_t dead[DEAD_MAX];
	unsigned dead_count;

	/* To begin again on a pipe, which cannot be rewound. */
	struct buffer preamble, retained;
	struct capture_record first;
	uint8_t *first_raw;
	struct pending held;		/* given before, to be given again */
	size_t held_at;			/* their bytes in retained */
	uint64_t refill, refill_to;	/* ordinals still to be given as empty records */
	bool can_resume;

	char id[CAPTURE_ID_LEN];
	struct document_capture capture;
	struct buffer record;		/* the one being given */
	struct buffer out;
	enum outcome outcome;
	struct error error;
	bool no_capture;
	bool ended;
};

static void pump(struct dissection *dissection);
static void begin_pass(struct dissection *dissection, enum pass pass);

static bool
has_filter(const struct dissection *dissection)
{
	return dissection->rules.tshark_rules->display_filter != NULL &&
	    dissection->pass != PASS_LOCATE;
}

/* The first of each outcome is told; the worst one stays. */
static void
blame(struct dissection *dissection, enum outcome outcome, const char *text)
{
	if (dissection->outcome != OUTCOME_OK &&
	    outcome_worse(dissection->outcome, outcome) ==
	    dissection->outcome)
		return;
	dissection->outcome = outcome;
	error_set(&dissection->error, outcome, "%s", text);
}

static void
say_end(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->handler.on_end(dissection->handler.ctx);
}

static void
end(struct dissection *dissection)
{
	if (dissection->ended)
		return;
	dissection->ended = true;
	event_del(dissection->ticker);
	if (dissection->readable != NULL)
		event_del(dissection->readable);
	loop_defer(dissection->rules.loop, say_end, dissection);
}

/* Where packets end. */

/* Of a packet whose fate shows only now; each is settled once, in order. */
static void
settle(struct dissection *dissection, const struct pending_packet *packet,
    uint64_t *count)
{
	if (packet->ordinal <= dissection->settled)
		return;
	dissection->settled = packet->ordinal;
	if (packet->selected)
		(*count)++;
}

static void
pop(struct dissection *dissection)
{
	buffer_consume(&dissection->retained,
	    pending_first(&dissection->pending)->raw_len);
	if (dissection->held_at > 0)
		dissection->held_at -=
		    pending_first(&dissection->pending)->raw_len;
	pending_pop(&dissection->pending);
}

/* A packet that the display filter kept back, or that tshark could not dissect. */
static void
settle_silent(struct dissection *dissection)
{
	const struct pending_packet *packet =
	    pending_first(&dissection->pending);

	if (dissection->pass != PASS_LOCATE)
		settle(dissection, packet, has_filter(dissection) &&
		    !packet->dead ? &dissection->counts.filtered :
		    &dissection->counts.undissected);
	pop(dissection);
}

/* None of those that are left will have a document. */
static void
settle_all(struct dissection *dissection, uint64_t *count)
{
	const struct pending_packet *packet;

	while ((packet = pending_first(&dissection->pending)) != NULL) {
		settle(dissection, packet, packet->dead ?
		    &dissection->counts.undissected : count);
		pop(dissection);
	}
}

/* Feeding. */

static bool
is_dead(const struct dissection *dissection, uint64_t ordinal)
{
	for (unsigned i = 0; i < dissection->dead_count; i++)
		if (dissection->dead[i] == ordinal)
			return true;
	return false;
}

static void
give(struct dissection *dissection, const void *bytes, size_t len)
{
	/* The queue holds a record more than it is filled to: this cannot fail. */
	if (dissection->child != NULL &&
	    child_write(dissection->child, bytes, len) != 0)
		abort();
}

static void
give_record(struct dissection *dissection, const struct capture_record *record,
    bool empty)
{
	buffer_clear(&dissection->record);
	if ((empty ? source_empty_record(dissection->source, record,
	    &dissection->record) : source_copy_record(dissection->source,
	    record, &dissection->record)) != 0)
		abort();	/* a record is bounded, and so is what is made of it */
	give(dissection, dissection->record.data, dissection->record.len);
}

static void
finish_input(struct dissection *dissection)
{
	dissection->input_done = true;
	if (dissection->readable != NULL)
		event_del(dissection->readable);
	if (dissection->child != NULL)
		child_close_input(dissection->child);
}

/* -1 if --bpf cannot be asked. Counts a packet that was not seen before. */
static int
select_packet(struct dissection *dissection,
    const struct capture_record *record, bool *selected)
{
	struct error error;
	int match = 1;

	if (dissection->rules.filter != NULL)
		match = filter_match(dissection->rules.filter, record, &error);
	if (match < 0) {
		blame(dissection, error.outcome, error.text);
		return -1;
	}
	*selected = match > 0;
	if (record->ordinal <= dissection->counted)
		return 0;
	dissection->counted = record->ordinal;
	if (match > 0)
		dissection->counts.read++;
	else
		dissection->counts.skipped++;
	return 0;
}

/* What is needed to begin again behind a packet of a pipe. */
static void
retain(struct dissection *dissection, const struct capture_record *record)
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };
	struct buffer *buffer = record->is_packet ? &dissection->retained :
	    &dissection->preamble;

	if (!dissection->can_resume)
		return;
	/* Interfaces are numbered anew in each section of a pcapng. */
	if (!record->is_packet && dissection->preamble.len > 0 &&
	    record->raw_len > 4 && memcmp(record->raw, section, 4) == 0)
		dissection->can_resume = false;
	else if (buffer_append(buffer, record->raw, record->raw_len) != 0)
		dissection->can_resume = false;
	if (dissection->can_resume)
		return;
	buffer_release(&dissection->preamble);
	buffer_release(&dissection->retained);
}

static void
remember_first(struct dissection *dissection,
    const struct capture_record *record)
{
	if (dissection->id[0] != '\0')
		return;
	if (capture_id(record, dissection->id) != 0)
		blame(dissection, OUTCOME_INTERNAL,
		    "the crypto library offers no SHA-256");
	dissection->first = *record;
	if (!dissection->can_resume)
		return;
	dissection->first_raw = xmalloc(record->raw_len);
	memcpy(dissection->first_raw, record->raw, record->raw_len);
	dissection->first.raw = dissection->first_raw;
	dissection->first.bytes = record->is_packet ? dissection->first_raw +
	    (record->bytes - record->raw) : NULL;
}

static void
drop_oldest(struct dissection *dissection)
{
	if (has_filter(dissection) &&
	    dissection->pending.count > PENDING_MAX)
		settle_silent(dissection);
}

/* Whether the packets wanted have all been read, in this pass too. */
static bool
has_enough(const struct dissection *dissection)
{
	return dissection->given >= dissection->counted &&
	    (dissection->stopping ||
	    (dissection->count > 0 &&
	    dissection->counts.read >= dissection->count));
}

static void
feed_packet(struct dissection *dissection, const struct capture_record *record)
{
	struct pending_packet packet = { .ordinal = record->ordinal,
		.sec = record->sec, .nsec = record->nsec,
		.wirelen = record->wirelen, .has_time = record->has_time,
		.dead = is_dead(dissection, record->ordinal) };

	remember_first(dissection, record);
	dissection->given = record->ordinal;
	if (select_packet(dissection, record, &packet.selected) != 0) {
		finish_input(dissection);
		return;
	}
	retain(dissection, record);
	if (dissection->can_resume) {
		packet.raw_len = (uint32_t)record->raw_len;
		packet.bytes_at = (uint32_t)(record->bytes - record->raw);
		packet.caplen = record->caplen;
		packet.linktype = record->linktype;
	}
	if (dissection->pass == PASS_DRAIN) {
		settle(dissection, &packet, &dissection->counts.undissected);
	} else {
		pending_push(&dissection->pending, &packet);
		drop_oldest(dissection);
		give_record(dissection, record, packet.dead);
	}
}

static void
feed_record(struct dissection *dissection, const struct capture_record *record)
{
	if (record->is_packet) {
		feed_packet(dissection, record);
		return;
	}
	if (source_is_foreign(dissection->source)) {
		remember_first(dissection, record);
		if (dissection->rules.filter != NULL) {
			blame(dissection, OUTCOME_USAGE, "--bpf needs pcap or "
			    "pcapng: only tshark knows this format");
			finish_input(dissection);
			return;
		}
	} else
		retain(dissection, record);
	give_record(dissection, record, false);
}

/* A packet whose record is retained, as source_next gave it once. */
static struct capture_record
held_record(const struct dissection *dissection,
    const struct pending_packet *held)
{
	struct capture_record record = { .is_packet = true,
		.raw_len = held->raw_len, .ordinal = held->ordinal,
		.has_time = held->has_time, .sec = held->sec,
		.nsec = held->nsec, .linktype = held->linktype,
		.caplen = held->caplen, .wirelen = held->wirelen };

	record.raw = (const uint8_t *)dissection->retained.data +
	    dissection->held_at;
	record.bytes = record.raw + held->bytes_at;
	return record;
}

/* Empty records in place of what a former tshark had, then what it had not finished. */
static bool
refill(struct dissection *dissection)
{
	const struct pending_packet *held;
	struct pending_packet packet;
	struct capture_record record;

	if (dissection->refill <= dissection->refill_to) {
		memset(&packet, 0, sizeof(packet));
		packet.ordinal = dissection->refill++;
		packet.dead = true;
		pending_push(&dissection->pending, &packet);
		give_record(dissection, &dissection->first, true);
		return true;
	}
	held = pending_first(&dissection->held);
	if (held == NULL)
		return false;
	record = held_record(dissection, held);
	give_record(dissection, &record, held->dead);
	dissection->held_at += held->raw_len;
	pending_push(&dissection->pending, held);
	pending_pop(&dissection->held);
	if (dissection->held.count == 0)
		dissection->held_at = 0;
	return true;
}

static void
wait_for_input(struct dissection *dissection)
{
	if (dissection->readable != NULL)
		event_add(dissection->readable, NULL);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	pump(ctx);
}

static void
pump_again(void *ctx)
{
	pump(ctx);
}

static bool
is_full(const struct dissection *dissection)
{
	return dissection->child != NULL &&
	    child_queued(dissection->child) >= CHILD_QUEUE_LOW;
}

/* Reads on until tshark has enough to do, or there is nothing to read now. */
static void
pump(struct dissection *dissection)
{
	struct capture_record record;
	struct error error;
	unsigned slice = 0;

	while (!dissection->input_done && !dissection->failed &&
	    !is_full(dissection)) {
		if (refill(dissection))
			continue;
		if (has_enough(dissection)) {
			finish_input(dissection);
			break;
		}
		switch (source_next(dissection->source, &record, &error)) {
		case SOURCE_RECORD:
			feed_record(dissection, &record);
			break;
		case SOURCE_WAIT:
			wait_for_input(dissection);
			return;
		case SOURCE_BAD:
			blame(dissection, error.outcome, error.text);
			finish_input(dissection);
			break;
		case SOURCE_END:
			finish_input(dissection);
			break;
		}
		if (dissection->pass == PASS_DRAIN && ++slice == DRAIN_SLICE) {
			loop_defer(dissection->rules.loop, pump_again,
			    dissection);
			return;
		}
	}
	if (dissection->input_done && dissection->pass == PASS_DRAIN)
		end(dissection);
}

/* Documents. */

/* The child cannot be trusted any more: on_finish decides how to go on. */
static void
fail(struct dissection *dissection, const char *why)
{
	if (dissection->failed)
		return;
	dissection->failed = true;
	(void)snprintf(dissection->failure, sizeof(dissection->failure), "%s",
	    why);
	child_kill(dissection->child);
}

static void
write_document(struct dissection *dissection,
    const struct document_packet *packet)
{
	struct error error;

	buffer_shrink(&dissection->out, (size_t)1 << 20);
	if (document_write(dissection->rules.document, &dissection->tree,
	    &dissection->capture, packet, &dissection->out, &error) != 0) {
		blame(dissection, error.outcome, error.text);
		dissection->counts.undissected++;
		return;
	}
	dissection->counts.printed++;
	dissection->handler.on_document(dissection->handler.ctx,
	    dissection->out.data, dissection->out.len);
}

/* Of a format that only tshark reads, it alone knows the packets. */
static void
foreign_document(struct dissection *dissection, uint64_t number)
{
	struct names *names = dissection->rules.tshark->names;
	struct document_packet packet = { .ordinal = number };
	const struct tree_leaf *leaf;
	char text[64], *end;

	if (dissection->count > 0 &&
	    dissection->counts.read >= dissection->count)
		return;
	leaf = tree_find(&dissection->tree,
	    names_id(names, "frame.time_epoch", 16));
	if (leaf != NULL && leaf->len < sizeof(text)) {
		memcpy(text, tree_leaf_text(&dissection->tree, leaf),
		    leaf->len);
		text[leaf->len] = '\0';
		packet.sec = strtoll(text, &end, 10);
		packet.has_time = *end == '.' || *end == '\0';
		if (*end == '.')
			packet.nsec = (uint32_t)(strtoul(end + 1, NULL, 10) %
			    1000000000);
	}
	leaf = tree_find(&dissection->tree, names_id(names, "frame.len", 9));
	if (leaf != NULL && leaf->len < 11)
		packet.wirelen = (uint32_t)strtoul(tree_leaf_text(
		    &dissection->tree, leaf), NULL, 10);
	dissection->counts.read++;
	write_document(dissection, &packet);
	if (dissection->count > 0 &&
	    dissection->counts.read >= dissection->count)
		finish_input(dissection);
}

static void
take_document(struct dissection *dissection)
{
	uint64_t number = ek_frame_number(dissection->ek);
	const struct pending_packet *first;
	struct document_packet packet;
	char why[128];

	dissection->pass_documents++;
	if (source_is_foreign(dissection->source)) {
		foreign_document(dissection, number);
		return;
	}
	while ((first = pending_first(&dissection->pending)) != NULL &&
	    first->ordinal < number && has_filter(dissection))
		settle_silent(dissection);
	if (first == NULL || first->ordinal != number) {
		(void)snprintf(why, sizeof(why), "it printed packet %" PRIu64
		    " where packet %" PRIu64 " was to come", number,
		    first == NULL ? 0 : first->ordinal);
		fail(dissection, why);
		return;
	}
	packet.ordinal = number;
	packet.has_time = first->has_time;
	packet.sec = first->sec;
	packet.nsec = first->nsec;
	packet.wirelen = first->wirelen;
	if (first->dead) {
		settle_silent(dissection);
		return;
	}
	if (number > dissection->settled && dissection->pass != PASS_LOCATE) {
		dissection->settled = number;
		if (first->selected)
			write_document(dissection, &packet);
	}
	pop(dissection);
}

static void
take_rubbish(struct dissection *dissection, const char *text)
{
	if (dissection->rubbish++ == 0)
		log_note(dissection->rules.log, "%s: tshark printed %s",
		    dissection->name, text);
}

static void
on_output(void *ctx, const char *data, size_t len)
{
	struct dissection *dissection = ctx;
	struct error error;
	size_t used;

	while (len > 0 && !dissection->failed) {
		enum ek_event event = ek_read(dissection->ek, data, len, &used,
		    &error);

		data += used;
		len -= used;
		if (event == EK_DOCUMENT)
			take_document(dissection);
		else if (event == EK_RUBBISH)
			take_rubbish(dissection, error.text);
	}
}

static void
on_writable(void *ctx)
{
	pump(ctx);
}

/* How a pass ends. */

static void
give_up(struct dissection *dissection, enum outcome outcome, const char *why)
{
	blame(dissection, outcome, why);
	settle_all(dissection, &dissection->counts.undissected);
	begin_pass(dissection, PASS_DRAIN);
}

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

	if (dissection->failed)
		return;
	(void)snprintf(errors, sizeof(errors), "%.200s",
	    child_errors(dissection->child));
	flatten(errors);
	if (child_succeeded(dissection->child))
		(void)snprintf(dissection->failure,
		    sizeof(dissection->failure),
		    "it ended without the documents of %zu packets",
		    dissection->pending.count);
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
	return !dissection->failed && dissection->pass_documents == 0 &&
	    dissection->settled == 0 &&
	    child_exit_status(dissection->child) > 0 &&
	    child_errors(dissection->child)[0] != '\0';
}

static void
refuse(struct dissection *dissection)
{
	char why[600];

	(void)snprintf(why, sizeof(why), "%s", child_errors(dissection->child));
	flatten(why);
	if (source_is_foreign(dissection->source) &&
	    dissection->counts.read == 0 &&
	    dissection->outcome == OUTCOME_OK) {
		dissection->no_capture = true;
		blame(dissection, OUTCOME_INPUT,
		    "not a capture in a format tshark understands");
		end(dissection);
		return;
	}
	give_up(dissection, OUTCOME_INPUT, why);
}

/* Continues on a pipe, behind the packet that was being dissected. */
static void
resume_pipe(struct dissection *dissection)
{
	struct pending_packet *first;
	const struct pending_packet *packet;

	if (has_filter(dissection) || !dissection->can_resume) {
		/* Which packet it was cannot be told. */
		settle_all(dissection, &dissection->counts.undissected);
		if (!dissection->can_resume) {
			begin_pass(dissection, PASS_DRAIN);
			return;
		}
	}
	while ((packet = pending_first(&dissection->pending)) != NULL &&
	    packet->ordinal <= dissection->settled)
		pop(dissection);
	/* What was given stands before what was still to be given again. */
	for (; (packet = pending_first(&dissection->held)) != NULL;
	    pending_pop(&dissection->held))
		pending_push(&dissection->pending, packet);
	dissection->refill = 1;
	dissection->refill_to = dissection->settled;
	dissection->held_at = 0;
	if (dissection->pending.count > 0) {
		struct pending swap = dissection->held;

		dissection->held = dissection->pending;
		dissection->pending = swap;
		first = &dissection->held.ring[dissection->held.first];
		settle(dissection, first, &dissection->counts.undissected);
		first->dead = true;
	}
	begin_pass(dissection, PASS_CAREFUL);
}

/* The packet that tshark was at when a pass with flushed output failed. */
static void
bury(struct dissection *dissection)
{
	const struct pending_packet *packet =
	    pending_first(&dissection->pending);

	if (packet == NULL || dissection->dead_count == DEAD_MAX)
		return;
	log_note(dissection->rules.log, "%s: tshark failed on packet %" PRIu64
	    " (%s); going on behind it", dissection->name, packet->ordinal,
	    dissection->failure);
	dissection->dead[dissection->dead_count++] = packet->ordinal;
}

static void
go_on(struct dissection *dissection)
{
	bool filter = dissection->rules.tshark_rules->display_filter != NULL;

	switch (dissection->pass) {
	case PASS_FIRST:
		log_verbose(dissection->rules.log,
		    "%s: tshark failed (%s); reading again, with care",
		    dissection->name, dissection->failure);
		begin_pass(dissection, filter ? PASS_LOCATE : PASS_CAREFUL);
		return;
	case PASS_CAREFUL:
		if (!filter)
			bury(dissection);
		begin_pass(dissection, filter ? PASS_LOCATE : PASS_CAREFUL);
		return;
	case PASS_LOCATE:
		bury(dissection);
		begin_pass(dissection, PASS_CAREFUL);
		return;
	case PASS_DRAIN:
		return;
	}
}

static void
after_failure(struct dissection *dissection)
{
	char why[700];
	bool pipe = source_is_pipe(dissection->source);

	describe_failure(dissection);
	if (is_refused(dissection)) {
		refuse(dissection);
		return;
	}
	(void)snprintf(why, sizeof(why), "tshark failed: %s",
	    dissection->failure);
	if (source_is_foreign(dissection->source) || dissection->stopping ||
	    dissection->passes >= RUNS_MAX ||
	    dissection->dead_count == DEAD_MAX) {
		give_up(dissection, OUTCOME_TSHARK, why);
		return;
	}
	blame(dissection, OUTCOME_TSHARK, why);
	if (!pipe)
		go_on(dissection);
	else {
		bury(dissection);
		resume_pipe(dissection);
	}
}

/* All documents came, or the display filter kept them back. */
static void
after_success(struct dissection *dissection)
{
	if (dissection->pass == PASS_LOCATE) {
		/* What ended tshark before did not do so again. */
		pending_clear(&dissection->pending);
		begin_pass(dissection, PASS_CAREFUL);
		return;
	}
	settle_all(dissection, &dissection->counts.filtered);
	end(dissection);
}

static void
leave_child(void *ctx)
{
	struct dissection *dissection = ctx;
	bool foreign = source_is_foreign(dissection->source);
	bool missing, cut_off, whole;

	/* A foreign format's end is tshark's to judge, and --count may cut it off. */
	cut_off = foreign && dissection->count > 0 &&
	    dissection->counts.read >= dissection->count;
	missing = dissection->pending.count > 0 && !has_filter(dissection);
	whole = !dissection->failed && dissection->input_done && !missing &&
	    !ek_in_line(dissection->ek);
	if (whole && !foreign && !has_filter(dissection) &&
	    !child_succeeded(dissection->child) && dissection->counted > 0) {
		log_note(dissection->rules.log, "%s: tshark ended with %s, but "
		    "with the documents of all packets", dissection->name,
		    child_status(dissection->child));
		cut_off = true;
	}
	if (whole && (cut_off || child_succeeded(dissection->child)))
		after_success(dissection);
	else
		after_failure(dissection);
}

static void
on_finish(void *ctx)
{
	struct dissection *dissection = ctx;

	/* The child must not be freed from its own callback. */
	loop_defer(dissection->rules.loop, leave_child, dissection);
}

/* Passes. */

static int
start_child(struct dissection *dissection)
{
	const struct tshark *tshark = dissection->rules.tshark;
	struct child_handler handler = { .on_output = on_output,
		.on_writable = on_writable, .on_finish = on_finish,
		.ctx = dissection };
	struct argv argv = { NULL, 0 };
	struct child_spec spec = { .argv = &argv, .home = tshark->home,
		.extra_fd = dissection->rules.tshark_rules->keys_fd,
		.wants_input = true };
	struct error error;
	/* A packet without document tells nothing if documents wait in a buffer. */
	bool flush = dissection->pass != PASS_FIRST || has_filter(dissection) ||
	    source_is_pipe(dissection->source);

	tshark_argv(tshark, dissection->rules.tshark_rules, flush,
	    has_filter(dissection), &argv);
	dissection->child = child_start(dissection->rules.loop, &spec, &handler,
	    &error);
	argv_release(&argv);
	if (dissection->child == NULL) {
		blame(dissection, error.outcome, error.text);
		return -1;
	}
	if (dissection->paused)
		child_pause(dissection->child);
	return 0;
}

static void
begin_pass(struct dissection *dissection, enum pass pass)
{
	bool again = dissection->passes++ > 0;

	child_free(dissection->child);
	dissection->child = NULL;
	dissection->pass = pass;
	dissection->failed = dissection->input_done = false;
	dissection->idle = dissection->progress = 0;
	dissection->pass_documents = 0;
	ek_free(dissection->ek);
	dissection->ek = ek_new(dissection->rules.tshark->names,
	    &dissection->tree, dissection->rules.max_doc);
	if (again && !source_is_pipe(dissection->source)) {
		pending_clear(&dissection->pending);
		dissection->given = 0;
		if (!source_rewind(dissection->source)) {
			blame(dissection, OUTCOME_INPUT,
			    "cannot be read a second time");
			dissection->input_done = true;
		}
	}
	if (pass != PASS_DRAIN && start_child(dissection) != 0) {
		dissection->pass = PASS_DRAIN;
		dissection->input_done = true;
	}
	if (again && source_is_pipe(dissection->source) &&
	    dissection->can_resume)
		give(dissection, dissection->preamble.data,
		    dissection->preamble.len);
	pump(dissection);
}

static void
first_pass(void *ctx)
{
	begin_pass(ctx, PASS_FIRST);
}

/* Whether tshark has something to do that it does not do. */
static bool
owes_progress(const struct dissection *dissection)
{
	if (dissection->child == NULL || dissection->paused ||
	    dissection->failed)
		return false;
	return child_queued(dissection->child) > 0 || dissection->input_done ||
	    (!has_filter(dissection) && dissection->pending.count > 0 &&
	    dissection->pass != PASS_FIRST);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct dissection *dissection = ctx;
	unsigned long long progress;
	char why[64];

	(void)fd;
	(void)what;
	if (!owes_progress(dissection)) {
		dissection->idle = 0;
		return;
	}
	progress = child_progress(dissection->child);
	if (progress != dissection->progress) {
		dissection->progress = progress;
		dissection->idle = 0;
		return;
	}
	dissection->idle += TICK_MS;
	if (dissection->idle < dissection->rules.timeout)
		return;
	(void)snprintf(why, sizeof(why), "it did nothing for %" PRIu64 " ms",
	    dissection->rules.timeout);
	fail(dissection, why);
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
dissection_new(const struct dissection_rules *rules, int fd, const char *name,
    const char *path, uint64_t count, const struct dissection_handler *handler)
{
	struct dissection *dissection = xcalloc(1, sizeof(*dissection));
	struct event_base *base = loop_base(rules->loop);
	struct timeval tick = { 0, TICK_MS * 1000 };

	dissection->rules = *rules;
	dissection->handler = *handler;
	dissection->name = xstrdup(name);
	dissection->file_name = xstrdup(plain_name(name));
	dissection->path = path != NULL ? xstrdup(path) : NULL;
	dissection->count = count;
	dissection->refill = 1;	/* refill_to is 0: nothing to give */
	dissection->source = source_new(fd);
	tree_init(&dissection->tree, rules->max_value, rules->max_doc);
	buffer_init(&dissection->out, rules->max_doc * 4);
	buffer_init(&dissection->record, CAPTURE_RECORD_MAX + 4096);
	buffer_init(&dissection->preamble, PREAMBLE_MAX);
	buffer_init(&dissection->retained, RETAINED_MAX);
	dissection->can_resume = source_is_pipe(dissection->source);
	dissection->capture.file_name = dissection->file_name;
	dissection->capture.file_path = dissection->path;
	dissection->capture.id = dissection->id;
	dissection->capture.has_date = source_date(dissection->source,
	    &dissection->capture.file_date);
	dissection->ticker = event_new(base, -1, EV_PERSIST, on_tick,
	    dissection);
	if (source_is_pipe(dissection->source))
		dissection->readable = event_new(base, fd, EV_READ,
		    on_readable, dissection);
	if (dissection->ticker == NULL ||
	    event_add(dissection->ticker, &tick) != 0 ||
	    (dissection->readable == NULL &&
	    source_is_pipe(dissection->source)))
		abort();	/* out of memory */
	loop_defer(rules->loop, first_pass, dissection);
	return dissection;
}

void
dissection_free(struct dissection *dissection)
{
	if (dissection == NULL)
		return;
	child_free(dissection->child);
	event_free(dissection->ticker);
	if (dissection->readable != NULL)
		event_free(dissection->readable);
	source_free(dissection->source);
	ek_free(dissection->ek);
	tree_release(&dissection->tree);
	pending_release(&dissection->pending);
	pending_release(&dissection->held);
	buffer_release(&dissection->preamble);
	buffer_release(&dissection->retained);
	buffer_release(&dissection->record);
	buffer_release(&dissection->out);
	free(dissection->first_raw);
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
	if (dissection->child != NULL)
		child_resume(dissection->child);
}

void
dissection_stop(struct dissection *dissection)
{
	if (dissection->stopping)
		return;
	dissection->stopping = true;
	pump(dissection);
}

const struct dissection_counts *
dissection_counts(const struct dissection *dissection)
{
	return &dissection->counts;
}

void
dissection_bytes(const struct dissection *dissection, uint64_t *done,
    uint64_t *all)
{
	*done = source_bytes(dissection->source);
	*all = source_size(dissection->source);
}

enum outcome
dissection_outcome(const struct dissection *dissection, struct error *error)
{
	*error = dissection->error;
	return dissection->outcome;
}

bool
dissection_is_no_capture(const struct dissection *dissection)
{
	return dissection->no_capture || (source_is_empty(dissection->source) &&
	    dissection->counts.read == 0);
}

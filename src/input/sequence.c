/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures of which several are dissected at a time, and whose documents come one capture after the other. */
#include "input/sequence.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/xalloc.h"
#include "shard/work.h"

/* Documents of a capture whose turn has not come wait up to about here, bytes. */
#define BACKLOG_HIGH ((size_t)2 << 20)

/* A document that waits for the turn of its capture. */
struct waiting {
	STAILQ_ENTRY(waiting)
	next;
	struct document_ready ready;
	char json[];
};

STAILQ_HEAD(backlog, waiting);

struct member {
	struct sequence *sequence;
	const char *name;
	struct work *work; /* NULL if it could not be opened */
	struct error open_error;
	struct backlog backlog;
	size_t backlog_bytes;
	bool ended;
};

struct sequence {
	struct input *input;
	struct loop *loop;
	struct sequence_handler handler;
	struct member **members; /* a ring buffer: the first is the one whose turn it is */
	size_t room, first, count;
	bool paused;

	/* Of those that have been retired: */
	struct dissection_counts counts;
	uint64_t bytes, captures;
};

static struct member *
member_at(const struct sequence *sequence, size_t i)
{
	return sequence->members[(sequence->first + i) % sequence->room];
}

static bool
is_first(const struct member *member)
{
	return member->sequence->count > 0 &&
	    member_at(member->sequence, 0) == member;
}

/* Documents. */

static void
put_off(struct member *member, const struct document_ready *ready)
{
	struct waiting *waiting = xmalloc(sizeof(*waiting) + ready->len);

	waiting->ready = *ready;
	waiting->ready.json = waiting->json;
	memcpy(waiting->json, ready->json, ready->len);
	STAILQ_INSERT_TAIL(&member->backlog, waiting, next);
	member->backlog_bytes += sizeof(waiting->ready) + ready->len;
	if (member->backlog_bytes > BACKLOG_HIGH)
		work_pause(member->work);
}

static void
give(const struct sequence *sequence, const struct document_ready *ready)
{
	const struct input_handler *handler = &sequence->input->handler;

	handler->on_document(handler->ctx, ready);
}

static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct member *member = ctx;

	if (is_first(member))
		give(member->sequence, ready);
	else
		put_off(member, ready);
}

static struct waiting *
take_waiting(struct member *member)
{
	struct waiting *waiting = STAILQ_FIRST(&member->backlog);

	if (waiting != NULL)
		STAILQ_REMOVE_HEAD(&member->backlog, next);
	return waiting;
}

/* The turn of a capture has come. */
static void
release_backlog(struct member *member)
{
	struct waiting *waiting;

	while ((waiting = take_waiting(member)) != NULL) {
		give(member->sequence, &waiting->ready);
		free(waiting);
	}
	if (member->work != NULL && !member->sequence->paused)
		work_resume(member->work);
}

/* Captures that end. */

static void
member_free(struct member *member)
{
	struct waiting *waiting;

	work_free(member->work);
	while ((waiting = take_waiting(member)) != NULL)
		free(waiting);
	free(member);
}

static void
add_counts(struct sequence *sequence, const struct member *member)
{
	struct dissection_counts counts;
	uint64_t done, all;

	if (member->work == NULL)
		return;
	counts = work_counts(member->work);
	dissection_counts_add(&sequence->counts, &counts);
	work_bytes(member->work, &done, &all);
	sequence->bytes += done;
}

static void
tell_end(struct sequence *sequence, const struct member *member)
{
	struct sequence_end end = { .name = member->name,
		.error = member->open_error,
		.outcome = member->open_error.outcome };

	if (member->work != NULL) {
		end.outcome = work_outcome(member->work, &end.error);
		end.is_no_capture = work_is_no_capture(member->work);
		/* If --bpf suits another capture, this one had no packet for it. */
		if (end.outcome == OUTCOME_USAGE &&
		    !work_is_filterable(member->work))
			end.outcome = work_lesser_outcome(member->work,
			    end.outcome);
	}
	sequence->handler.on_retire(sequence->input, &end);
}

/* Takes the first one off, which has been counted. */
static void
drop_first(struct sequence *sequence)
{
	struct member *member = member_at(sequence, 0);

	sequence->first = (sequence->first + 1) % sequence->room;
	sequence->count--;
	member_free(member);
}

/* Takes ended captures off the front. The documents of the next go out then, which a full sink does not want. */
static void
retire(void *ctx)
{
	struct sequence *sequence = ctx;

	while (sequence->count > 0 && member_at(sequence, 0)->ended &&
	    !sequence->paused) {
		add_counts(sequence, member_at(sequence, 0));
		tell_end(sequence, member_at(sequence, 0));
		sequence->captures++;
		drop_first(sequence);
		if (sequence->count > 0)
			release_backlog(member_at(sequence, 0));
	}
	sequence->handler.on_room(sequence->input);
}

static void
on_end(void *ctx)
{
	struct member *member = ctx;

	member->ended = true;
	if (is_first(member))
		loop_defer(member->sequence->loop, retire, member->sequence);
}

/* Life. */

struct sequence *
sequence_new(struct input *input, struct loop *loop, size_t room,
    const struct sequence_handler *handler)
{
	struct sequence *sequence = xcalloc(1, sizeof(*sequence));

	sequence->input = input;
	sequence->loop = loop;
	sequence->handler = *handler;
	sequence->room = room;
	sequence->members = xcalloc(room, sizeof(struct member *));
	return sequence;
}

void
sequence_close(struct sequence *sequence)
{
	while (sequence->count > 0) {
		add_counts(sequence, member_at(sequence, 0));
		drop_first(sequence);
	}
}

void
sequence_free(struct sequence *sequence)
{
	sequence_close(sequence);
	free(sequence->members);
	free(sequence);
}

void
sequence_add(struct sequence *sequence, const struct sequence_capture *capture)
{
	struct member *member = xcalloc(1, sizeof(*member));
	const struct dissection_handler handler = { .on_document = on_document,
		.on_end = on_end,
		.ctx = member };

	member->sequence = sequence;
	member->name = capture->name;
	STAILQ_INIT(&member->backlog);
	sequence->members[(sequence->first + sequence->count++) %
	    sequence->room] = member;
	if (capture->source == NULL) {
		member->open_error = *capture->error;
		on_end(member);
		return;
	}
	member->open_error.outcome = OUTCOME_OK;
	member->work = work_new(capture->dissection, capture->parts,
	    capture->source, capture->name, capture->path, capture->count,
	    &handler);
	if (sequence->paused && is_first(member))
		work_pause(member->work);
}

bool
sequence_has_room(const struct sequence *sequence)
{
	return sequence->count < sequence->room;
}

bool
sequence_is_empty(const struct sequence *sequence)
{
	return sequence->count == 0;
}

void
sequence_pause(struct sequence *sequence)
{
	sequence->paused = true;
	if (sequence->count > 0 && member_at(sequence, 0)->work != NULL)
		work_pause(member_at(sequence, 0)->work);
}

void
sequence_resume(struct sequence *sequence)
{
	sequence->paused = false;
	if (sequence->count > 0 && member_at(sequence, 0)->ended)
		retire(sequence);
	else if (sequence->count > 0)
		work_resume(member_at(sequence, 0)->work);
}

void
sequence_stop(struct sequence *sequence)
{
	for (size_t i = 0; i < sequence->count; i++)
		if (!member_at(sequence, i)->ended)
			work_stop(member_at(sequence, i)->work);
}

bool
sequence_is_read(const struct sequence *sequence)
{
	for (size_t i = 0; i < sequence->count; i++)
		if (!member_at(sequence, i)->ended &&
		    !work_is_read(member_at(sequence, i)->work))
			return false;
	return true;
}

/* The sums. */

struct dissection_counts
sequence_counts(const struct sequence *sequence)
{
	struct dissection_counts counts = sequence->counts;

	for (size_t i = 0; i < sequence->count; i++)
		if (member_at(sequence, i)->work != NULL) {
			const struct dissection_counts own =
			    work_counts(member_at(sequence, i)->work);

			dissection_counts_add(&counts, &own);
		}
	return counts;
}

uint64_t
sequence_retired(const struct sequence *sequence)
{
	return sequence->counts.read;
}

void
sequence_progress(const struct sequence *sequence,
    struct input_progress *progress)
{
	uint64_t done, all;

	progress->files_done = sequence->captures;
	progress->packets = sequence_counts(sequence).read;
	progress->bytes_done = sequence->bytes;
	for (size_t i = 0; i < sequence->count; i++)
		if (member_at(sequence, i)->work != NULL) {
			work_bytes(member_at(sequence, i)->work, &done,
			    &all);
			progress->bytes_done += done;
		}
}

uint64_t
sequence_memory(const struct sequence *sequence)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < sequence->count; i++)
		if (member_at(sequence, i)->work != NULL)
			bytes += work_memory(member_at(sequence, i)->work);
	return bytes;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a file of a watched folder: messages, the registry, and what becomes of the file. */
#include "watch/follow_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

/* What is not a capture by its first so many bytes becomes none. */
#define PROBE_LEN 64

void
follow_reading_free(struct reading *reading)
{
	dissection_free(reading->dissection);
	examine_free(reading->examination.examine);
	if (reading->fd >= 0)
		close(reading->fd);
	free(reading->name);
	free(reading->shown);
	free(reading);
}

void
follow_blame(struct follow *follow, enum outcome outcome)
{
	follow->outcome = outcome_worse(follow->outcome, outcome);
}

static bool
is_clean(const struct reading *reading)
{
	return reading->result.is_whole && reading->result.is_good &&
	    !reading->result.may_succeed && !reading->result.is_surprising && reading->result.counts.undissected == 0 &&
	    reading->ack.rejected == 0 && reading->known.rejected == 0;
}

static void
say_read(const struct reading *reading)
{
	const struct dissection_counts *counts = &reading->result.counts;

	log_verbose(reading->follow->log,
	    "%s: %s: read=%" PRIu64 " delivered=%" PRIu64 " omitted=%" PRIu64
	    " rejected=%" PRIu64 " filtered=%" PRIu64 " undissected=%" PRIu64
	    " skipped=%" PRIu64,
	    reading->shown, reading->result.is_whole ? "finished" : "left",
	    counts->read, reading->ack.acknowledged, reading->omitted,
	    reading->ack.rejected, counts->filtered, counts->undissected,
	    counts->skipped);
}

static enum registry_state
state_of(const struct reading *reading)
{
	if (!reading->result.is_whole)
		return REGISTRY_PARTIAL;
	if (reading->result.may_succeed)
		return REGISTRY_FAILED;
	return is_clean(reading) ? REGISTRY_DELIVERED : REGISTRY_INCOMPLETE;
}

/* How many packets at its beginning have reached their final place, but for those in reading->result.failed. */
static uint64_t
count_final(const struct reading *reading)
{
	const struct dissection_counts *counts = &reading->result.counts;

	/* What failed is not known by its packets: the next run may see all of them. */
	if (reading->result.may_succeed && reading->result.failed.count == 0 &&
	    counts->skipped > 0)
		return 0;
	if (reading->result.failed.is_full)
		return reading->result.failed.at[reading->result.failed.count - 1].last;
	return counts->read + counts->skipped;
}

static void
enter(const struct reading *reading)
{
	struct ranges failed = reading->result.failed;
	struct registry_entry entry = { .version = REGISTRY_VERSION,
		.dev = reading->entry.dev,
		.inode = reading->entry.inode,
		.size = reading->entry.size,
		/* A file rewritten through a mapping keeps its status. */
		.changed = reading->result.is_certain && !reading->is_rewritten ?
		    reading->entry.changed :
		    0,
		.packets = count_final(reading),
		.mark = reading->result.mark,
		.state = state_of(reading),
		.rejected = reading->known.rejected +
		    reading->ack.rejected,
		.failed = failed.count > 0 ? &failed : NULL,
		.when = time(NULL),
		.name = reading->name };

	/* Without a packet there is nothing to know it by. */
	if (reading->id[0] == '\0' || reading->result.mark.len == 0 ||
	    reading->result.is_surprising ||
	    (entry.packets == 0 && entry.state != REGISTRY_FAILED))
		return;
	memcpy(entry.id, reading->id, sizeof(entry.id));
	registry_file_add(reading->follow->config.watching->registry, &entry);
}

static void
complete(const struct reading *reading)
{
	struct follow *follow = reading->follow;
	struct completion completion = { .serial = reading->serial,
		.name = reading->name,
		.shown = reading->shown,
		.entry = reading->entry,
		.mark = reading->result.mark,
		.closes = reading->closes,
		.is_sure = reading->is_sure && reading->result.is_certain &&
		    reading->changed == reading->entry.changed };

	if (is_clean(reading))
		follow_after_add(follow, &completion);
	else if (follow->config.watching->after.kind != AFTER_NOTHING)
		log_note(follow->log,
		    "%s: stays where it is: not every packet "
		    "of it was delivered",
		    reading->shown);
}

/* Every packet of it is in its final place. */
static void
conclude(struct reading *reading)
{
	TAILQ_REMOVE(&reading->follow->delivering, reading, next);
	say_read(reading);
	enter(reading);
	if (reading->result.is_whole)
		complete(reading);
	follow_reading_free(reading);
}

void
follow_conclude(struct follow *follow)
{
	struct reading *reading, *next;

	for (reading = TAILQ_FIRST(&follow->delivering); reading != NULL;
	     reading = next) {
		next = TAILQ_NEXT(reading, next);
		if (ack_is_resolved(&reading->ack))
			conclude(reading);
	}
}

/* What is damaged stays so; what tshark, its memory, --bpf or the disk did not do they may do another time. */
static bool
may_succeed(const struct reading *reading, enum outcome outcome)
{
	if (dissection_counts(reading->dissection).undissected > 0 ||
	    dissection_unfiltered(reading->dissection)->count > 0 ||
	    source_read_failed(reading->source))
		return true;
	if (outcome == OUTCOME_TSHARK)
		return source_base(reading->source)->is_opaque;
	return outcome != OUTCOME_OK && outcome != OUTCOME_INPUT;
}

static void
say_how_it_ended(struct reading *reading)
{
	struct follow *follow = reading->follow;
	struct error error;
	enum outcome outcome = dissection_outcome(reading->dissection, &error);

	reading->result.is_good = outcome == OUTCOME_OK;
	reading->result.may_succeed = may_succeed(reading, outcome);
	if (reading->result.is_good || reading->is_rewritten)
		return;
	if (dissection_is_no_capture(reading->dissection)) {
		log_note(follow->log, "%s: skipped: %s", reading->shown,
		    error.text);
		return;
	}
	log_error(follow->log, "%s: %s", reading->shown, error.text);
	/* If --bpf suits another file, this one had no packet for it. */
	if (outcome == OUTCOME_USAGE &&
	    dissection_filter(reading->dissection) == DISSECTION_UNFILTERABLE)
		outcome = reasons_lesser(
		    dissection_reasons(reading->dissection), outcome);
	follow_blame(follow, outcome);
}

/* How the file was after the last read. */
static void
harvest_status(struct reading *reading)
{
	const struct source *source = reading->source;
	struct folder_entry status;
	uint64_t done, all;
	bool young;

	dissection_bytes(reading->dissection, &done, &all);
	if (source_status(source, &status, &young)) {
		reading->entry = status;
		reading->result.is_certain = !young;
	} else {
		reading->entry = reading->file->entry;
		/* It was not the same in each pass: it is looked at again. */
		if (source_has_ended(source))
			reading->entry.changed = 0;
		if (done > reading->entry.size)
			reading->entry.size = done;
	}
	if (source_mark(source, &reading->result.mark) != 0)
		memset(&reading->result.mark, 0, sizeof(reading->result.mark));
	if (reading->known.mark.len > 0 && source_is_past(source) &&
	    source_met(source) == 0)
		reading->result.is_surprising = reading->is_rewritten = true;
}

/* What the dissection knows, before it goes. */
static void
harvest_counts(struct reading *reading)
{
	struct follow *follow = reading->follow;
	uint64_t done, all;

	reading->result.counts = dissection_counts(reading->dissection);
	reading->result.failed = *dissection_undissected(reading->dissection);
	ranges_merge(&reading->result.failed,
	    dissection_unfiltered(reading->dissection));
	if (reading->id[0] == '\0')
		(void)snprintf(reading->id, sizeof(reading->id), "%s",
		    dissection_id(reading->dissection));
	dissection_counts_add(&follow->done.counts, &reading->result.counts);
	/* Packets left out for content that was not there are unsent. */
	if (!reading->result.is_surprising)
		follow->done.duplicate += reading->omitted;
	dissection_bytes(reading->dissection, &done, &all);
	follow->done.bytes += done;
	follow->done.files++;
}

void
follow_harvest(struct reading *reading)
{
	struct follow *follow = reading->follow;
	struct watch_file *file = reading->file;
	bool spoiled;

	harvest_status(reading);
	say_how_it_ended(reading);
	harvest_counts(reading);
	reading->result.is_whole = !reading->is_rewritten && !reading->is_stopped &&
	    !follow_has_count(follow);
	/* Ended by itself: damaged, or no capture. */
	spoiled = reading->result.is_whole &&
	    (!reading->finishing ||
		(dissection_is_no_capture(reading->dissection) &&
		    reading->entry.size >= PROBE_LEN));
	dissection_free(reading->dissection);
	reading->dissection = NULL;
	reading->source = NULL;
	close(reading->fd);
	reading->fd = -1;
	file->entry = reading->entry;
	watch_set(file, reading->is_rewritten ? WATCH_WAITING : WATCH_DONE);
	file->is_doubtful |= reading->is_rewritten;
	file->is_spoiled = spoiled;
	free(reading->name);
	reading->name = xstrdup(file->name);
	reading->file = NULL;
}

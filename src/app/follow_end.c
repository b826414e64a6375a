/* The end of a file of a watched folder: what is told, the ledger, and what becomes of the file. */
#include "app/follow_inner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/sums.h"
#include "base/xalloc.h"

/* What is no capture by its first so many bytes becomes none. */
#define PROBE_LEN 64

void
follow_reading_free(struct reading *reading)
{
	dissection_free(reading->dissection);
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
	return reading->is_whole && reading->is_good &&
	    reading->counts.undissected == 0 && reading->receipt.rejected == 0;
}

static void
say_read(const struct reading *reading)
{
	const struct dissection_counts *counts = &reading->counts;

	log_verbose(reading->follow->log, "%s: %s: read=%" PRIu64
	    " delivered=%" PRIu64 " omitted=%" PRIu64 " rejected=%" PRIu64
	    " filtered=%" PRIu64 " undissected=%" PRIu64 " skipped=%" PRIu64,
	    reading->shown, reading->is_whole ? "finished" : "left",
	    counts->read, reading->receipt.acknowledged, reading->omitted,
	    reading->receipt.rejected, counts->filtered, counts->undissected,
	    counts->skipped);
}

static void
enter(const struct reading *reading)
{
	struct ledger_entry entry = { .dev = reading->entry.dev,
		.inode = reading->entry.inode, .size = reading->entry.size,
		.packets = reading->counts.read + reading->counts.skipped,
		.state = !reading->is_whole ? LEDGER_PARTIAL :
		is_clean(reading) ? LEDGER_DELIVERED : LEDGER_INCOMPLETE,
		.when = time(NULL), .name = reading->name };

	/* Without a packet there is nothing to know it by. */
	if (reading->id[0] == '\0' || entry.packets == 0 ||
	    reading->is_rewritten)
		return;
	memcpy(entry.id, reading->id, sizeof(entry.id));
	ledger_file_add(reading->follow->rules.watching->ledger, &entry);
}

void
follow_after(struct follow *follow, const char *name, const char *shown,
    const struct folder_entry *entry, bool clean)
{
	const struct after *after = &follow->rules.watching->after;

	if (after->kind != AFTER_NOTHING && !clean)
		log_note(follow->log, "%s: stays where it is: not every packet "
		    "of it was delivered", shown);
	else
		after_do(after, follow->rules.opener, follow->log, name, shown,
		    entry);
}

/* Every packet of it is in its final place. */
static void
conclude(struct reading *reading)
{
	struct follow *follow = reading->follow;

	TAILQ_REMOVE(&follow->delivering, reading, next);
	say_read(reading);
	enter(reading);
	if (reading->is_whole)
		follow_after(follow, reading->name, reading->shown, &reading->entry,
		    is_clean(reading));
	follow_reading_free(reading);
}

void
follow_conclude(struct follow *follow)
{
	struct reading *reading, *next;

	for (reading = TAILQ_FIRST(&follow->delivering); reading != NULL;
	    reading = next) {
		next = TAILQ_NEXT(reading, next);
		if (receipt_is_settled(&reading->receipt))
			conclude(reading);
	}
}

static void
say_how_it_ended(struct reading *reading)
{
	struct follow *follow = reading->follow;
	struct error error;
	enum outcome outcome = dissection_outcome(reading->dissection, &error);

	reading->is_good = outcome == OUTCOME_OK;
	if (reading->is_good || reading->is_rewritten)
		return;
	if (dissection_is_no_capture(reading->dissection)) {
		log_note(follow->log, "%s: %s, passed over", reading->shown,
		    error.text);
		return;
	}
	log_error(follow->log, "%s: %s", reading->shown, error.text);
	/* If --bpf suits another file, this one had no packet for it. */
	if (outcome != OUTCOME_USAGE || dissection_filter(
	    reading->dissection) != DISSECTION_UNFILTERABLE)
		follow_blame(follow, outcome);
}

/* What the dissection knows, before it goes. */
void
follow_harvest(struct reading *reading)
{
	struct follow *follow = reading->follow;
	struct watch_file *file = reading->file;
	uint64_t done, all;
	bool spoiled;

	say_how_it_ended(reading);
	reading->counts = dissection_counts(reading->dissection);
	memcpy(reading->id, dissection_id(reading->dissection),
	    sizeof(reading->id));
	sums_add(&follow->totals, &reading->counts);
	follow->totals.duplicate += reading->omitted;
	dissection_bytes(reading->dissection, &done, &all);
	follow->bytes_done += done;
	follow->files_done++;
	reading->is_whole = !reading->is_rewritten && !reading->is_stopped &&
	    !follow_has_count(follow);
	/* Ended by itself: damaged, or no capture. */
	if (!reading->finishing)
		reading->entry = file->entry;
	spoiled = reading->is_whole && (!reading->finishing ||
	    (dissection_is_no_capture(reading->dissection) &&
	    reading->entry.size >= PROBE_LEN));
	if (done > reading->entry.size)
		reading->entry.size = done;
	dissection_free(reading->dissection);
	reading->dissection = NULL;
	close(reading->fd);
	reading->fd = -1;
	file->entry = reading->entry;
	watch_set(file, reading->is_rewritten ? WATCH_WAITING : WATCH_DONE);
	file->is_spoiled = spoiled;
	free(reading->name);
	reading->name = xstrdup(file->name);
	reading->file = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of each accepted capture, written down. */
#include "daemon/endings.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/xalloc.h"

/* What cannot be written is tried again after so many ms: the disk may be full. */
#define AGAIN_MS 5000

/* A failed capture without its record. */
struct lost {
	char *id, *reason;
	size_t number;
	struct parcel parcel;
	STAILQ_ENTRY(lost)
	next;
};

struct endings {
	struct endings_config config;
	STAILQ_HEAD(, lost)
	lost;
	size_t count;
	struct event *timer;
	bool is_behind; /* that the journal cannot be written was said */
};

static void
lost_free(struct lost *lost)
{
	free(lost->id);
	free(lost->reason);
	parcel_release(&lost->parcel);
	free(lost);
}

/* The journal. */

static void
complain(struct endings *endings, const struct error *error)
{
	if (!endings->is_behind)
		log_error(endings->config.log, "%s; it is tried again", error->text);
	endings->is_behind = true;
}

static void
settle(struct endings *endings, const char *id, size_t number, enum ledger_state state)
{
	struct error error;

	if (journal_settle(endings->config.journal, id, number, state, &error) != 0)
		complain(endings, &error);
}

bool
endings_have_journal(struct endings *endings)
{
	struct error error;

	if (journal_catch_up(endings->config.journal, &error) != 0) {
		complain(endings, &error);
		return false;
	}
	if (endings->is_behind)
		log_note(endings->config.log, "the journal is written again");
	endings->is_behind = false;
	return true;
}

/* Records. */

static bool
record(struct endings *endings, const struct ending *ending, struct error *error)
{
	if (deliver_record(endings->config.deliver, ending->parcel, ending->reason, error) != 0)
		return false;
	settle(endings, ending->id, ending->number, LEDGER_FAILED);
	return true;
}

static void
keep(struct endings *endings, const struct ending *ending, const struct error *error)
{
	struct lost *lost = xcalloc(1, sizeof(*lost));

	log_error(endings->config.log,
	    "request %s: capture %zu failed (%s), and that cannot be recorded: %s; it is tried again, also by the next start",
	    ending->id, ending->number, ending->reason, error->text);
	lost->id = xstrdup(ending->id);
	lost->reason = xstrdup(ending->reason);
	lost->number = ending->number;
	parcel_copy(&lost->parcel, ending->parcel);
	STAILQ_INSERT_TAIL(&endings->lost, lost, next);
	endings->count++;
}

/* In their order; the first one that cannot be written ends it. */
static void
record_lost(struct endings *endings)
{
	struct lost *lost;

	while ((lost = STAILQ_FIRST(&endings->lost)) != NULL) {
		const struct ending ending = { lost->id, lost->number, LEDGER_FAILED, &lost->parcel, lost->reason };
		struct error error;

		if (!record(endings, &ending, &error))
			return;
		log_note(endings->config.log, "request %s: that capture %zu failed is recorded now", lost->id,
		    lost->number);
		STAILQ_REMOVE_HEAD(&endings->lost, next);
		endings->count--;
		lost_free(lost);
	}
}

static void
try_later(struct endings *endings)
{
	if ((endings->count > 0 || endings->is_behind) && !evtimer_pending(endings->timer, NULL))
		loop_start_timer(endings->timer, AGAIN_MS);
}

bool
endings_are_written(struct endings *endings)
{
	bool has_journal;

	record_lost(endings);
	has_journal = endings_have_journal(endings);
	try_later(endings);
	return has_journal && endings->count == 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)endings_are_written(ctx);
}

struct endings *
endings_new(const struct endings_config *config)
{
	struct endings *endings = xcalloc(1, sizeof(*endings));

	endings->config = *config;
	STAILQ_INIT(&endings->lost);
	endings->timer = evtimer_new(loop_base(config->loop), on_timer, endings);
	if (endings->timer == NULL)
		abort(); /* out of memory */
	return endings;
}

void
endings_free(struct endings *endings)
{
	struct lost *lost;

	if (endings == NULL)
		return;
	if (endings->count > 0)
		log_error(endings->config.log, "%zu captures failed without a record: the next start writes it",
		    endings->count);
	while ((lost = STAILQ_FIRST(&endings->lost)) != NULL) {
		STAILQ_REMOVE_HEAD(&endings->lost, next);
		lost_free(lost);
	}
	event_free(endings->timer);
	free(endings);
}

void
endings_put(struct endings *endings, const struct ending *ending)
{
	struct error error;

	if (ending->state != LEDGER_FAILED)
		settle(endings, ending->id, ending->number, ending->state);
	else if (!record(endings, ending, &error))
		keep(endings, ending, &error);
	try_later(endings);
}

size_t
endings_waiting(const struct endings *endings)
{
	return endings->count;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures into a durable spool, and from there to each of their destinations. */
#include "deliver/deliver.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "deliver/copying.h"
#include "deliver/deliver_metrics.h"
#include "deliver/item.h"
#include "deliver/posting.h"
#include "deliver/store.h"
#include "deliver/ways.h"

/* What cannot be written to the spool is tried again after so many ms: the disk may be full. */
#define SAVE_AGAIN 5000

/* The ways of one configuration. */
struct means {
	const struct deliver_config *config;
	struct ways *ways;
	unsigned users; /* attempts under way, and one for those that are used now */
	void (*on_unused)(void *ctx);
	void *ctx;
	LIST_ENTRY(means)
	next;
};

struct deliver {
	const struct deliver_config *config;
	struct loop *loop;
	struct deliver_handler handler;
	struct item_rules rules;
	struct store *store;
	struct means *means, *prepared; /* prepared: NULL for none */
	LIST_HEAD(, means)
	all_means;
	struct posting *posting;
	struct event *timer;
	TAILQ_HEAD(items, item)
	items;
	char **dead; /* captures in the dead letter folder */
	size_t dead_count;
	struct copying *check; /* of checked, NULL if none is */
	struct item *checked;
	unsigned under_way[DESTINATIONS];
	struct deliver_sums sums;
};

static void
wake(struct deliver *deliver)
{
	loop_start_timer(deliver->timer, 0);
}

/* Outcomes. */

static void
tell_outcome(struct deliver *deliver, struct item *item, enum destination destination)
{
	struct entry_way *way = &item->entry->ways[destination];
	const struct deliver_outcome outcome = { .parcel = &item->entry->parcel,
		.destination = destination,
		.end = way->state == ENTRY_DELIVERED ? DELIVER_DELIVERED :
		    way->state == ENTRY_UNKNOWN      ? DELIVER_UNKNOWN :
						       DELIVER_FAILED,
		.url = way->state == ENTRY_DELIVERED ? way->url : NULL,
		.id = way->state == ENTRY_DELIVERED ? way->id : NULL,
		.text = way->state == ENTRY_DELIVERED || way->text == NULL ? "" : way->text,
		.sha256 = item->entry->sha256,
		.bytes = item->entry->len,
		.documents = way->documents,
		.attempts = way->attempts,
		.is_repeat = item->is_repeat[destination] };

	way->is_told = true;
	deliver->sums.ended[destination][outcome.end]++;
	if (outcome.end == DELIVER_DELIVERED)
		deliver->sums.bytes[destination] += item->entry->len;
	deliver->handler.on_outcome(deliver->handler.ctx, &outcome);
}

/* First on disk, then told: what was told is not forgotten. */
static bool
save(struct deliver *deliver, struct item *item)
{
	if (store_save(deliver->store, item->name, item->entry) == 0) {
		item->is_unsaved = item->is_complained = false;
		return true;
	}
	if (!item->is_complained)
		log_error(deliver->config->log, "%s/spool: cannot write: %s; it is tried again", deliver->config->folder,
		    strerror(errno));
	item->is_unsaved = item->is_complained = true;
	return false;
}

static void
tell_outcomes(struct deliver *deliver, struct item *item)
{
	for (unsigned i = 0; i < DESTINATIONS; i++)
		if ((item->entry->parcel.destinations & 1U << i) != 0 && !entry_is_open(item->entry, i) &&
		    !item->entry->ways[i].is_told)
			tell_outcome(deliver, item, i);
}

static void
keep_dead(struct deliver *deliver, const char *capture)
{
	deliver->dead = xreallocarray(deliver->dead, deliver->dead_count + 1, sizeof(*deliver->dead));
	deliver->dead[deliver->dead_count++] = xstrdup(capture);
}

static void
drop(struct deliver *deliver, struct item *item)
{
	TAILQ_REMOVE(&deliver->items, item, next_item);
	item_free(item);
}

/* An entry that has ended leaves the spool. False if it has to wait. */
static bool
settle(struct deliver *deliver, struct item *item, bool failed)
{
	if (!failed)
		store_remove(deliver->store, item->name, item->entry);
	else if ((item->is_spoiled ? store_spoil(deliver->store, item->name, item->entry) :
				     store_bury(deliver->store, item->name, item->entry)) == 0)
		keep_dead(deliver, item->entry->parcel.capture);
	else {
		if (item->settle == 0)
			log_error(deliver->config->log, "%s/dead: cannot write: %s; it is tried again",
			    deliver->config->folder, strerror(errno));
		item->settle = clock_ms() + SAVE_AGAIN;
		return false;
	}
	drop(deliver, item);
	return true;
}

/* What can be done about an item without its destinations. True if it is gone. */
static bool
tidy(struct deliver *deliver, struct item *item, uint64_t now, uint64_t *when)
{
	bool failed;

	if (item->settle <= now) {
		item->settle = 0;
		if (item->is_unsaved && !save(deliver, item))
			item->settle = now + SAVE_AGAIN;
		if (!item->is_unsaved) {
			tell_outcomes(deliver, item);
			if (item->users == 0 && entry_has_ended(item->entry, &failed) && settle(deliver, item, failed))
				return true;
		}
	}
	if (item->settle > 0 && item->settle < *when)
		*when = item->settle;
	return false;
}

/* The file of an item. */

static void
let_go(struct item *item)
{
	if (item->users == 0 && item->fd >= 0) {
		close(item->fd);
		item->fd = -1;
	}
}

static void
spoil(struct deliver *deliver, struct item *item, const char *text)
{
	log_error(deliver->config->log, "%s/spool/%s.pcap: %s", deliver->config->folder, item->name, text);
	item->is_spoiled = true;
	entry_fail(item->entry, text);
	entry_set(&item->entry->reason, text);
	item->is_unsaved = true;
	wake(deliver);
}

/* False: it cannot be opened, now or ever. */
static bool
open_file(struct deliver *deliver, struct item *item)
{
	if (item->fd >= 0)
		return true;
	item->fd = store_file(deliver->store, item->name);
	if (item->fd >= 0)
		return true;
	if (errno == ENOENT || errno == ELOOP)
		spoil(deliver, item, "the file is gone from the spool");
	else
		/* No descriptors left, perhaps. */
		item->settle = clock_ms() + SAVE_AGAIN;
	return false;
}

static void
on_checked(void *ctx, const struct copying_end *end)
{
	struct deliver *deliver = ctx;
	struct item *item = deliver->checked;

	item->is_checking = item->is_unchecked = false;
	item->users--;
	if (end->error != 0)
		spoil(deliver, item, "the file in the spool cannot be read");
	else if (strcmp(end->sha256, item->entry->sha256) != 0)
		spoil(deliver, item, "the file in the spool is not what was captured: its checksum is wrong");
	let_go(item);
	copying_free(deliver->check);
	deliver->check = NULL;
	wake(deliver);
}

/* Files of former runs are compared with their checksum, one at a time. */
static void
check(struct deliver *deliver, struct item *item)
{
	if (deliver->check != NULL || !open_file(deliver, item))
		return;
	item->is_checking = true;
	item->users++;
	deliver->checked = item;
	deliver->check = copying_start(deliver->loop, item->fd, -1, item->entry->len, COPYING_SUM, on_checked, deliver);
}

/* Whether the journal knows that it is in the spool: a delivered entry leaves no other trace. */
static bool
is_noted(const struct deliver *deliver, struct item *item, uint64_t now)
{
	const struct deliver_handler *handler = &deliver->handler;

	if (item->is_unnoted && handler->is_noted != NULL && !handler->is_noted(handler->ctx)) {
		item->settle = now + SAVE_AGAIN;
		return false;
	}
	item->is_unnoted = false;
	return true;
}

/* Means. */

static struct means *
means_new(struct deliver *deliver, const struct deliver_config *config, struct error *error)
{
	struct ways *ways = ways_new(config, deliver->store, deliver->loop, error);
	struct means *means;

	if (ways == NULL)
		return NULL;
	means = xcalloc(1, sizeof(*means));
	means->config = config;
	means->ways = ways;
	means->users = 1;
	LIST_INSERT_HEAD(&deliver->all_means, means, next);
	return means;
}

static void
means_free(struct means *means)
{
	LIST_REMOVE(means, next);
	ways_free(means->ways);
	free(means);
}

/* Unused ones are freed later, in sweep: this may be called from inside one of their ways. */
static void
leave(struct means *means)
{
	means->users--;
}

static void
end_means(struct means *means)
{
	void (*on_unused)(void *ctx) = means->on_unused;
	void *ctx = means->ctx;

	means_free(means);
	if (on_unused != NULL)
		on_unused(ctx);
}

static void
sweep(struct deliver *deliver)
{
	struct means *means, *next;

	for (means = LIST_FIRST(&deliver->all_means); means != NULL; means = next) {
		next = LIST_NEXT(means, next);
		if (means->users == 0)
			end_means(means);
	}
}

int
deliver_prepare(struct deliver *deliver, const struct deliver_config *config, struct error *error)
{
	deliver_dismiss(deliver);
	deliver->prepared = means_new(deliver, config, error);
	return deliver->prepared != NULL ? 0 : -1;
}

void
deliver_dismiss(struct deliver *deliver)
{
	if (deliver->prepared != NULL)
		means_free(deliver->prepared);
	deliver->prepared = NULL;
}

void
deliver_adopt(struct deliver *deliver, void (*on_unused)(void *ctx), void *ctx)
{
	struct means *old = deliver->means;

	old->on_unused = on_unused;
	old->ctx = ctx;
	deliver->means = deliver->prepared;
	deliver->prepared = NULL;
	deliver->config = deliver->means->config;
	deliver->rules = (struct item_rules){ deliver->config->max_retries, deliver->config->retry_first };
	posting_bound(deliver->posting, deliver->config->spool_max);
	leave(old);
	sweep(deliver);
	deliver_hurry(deliver);
}

/* Attempts. */

static void
on_end(void *ctx, const struct attempt_result *result)
{
	const struct item_call *call = ctx;
	struct deliver *deliver = call->owner;
	struct item *item = call->item;
	enum destination destination = call->destination;

	deliver->under_way[destination]--;
	leave(call->means);
	item_end(item, destination, result, &deliver->rules);
	let_go(item);
	if (entry_is_open(item->entry, destination))
		log_verbose(deliver->config->log, "%s: %s: attempt %u: %s", item->entry->parcel.capture,
		    destination_name(destination), item->entry->ways[destination].attempts,
		    item->entry->ways[destination].text);
	/* Saved in tidy, before the handler is called. */
	item->is_unsaved = true;
	wake(deliver);
}

static void
start(struct deliver *deliver, struct item *item, enum destination destination)
{
	struct item_call *call = &item->calls[destination];
	struct attempt_job job = { .entry = item->entry, .name = item->name, .on_end = on_end, .ctx = call };

	if (!open_file(deliver, item))
		return;
	item_begin(item, destination);
	deliver->under_way[destination]++;
	deliver->sums.attempts[destination]++;
	*call = (struct item_call){ deliver, item, destination, deliver->means };
	deliver->means->users++;
	/* After a kill in mid-upload it must be known that there was one. */
	if (ways_is_remote(destination) && !save(deliver, item)) {
		on_end(call,
		    &(struct attempt_result){ .end = ATTEMPT_LATER, .text = "the spool cannot be written" });
		return;
	}
	job.fd = item->fd;
	job.may_be_there = item->is_restored || item->entry->ways[destination].attempts > 1;
	ways_start(deliver->means->ways, destination, &job);
}

static void
start_due(struct deliver *deliver, struct item *item, uint64_t now, uint64_t *when)
{
	for (unsigned i = 0; i < DESTINATIONS; i++) {
		if (item->is_spoiled || !item_is_due(item, i, now, when) ||
		    deliver->under_way[i] >= ways_limit(deliver->means->ways, i))
			continue;
		if (item->is_unchecked) {
			check(deliver, item);
			return;
		}
		start(deliver, item, i);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct deliver *deliver = ctx;
	struct item *item, *next;
	uint64_t now = clock_ms(), when = UINT64_MAX;

	(void)fd;
	(void)what;
	sweep(deliver);
	for (item = TAILQ_FIRST(&deliver->items); item != NULL; item = next) {
		next = TAILQ_NEXT(item, next_item);
		if (tidy(deliver, item, now, &when) || item->settle > now)
			continue;
		if (is_noted(deliver, item, now))
			start_due(deliver, item, now, &when);
		if (item->settle > now && item->settle < when)
			when = item->settle;
	}
	/* Something may have called for a turn meanwhile. */
	if (when != UINT64_MAX && !evtimer_pending(deliver->timer, NULL))
		loop_start_timer(deliver->timer, when > now ? when - now : 0);
}

/* The spool. */

static void
on_posted(void *ctx, const char *name, struct entry *entry)
{
	struct deliver *deliver = ctx;
	struct item *item = item_new(name, entry);

	TAILQ_INSERT_TAIL(&deliver->items, item, next_item);
	deliver->sums.spooled++;
	item->is_unnoted = true;
	deliver->handler.on_spooled(deliver->handler.ctx, &entry->parcel, entry->sha256, NULL);
	wake(deliver);
}

static void
on_refused(void *ctx, const struct parcel *parcel, const char *text)
{
	struct deliver *deliver = ctx;

	deliver->sums.refused++;
	deliver->handler.on_spooled(deliver->handler.ctx, parcel, NULL, text);
}

static void
on_entry(void *ctx, const char *name, struct entry *entry, const char *damage)
{
	struct deliver *deliver = ctx;
	struct item *item = item_new(name, entry);

	item_restore(item);
	TAILQ_INSERT_TAIL(&deliver->items, item, next_item);
	if (damage != NULL)
		spoil(deliver, item, damage);
}

static void
on_dead(void *ctx, const char *capture)
{
	keep_dead(ctx, capture);
}

/* From outside. */

struct deliver *
deliver_new(const struct deliver_config *config, struct loop *loop, const struct deliver_handler *handler,
    struct error *error)
{
	struct deliver *deliver = xcalloc(1, sizeof(*deliver));
	const struct posting_handler posted = { on_posted, on_refused, deliver };

	TAILQ_INIT(&deliver->items);
	LIST_INIT(&deliver->all_means);
	deliver->config = config;
	deliver->loop = loop;
	deliver->handler = *handler;
	deliver->rules = (struct item_rules){ config->max_retries, config->retry_first };
	deliver->timer = evtimer_new(loop_base(loop), on_timer, deliver);
	if (deliver->timer == NULL)
		abort(); /* out of memory */
	deliver->store = store_open(config->folder, config->log, error);
	if (deliver->store != NULL)
		deliver->means = means_new(deliver, config, error);
	if (deliver->means == NULL) {
		deliver_free(deliver);
		return NULL;
	}
	deliver->posting = posting_new(deliver->store, config->spool_max, loop, &posted);
	store_read(deliver->store, on_entry, on_dead, deliver);
	wake(deliver);
	return deliver;
}

void
deliver_free(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	copying_free(deliver->check);
	posting_free(deliver->posting);
	while (!LIST_EMPTY(&deliver->all_means)) {
		struct means *means = LIST_FIRST(&deliver->all_means);

		end_means(means);
	}
	while (!TAILQ_EMPTY(&deliver->items))
		drop(deliver, TAILQ_FIRST(&deliver->items));
	for (size_t i = 0; i < deliver->dead_count; i++)
		free(deliver->dead[i]);
	free(deliver->dead);
	store_close(deliver->store);
	event_free(deliver->timer);
	free(deliver);
}

void
deliver_put(struct deliver *deliver, int fd, const struct parcel *parcel)
{
	posting_put(deliver->posting, fd, parcel);
}

bool
deliver_holds(const struct deliver *deliver, const char *capture)
{
	struct item *item;

	TAILQ_FOREACH(item, &deliver->items, next_item)
		if (strcmp(item->entry->parcel.capture, capture) == 0)
			return true;
	for (size_t i = 0; i < deliver->dead_count; i++)
		if (strcmp(deliver->dead[i], capture) == 0)
			return true;
	return false;
}

/* What is not needed to know the capture again may be too long, or not UTF-8. */
static void
take_what_is_sound(struct parcel *to, const struct parcel *from)
{
	static const char *const needed[] = { "id", "alertid", "node", "interface" };
	struct parcel bare = { .capture = from->capture, .name = from->name, .destinations = from->destinations };
	const char *ignored;

	if (parcel_is_sound(from, &ignored)) {
		parcel_copy(to, from);
		return;
	}
	for (size_t i = 0; i < from->fact_count; i++)
		for (size_t k = 0; k < sizeof(needed) / sizeof(needed[0]); k++)
			if (strcmp(from->facts[i].name, needed[k]) == 0)
				bare.facts[bare.fact_count++] = from->facts[i];
	parcel_copy(to, &bare);
}

int
deliver_record(struct deliver *deliver, const struct parcel *parcel, const char *reason, struct error *error)
{
	struct entry entry = { .put = clock_of_day() };
	const char *why = "";
	int rv = -1;

	take_what_is_sound(&entry.parcel, parcel);
	entry_set(&entry.reason, reason);
	entry_fail(&entry, reason);
	if (!parcel_is_sound(&entry.parcel, &why))
		(void)error_set(error, OUTCOME_INTERNAL, "the capture cannot be recorded: %s", why);
	else if (store_record(deliver->store, &entry) != 0)
		(void)error_set(error, OUTCOME_OUTPUT, "%s/dead: %s", deliver->config->folder, strerror(errno));
	else {
		keep_dead(deliver, parcel->capture);
		rv = 0;
	}
	entry_release(&entry);
	return rv;
}

size_t
deliver_unspooled(const struct deliver *deliver)
{
	return posting_count(deliver->posting);
}

size_t
deliver_waiting(const struct deliver *deliver)
{
	return (size_t)store_counts(deliver->store)->spooled;
}

void
deliver_hurry(struct deliver *deliver)
{
	struct item *item;

	TAILQ_FOREACH(item, &deliver->items, next_item) {
		memset(item->next, 0, sizeof(item->next));
		item->settle = 0;
	}
	wake(deliver);
}

void
deliver_metrics(const struct deliver *deliver, struct exposition *exposition)
{
	struct deliver_sums sums = deliver->sums;
	struct item *item;

	TAILQ_FOREACH(item, &deliver->items, next_item)
		for (unsigned i = 0; i < DESTINATIONS; i++)
			sums.waiting[i] += entry_is_open(item->entry, i);
	deliver_metrics_write(&sums, store_counts(deliver->store), exposition);
}

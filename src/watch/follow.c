/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the files of a watched folder as they come and grow. */
#include "watch/follow_private.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define TICK_MS 250
/* News may be lost, and some file systems give none. */
#define SCAN_TICKS 20

/* Documents. */

static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct reading *reading = ctx;
	struct follow *follow = reading->follow;
	struct document_ready copy = *ready;

	if (ready->ordinal <= reading->known.packets &&
	    !ranges_has(&reading->known.failed, ready->ordinal)) {
		reading->omitted++;
		return;
	}
	copy.ack = &reading->ack;
	reading->ack.given++;
	follow->config.on_document(follow->config.ctx, &copy);
}

void
follow_pause(struct follow *follow)
{
	struct reading *reading;

	follow->paused = true;
	TAILQ_FOREACH(reading, &follow->open, next)
		dissection_pause(reading->dissection);
}

void
follow_resume(struct follow *follow)
{
	struct reading *reading;

	follow->paused = false;
	TAILQ_FOREACH(reading, &follow->open, next)
		dissection_resume(reading->dissection);
}

static void
check_end(struct follow *follow)
{
	if (!follow->stopping || follow->ended || !TAILQ_EMPTY(&follow->open))
		return;
	follow->ended = true;
	follow->config.on_end(follow->config.ctx);
}

static void
retire(void *ctx)
{
	struct follow *follow = ctx;
	struct reading *reading, *next;

	for (reading = TAILQ_FIRST(&follow->open); reading != NULL;
	     reading = next) {
		next = TAILQ_NEXT(reading, next);
		if (!reading->ended)
			continue;
		TAILQ_REMOVE(&follow->open, reading, next);
		follow->open_count--;
		follow_harvest(reading);
		TAILQ_INSERT_TAIL(&follow->delivering, reading, next);
	}
	if (follow_has_count(follow))
		follow_stop(follow);
	follow_conclude(follow);
	follow_begin(follow);
	check_end(follow);
}

static void
on_end(void *ctx)
{
	struct reading *reading = ctx;

	reading->ended = true;
	loop_defer(reading->follow->dissection.loop, retire, reading->follow);
}

void
follow_start(struct reading *reading, int fd)
{
	struct follow *follow = reading->follow;
	struct dissection_handler handler = { .on_document = on_document,
		.on_end = on_end,
		.ctx = reading };
	char *path = xasprintf("%s/%s",
	    watcher_path(follow->config.watching->watcher), reading->name);

	reading->source = source_new(follow->dissection.loop, fd);
	source_follow(reading->source, !reading->finishing);
	source_track(reading->source, &reading->known.mark,
	    reading->known.mark.len > 0);
	reading->dissection = dissection_new(&follow->dissection,
	    source_base(reading->source), reading->shown, path,
	    follow->config.count == 0 ?
		0 :
		follow->config.count - follow->done.counts.read,
	    &handler);
	free(path);
	TAILQ_INSERT_TAIL(&follow->open, reading, next);
	follow->open_count++;
	if (follow->paused)
		dissection_pause(reading->dissection);
}

/* A file that grows. */

void
follow_finish(struct reading *reading)
{
	if (reading->finishing)
		return;
	reading->finishing = true;
	reading->closes = reading->file->closes;
	source_follow(reading->source, false);
	dissection_look(reading->dissection);
}

static void
take_rewritten(struct reading *reading)
{
	log_note(reading->follow->log,
	    "%s: was truncated and rewritten: packets not read by "
	    "then are lost; reading it again",
	    reading->shown);
	reading->is_rewritten = true;
	dissection_stop(reading->dissection, 0);
}

static void
look(struct reading *reading)
{
	struct follow *follow = reading->follow;
	uint64_t done, all;

	/* What comes after all was read is another capture, and loses nothing. */
	if (reading->ended || reading->is_rewritten ||
	    source_has_ended(reading->source))
		return;
	follow_update(reading);
	dissection_bytes(reading->dissection, &done, &all);
	if (reading->file->entry.size < done ||
	    !follow_has_same_head(reading) ||
	    source_is_overwritten(reading->source)) {
		take_rewritten(reading);
		return;
	}
	if (reading->finishing)
		return;
	if (reading->file->entry.size > done)
		dissection_look(reading->dissection);
	if (dissection_is_waiting(reading->dissection) &&
	    watch_is_finished(follow->watch, reading->file,
		source_has_rest(reading->source), watcher_time().now) &&
	    !follow_has_writer(reading))
		follow_finish(reading);
}

/* One that nobody has written to for long makes room for one that waits. */
static void
make_room(struct follow *follow)
{
	struct reading *reading;

	if (follow->open_count + follow->examining_count <
		follow->config.jobs ||
	    watch_next(follow->watch) == NULL)
		return;
	TAILQ_FOREACH(reading, &follow->open, next)
		if (dissection_is_waiting(reading->dissection) &&
		    !reading->finishing &&
		    watch_is_idle(
			follow->watch, reading->file, watcher_time().now)) {
			reading->asked = 0;
			(void)follow_has_writer(reading);
			follow_finish(reading);
			return;
		}
}

/* From time to time. */

/* It is a link to a file that is there, or that is being read. */
static bool
has_another_name(const struct follow *follow, const struct folder_entry *entry)
{
	const struct reading *reading;

	if (watch_find_inode(follow->watch, entry) != NULL)
		return true;
	TAILQ_FOREACH(reading, &follow->open, next)
		if (reading->file != NULL &&
		    reading->file->entry.dev == entry->dev &&
		    reading->file->entry.inode == entry->inode)
			return true;
	return false;
}

static void
say_lost(struct follow *follow)
{
	struct watch_file *file;

	while ((file = watch_lost(follow->watch)) != NULL) {
		if (!has_another_name(follow, &file->entry)) {
			log_error(follow->log,
			    "%s/%s: disappeared before it was read: its packets are lost",
			    watcher_name(follow->config.watching->watcher),
			    file->name);
			follow_blame(follow, OUTCOME_INPUT);
		}
		watch_forget(follow->watch, file);
	}
}

/* What is open is still read to its end. */
static void
lose_folder(struct follow *follow, const char *why)
{
	struct reading *reading;

	log_error(follow->log, "%s: %s; files that are open are still read",
	    watcher_name(follow->config.watching->watcher), why);
	follow_blame(follow, OUTCOME_INPUT);
	follow_drop_examined(follow);
	say_lost(follow);
	follow->stopping = true;
	TAILQ_FOREACH(reading, &follow->open, next)
		if (!reading->ended && !reading->is_rewritten)
			follow_finish(reading);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct follow *follow = ctx;
	struct watcher *watcher = follow->config.watching->watcher;
	struct reading *reading;

	(void)fd;
	(void)what;
	if (!follow->stopping) {
		if (++follow->ticks % SCAN_TICKS == 0)
			watcher_scan(watcher);
		TAILQ_FOREACH(reading, &follow->open, next)
			look(reading);
		follow_look_at_examined(follow);
		if (watcher_end(watcher) != NULL)
			lose_folder(follow, watcher_end(watcher));
		else
			say_lost(follow);
		make_room(follow);
		follow_begin(follow);
	}
	follow_conclude(follow);
	follow_after_tick(follow);
	watch_tidy(follow->watch);
	check_end(follow);
}

static void
on_duration(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	follow_stop(ctx);
}

void
follow_stop(struct follow *follow)
{
	struct reading *reading;

	if (follow->stopping)
		return;
	follow->stopping = true;
	follow_drop_examined(follow);
	TAILQ_FOREACH(reading, &follow->open, next)
		if (!reading->ended) {
			reading->is_stopped = true;
			dissection_stop(reading->dissection, 0);
		}
}

struct follow *
follow_new(const struct follow_config *config)
{
	static const struct timeval every = { 0, TICK_MS * 1000 };
	struct follow *follow = xcalloc(1, sizeof(*follow));
	const struct watching *watching = config->watching;
	struct event_base *base = loop_base(config->dissection->loop);

	follow->config = *config;
	/* How many packets are left to the next file only the one before can tell. */
	if (config->count > 0)
		follow->config.jobs = 1;
	follow->dissection = *config->dissection;
	follow->log = config->dissection->log;
	TAILQ_INIT(&follow->examining);
	TAILQ_INIT(&follow->completions);
	TAILQ_INIT(&follow->open);
	TAILQ_INIT(&follow->delivering);
	follow->watch = watch_new((int64_t)config->idle,
	    watching->after.kind != AFTER_NOTHING);
	follow->tick = event_new(base, -1, EV_PERSIST, on_tick, follow);
	follow->end = evtimer_new(base, on_duration, follow);
	if (follow->tick == NULL || follow->end == NULL ||
	    event_add(follow->tick, &every) != 0)
		abort(); /* out of memory */
	if (config->duration > 0)
		loop_start_timer(follow->end, config->duration);
	watcher_listen(watching->watcher, config->dissection->loop, config->broker,
	    follow->watch);
	follow_begin(follow);
	return follow;
}

void
follow_close(struct follow *follow)
{
	follow_conclude(follow);
	follow_after_tick(follow);
}

static void
free_readings(struct readings *readings)
{
	struct reading *reading;

	while ((reading = TAILQ_FIRST(readings)) != NULL) {
		TAILQ_REMOVE(readings, reading, next);
		follow_reading_free(reading);
	}
}

void
follow_free(struct follow *follow)
{
	if (follow == NULL)
		return;
	free_readings(&follow->examining);
	free_readings(&follow->open);
	free_readings(&follow->delivering);
	follow_after_free(follow);
	event_free(follow->tick);
	event_free(follow->end);
	watch_free(follow->watch);
	free(follow);
}

/* The sums. */

/* Whether the packets left out of the output are those that were delivered before. */
static bool
is_known(const struct reading *reading)
{
	return reading->known.mark.len == 0 ||
	    source_met(reading->source) > 0;
}

struct follow_counts
follow_counts(const struct follow *follow)
{
	const struct reading *reading;
	struct follow_counts counts = { .dissection = follow->done.counts,
		.duplicate = follow->done.duplicate,
		.files_done = follow->done.files,
		.files_all = follow->done.files + follow->open_count,
		.bytes_done = follow->done.bytes };

	TAILQ_FOREACH(reading, &follow->open, next) {
		struct dissection_counts own =
		    dissection_counts(reading->dissection);
		uint64_t done, all;

		dissection_counts_add(&counts.dissection, &own);
		if (is_known(reading))
			counts.duplicate += reading->omitted;
		dissection_bytes(reading->dissection, &done, &all);
		counts.bytes_done += done;
	}
	return counts;
}

enum outcome
follow_outcome(const struct follow *follow)
{
	return follow->outcome;
}

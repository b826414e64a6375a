/* SPDX-License-Identifier: BSD-2-Clause */
/* The beginning of a file of a watched folder: whether it was read before, and how far. */
#include "watch/follow_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "watch/file_id.h"

/* Files that are only looked at in one go: others want their turn. */
#define SKIPS_MAX 100
/*
 * A copy of what was read before is waited for as long as it grows: so long since it last did, ms, if closing was seen,
 * or nobody writing.
 */
#define COPIED_MS 1000
#define STALLED_MS 5000
/* Writers are asked for so often, ms. */
#define ASK_MS 1000
/* A file that may be a copy of one that is being read is looked at again so often, ms. */
#define HELD_MS 500

static void
work_again(void *ctx)
{
	struct follow *follow = ctx;

	follow->work_deferred = false;
	follow_work(follow);
}

static void
work_soon(struct follow *follow)
{
	if (!follow->work_deferred)
		loop_defer(follow->dissection.loop, work_again, follow);
	follow->work_deferred = true;
}

bool
follow_has_same_head(struct reading *reading)
{
	char head[HEAD_LEN];
	ssize_t n = pread(reading->fd, head, sizeof(head), 0);

	if (n < 0)
		return true;
	/* Bytes 16 to 23 may be the length of a section, which is put in when that ends. */
	if ((size_t)n < reading->head.len ||
	    memcmp(head, reading->head.bytes,
		reading->head.len < 16 ? reading->head.len : 16) != 0 ||
	    (reading->head.len > 24 &&
		memcmp(head + 24, reading->head.bytes + 24, reading->head.len - 24) !=
		    0))
		return false;
	memcpy(reading->head.bytes, head, (size_t)n);
	reading->head.len = (size_t)n;
	return true;
}

void
follow_update(struct reading *reading)
{
	struct watch_time time = watcher_time();
	struct folder_entry entry;

	if (folder_status(reading->fd, &entry) == 0)
		watch_update(reading->follow->watch, reading->file, &entry,
		    &time);
}

bool
follow_has_writer(struct reading *reading)
{
	struct follow *follow = reading->follow;
	int64_t now = watcher_time().now;

	if (follow->config.watching->after.kind == AFTER_NOTHING ||
	    !reading->file->is_here)
		return false;
	if (reading->asked != 0 && now - reading->asked < ASK_MS)
		return true;
	reading->asked = now;
	reading->is_sure =
	    priv_broker_folder_probe(follow->config.broker,
		reading->file->name, &reading->file->entry) == 0;
	if (reading->is_sure || errno == ETXTBSY)
		return !reading->is_sure;
	/* Where there are no leases. */
	reading->is_sure = errno == ENOLCK && reading->file->close_seen;
	return false;
}

static struct reading *
reading_new(struct follow *follow, struct watch_file *file, int fd)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));
	const char *folder = watcher_name(follow->config.watching->watcher);
	const char *join = folder[strlen(folder) - 1] == '/' ? "" : "/";

	reading->follow = follow;
	reading->serial = ++follow->serial;
	reading->file = file;
	reading->name = xstrdup(file->name);
	reading->shown = xasprintf("%s%s%s", folder, join, file->name);
	reading->fd = fd;
	return reading;
}

/* What is known. */

static bool
is_final(const struct registry_entry *entry)
{
	return entry->state == REGISTRY_DELIVERED ||
	    entry->state == REGISTRY_INCOMPLETE;
}

/* The same capture under another name, or in another form, is known by its status from now on. */
static void
enter_again(struct reading *reading, const struct registry_entry *entry,
    bool is_certain)
{
	struct registry_entry copy = *entry;

	copy.dev = reading->entry.dev;
	copy.inode = reading->entry.inode;
	copy.size = reading->entry.size;
	copy.changed = is_certain ? reading->entry.changed : 0;
	copy.name = reading->name;
	copy.failed = NULL;
	registry_file_add(reading->follow->config.watching->registry, &copy);
}

/*
 * The registry says that it was finished before. is_certain: a change since it was looked at shows in reading->entry.
 * Frees it.
 */
static void
skip(struct reading *reading, const struct registry_entry *entry,
    bool is_certain)
{
	struct follow *follow = reading->follow;
	struct completion completion = { .serial = reading->serial,
		.name = reading->name,
		.shown = reading->shown,
		.entry = reading->entry,
		.mark = entry->mark,
		.waits = true,
		/* In an earlier run it may have been written to while it was read. */
		.is_sure = is_certain &&
		    (reading->examination.is_done || entry->version == 1),
		.closes = reading->file->closes };
	bool is_clean = entry->state == REGISTRY_DELIVERED;

	log_verbose(follow->log, "%s: skipped: it was read before",
	    reading->shown);
	reading->file->entry = reading->entry;
	watch_set(reading->file, WATCH_DONE);
	if (entry->version > 1 &&
	    (entry->changed != reading->entry.changed ||
		entry->inode != reading->entry.inode ||
		entry->dev != reading->entry.dev))
		enter_again(reading, entry, is_certain);
	if (is_clean)
		follow_after_add(follow, &completion);
	follow_reading_free(reading);
}

/* What was delivered of it before. */
static void
take_known(struct reading *reading, const struct registry_entry *entry)
{
	struct follow *follow = reading->follow;
	uint64_t failed = 0;

	for (size_t i = 0; entry->failed != NULL && i < entry->failed->count;
	     i++)
		failed += entry->failed->at[i].last -
		    entry->failed->at[i].first + 1;
	if (entry->state == REGISTRY_FAILED && failed == 0)
		log_note(follow->log,
		    "%s: reading again: an earlier run did not deliver all of it",
		    reading->shown);
	else if (entry->state == REGISTRY_FAILED)
		log_note(follow->log,
		    "%s: reading again: an earlier run did not deliver %" PRIu64
		    " packets of it",
		    reading->shown,
		    failed);
	/* Nobody else would notice what is given twice. */
	if (!follow->config.omit)
		return;
	reading->known.packets = entry->packets;
	reading->known.rejected = entry->rejected;
	reading->known.mark = entry->mark;
	if (entry->failed != NULL)
		reading->known.failed = *entry->failed;
}

/* Reading. */

static void
begin(struct reading *reading, int fd)
{
	struct follow *follow = reading->follow;

	/* What is known to be finished need not be flushed packet by packet. */
	reading->finishing =
	    watch_is_finished(follow->watch, reading->file,
		true, watcher_time().now) &&
	    !follow_has_writer(reading);
	reading->closes = reading->file->closes;
	(void)follow_has_same_head(reading);
	log_verbose(follow->log, "%s: begins%s", reading->shown,
	    reading->known.packets > 0 ?
		"; its first packets were delivered "
		"before" :
		"");
	follow_start(reading, fd);
}

/* Takes the reading over. */
static void
dissect(struct reading *reading)
{
	struct follow *follow = reading->follow;
	int fd = fcntl(reading->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0) {
		log_error(follow->log, "%s: %s", reading->shown,
		    strerror(errno));
		follow_blame(follow, OUTCOME_INPUT);
		watch_set(reading->file, WATCH_DONE);
		follow_reading_free(reading);
		return;
	}
	follow_after_forget(follow, &reading->entry);
	watch_set(reading->file, WATCH_READING);
	begin(reading, fd);
}

/* Examining. */

static void
stop_examining(struct reading *reading)
{
	struct follow *follow = reading->follow;

	examine_free(reading->examination.examine);
	reading->examination.examine = NULL;
	TAILQ_REMOVE(&follow->examining, reading, next);
	follow->examining_count--;
}

/* It is not read now; perhaps later. */
static void
put_off(struct reading *reading)
{
	watch_set(reading->file, WATCH_WAITING);
	stop_examining(reading);
	follow_reading_free(reading);
}

static void
decide(struct reading *reading)
{
	const struct registry *registry = registry_file_registry(
	    reading->follow->config.watching->registry);
	const struct registry_entry *entry = NULL;
	struct examine_result result;

	examine_result(reading->examination.examine, &result);
	if (result.mark.len > 0)
		entry = registry_by_mark(registry, reading->id, &result.mark);
	stop_examining(reading);
	reading->examination.is_done = true;
	follow_update(reading);
	reading->entry = reading->file->entry;
	if (entry != NULL && result.is_whole && is_final(entry) &&
	    !(result.is_damaged && entry->state == REGISTRY_DELIVERED)) {
		if (result.is_certain)
			reading->entry = result.entry;
		skip(reading, entry, result.is_certain);
		return;
	}
	if (entry != NULL)
		take_known(reading, entry);
	dissect(reading);
}

static bool
has_no_room(const struct follow *follow)
{
	return follow->open_count + follow->examining_count >=
	    follow->config.jobs;
}

/* Whether a copy of what was read before may still be on its way. */
static bool
may_grow(const struct follow *follow, const struct watch_file *file)
{
	int64_t now = watcher_time().now, wait = STALLED_MS;

	if (watch_is_finished(follow->watch, file, true, now))
		return false;
	if (file->writer == WATCH_WRITER_CLOSED ||
	    (has_no_room(follow) && watch_next(follow->watch) != NULL))
		wait = COPIED_MS;
	else if (file->writer == WATCH_WRITER_OPEN)
		return true;
	return now - file->changed < wait;
}

/* True if there is more to be done at once. */
static bool
step(struct reading *reading)
{
	if (reading->examination.waits)
		return false;
	switch (examine_step(reading->examination.examine)) {
	case EXAMINE_MORE:
		return true;
	case EXAMINE_WAIT:
		/* A server has its documents already, if it is a copy: they need not be held back. */
		if (reading->follow->config.omit &&
		    may_grow(reading->follow, reading->file)) {
			reading->examination.waits = true;
			reading->examination.size = reading->file->entry.size;
			return false;
		}
		/* What it has of a record is all that comes of it: the next step tells. */
		examine_finish(reading->examination.examine);
		return true;
	case EXAMINE_DONE:
		break;
	}
	decide(reading);
	return false;
}

void
follow_work(struct follow *follow)
{
	struct reading *reading, *next;
	bool more = false;

	for (reading = TAILQ_FIRST(&follow->examining); reading != NULL;
	     reading = next) {
		next = TAILQ_NEXT(reading, next);
		more |= step(reading);
	}
	more |= follow_after_work(follow);
	if (more)
		work_soon(follow);
	else
		follow_begin(follow);
}

static void
look_at_examined(struct reading *reading)
{
	bool has_grown;

	follow_update(reading);
	if (!follow_has_same_head(reading) ||
	    examine_is_overwritten(reading->examination.examine)) {
		put_off(reading);
		return;
	}
	/* The kernel may have told of it before. */
	has_grown = reading->file->entry.size != reading->examination.size;
	if (reading->examination.waits &&
	    (has_grown || !may_grow(reading->follow, reading->file))) {
		if (!has_grown)
			examine_finish(reading->examination.examine);
		reading->examination.waits = false;
	}
}

/* Those that do not change. */
static void
look_at_postponed(struct follow *follow)
{
	struct watch_file *file;

	for (size_t i = 0; (file = watch_postponed(follow->watch, &i)) != NULL;)
		if (!may_grow(follow, file))
			watch_set(file, WATCH_WAITING);
}

void
follow_look_at_examined(struct follow *follow)
{
	struct reading *reading, *next;

	for (reading = TAILQ_FIRST(&follow->examining); reading != NULL;
	     reading = next) {
		next = TAILQ_NEXT(reading, next);
		look_at_examined(reading);
	}
	look_at_postponed(follow);
	work_soon(follow);
}

void
follow_drop_examined(struct follow *follow)
{
	struct reading *reading;

	while ((reading = TAILQ_FIRST(&follow->examining)) != NULL)
		put_off(reading);
}

/*
 * There is no packet yet by which it could be known: it is looked at again when it changes, or has not for a while.
 * True if so.
 */
static bool
postpone(struct reading *reading)
{
	struct follow *follow = reading->follow;

	if (!follow->config.omit || reading->id[0] != '\0' ||
	    (registry_count(registry_file_registry(
		 follow->config.watching->registry)) == 0 &&
		TAILQ_EMPTY(&follow->open) && TAILQ_EMPTY(&follow->examining) &&
		TAILQ_EMPTY(&follow->delivering)) ||
	    !may_grow(follow, reading->file))
		return false;
	watch_set(reading->file, WATCH_DONE);
	reading->file->is_postponed = true;
	follow_reading_free(reading);
	return true;
}

/* Takes the reading over. */
static void
examine(struct reading *reading, struct digest_mark *marks, size_t count)
{
	struct follow *follow = reading->follow;
	int fd = fcntl(reading->fd, F_DUPFD_CLOEXEC, 3);

	/* Without a descriptor for it, dissecting will tell that. */
	if (fd < 0) {
		dissect(reading);
		return;
	}
	(void)follow_has_same_head(reading);
	watch_set(reading->file, WATCH_READING);
	reading->examination.examine = examine_new(fd, marks, count,
	    !watch_is_finished(follow->watch, reading->file, true,
		watcher_time().now));
	TAILQ_INSERT_TAIL(&follow->examining, reading, next);
	follow->examining_count++;
	work_soon(follow);
}

/* Whether this is, or may be, a reading of the same capture. */
static bool
has_id(const struct reading *reading, const char *id)
{
	return strcmp(reading->id[0] == '\0' && reading->dissection != NULL ?
		       dissection_id(reading->dissection) :
		       reading->id,
		   id) == 0;
}

/* The one of these readings that has this id; NULL for none. */
static struct reading *
find_id(struct readings *readings, const char *id)
{
	struct reading *reading;

	TAILQ_FOREACH(reading, readings, next)
		if (has_id(reading, id))
			return reading;
	return NULL;
}

/*
 * Whether a capture with the same first packet must be in the registry before this one begins, which may be a copy of
 * it. One that grows for longer than files are waited for does not hold up the other: it may be that of another sensor.
 */
static bool
must_wait(struct reading *reading)
{
	struct follow *follow = reading->follow;
	struct watch_file *file = reading->file;
	int64_t now = watcher_time().now;
	struct reading *other;

	if (find_id(&follow->delivering, reading->id) != NULL)
		return true;
	other = find_id(&follow->open, reading->id);
	if (other != NULL && (other->ended || other->finishing))
		return true;
	if (other == NULL &&
	    find_id(&follow->examining, reading->id) == NULL)
		return false;
	if (other != NULL && !source_has_rest(other->source) &&
	    watch_is_idle(follow->watch, other->file, now)) {
		other->asked = 0;
		(void)follow_has_writer(other);
		follow_finish(other);
		return true;
	}
	if (file->held_since == 0)
		file->held_since = now;
	return now - file->held_since <= (int64_t)follow->config.idle;
}

/* Nobody else would notice what is given twice. True if the file is held. */
static bool
hold(struct reading *reading)
{
	struct watch_file *file = reading->file;

	if (!reading->follow->config.omit || reading->id[0] == '\0' ||
	    !must_wait(reading))
		return false;
	file->held_until = watcher_time().now + HELD_MS;
	file->is_held = true;
	follow_reading_free(reading);
	return true;
}

/* A file begins: known by its status, or by its first packet and then its content, or new. */
static void
start(struct reading *reading)
{
	const struct registry *registry = registry_file_registry(
	    reading->follow->config.watching->registry);
	const struct registry_entry *entry = NULL;
	struct digest_mark *marks;
	size_t count;

	if (file_id_of(reading->fd, reading->id) != 0)
		reading->id[0] = '\0';
	if (postpone(reading) || hold(reading))
		return;
	if (!reading->file->is_doubtful)
		entry = registry_by_status(registry, &reading->entry);
	if (entry == NULL && reading->id[0] != '\0')
		entry = registry_by_size(registry, reading->id, &reading->entry);
	if (entry != NULL && is_final(entry)) {
		skip(reading, entry, true);
		return;
	}
	/*
	 * What was delivered of an unfinished file is left out of the output: only its content tells whether it is
	 * still there.
	 */
	if (entry != NULL && entry->mark.len > 0 && reading->id[0] != '\0')
		entry = NULL;
	if (entry != NULL)
		take_known(reading, entry);
	marks = entry != NULL || reading->id[0] == '\0' ?
	    NULL :
	    registry_marks(registry, reading->id, &count);
	if (marks != NULL)
		examine(reading, marks, count);
	else
		dissect(reading);
	free(marks);
}

static void
start_file(struct follow *follow, struct watch_file *file)
{
	int fd = priv_broker_folder_open(follow->config.broker, file->name), reason;
	struct reading *reading;

	reason = errno;
	if (fd < 0 && reason == ENOENT) {
		watch_missing(follow->watch, file->name);
		return;
	}
	reading = reading_new(follow, file, fd);
	if (fd < 0) {
		log_error(follow->log, "%s: %s", reading->shown,
		    strerror(reason));
		follow_blame(follow, OUTCOME_INPUT);
		watch_set(file, WATCH_DONE);
		follow_reading_free(reading);
		return;
	}
	follow_update(reading);
	reading->entry = file->entry;
	reading->changed = file->entry.changed;
	start(reading);
}

/* In order: the next begins when of those before all was read that is there. */
static bool
may_start(const struct follow *follow)
{
	const struct reading *reading;

	if (follow->stopping || follow_has_count(follow) ||
	    has_no_room(follow))
		return false;
	TAILQ_FOREACH(reading, &follow->examining, next)
		if (!reading->examination.waits)
			return false;
	TAILQ_FOREACH(reading, &follow->open, next)
		if (!dissection_is_waiting(reading->dissection))
			return false;
	return true;
}

static void
begin_again(void *ctx)
{
	struct follow *follow = ctx;

	follow->start_deferred = false;
	follow_begin(follow);
}

/*
 * A file enters the registry when its documents have reached their final place. Until then it is not examined again if
 * its documents must not be given twice, or if it was only touched.
 */
static void
hold_files(struct follow *follow)
{
	struct reading *reading;

	watch_release(follow->watch, watcher_time().now);
	if (!may_start(follow) || watch_next(follow->watch) == NULL)
		return;
	TAILQ_FOREACH(reading, &follow->delivering, next)
		watch_hold(follow->watch, &reading->entry,
		    !follow->config.omit);
	if (!follow->config.omit)
		return;
	TAILQ_FOREACH(reading, &follow->open, next)
		if (reading->file != NULL)
			watch_hold(follow->watch, &reading->file->entry, false);
	TAILQ_FOREACH(reading, &follow->examining, next)
		watch_hold(follow->watch, &reading->file->entry, false);
}

void
follow_begin(struct follow *follow)
{
	struct watch_file *file;

	hold_files(follow);
	for (unsigned i = 0; may_start(follow) &&
	     (file = watch_next(follow->watch)) != NULL;
	     i++) {
		if (i == SKIPS_MAX) {
			if (!follow->start_deferred)
				loop_defer(follow->dissection.loop,
				    begin_again, follow);
			follow->start_deferred = true;
			return;
		}
		start_file(follow, file);
	}
}

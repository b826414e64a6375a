/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of a watched folder that were delivered and are to be deleted or moved: when nobody writes to them any more,
 * and only as they were read.
 */
#include "watch/follow_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

/* A file that somebody has open is tried again so often, and one that was changed a moment ago, ms. */
#define RETRY_MS 1000
/* One of which it cannot be told. */
#define UNKNOWN_MS 10000
/* Files that are compared at a time: each has a descriptor, and buffers. */
#define COMPARED_MAX 16

static void
stop_comparing(struct follow *follow, struct completion *completion)
{
	if (completion->examine == NULL)
		return;
	examine_free(completion->examine);
	completion->examine = NULL;
	follow->comparing--;
}

static void
drop(struct follow *follow, struct completion *completion)
{
	TAILQ_REMOVE(&follow->completions, completion, next);
	stop_comparing(follow, completion);
	free(completion->name);
	free(completion->shown);
	free(completion);
}

void
follow_after_forget(struct follow *follow, const struct folder_entry *entry)
{
	struct completion *completion, *next;

	for (completion = TAILQ_FIRST(&follow->completions);
	     completion != NULL; completion = next) {
		next = TAILQ_NEXT(completion, next);
		if (completion->entry.dev == entry->dev &&
		    completion->entry.inode == entry->inode)
			drop(follow, completion);
	}
}

void
follow_after_free(struct follow *follow)
{
	struct completion *completion;

	while ((completion = TAILQ_FIRST(&follow->completions)) != NULL)
		drop(follow, completion);
}

/* The file under the name that it has now, which may be another; NULL if it has none. */
static struct watch_file *
file_of(const struct follow *follow, struct completion *completion)
{
	struct watch_file *file = watch_find_inode(follow->watch,
	    &completion->entry);

	if (file != NULL && strcmp(file->name, completion->name) != 0) {
		free(completion->name);
		completion->name = xstrdup(file->name);
	}
	return file;
}

/* Once a run. */
static void
warn(struct follow *follow, const struct completion *completion)
{
	if (!follow->warned)
		log_note(follow->log,
		    "%s: stays where it is: it is unknown whether a writer still has "
		    "it open (no lease available, no close seen); further such files "
		    "stay without a message",
		    completion->shown);
	follow->warned = true;
}

/* Only a comparison tells whether what is there is what was delivered. */
static void
begin_to_compare(struct follow *follow, struct completion *completion,
    struct watch_file *file)
{
	struct folder_entry entry;
	int fd;

	if (follow->comparing == COMPARED_MAX)
		return;
	if (priv_broker_folder_probe(follow->config.broker, completion->name,
		&completion->entry) != 0 &&
	    (errno == ETXTBSY ||
		(errno == ENOLCK && !file->close_seen))) {
		completion->next_ms = watcher_time().now +
		    (errno == ENOLCK ? UNKNOWN_MS : RETRY_MS);
		if (errno == ENOLCK)
			warn(follow, completion);
		return;
	}
	fd = priv_broker_folder_open(follow->config.broker, completion->name);
	if (fd < 0 || folder_status(fd, &entry) != 0 ||
	    completion->mark.len == 0) {
		if (fd >= 0)
			close(fd);
		log_note(follow->log, "%s: not %s: it has changed meanwhile",
		    completion->shown,
		    completion_action_word(&follow->config.watching->after));
		drop(follow, completion);
		return;
	}
	completion->closes = file->closes;
	completion->examine = examine_new(fd, &completion->mark, 1, false);
	follow->comparing++;
}

/* What is there is not what was delivered: it is read. */
static void
give_up(struct follow *follow, struct completion *completion)
{
	struct watch_file *file = file_of(follow, completion);

	log_note(follow->log, "%s: not %s: it was rewritten", completion->shown,
	    completion_action_word(&follow->config.watching->after));
	/* Unless that has been done already. */
	if (file != NULL && file->state == WATCH_DONE &&
	    file->done.changed == completion->entry.changed) {
		watch_set(file, WATCH_WAITING);
		file->is_doubtful = true;
	}
	drop(follow, completion);
}

static void
end_comparing(struct follow *follow, struct completion *completion)
{
	struct examine_result result;

	examine_result(completion->examine, &result);
	stop_comparing(follow, completion);
	if (result.mark.len == 0 || !result.is_whole || result.is_damaged) {
		give_up(follow, completion);
		return;
	}
	completion->is_sure = result.is_certain;
	if (result.is_certain)
		completion->entry = result.entry;
	else
		completion->next_ms = watcher_time().now + RETRY_MS;
}

bool
follow_after_work(struct follow *follow)
{
	struct completion *completion, *next;
	bool more = false;

	for (completion = TAILQ_FIRST(&follow->completions);
	     completion != NULL; completion = next) {
		next = TAILQ_NEXT(completion, next);
		if (completion->examine == NULL)
			continue;
		if (examine_step(completion->examine) == EXAMINE_MORE)
			more = true;
		else
			end_comparing(follow, completion);
	}
	return more;
}

static void
act(struct follow *follow, struct completion *completion,
    const struct watch_file *file)
{
	const struct completion_action *after = &follow->config.watching->after;

	switch (completion_action_do(after, follow->config.broker, follow->log,
	    completion->name, completion->shown, &completion->entry,
	    file->close_seen)) {
	case AFTER_BUSY:
		if (!completion->told)
			log_verbose(follow->log,
			    "%s: not %s yet: it is open "
			    "for writing",
			    completion->shown,
			    completion_action_word(after));
		completion->told = true;
		completion->next_ms = watcher_time().now + RETRY_MS;
		return;
	case AFTER_UNKNOWN:
		warn(follow, completion);
		completion->next_ms = watcher_time().now + UNKNOWN_MS;
		return;
	case AFTER_TOUCHED:
		completion->is_sure = false;
		return;
	case AFTER_DONE:
	case AFTER_CHANGED:
	case AFTER_FAILED:
		drop(follow, completion);
		return;
	}
}

static void
try_to_complete(struct follow *follow, struct completion *completion)
{
	int64_t now = watcher_time().now;
	struct watch_file *file;

	if (now < completion->next_ms || completion->examine != NULL)
		return;
	file = file_of(follow, completion);
	if (file == NULL) {
		drop(follow, completion);
		return;
	}
	/* It waits to be looked at, and this is forgotten or comes again then. */
	if (file->state != WATCH_DONE ||
	    (completion->waits &&
		!watch_is_finished(follow->watch, file, false, now))) {
		completion->next_ms = now + RETRY_MS;
		return;
	}
	if (completion->is_sure && completion->closes == file->closes)
		act(follow, completion, file);
	else
		begin_to_compare(follow, completion, file);
}

void
follow_after_tick(struct follow *follow)
{
	struct completion *completion, *next;

	for (completion = TAILQ_FIRST(&follow->completions);
	     completion != NULL; completion = next) {
		next = TAILQ_NEXT(completion, next);
		try_to_complete(follow, completion);
	}
}

void
follow_after_add(struct follow *follow, const struct completion *completion)
{
	struct completion *copy;

	TAILQ_FOREACH(copy, &follow->completions, next)
		if (copy->serial > completion->serial &&
		    copy->entry.dev == completion->entry.dev &&
		    copy->entry.inode == completion->entry.inode)
			return;
	if (follow->config.watching->after.kind == AFTER_NOTHING)
		return;
	follow_after_forget(follow, &completion->entry);
	copy = xmalloc(sizeof(*copy));
	*copy = *completion;
	copy->name = xstrdup(completion->name);
	copy->shown = xstrdup(completion->shown);
	TAILQ_INSERT_TAIL(&follow->completions, copy, next);
	try_to_complete(follow, copy);
}

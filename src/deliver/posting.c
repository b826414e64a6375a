/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures in memory into the spool, one after the other. */
#include "deliver/posting.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/replace.h"
#include "base/xalloc.h"
#include "deliver/copying.h"

struct post {
	int fd;
	uint64_t len;
	struct parcel parcel;
	STAILQ_ENTRY(post)
	next;
};

struct posting {
	struct store *store;
	uint64_t max;
	struct loop *loop;
	struct posting_handler handler;
	struct event *timer;
	/* The first one is being copied while copying is not NULL. */
	STAILQ_HEAD(, post)
	posts;
	size_t count;
	struct copying *copying;
	struct replacement file;
	char name[STORE_NAME_LEN];
};

static void on_turn(evutil_socket_t fd, short what, void *ctx);

struct posting *
posting_new(struct store *store, uint64_t max, struct loop *loop, const struct posting_handler *handler)
{
	struct posting *posting = xcalloc(1, sizeof(*posting));

	posting->store = store;
	posting->max = max;
	posting->loop = loop;
	posting->handler = *handler;
	posting->file.fd = -1;
	STAILQ_INIT(&posting->posts);
	posting->timer = evtimer_new(loop_base(loop), on_turn, posting);
	if (posting->timer == NULL)
		abort(); /* out of memory */
	return posting;
}

static void
drop_first(struct posting *posting)
{
	struct post *post = STAILQ_FIRST(&posting->posts);

	STAILQ_REMOVE_HEAD(&posting->posts, next);
	posting->count--;
	if (post->fd >= 0)
		close(post->fd);
	parcel_release(&post->parcel);
	free(post);
}

void
posting_free(struct posting *posting)
{
	if (posting == NULL)
		return;
	copying_free(posting->copying);
	replacement_abandon(&posting->file);
	while (!STAILQ_EMPTY(&posting->posts))
		drop_first(posting);
	event_free(posting->timer);
	free(posting);
}

void
posting_bound(struct posting *posting, uint64_t max)
{
	posting->max = max;
}

void
posting_put(struct posting *posting, int fd, const struct parcel *parcel)
{
	struct post *post = xcalloc(1, sizeof(*post));

	post->fd = fd;
	parcel_copy(&post->parcel, parcel);
	STAILQ_INSERT_TAIL(&posting->posts, post, next);
	posting->count++;
	if (posting->copying == NULL)
		loop_start_timer(posting->timer, 0);
}

size_t
posting_count(const struct posting *posting)
{
	return posting->count;
}

/* The first one is done with: the next one's turn. */
static void
go_on(struct posting *posting)
{
	drop_first(posting);
	if (!STAILQ_EMPTY(&posting->posts))
		loop_start_timer(posting->timer, 0);
}

static void
refuse(struct posting *posting, const char *what, int reason)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "the capture cannot be spooled: %s%s%s", what, reason != 0 ? ": " : "",
	    reason != 0 ? strerror(reason) : "");
	posting->handler.on_refused(posting->handler.ctx, &STAILQ_FIRST(&posting->posts)->parcel, text);
	go_on(posting);
}

static struct entry *
make_entry(struct post *post, const char *sha256)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	entry->parcel = post->parcel;
	memset(&post->parcel, 0, sizeof(post->parcel));
	entry->len = post->len;
	entry->put = clock_of_day();
	memcpy(entry->sha256, sha256, ENTRY_SHA256_LEN);
	return entry;
}

static void
on_copied(void *ctx, const struct copying_end *copied)
{
	struct posting *posting = ctx;
	struct post *post = STAILQ_FIRST(&posting->posts);
	struct entry *entry;
	int reason = copied->error;

	copying_free(posting->copying);
	posting->copying = NULL;
	if (reason != 0) {
		replacement_abandon(&posting->file);
		refuse(posting, copied->is_read ? "reading it" : "writing the file", reason);
		return;
	}
	entry = make_entry(post, copied->sha256);
	if (store_commit(posting->store, &posting->file, posting->name, entry) == 0) {
		posting->file.fd = -1;
		posting->handler.on_posted(posting->handler.ctx, posting->name, entry);
		go_on(posting);
		return;
	}
	reason = errno;
	posting->file.fd = -1;
	post->parcel = entry->parcel;
	memset(&entry->parcel, 0, sizeof(entry->parcel));
	entry_release(entry);
	free(entry);
	refuse(posting, "writing the spool", reason);
}

/* The bound is that of the operator; the disk has its own. */
static bool
fits(const struct posting *posting, uint64_t len)
{
	uint64_t have = store_counts(posting->store)->bytes;

	return posting->max == 0 || (have < posting->max && len <= posting->max - have);
}

static void
on_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct posting *posting = ctx;
	struct post *post = STAILQ_FIRST(&posting->posts);
	const char *why;
	struct stat st;

	(void)fd;
	(void)what;
	if (!parcel_is_sound(&post->parcel, &why))
		refuse(posting, why, 0);
	else if (fstat(post->fd, &st) != 0 || st.st_size <= 0)
		refuse(posting, "its file is empty", 0);
	else if (!fits(posting, (uint64_t)st.st_size))
		refuse(posting, "spool and dead letter folder are at their bound", 0);
	else if (store_begin(posting->store, (uint64_t)st.st_size, &posting->file, posting->name) != 0)
		refuse(posting, "writing the file", errno);
	else {
		post->len = (uint64_t)st.st_size;
		posting->copying = copying_start(posting->loop, post->fd, posting->file.fd, post->len, COPYING_COPY,
		    on_copied, posting);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture files in a directory of this machine. */
#include "deliver/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/xalloc.h"
#include "deliver/copying.h"

#define MODE 0600

struct local {
	const struct local_config *config;
	struct loop *loop;
	LIST_HEAD(, local_attempt)
	attempts;
};

struct local_attempt {
	struct local *local;
	struct attempt_job job;
	int folder; /* -1 if it is not open */
	struct replacement file;
	struct copying *copying;
	unsigned number; /* in the name */
	int other;       /* a file that has the name, while it is compared; -1 if none is */
	LIST_ENTRY(local_attempt)
	next;
};

struct local *
local_new(const struct local_config *config, struct loop *loop)
{
	struct local *local = xcalloc(1, sizeof(*local));

	local->config = config;
	local->loop = loop;
	LIST_INIT(&local->attempts);
	return local;
}

static void
release(struct local_attempt *attempt)
{
	LIST_REMOVE(attempt, next);
	copying_free(attempt->copying);
	replacement_abandon(&attempt->file);
	if (attempt->other >= 0)
		close(attempt->other);
	if (attempt->folder >= 0)
		close(attempt->folder);
	free(attempt);
}

void
local_free(struct local *local)
{
	if (local == NULL)
		return;
	while (!LIST_EMPTY(&local->attempts))
		release(LIST_FIRST(&local->attempts));
	free(local);
}

static void
end(struct local_attempt *attempt, const struct attempt_result *result)
{
	struct attempt_job job = attempt->job;

	release(attempt);
	job.on_end(job.ctx, result);
}

/* Of a full disk, a folder that is gone, and others, all of which may be put right: the text names the folder. */
static void
fail(struct local_attempt *attempt, const char *what, int reason)
{
	char text[512];
	const struct attempt_result result = { .end = ATTEMPT_LATER, .text = text };

	(void)snprintf(text, sizeof(text), "%.300s: %s: %s", attempt->local->config->folder, what, strerror(reason));
	end(attempt, &result);
}

/* The file has this name, durably. */
static void
succeed(struct local_attempt *attempt, const char *name)
{
	char *path;

	if (fsync(attempt->folder) != 0) {
		/* The next attempt finds the file there, and that it is the same. */
		fail(attempt, "cannot write the folder", errno);
		return;
	}
	path = xasprintf("%s/%s", attempt->local->config->folder, name);
	end(attempt, &(struct attempt_result){ .end = ATTEMPT_DELIVERED, .url = path });
	free(path);
}

static void settle(struct local_attempt *attempt);

/* A former attempt that was cut short after it had given the file its name has left the same bytes there. */
static void
on_compared(void *ctx, const struct copying_end *compared)
{
	struct local_attempt *attempt = ctx;
	char *name;

	copying_free(attempt->copying);
	attempt->copying = NULL;
	close(attempt->other);
	attempt->other = -1;
	if (compared->error == 0 && compared->is_same) {
		name = attempt_other_name(attempt->job.entry->parcel.name, attempt->number);
		succeed(attempt, name);
		free(name);
		return;
	}
	attempt->number++;
	settle(attempt);
}

/* Whether the file that has the name may be ours: it is compared then. */
static bool
compare(struct local_attempt *attempt, const char *name)
{
	struct stat st;

	attempt->other = openat(attempt->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (attempt->other < 0)
		return false;
	if (fstat(attempt->other, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != attempt->job.entry->len) {
		close(attempt->other);
		attempt->other = -1;
		return false;
	}
	attempt->copying = copying_start(attempt->local->loop, attempt->job.fd, attempt->other, attempt->job.entry->len,
	    COPYING_COMPARE, on_compared, attempt);
	return true;
}

/* Gives the file the first name that is free. */
static void
settle(struct local_attempt *attempt)
{
	for (; attempt->number < ATTEMPT_NAMES; attempt->number++) {
		char *name = attempt_other_name(attempt->job.entry->parcel.name, attempt->number);
		int rv = replacement_settle(&attempt->file, name), reason = errno;
		bool waits = rv != 0 && reason == EEXIST && attempt->job.may_be_there && compare(attempt, name);

		if (rv == 0)
			succeed(attempt, name);
		free(name);
		if (rv == 0 || waits)
			return;
		if (reason != EEXIST) {
			fail(attempt, "cannot give the file its name", reason);
			return;
		}
	}
	fail(attempt, attempt->job.entry->parcel.name, EEXIST);
}

static void
on_copied(void *ctx, const struct copying_end *copied)
{
	struct local_attempt *attempt = ctx;
	static const struct attempt_result damaged = { .end = ATTEMPT_REFUSED,
		.text = "the file in the spool is not what was captured: its checksum is wrong" };
	bool same = copied->error == 0 && strcmp(copied->sha256, attempt->job.entry->sha256) == 0;
	int reason = copied->error;

	copying_free(attempt->copying);
	attempt->copying = NULL;
	if (reason != 0)
		fail(attempt, copied->is_read ? "cannot read the spool" : "cannot write the file", reason);
	else if (!same)
		end(attempt, &damaged);
	/* After an fsync that failed nothing is known of the file: the next attempt writes another one. */
	else if (fsync(attempt->file.fd) != 0)
		fail(attempt, "cannot write the file", errno);
	else
		settle(attempt);
}

void
local_start(struct local *local, const struct attempt_job *job)
{
	struct local_attempt *attempt = xcalloc(1, sizeof(*attempt));
	const struct local_config *config = local->config;

	attempt->local = local;
	attempt->job = *job;
	attempt->other = attempt->file.fd = -1;
	LIST_INSERT_HEAD(&local->attempts, attempt, next);
	attempt->folder = open(config->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (attempt->folder < 0) {
		fail(attempt, "cannot open the folder", errno);
		return;
	}
	if (replacement_begin(&attempt->file, attempt->folder, job->entry->parcel.name, 0,
		config->mode != 0 ? config->mode : MODE) != 0) {
		fail(attempt, "cannot write a file", errno);
		return;
	}
	/* Says at once that the disk is full. Not every file system can. */
	if (fallocate(attempt->file.fd, 0, 0, (off_t)job->entry->len) != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
		fail(attempt, "cannot write the file", errno);
		return;
	}
	attempt->copying = copying_start(local->loop, job->fd, attempt->file.fd, job->entry->len, COPYING_COPY, on_copied,
	    attempt);
}

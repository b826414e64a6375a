/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends the lines of a dead letter file again. */
#include "input/replay.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/read.h"
#include "base/xalloc.h"
#include "sink/dead_line.h"
#include "sink/sink.h"

#define READ_LEN ((size_t)1 << 20)
#define LINE_MAX_LEN ((size_t)2 << 30)

struct replay {
	struct loop *loop;
	int fd;
	struct event *readable; /* NULL for a file */
	struct replay_handler handler;
	struct buffer bytes;
	size_t searched; /* bytes known to hold no newline */
	uint64_t read, lines, bad, first_bad;
	bool eof, done, paused, deferred;
	struct error error;
};

static void go(struct replay *replay);

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	go(ctx);
}

static bool
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

struct replay *
replay_new(struct loop *loop, int fd, const struct replay_handler *handler)
{
	struct replay *replay = xcalloc(1, sizeof(*replay));

	replay->loop = loop;
	replay->fd = fd;
	replay->handler = *handler;
	buffer_init(&replay->bytes, LINE_MAX_LEN);
	if (!is_file(fd)) {
		replay->readable = event_new(loop_base(loop), fd, EV_READ,
		    on_readable, replay);
		if (replay->readable == NULL)
			abort(); /* out of memory */
	}
	return replay;
}

void
replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	if (replay->readable != NULL)
		event_free(replay->readable);
	close(replay->fd);
	buffer_release(&replay->bytes);
	free(replay);
}

static int
give(const struct replay *replay, const struct dead_line *dead)
{
	const struct sink_place place = { .index = dead->index,
		.index_len = strlen(dead->index),
		.id = dead->id[0] != '\0' ? dead->id : NULL,
		.id_len = strlen(dead->id) };

	return replay->handler.on_letter(replay->handler.ctx, &place,
	    dead->document, dead->len);
}

static void
take_line(struct replay *replay, const char *line, size_t len)
{
	struct dead_line dead;
	bool is_good = dead_line_read(line, len, &dead) == 0;

	replay->lines++;
	if (!is_good || give(replay, &dead) != 0) {
		if (replay->bad++ == 0)
			replay->first_bad = replay->lines;
		return;
	}
	replay->read++;
}

/* False if there is no whole line left. */
static bool
next_line(struct replay *replay)
{
	struct buffer *bytes = &replay->bytes;
	const char *end = bytes->len == replay->searched ?
	    NULL :
	    memchr(bytes->data + replay->searched, '\n',
		bytes->len - replay->searched);
	size_t len;

	replay->searched = bytes->len;
	if (end == NULL && !(replay->eof && bytes->len > 0))
		return false;
	len = end == NULL ? bytes->len : (size_t)(end - bytes->data);
	if (len > 0)
		take_line(replay, bytes->data, len);
	buffer_consume(bytes, end == NULL ? len : len + 1);
	replay->searched = 0;
	return true;
}

/* False if nothing is there now: then it is read when there is. */
static bool
read_more(struct replay *replay)
{
	ssize_t n;

	if (buffer_reserve(&replay->bytes, READ_LEN) != 0) {
		(void)error_set(&replay->error, OUTCOME_INPUT,
		    "line %llu is longer than 2 GiB",
		    (unsigned long long)replay->lines + 1);
		buffer_clear(&replay->bytes);
		replay->eof = true;
		return true;
	}
	do
		n = replay->readable != NULL ?
		    read_now(replay->fd, replay->bytes.data + replay->bytes.len,
			READ_LEN) :
		    read(replay->fd, replay->bytes.data + replay->bytes.len,
			READ_LEN);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN && replay->readable != NULL &&
	    event_add(replay->readable, NULL) == 0)
		return false;
	if (n < 0)
		(void)error_set(&replay->error, OUTCOME_INPUT, "%s",
		    strerror(errno));
	replay->eof = n <= 0;
	buffer_added(&replay->bytes, n > 0 ? (size_t)n : 0);
	return true;
}

static void
step(void *ctx)
{
	struct replay *replay = ctx;

	replay->deferred = false;
	if (replay->done || replay->paused)
		return;
	while (next_line(replay))
		if (replay->paused)
			return;
	if (!replay->eof) {
		if (read_more(replay))
			go(replay);
		return;
	}
	replay->done = true;
	replay->handler.on_end(replay->handler.ctx);
}

static void
go(struct replay *replay)
{
	if (replay->deferred || replay->done)
		return;
	replay->deferred = true;
	loop_defer(replay->loop, step, replay);
}

void
replay_pause(struct replay *replay)
{
	replay->paused = true;
}

void
replay_resume(struct replay *replay)
{
	replay->paused = false;
	go(replay);
}

void
replay_stop(struct replay *replay)
{
	if (replay->done)
		return;
	replay->done = true;
	if (replay->readable != NULL)
		event_del(replay->readable);
	replay->handler.on_end(replay->handler.ctx);
}

uint64_t
replay_read(const struct replay *replay)
{
	return replay->read;
}

enum outcome
replay_outcome(const struct replay *replay, struct error *error)
{
	*error = replay->error;
	if (replay->error.outcome == OUTCOME_OK && replay->bad > 0)
		(void)error_set(error, OUTCOME_INPUT,
		    "%llu lines are not dead letters; the first is line %llu",
		    (unsigned long long)replay->bad,
		    (unsigned long long)replay->first_bad);
	return error->outcome;
}

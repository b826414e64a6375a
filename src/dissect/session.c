/* SPDX-License-Identifier: BSD-2-Clause */
/* One tshark. */
#include "dissect/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "process/child.h"
#include "readers/reader.h"

/*
 * A tshark without progress is hung when it has used the timeout in processor
 * time: on a busy machine it may need much longer by the clock. One that sleeps
 * uses none, so by the clock it gets this many times as long.
 */
#define SLEEP_FACTOR 5

struct session {
	struct session_config config;
	struct session_handler handler;
	struct tshark_run run;
	struct child *child;
	struct tree tree;
	struct reader *reader;
	bool paused;
	bool input_ended;
	bool finished; /* the child has */
	bool ended;    /* on_end was called, or will be */
	bool broken;
	char why[512]; /* it is */

	/* What waits. */
	bool held;          /* the document in the tree */
	bool choked;        /* the child is paused because so much waits in rest */
	struct buffer rest; /* printed after it */

	/* Progress. */
	unsigned long long progress; /* what the child had done at the last tick */
	uint64_t idle;               /* ms without any */
	unsigned long long cpu;      /* processor time it had used then, ms */
};

/* One line of a text, for a message. */
static void
flatten(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			*text = ' ';
}

/* Reads on until all is used or must wait. Returns what is used. */
static size_t
take(struct session *session, const char *data, size_t len)
{
	struct error error;
	char why[300];
	size_t at = 0, used;

	while (at < len && !session->broken && !session->held &&
	    (session->config.rest_max == 0 || !session->paused)) {
		enum reader_event event = reader_read(session->reader,
		    data + at, len - at, &used, &error);

		at += used;
		switch (event) {
		case READER_MORE:
			break;
		case READER_DOCUMENT:
			session->held = !session->handler.on_document(
			    session->handler.ctx);
			break;
		case READER_UNPARSABLE:
			session->handler.on_unparsable(session->handler.ctx,
			    error.text);
			break;
		case READER_BROKEN:
			(void)snprintf(why, sizeof(why), "it printed %.250s",
			    error.text);
			session_break(session, why);
			break;
		}
	}
	return session->broken ? len : at;
}

static void
choke(struct session *session)
{
	bool choked = session->rest.len > session->config.rest_max;

	if (session->choked == choked)
		return;
	session->choked = choked;
	if (session->finished || session->paused)
		return;
	if (choked)
		child_pause(session->child);
	else
		child_resume(session->child);
}

static void
on_output(void *ctx, const char *data, size_t len)
{
	struct session *session = ctx;
	size_t used = 0;

	if (session->rest.len == 0)
		used = take(session, data, len);
	if (session->broken || used == len)
		return;
	/* It will be read when its turn comes; what comes after it must wait as well. */
	if (buffer_append(&session->rest, data + used, len - used) != 0)
		abort(); /* far above what is waited with */
	choke(session);
}

static void
on_writable(void *ctx)
{
	struct session *session = ctx;

	session->handler.on_writable(session->handler.ctx);
}

static void
tell_end(void *ctx)
{
	struct session *session = ctx;

	session->handler.on_end(session->handler.ctx);
}

/* The child must not be freed from its own callback. */
static void
end(struct session *session)
{
	if (session->ended)
		return;
	session->ended = true;
	loop_defer(session->config.loop, tell_end, session);
}

static void
on_finish(void *ctx)
{
	struct session *session = ctx;

	session->finished = true;
	if (session->broken || !session_waits(session))
		end(session);
}

static enum reader_form
form_of(const struct session *session)
{
	const struct tshark *tshark = session->config.tshark;

	if (session->run.plugin)
		return READER_FRAMES;
	if (!session->config.tshark_config->pdml)
		return READER_EK;
	return tshark_is_decimal(tshark) ? READER_PDML_DECIMAL : READER_PDML;
}

static struct child *
start(struct session *session, struct error *error)
{
	const struct session_config *config = &session->config;
	struct child_handler handler = { .on_output = on_output,
		.on_writable = on_writable,
		.on_finish = on_finish,
		.ctx = session };
	struct argv argv = { NULL, 0 };
	struct child_spec spec = { .argv = &argv,
		.home = config->tshark->home,
		.preload = tshark_preload(config->tshark, session->run.plugin),
		.sandbox = config->tshark->sandbox,
		.extra_fd = config->tshark_config->keys_fd,
		.wants_input = true };
	struct child *child;

	tshark_argv(config->tshark, config->tshark_config, &session->run,
	    &argv);
	child = child_start(config->loop, &spec, &handler, error);
	argv_release(&argv);
	return child;
}

struct session *
session_new(const struct session_config *config, const struct tshark_run *run,
    const struct session_handler *handler, struct error *error)
{
	struct session *session = xcalloc(1, sizeof(*session));

	session->config = *config;
	session->handler = *handler;
	session->run = *run;
	buffer_init(&session->rest, SIZE_MAX / 2);
	tree_init(&session->tree, config->max_value, config->max_doc);
	session->reader = reader_new(form_of(session), config->tshark->names,
	    &session->tree, config->max_doc);
	session->child = start(session, error);
	if (session->child == NULL) {
		session_free(session);
		return NULL;
	}
	return session;
}

void
session_free(struct session *session)
{
	if (session == NULL)
		return;
	child_free(session->child);
	reader_free(session->reader);
	tree_release(&session->tree);
	buffer_release(&session->rest);
	free(session);
}

/* What it is given. */

void
session_give(struct session *session, const void *bytes, size_t len)
{
	/* The queue holds a record more than it is filled to: this cannot fail. */
	if (child_write(session->child, bytes, len) != 0)
		abort();
}

bool
session_is_full(const struct session *session)
{
	return child_queued(session->child) >= CHILD_QUEUE_LOW;
}

void
session_end_input(struct session *session)
{
	session->input_ended = true;
	child_close_input(session->child);
}

/* What it prints. */

void
session_pause(struct session *session)
{
	session->paused = true;
	child_pause(session->child);
}

void
session_resume(struct session *session)
{
	session->paused = false;
	session->idle = 0;
	if (!session->choked)
		child_resume(session->child);
}

/* Reads what waits, as far as it may be read. */
static void
read_on(struct session *session)
{
	buffer_consume(&session->rest,
	    take(session, session->rest.data, session->rest.len));
	choke(session);
	if (session->finished && !session_waits(session))
		end(session);
}

void
session_release(struct session *session)
{
	session->held = false;
	read_on(session);
}

void
session_go_on(struct session *session)
{
	if (session_waits(session))
		read_on(session);
}

bool
session_holds(const struct session *session)
{
	return session->held;
}

bool
session_waits(const struct session *session)
{
	return session->held || session->rest.len > 0;
}

struct tree *
session_tree(struct session *session)
{
	return &session->tree;
}

uint64_t
session_frame(const struct session *session)
{
	return reader_number(session->reader);
}

uint32_t
session_tcp_streams(const struct session *session)
{
	return reader_tcp_streams(session->reader);
}

uint32_t
session_udp_streams(const struct session *session)
{
	return reader_udp_streams(session->reader);
}

uint64_t
session_unclear(const struct session *session)
{
	return reader_unclear(session->reader);
}

const struct tshark_run *
session_run(const struct session *session)
{
	return &session->run;
}

/* Whether it works. */

void
session_break(struct session *session, const char *why)
{
	if (session->broken)
		return;
	session->broken = true;
	(void)snprintf(session->why, sizeof(session->why), "%s", why);
	session->held = false;
	buffer_clear(&session->rest);
	if (session->finished)
		end(session);
	else
		child_kill(session->child);
}

bool
session_is_broken(const struct session *session)
{
	return session->broken;
}

/* Whether it has something to do that it does not do. */
static bool
owes_progress(const struct session *session, bool owes, bool excused)
{
	/* One that has ended must not be asked for its progress. */
	if (session->finished || session->paused || session->broken ||
	    excused || session_waits(session))
		return false;
	return owes || session->input_ended ||
	    child_queued(session->child) > 0;
}

void
session_tick(struct session *session, bool owes, bool excused,
    uint64_t timeout)
{
	unsigned long long progress;
	char why[128];

	if (!owes_progress(session, owes, excused)) {
		session->idle = 0;
		session->progress = 0;
		return;
	}
	progress = child_progress(session->child);
	if (progress != session->progress || session->idle == 0) {
		session->progress = progress;
		session->cpu = child_cpu(session->child);
		session->idle = SESSION_TICK_MS;
		return;
	}
	session->idle += SESSION_TICK_MS;
	if (session->idle < timeout * SLEEP_FACTOR &&
	    child_cpu(session->child) < session->cpu + timeout)
		return;
	(void)snprintf(why, sizeof(why),
	    "it neither read nor wrote for %llu ms "
	    "of its processor time",
	    child_cpu(session->child) - session->cpu);
	session_break(session, why);
}

uint64_t
session_memory(const struct session *session)
{
	return child_memory(session->child);
}

unsigned long long
session_space(const struct session *session)
{
	return child_space(session->child);
}

/* How it ended. */

bool
session_succeeded(const struct session *session)
{
	return child_succeeded(session->child);
}

bool
session_says_no(const struct session *session)
{
	return child_exit_status(session->child) > 0 &&
	    child_errors(session->child)[0] != '\0';
}

bool
session_lacks_memory(const struct session *session)
{
	return !session->broken && !child_succeeded(session->child) &&
	    tshark_lacks_memory(session->config.tshark,
		child_errors(session->child));
}

bool
session_is_whole(const struct session *session)
{
	return !reader_is_inside(session->reader);
}

void
session_errors(const struct session *session, char *text, size_t size)
{
	(void)snprintf(text, size, "%s", child_errors(session->child));
	flatten(text);
}

void
session_failure(const struct session *session, size_t missing, char *text,
    size_t size)
{
	char errors[201];

	if (session->broken) {
		(void)snprintf(text, size, "%s", session->why);
		return;
	}
	if (session_lacks_memory(session)) {
		(void)snprintf(text, size, TSHARK_LACKS_MEMORY);
		return;
	}
	session_errors(session, errors, sizeof(errors));
	if (child_succeeded(session->child))
		(void)snprintf(text, size,
		    "it ended without the documents of %zu packets", missing);
	else
		(void)snprintf(text, size, "%s%s%s",
		    child_status(session->child),
		    errors[0] != '\0' ? ": " : "", errors);
}

const char *
session_status(const struct session *session)
{
	return child_status(session->child);
}

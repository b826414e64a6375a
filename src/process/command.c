/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a program to its end, and hands its output over line by line. */
#include "process/command.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "process/child.h"

/* tshark -G fields prints lines of up to a few kB. */
#define LINE_MAX_LEN ((size_t)1 << 20)

struct run {
	const struct command_spec *spec;
	struct loop *loop;
	struct child *child;
	struct buffer line;
	bool timed_out;
	bool finished;
};

static void
give_line(struct run *run, const char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (run->spec->on_line != NULL)
		run->spec->on_line(run->spec->ctx, line, len);
}

static void
on_output(void *ctx, const char *data, size_t len)
{
	struct run *run = ctx;

	if (run->spec->on_bytes != NULL) {
		run->spec->on_bytes(run->spec->ctx, data, len);
		return;
	}
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline == NULL ? len : (size_t)(newline - data);

		if (newline != NULL && run->line.len == 0)
			give_line(run, data, n);
		else if (buffer_append(&run->line, data, n) == 0 &&
		    newline != NULL)
			give_line(run, run->line.data, run->line.len);
		if (newline == NULL)
			return;
		buffer_clear(&run->line);
		data += n + 1;
		len -= n + 1;
	}
}

static void
on_writable(void *ctx)
{
	(void)ctx;
}

static void
on_finish(void *ctx)
{
	struct run *run = ctx;

	run->finished = true;
	loop_stop(run->loop);
}

static void
on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct run *run = ctx;

	(void)fd;
	(void)what;
	run->timed_out = true;
	child_kill(run->child);
}

static int
wait_for_end(struct run *run, struct error *error)
{
	struct timeval timeout = {
		.tv_sec = (time_t)(run->spec->timeout / 1000),
		.tv_usec = (suseconds_t)(run->spec->timeout % 1000 * 1000)
	};
	struct event *timer = evtimer_new(loop_base(run->loop), on_timeout,
	    run);
	int rv = 0;

	if (timer == NULL || evtimer_add(timer, &timeout) != 0)
		rv = error_set(error, OUTCOME_INTERNAL, "cannot make a timer");
	while (rv == 0 && !run->finished)
		rv = loop_run(run->loop, error);
	if (timer != NULL)
		event_free(timer);
	return rv;
}

int
command_run(struct loop *loop, const struct command_spec *spec,
    struct command_result *result, struct error *error)
{
	struct run run = { .spec = spec, .loop = loop };
	struct child_spec child = { .argv = spec->argv,
		.home = spec->home,
		.preload = spec->preload,
		.sandbox = spec->sandbox,
		.extra_fd = spec->extra_fd,
		.wants_input = spec->input != NULL };
	struct child_handler handler = { .on_output = on_output,
		.on_writable = on_writable,
		.on_finish = on_finish,
		.ctx = &run };
	int rv;

	buffer_init(&run.line, LINE_MAX_LEN);
	run.child = child_start(loop, &child, &handler, error);
	if (run.child == NULL)
		return -1;
	if (spec->input != NULL) {
		(void)child_write(run.child, spec->input, spec->input_len);
		child_close_input(run.child);
	}
	rv = wait_for_end(&run, error);
	if (rv == 0 && run.timed_out)
		rv = error_set(error, OUTCOME_TSHARK,
		    "%s did not end within %llu ms", spec->argv->words[0],
		    (unsigned long long)spec->timeout);
	if (rv == 0) {
		if (run.line.len > 0)
			give_line(&run, run.line.data, run.line.len);
		result->exit_status = child_exit_status(run.child);
		(void)snprintf(result->status, sizeof(result->status), "%s",
		    child_status(run.child));
		(void)snprintf(result->errors, sizeof(result->errors), "%.*s",
		    (int)sizeof(result->errors) - 1, child_errors(run.child));
	}
	child_free(run.child);
	buffer_release(&run.line);
	return rv;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes to a file, pipe or terminal. */
#include "transfer/output.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/write.h"
#include "base/xalloc.h"

#define PIECE ((size_t)64 << 10)
#define FULL ((size_t)1 << 20)
/* The largest message of Kafka is 1 GB. */
#define BUFFER_MAX ((size_t)1200 << 20)
/* What cannot be waited for is tried again after so long. */
#define AGAIN_MS 20
/* A reader that goes away while nothing is written is noticed after so long. */
#define LOOK_MS 500

struct output {
	struct output_handler handler;
	struct buffer buffer;
	struct event *writable, *again, *look;
	enum write_kind kind;
	int fd;
	bool was_full, has_failed;
};

static void
wait_for_room(struct output *output)
{
	/* A terminal that is full may count as writable. */
	if (output->kind == WRITE_PIPE || output->kind == WRITE_SOCKET)
		event_add(output->writable, NULL);
	else
		loop_start_timer(output->again, AGAIN_MS);
}

static void
write_some(struct output *output)
{
	while (output->buffer.len > 0 && !output->has_failed) {
		ssize_t n = write_now(output->fd, output->kind, output->buffer.data, output->buffer.len);

		if (n > 0) {
			buffer_consume(&output->buffer, (size_t)n);
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			wait_for_room(output);
			return;
		}
		output->has_failed = true;
		output->handler.on_fail(output->handler.ctx, n == 0 ? ENOSPC : errno);
	}
	if (output->has_failed)
		buffer_clear(&output->buffer);
	else
		buffer_shrink(&output->buffer, FULL);
}

static void
on_look(evutil_socket_t fd, short what, void *ctx)
{
	struct output *output = ctx;
	struct pollfd reader = { .fd = output->fd };

	(void)fd;
	(void)what;
	if (output->has_failed)
		return;
	if (poll(&reader, 1, 0) == 1 && (reader.revents & (POLLERR | POLLHUP)) != 0) {
		output->has_failed = true;
		buffer_clear(&output->buffer);
		output->handler.on_fail(output->handler.ctx, EPIPE);
		return;
	}
	loop_start_timer(output->look, LOOK_MS);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct output *output = ctx;

	(void)fd;
	(void)what;
	write_some(output);
	if (output->was_full && !output_is_full(output)) {
		output->was_full = false;
		output->handler.on_room(output->handler.ctx);
	}
}

struct output *
output_new(struct loop *loop, int fd, const struct output_handler *handler)
{
	struct output *output = xcalloc(1, sizeof(*output));

	output->handler = *handler;
	output->fd = fd;
	output->kind = write_kind(fd);
	output->writable = event_new(loop_base(loop), fd, EV_WRITE, on_writable, output);
	output->again = evtimer_new(loop_base(loop), on_writable, output);
	output->look = evtimer_new(loop_base(loop), on_look, output);
	if (output->kind == WRITE_PIPE || output->kind == WRITE_SOCKET)
		loop_start_timer(output->look, LOOK_MS);
	buffer_init(&output->buffer, BUFFER_MAX);
	return output;
}

void
output_free(struct output *output)
{
	if (output == NULL)
		return;
	event_free(output->writable);
	event_free(output->again);
	event_free(output->look);
	close(output->fd);
	buffer_release(&output->buffer);
	free(output);
}

struct buffer *
output_buffer(struct output *output)
{
	return &output->buffer;
}

void
output_push(struct output *output, bool now)
{
	if (output->buffer.len >= PIECE || (now && output->buffer.len > 0))
		write_some(output);
	if (output_is_full(output))
		output->was_full = true;
}

bool
output_is_full(const struct output *output)
{
	return output->buffer.len >= FULL;
}

bool
output_is_empty(const struct output *output)
{
	return output->buffer.len == 0;
}

int
output_open(const char *option, const char *name, struct error *error)
{
	int number = descriptor_output(name), fd;
	struct error reason;

	if (number >= 0) {
		fd = descriptor_take(number, O_WRONLY, &reason);
		return fd >= 0 ? fd :
				 error_set(error, OUTCOME_USAGE, "--%s=%.400s: %.400s", option, name, reason.text);
	}
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	return fd >= 0 ? fd : error_set(error, OUTCOME_USAGE, "--%s=%.400s: %s", option, name, strerror(errno));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that sends texts into a topic, as others see it. */
#include "kafka/sender.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/xalloc.h"
#include "kafka/sender_work.h"
#include "process/helper.h"

struct sender {
	struct sender_config config;
	struct gate *gate; /* NULL for none */
	pid_t process;
	int fd, its; /* -1: closed */
	struct event *heard;
	struct sender_handler handler;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The process. */
static int
work(void *ctx)
{
	const struct sender *sender = ctx;
	/* One byte: see spawn.c; a core would hold passwords. */
	const struct rlimit no_core = { 1, 1 };

	if (setrlimit(RLIMIT_CORE, &no_core) != 0)
		return 1;
	if (sender->config.forget != NULL)
		sender->config.forget(sender->config.ctx);
	/* A library, or a kinit that it runs, must not write to a socket for standard error. */
	descriptor_fill_standard();
	sender_work(&sender->config, sender->its);
}

/* The next word, its text terminated in bytes; 0 at the end, -1 if there is none now. */
static int
hear(const struct sender *sender, int flags, char bytes[SENDER_TEXT_MAX + 2])
{
	ssize_t n;

	do
		n = recv(sender->fd, bytes, SENDER_TEXT_MAX + 1, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -1;
	if (n <= 0)
		return 0;
	bytes[n] = '\0';
	return (unsigned char)bytes[0];
}

static int
hear_start(const struct sender *sender, struct error *error)
{
	char bytes[SENDER_TEXT_MAX + 2];
	int word;

	while ((word = hear(sender, 0, bytes)) > 0) {
		if (word == SENDER_OPEN)
			return 0;
		if (word == SENDER_FAILED)
			return error_set(error, OUTCOME_USAGE, "%s", bytes + 1);
	}
	return error_set(error, OUTCOME_INTERNAL, "the Kafka process has ended");
}

static int
start(struct sender *sender, struct error *error)
{
	int ends[2], kept[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return error_set(error, OUTCOME_INTERNAL, "cannot prepare the Kafka process: %s", strerror(errno));
	sender->fd = descriptor_raise(ends[0]);
	sender->its = descriptor_raise(ends[1]);
	if (sender->fd < 0 || sender->its < 0)
		return error_set(error, OUTCOME_INTERNAL, "cannot prepare the Kafka process: %s", strerror(errno));
	if (sender->config.is_gated && (sender->gate = gate_new()) == NULL)
		return error_set(error, OUTCOME_INTERNAL, "cannot prepare the Kafka process: %s", strerror(errno));
	sender->config.gate = sender->gate;
	kept[0] = sender->its;
	kept[1] = sender->gate != NULL ? gate_of_process(sender->gate) : -1;
	sender->process = helper_start(kept, sender->gate != NULL ? 2 : 1, work, sender);
	if (sender->gate != NULL)
		gate_made(sender->gate);
	if (sender->process < 0)
		return error_set(error, OUTCOME_INTERNAL, "cannot start the Kafka process: %s", strerror(errno));
	close_fd(&sender->its);
	return hear_start(sender, error);
}

struct sender *
sender_start(const struct sender_config *config, struct error *error)
{
	struct sender *sender = xcalloc(1, sizeof(*sender));

	sender->config = *config;
	sender->fd = sender->its = -1;
	if (start(sender, error) == 0)
		return sender;
	sender_free(sender);
	return NULL;
}

void
sender_free(struct sender *sender)
{
	if (sender == NULL)
		return;
	helper_end(sender->process, true);
	if (sender->heard != NULL)
		event_free(sender->heard);
	close_fd(&sender->fd);
	close_fd(&sender->its);
	gate_free(sender->gate);
	free(sender);
}

static void
take(struct sender *sender, int word, const char *text)
{
	const struct sender_handler *handler = &sender->handler;

	switch (word) {
	case SENDER_DELIVERED:
		handler->on_delivered(handler->ctx);
		break;
	case SENDER_REFUSED:
	case SENDER_REFUSED_FINALLY:
		handler->on_refused(handler->ctx, word == SENDER_REFUSED_FINALLY, text);
		break;
	case SENDER_CUT_OFF:
		handler->on_cut_off(handler->ctx, text);
		break;
	case SENDER_NOTE:
		handler->on_note(handler->ctx, text);
		break;
	default:
		break;
	}
}

static void
on_heard(evutil_socket_t fd, short what, void *ctx)
{
	struct sender *sender = ctx;
	char bytes[SENDER_TEXT_MAX + 2];
	int word = hear(sender, MSG_DONTWAIT, bytes);

	(void)fd;
	(void)what;
	if (word > 0) {
		take(sender, word, bytes + 1);
	} else if (word == 0) {
		event_del(sender->heard);
		helper_end(sender->process, true);
		sender->process = -1;
		close_fd(&sender->fd);
		sender->handler.on_end(sender->handler.ctx, "the Kafka process has ended");
	}
}

void
sender_listen(struct sender *sender, struct loop *loop, const struct sender_handler *handler)
{
	sender->handler = *handler;
	sender->heard = event_new(loop_base(loop), sender->fd, EV_READ | EV_PERSIST, on_heard, sender);
	if (sender->heard == NULL || event_add(sender->heard, NULL) != 0)
		abort(); /* out of memory */
	if (sender->gate != NULL)
		gate_listen(sender->gate, loop, handler->on_connect, handler->connect_ctx);
}

bool
sender_put(struct sender *sender, const char *bytes, size_t len)
{
	return sender->fd >= 0 && len > 0 &&
	    send(sender->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

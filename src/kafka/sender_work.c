/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that sends texts into a topic. */
#include "kafka/sender_work.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "kafka/client.h"
#include "loop/loop.h"

/* Larger than any result; the socket's own bound is lower. */
#define PUT_MAX ((size_t)1 << 20)

struct work {
	const struct sender_config *config;
	struct client *client;
	struct root_log log;
	int fd;
	char *bytes; /* PUT_MAX */
};

/* It waits if nobody listens: there is one answer for each text, and troubles are few. */
static void
say(const struct work *work, enum sender_word word, const char *text)
{
	char bytes[1 + SENDER_TEXT_MAX];
	int len = snprintf(bytes, sizeof(bytes), "%c%s", word, text);

	if (len >= (int)sizeof(bytes))
		len = (int)sizeof(bytes) - 1;
	while (send(work->fd, bytes, (size_t)len, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			_exit(0);
}

static void
on_text(void *ctx, const char *text)
{
	say(ctx, SENDER_NOTE, text);
}

static void
say_outcome(const struct work *work, rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		say(work, SENDER_DELIVERED, "");
		break;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
		say(work, SENDER_REFUSED_FINALLY, rd_kafka_err2str(code));
		break;
	default:
		say(work, SENDER_REFUSED, rd_kafka_err2str(code));
	}
}

static void
on_event(void *ctx, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;

	if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DR)
		return;
	while ((message = rd_kafka_event_message_next(event)) != NULL)
		say_outcome(ctx, message->err);
}

static void
on_served(void *ctx)
{
	(void)ctx;
}

static void
on_trouble(void *ctx, enum client_trouble trouble, const char *text)
{
	const struct work *work = ctx;

	if (trouble == CLIENT_OTHER) {
		say(work, SENDER_NOTE, text);
		return;
	}
	say(work, SENDER_CUT_OFF, text);
	/* A new one is started, later. */
	if (trouble == CLIENT_FATAL || trouble == CLIENT_FATAL_REFUSED)
		_exit(1);
}

static void
on_put(evutil_socket_t fd, short what, void *ctx)
{
	const struct work *work = ctx;
	ssize_t n = recv(fd, work->bytes, PUT_MAX, MSG_DONTWAIT);
	rd_kafka_resp_err_t code;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		_exit(0);
	code = rd_kafka_producev(client_handle(work->client), RD_KAFKA_V_TOPIC(work->config->topic),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(work->bytes, (size_t)n), RD_KAFKA_V_END);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		say_outcome(work, code);
}

static int
start_client(struct work *work, struct loop *loop, struct error *error)
{
	static const struct client_preset presets[] = {
		{ "client.id", "espcapd" },
		{ "enable.idempotence", "true" },
		{ "linger.ms", "0" },
		/* A broker may be away for long. */
		{ "message.timeout.ms", "0" }
	};
	const struct client_config config = { .loop = loop,
		.log = &work->log,
		.type = RD_KAFKA_PRODUCER,
		.properties = work->config->properties,
		.presets = presets,
		.preset_count = sizeof(presets) / sizeof(presets[0]),
		.on_connect = work->config->gate != NULL ? gate_pass : NULL,
		.connect_ctx = work->config->gate,
		.handler = { on_event, on_served, on_trouble, work } };

	work->client = client_new(&config, error);
	return work->client != NULL ? 0 : -1;
}

void
sender_work(const struct sender_config *config, int fd)
{
	struct work work = { .config = config, .fd = fd, .bytes = xmalloc(PUT_MAX) };
	struct error error;
	struct loop *loop = loop_new(&error);
	struct event *put;

	work.log = (struct root_log){ .level = ROOT_WARNING, .on_text = on_text, .ctx = &work };
	if (loop == NULL || start_client(&work, loop, &error) != 0) {
		say(&work, SENDER_FAILED, error.text);
		_exit(1);
	}
	put = event_new(loop_base(loop), fd, EV_READ | EV_PERSIST, on_put, &work);
	if (put == NULL || event_add(put, NULL) != 0)
		_exit(1);
	say(&work, SENDER_OPEN, "");
	(void)loop_run(loop, &error);
	_exit(1);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* One connection to Redis. */
#include "listen/redis_link.h"

#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "listen/redis_reply.h"
#include "loop/http_connection.h"
#include "server/backoff.h"

#define CONNECT_MS 10000
#define SILENCE_MS 10000
/* The first wait before another attempt, ms, and how often it is doubled: a request is wanted soon. */
#define RETRY_FIRST 500
#define RETRY_DOUBLED 5
/* What was ready for so long, ms, begins again with the first wait. */
#define STEADY_MS 5000
/* Commands that the server does not take. */
#define COMMANDS_MAX ((size_t)32 << 20)
/* Pieces that are read in one round of the loop. */
#define ROUND 16

enum link_state {
	LINK_WAITING, /* for the next attempt */
	LINK_CONNECTING,
	LINK_LOGGING_IN,
	LINK_READY
};

struct redis_link {
	const struct listen_context *context;
	const struct redis_config *config;
	struct redis_link_handler handler;
	struct http_config http_config;
	struct http *http;
	char *url;
	struct http_connection *connection;
	struct event *readable, *writable, *timer;
	struct redis_parser *parser;
	struct buffer commands; /* bytes to send */
	uint64_t unanswered;    /* commands */
	uint64_t heard;         /* ms: when something came last, or was asked for */
	uint64_t ready_since;   /* ms */
	uint64_t times;
	unsigned attempt;
	enum link_state state;
	bool is_subscribed, is_pinged;
};

static uint64_t
silence_of(const struct redis_link *link)
{
	return link->config->silence > 0 ? link->config->silence : SILENCE_MS;
}

static void
on_connect(void *ctx, const struct sockaddr *address)
{
	const struct redis_link *link = ctx;

	if (address->sa_family != AF_UNIX && link->context->on_connect != NULL)
		link->context->on_connect(link->context->ctx, address);
}

static void
hang_up(struct redis_link *link)
{
	if (link->readable != NULL)
		event_free(link->readable);
	if (link->writable != NULL)
		event_free(link->writable);
	link->readable = link->writable = NULL;
	http_connection_free(link->connection);
	link->connection = NULL;
	redis_parser_free(link->parser);
	link->parser = NULL;
	buffer_release(&link->commands);
	link->unanswered = 0;
	link->is_subscribed = link->is_pinged = false;
}

void
redis_link_fail(struct redis_link *link, const char *text)
{
	if (link->state == LINK_WAITING)
		return;
	if (link->state == LINK_READY && clock_ms() - link->ready_since >= STEADY_MS)
		link->attempt = 0;
	hang_up(link);
	link->state = LINK_WAITING;
	loop_start_timer(link->timer, backoff_delay(RETRY_FIRST, link->attempt));
	if (link->attempt < RETRY_DOUBLED)
		link->attempt++;
	link->handler.on_lost(link->handler.ctx, text);
}

/* Sending. */

static void
write_commands(struct redis_link *link)
{
	while (link->commands.len > 0) {
		ssize_t n = http_connection_write(link->connection, link->commands.data, link->commands.len);

		if (n < 0 && errno == EAGAIN) {
			event_add(link->writable, NULL);
			return;
		}
		/* Its end is also read, and has the reason there. */
		if (n <= 0) {
			buffer_clear(&link->commands);
			return;
		}
		buffer_consume(&link->commands, (size_t)n);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	write_commands(ctx);
}

static void
send_words(struct redis_link *link, size_t count, const char *const *words, const size_t *lens)
{
	char *bytes = NULL;
	int len = redisFormatCommandArgv(&bytes, (int)count, (const char **)(uintptr_t)words, lens);
	bool is_taken;

	if (len < 0)
		abort(); /* out of memory */
	is_taken = buffer_append(&link->commands, bytes, (size_t)len) == 0;
	explicit_bzero(bytes, (size_t)len);
	redisFreeCommand(bytes);
	if (!is_taken)
		return; /* it is not answered, and that ends the connection */
	if (link->unanswered++ == 0)
		link->heard = clock_ms();
	write_commands(link);
}

void
redis_link_send(struct redis_link *link, size_t count, const char *const *words, const size_t *lens)
{
	if (link->state == LINK_READY)
		send_words(link, count, words, lens);
}

void
redis_link_subscribed(struct redis_link *link)
{
	link->is_subscribed = true;
}

/* Receiving. */

static void
become_ready(struct redis_link *link)
{
	link->state = LINK_READY;
	link->ready_since = clock_ms();
	link->times++;
	link->handler.on_ready(link->handler.ctx);
}

static void
take_login(struct redis_link *link, const struct redisReply *reply)
{
	char text[400];

	if (reply->type == REDIS_REPLY_STATUS) {
		become_ready(link);
		return;
	}
	redis_error_text(text, sizeof(text), "login refused", reply);
	redis_link_fail(link, text);
}

/* Whether it answers our own PING. A PING that the ACL does not allow is answered, too. */
static bool
is_pong(struct redis_link *link, const struct redisReply *reply)
{
	struct redis_push push;

	if (!link->is_pinged)
		return false;
	redis_push_read(reply, &push);
	/* Without a subscription the first answer is that of the PING: it is sent when nothing else waits. */
	if (link->is_subscribed && push.kind != REDIS_PUSH_PONG && reply->type != REDIS_REPLY_ERROR)
		return false;
	link->is_pinged = false;
	return true;
}

static void
take_reply(struct redis_link *link, const struct redisReply *reply)
{
	bool is_ours = is_pong(link, reply);

	if (link->unanswered > 0)
		link->unanswered--;
	if (is_ours)
		return;
	if (link->state == LINK_LOGGING_IN)
		take_login(link, reply);
	else
		link->handler.on_reply(link->handler.ctx, reply);
}

/* False if the connection is gone. */
static bool
take_replies(struct redis_link *link)
{
	struct redisReply *reply = NULL;
	enum redis_parsed parsed;

	while ((parsed = redis_parser_next(link->parser, &reply)) == REDIS_PARSED_REPLY) {
		take_reply(link, reply);
		freeReplyObject(reply);
		if (link->parser == NULL)
			return false;
	}
	if (parsed == REDIS_PARSED_NONE)
		return true;
	if (parsed == REDIS_PARSED_TOO_LARGE)
		redis_link_fail(link, REDIS_LINK_TOO_LARGE);
	else
		redis_link_fail(link, "what answers there does not speak the protocol of Redis (another port, or TLS?)");
	return false;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_link *link = ctx;
	char *piece = xmalloc(REDIS_PARSER_PIECE);

	(void)fd;
	(void)what;
	for (int i = 0; i < ROUND; i++) {
		ssize_t n = http_connection_read(link->connection, piece, REDIS_PARSER_PIECE);

		if (n < 0 && errno == EAGAIN)
			goto out;
		if (n <= 0) {
			redis_link_fail(link, link->state == LINK_LOGGING_IN ? "the server closed the connection at the login" : "the server closed the connection");
			goto out;
		}
		link->heard = clock_ms();
		redis_parser_feed(link->parser, piece, (size_t)n);
		if (!take_replies(link))
			goto out;
	}
	/* TLS may hold more, of which the socket knows nothing. */
	event_active(link->readable, EV_READ, 0);
out:
	free(piece);
}

/* Connecting. */

static void
log_in(struct redis_link *link)
{
	const char *words[] = { "AUTH", link->config->user, link->config->password };

	if (link->config->password == NULL) {
		become_ready(link);
		return;
	}
	link->state = LINK_LOGGING_IN;
	if (link->config->user != NULL)
		send_words(link, 3, words, NULL);
	else
		send_words(link, 2, (const char *[]){ "AUTH", link->config->password }, NULL);
}

static void
on_connected(void *ctx, const struct http_reply *reply)
{
	struct redis_link *link = ctx;
	struct event_base *base = loop_base(link->context->loop);
	int fd;

	if (reply->connection == NULL) {
		char text[sizeof(reply->text) + 60];

		(void)snprintf(text, sizeof(text), "%s%s", reply->text,
		    reply->fault == HTTP_UNTRUSTED ? " (check [redis] ca and host)" : "");
		redis_link_fail(link, text);
		return;
	}
	link->connection = reply->connection;
	fd = http_connection_fd(link->connection);
	link->parser = redis_parser_new();
	buffer_init(&link->commands, COMMANDS_MAX);
	link->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, link);
	link->writable = event_new(base, fd, EV_WRITE, on_writable, link);
	if (link->readable == NULL || link->writable == NULL || event_add(link->readable, NULL) != 0)
		abort(); /* out of memory */
	link->heard = clock_ms();
	loop_start_timer(link->timer, silence_of(link));
	log_in(link);
}

static void
begin(struct redis_link *link)
{
	const struct http_request request = { .method = "GET",
		.url = link->url,
		.unix_path = link->config->host[0] == '/' ? link->config->host : NULL,
		.is_held = true,
		.timeout = CONNECT_MS };

	link->state = LINK_CONNECTING;
	http_send(link->http, &request, on_connected, link);
}

/* The server may be gone without a word: stopped, or cut off. */
static void
look_for_silence(struct redis_link *link)
{
	uint64_t silence = silence_of(link), quiet = clock_ms() - link->heard;
	char text[100];

	if (quiet < silence) {
		loop_start_timer(link->timer, silence - quiet);
	} else if (link->unanswered > 0 || link->is_pinged) {
		(void)snprintf(text, sizeof(text), "no answer for %" PRIu64 " s", quiet / 1000);
		redis_link_fail(link, text);
	} else {
		link->is_pinged = true;
		link->heard = clock_ms();
		send_words(link, 1, (const char *[]){ "PING" }, NULL);
		loop_start_timer(link->timer, silence);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct redis_link *link = ctx;

	(void)fd;
	(void)what;
	if (link->state == LINK_WAITING)
		begin(link);
	else if (link->connection != NULL)
		look_for_silence(link);
}

static char *
make_url(const struct redis_config *config)
{
	const char *scheme = config->is_tls ? "https" : "http";

	if (config->host[0] == '/')
		return xasprintf("%s://localhost/", scheme);
	if (strchr(config->host, ':') != NULL && config->host[0] != '[')
		return xasprintf("%s://[%s]:%u/", scheme, config->host, config->port);
	return xasprintf("%s://%s:%u/", scheme, config->host, config->port);
}

struct redis_link *
redis_link_new(const struct listen_context *context, const struct redis_config *config,
    const struct redis_link_handler *handler)
{
	struct redis_link *link = xcalloc(1, sizeof(*link));

	link->context = context;
	link->config = config;
	link->handler = *handler;
	link->http_config = (struct http_config){ .connect_timeout = CONNECT_MS,
		.timeout = CONNECT_MS,
		.insecure = config->is_insecure,
		.ca = config->ca,
		.connections = 1,
		.on_connect = on_connect,
		.ctx = link };
	link->http = http_new(context->loop, &link->http_config, NULL);
	link->timer = evtimer_new(loop_base(context->loop), on_timer, link);
	if (link->http == NULL || link->timer == NULL)
		abort(); /* out of memory */
	link->url = make_url(config);
	begin(link);
	return link;
}

void
redis_link_free(struct redis_link *link)
{
	if (link == NULL)
		return;
	hang_up(link);
	http_free(link->http);
	event_free(link->timer);
	free(link->url);
	free(link);
}

bool
redis_link_is_ready(const struct redis_link *link)
{
	return link->state == LINK_READY;
}

bool
redis_link_is_local(const struct redis_link *link)
{
	return link->connection != NULL && http_connection_is_local(link->connection);
}

uint64_t
redis_link_times(const struct redis_link *link)
{
	return link->times;
}

char *
redis_name(const char *what, const char *object, const struct redis_config *config)
{
	if (config->host[0] == '/')
		return xasprintf("Redis%s%s at %s", what, object, config->host);
	return xasprintf(strchr(config->host, ':') != NULL ? "Redis%s%s at [%s]:%u" : "Redis%s%s at %s:%u", what, object,
	    config->host, config->port);
}

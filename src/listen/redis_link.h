/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to Redis on the event loop: libcurl is the transport (plain or TLS), hiredis the protocol. Logs in,
 * keeps alive, connects again with back-off for ever.
 */
#ifndef ESPCAP_LISTEN_REDIS_LINK_H
#define ESPCAP_LISTEN_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "listen/listener.h"
#include "loop/http.h"

/* Borrowed for the life of what uses it. */
struct redis_config {
	const char *host; /* name or address; or "/PATH" of a Unix socket */
	uint16_t port;
	bool is_tls;
	bool is_insecure;            /* neither certificate nor host name are checked */
	struct http_blob ca;         /* PEM; data NULL: the system's */
	const char *user, *password; /* NULL for none; a user needs a password */
	uint64_t silence;            /* ms without a byte after which the server is asked, and then has to answer; 0: 10 s */
};

struct redis_link;
struct redisReply;

/* The text of on_lost after a reply beyond the bounds of redis_reply.h. */
#define REDIS_LINK_TOO_LARGE "a reply is too large"

struct redis_link_handler {
	/* Logged in: nothing that was sent before is answered any more. */
	void (*on_ready)(void *ctx);
	/* The answer to what was sent first of what has none yet; while subscribed, what is pushed too. Borrowed. */
	void (*on_reply)(void *ctx, const struct redisReply *reply);
	/* It is lost or was not to be had, and is tried again: a text to act on. */
	void (*on_lost)(void *ctx, const char *text);
	void *ctx;
};

/* Begins to connect. Free with redis_link_free. */
struct redis_link *redis_link_new(const struct listen_context *context, const struct redis_config *config,
    const struct redis_link_handler *handler);
/* At any time but from within the handler. NULL is allowed. */
void redis_link_free(struct redis_link *link);

/* Sends a command of count words; lens may be NULL: words are texts. Nothing if it is not ready. */
void redis_link_send(struct redis_link *link, size_t count, const char *const *words, const size_t *lens);
/* From now on replies are pushed, and PING is answered between them: the link looks for its answer itself. */
void redis_link_subscribed(struct redis_link *link);
/* An answer cannot be used: hangs up and connects again with back-off. */
void redis_link_fail(struct redis_link *link, const char *text);

bool redis_link_is_ready(const struct redis_link *link);
/* The other end is a loopback address or a Unix socket; of the connection there is. */
bool redis_link_is_local(const struct redis_link *link);
/* How often it was ready. */
uint64_t redis_link_times(const struct redis_link *link);

/* For logs: "Redis" WHAT OBJECT " at HOST:PORT". The caller's to free. */
char *redis_name(const char *what, const char *object, const struct redis_config *config);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP requests on the event loop, several at a time (libcurl's multi interface). */
#ifndef ESPCAP_LOOP_HTTP_H
#define ESPCAP_LOOP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "loop/http_request.h"
#include "loop/loop.h"

struct http;
struct http_connection; /* loop/http_connection.h */

/* Bytes of a file, borrowed; NULL if there is none. */
struct http_blob {
	const void *data;
	size_t len;
};

/* Borrowed for the life of the http. */
struct http_config {
	uint64_t connect_timeout;       /* ms, for name, connection and TLS */
	uint64_t timeout;               /* ms, for a whole request; 0: none */
	bool insecure;                  /* neither certificate nor host name are checked */
	struct http_blob ca, cert, key; /* PEM */
	unsigned connections;           /* at most, to one host */
	/* Before each connection, with the address it goes to; NULL if nobody wants to know. */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *ctx;
};

/*
 * Only http and https, TLS 1.2 at least, no redirects followed, no proxy, no .netrc, whatever the
 * environment says. NULL with OUTCOME_INTERNAL. Free with http_free, which cancels what is under way without a call.
 */
struct http *http_new(struct loop *loop, const struct http_config *config, struct error *error);
void http_free(struct http *http);

enum http_fault {
	HTTP_ANSWERED,  /* there is a status and a whole body */
	HTTP_UNREACHED, /* the request did not get there: name, connection, TLS handshake */
	HTTP_UNTRUSTED, /* a certificate check failed, or our own certificate is useless */
	HTTP_LOST,      /* it may have got there: reset, cut, time-out */
	HTTP_NOT_HTTP,  /* what came back is not HTTP */
	HTTP_MISTAKEN,  /* another protocol than that of the address is spoken there: cluster.h alone says so */
	HTTP_REPLY_TOO_LARGE
};

struct http_reply {
	enum http_fault fault;
	char text[320]; /* what went wrong, "" if answered */
	long status;
	const char *body; /* valid during the call */
	size_t len;
	bool is_elasticsearch; /* X-elastic-product: Elasticsearch */
	/* "Kibana" or "OpenSearch Dashboards", which name themselves in a header; NULL if it is neither. */
	const char *dashboard;
	/* A connection was made, and ended without an HTTP answer: by the TLS handshake, silence or other bytes. */
	bool is_unspoken;
	/* Of a request that is held, if it was answered: on_reply's to free. NULL for all others. */
	struct http_connection *connection;
	bool is_sent;       /* the whole request was sent, whatever became of the reply */
	int fd;             /* of a bare request: the connection, which on_reply closes; -1 if there is none, as for all others */
	char location[256]; /* where a redirect points to, "" if nowhere */
	long retry_after;   /* seconds, 0 if not said */
};

/* Sends; on_reply is called once, from the loop. The texts of request are copied, the body is not. */
void http_send(struct http *http, const struct http_request *request,
    void (*on_reply)(void *ctx, const struct http_reply *reply), void *ctx);

#endif

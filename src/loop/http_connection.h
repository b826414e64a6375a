/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection that libcurl made, plain or by TLS, for a protocol that is not HTTP (see is_held in http.h). */
#ifndef ESPCAP_LOOP_HTTP_CONNECTION_H
#define ESPCAP_LOOP_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct http_connection;

/* Closes it. Before http_free. NULL is allowed. */
void http_connection_free(struct http_connection *connection);

/* To wait for: borrowed. After it was readable, read until EAGAIN: TLS may hold bytes that the socket has no more. */
int http_connection_fd(const struct http_connection *connection);

/* As read(2) and write(2) of a socket that does not block: 0 at the end; -1 with errno EAGAIN, or EIO if it is lost. */
ssize_t http_connection_read(struct http_connection *connection, void *data, size_t len);
ssize_t http_connection_write(struct http_connection *connection, const void *data, size_t len);

/* The other end is at a loopback address or a Unix socket. */
bool http_connection_is_local(const struct http_connection *connection);

#endif

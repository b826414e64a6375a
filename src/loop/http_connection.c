/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection that libcurl made: curl_easy_send(3) and curl_easy_recv(3) over a transfer that stays in its multi. */
#include "loop/http_connection.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/xalloc.h"
#include "loop/http_private.h"

struct http_connection {
	struct transfer *transfer;
	curl_socket_t fd;
};

struct http_connection *
http_connection_new(struct transfer *transfer)
{
	struct http_connection *connection = xcalloc(1, sizeof(*connection));

	connection->transfer = transfer;
	if (curl_easy_getinfo(transfer_easy(transfer), CURLINFO_ACTIVESOCKET, &connection->fd) != CURLE_OK)
		connection->fd = CURL_SOCKET_BAD;
	return connection;
}

void
http_connection_free(struct http_connection *connection)
{
	if (connection == NULL)
		return;
	transfer_free(connection->transfer);
	free(connection);
}

int
http_connection_fd(const struct http_connection *connection)
{
	return connection->fd;
}

static ssize_t
result(CURLcode code, size_t n)
{
	if (code == CURLE_OK)
		return (ssize_t)n;
	errno = code == CURLE_AGAIN ? EAGAIN : EIO;
	return -1;
}

ssize_t
http_connection_read(struct http_connection *connection, void *data, size_t len)
{
	size_t n = 0;
	CURLcode code = curl_easy_recv(transfer_easy(connection->transfer), data, len, &n);

	return result(code, n);
}

ssize_t
http_connection_write(struct http_connection *connection, const void *data, size_t len)
{
	size_t n = 0;
	CURLcode code = curl_easy_send(transfer_easy(connection->transfer), data, len, &n);

	return result(code, n);
}

bool
http_connection_is_local(const struct http_connection *connection)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (getpeername(connection->fd, (struct sockaddr *)&address, &len) != 0)
		return false;
	switch (address.ss_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		memcpy(&v4, &address, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		memcpy(&v6, &address, sizeof(v6));
		return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
		    (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
	default:
		return false;
	}
}

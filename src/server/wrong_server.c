/* SPDX-License-Identifier: BSD-2-Clause */
/* What answers at a wrong address. */
#include "server/wrong_server.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "server/verdict.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_https(const char *url)
{
	return strncmp(url, "https:", 6) == 0;
}

/* Host and port. */
static const char *
host_of(const char *url)
{
	const char *scheme = strstr(url, "://");

	return scheme == NULL ? url : scheme + 3;
}

/* The path of the address; NULL if it has none. */
static const char *
path_of(const char *url)
{
	return strchr(host_of(url), '/');
}

char *
wrong_server_url(const char *url, const char *scheme)
{
	const char *host = host_of(url);

	return xasprintf("%s://%.*s/", scheme, (int)strcspn(host, "/"), host);
}

static void
say_other_scheme(const char *url, char *text, size_t size)
{
	(void)snprintf(text, size, "a server %s TLS answers there: write --node=%s://%s",
	    is_https(url) ? "without" : "with", is_https(url) ? "http" : "https",
	    host_of(url));
}

/*
 * Of an answer by the other scheme. By 400 many servers answer to plain HTTP on their TLS port, and by 3xx some. A
 * proxy that has both on one port answers by other errors itself (403, 404, 405, 5xx) while its server is away.
 */
static bool
is_for_certain(long status)
{
	return status == 200 || status == 401;
}

bool
wrong_server_by_peek(const char *url, const struct peeked *peeked, char *text, size_t size)
{
	const char *what = "a server of another protocol";

	switch (peeked->protocol) {
	case PROTOCOL_UNKNOWN:
		return false;
	case PROTOCOL_HTTP:
		if (!is_https(url) || !is_for_certain(peeked->status))
			return false;
		say_other_scheme(url, text, size);
		return true;
	case PROTOCOL_TLS:
		if (is_https(url))
			return false;
		say_other_scheme(url, text, size);
		return true;
	case PROTOCOL_SSH:
		what = "an SSH server";
		break;
	case PROTOCOL_REDIS:
		what = "a Redis server";
		break;
	case PROTOCOL_OTHER:
		break;
	}
	(void)snprintf(text, size, "%s answers there, not Elasticsearch or OpenSearch: check the port", what);
	return true;
}

bool
wrong_server_by_tls(const char *url, const struct http_reply *reply, char *text, size_t size)
{
	if (is_https(url) || !is_for_certain(reply->status) ||
	    (reply->fault != HTTP_ANSWERED && reply->fault != HTTP_REPLY_TOO_LARGE))
		return false;
	say_other_scheme(url, text, size);
	return true;
}

static bool
is_json(const struct http_reply *reply)
{
	size_t at = 0;

	while (at < reply->len && strchr(" \t\r\n", reply->body[at]) != NULL)
		at++;
	return at < reply->len && reply->body[at] == '{';
}

bool
wrong_server_is_foreign(const struct http_reply *reply)
{
	return !reply->is_elasticsearch && !is_json(reply) &&
	    (reply->status == 400 || reply->status == 404 ||
		reply->status == 405 || reply->status == 410);
}

bool
wrong_server_is_page(const struct http_reply *reply, const char *word)
{
	return reply->status == 200 && !reply->is_elasticsearch &&
	    memmem(reply->body, reply->len, word, strlen(word)) == NULL;
}

/*
 * Whether Elasticsearch or OpenSearch takes the path for one of its own, of an index or an API: RestController and
 * IndexNotFoundException in both.
 */
static bool
is_about_path(const struct http_reply *reply)
{
	static const char *const words[] = { "no handler found for uri",
		"Incorrect HTTP method for uri", "index_not_found_exception",
		"invalid_index_name_exception", "request [/" };

	if (reply->status != 400 && reply->status != 404 && reply->status != 405)
		return false;
	for (size_t i = 0; i < COUNT(words); i++)
		if (memmem(reply->body, reply->len, words[i], strlen(words[i])) != NULL)
			return true;
	return false;
}

/* GET of a name that is there tells of the index, and not of the server. */
static bool
is_at_path(const struct http_reply *reply, bool has_version)
{
	static const char index[] = "\"aliases\"";

	return is_json(reply) &&
	    (is_about_path(reply) ||
		(reply->status == 200 && !has_version &&
		    memmem(reply->body, reply->len, index, sizeof(index) - 1) != NULL));
}

void
wrong_server_text(const struct http_reply *reply, char *text, size_t size)
{
	(void)snprintf(text, size,
	    "a web server or a proxy answers there (HTTP status %ld), not Elasticsearch or OpenSearch: check the address",
	    reply->status);
}

bool
wrong_server_by_root(const char *url, const struct http_reply *reply, bool has_version, char *text, size_t size)
{
	const char *path = path_of(url);

	if (reply->dashboard != NULL)
		(void)snprintf(text, size,
		    "%s answers there: write the address of its %s, which has the port 9200 by default",
		    reply->dashboard,
		    strcmp(reply->dashboard, "Kibana") == 0 ? "Elasticsearch" : "OpenSearch");
	else if (reply->status == 400 && !is_https(url) &&
	    verdict_is_tls_page(reply->body, reply->len))
		say_other_scheme(url, text, size);
	else if (path != NULL && is_at_path(reply, has_version))
		(void)snprintf(text, size,
		    "the server reads %s as an index or an API path: write --node=%.*s, and name the index with --index",
		    path, (int)(path - url), url);
	else
		return false;
	return true;
}

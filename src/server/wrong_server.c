/* SPDX-License-Identifier: BSD-2-Clause */
/* What answers at a wrong address. */
#include "server/wrong_server.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "server/bulk_reply.h"
#include "server/verdict.h"

static bool
is_https(const char *url)
{
	return strncmp(url, "https:", 6) == 0;
}

/* What follows the scheme. */
static const char *
after_scheme(const char *url)
{
	return strstr(url, "://");
}

static const char *
other_scheme(const char *url)
{
	return is_https(url) ? "http" : "https";
}

char *
wrong_server_other_scheme(const char *url)
{
	return xasprintf("%s%s/", other_scheme(url), after_scheme(url));
}

static void
say_other_scheme(const char *url, char *text, size_t size)
{
	(void)snprintf(text, size,
	    "a server %s TLS answers there: write --node=%s%s",
	    is_https(url) ? "without" : "with", other_scheme(url),
	    after_scheme(url));
}

bool
wrong_server_by_first(const char *url, enum first_bytes first, char *text,
    size_t size)
{
	const char *what = "a server of another protocol";

	switch (first) {
	case FIRST_BYTES_NONE:
		return false;
	case FIRST_BYTES_HTTP:
	case FIRST_BYTES_TLS:
		if (is_https(url) == (first == FIRST_BYTES_TLS))
			return false;
		say_other_scheme(url, text, size);
		return true;
	case FIRST_BYTES_SSH:
		what = "an SSH server";
		break;
	case FIRST_BYTES_REDIS:
		what = "a Redis server";
		break;
	case FIRST_BYTES_OTHER:
		break;
	}
	(void)snprintf(text, size,
	    "%s answers there, not Elasticsearch or OpenSearch: is the port right?",
	    what);
	return true;
}

/* The path of the address; NULL if it has none. */
static const char *
path_of(const char *url)
{
	return strchr(after_scheme(url) + 3, '/');
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

	if (!is_json(reply) ||
	    (reply->status != 400 && reply->status != 404 && reply->status != 405))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(reply->body, reply->len, words[i],
			strlen(words[i])) != NULL)
			return true;
	return false;
}

/* GET of a name that is there tells of the index, and not of the server. */
static bool
is_at_path(const struct http_reply *reply, bool has_version)
{
	return is_about_path(reply) ||
	    (reply->status == 200 && !has_version && is_json(reply));
}

void
wrong_server_text(const char *url, const struct http_reply *reply, char *text,
    size_t size)
{
	(void)snprintf(text, size,
	    "%s: a web server or a proxy answers there (HTTP status %ld), not Elasticsearch or OpenSearch: is the address right?",
	    url, reply->status);
}

bool
wrong_server_by_root(const char *url, const struct http_reply *reply,
    bool has_version, char *text, size_t size)
{
	const char *path = path_of(url);
	char what[400];

	if (reply->dashboard != NULL) {
		(void)snprintf(text, size,
		    "%s: %s answers there: write the address of its %s, which has the port 9200 by default",
		    url, reply->dashboard,
		    reply->dashboard[0] == 'K' ? "Elasticsearch" : "OpenSearch");
		return true;
	}
	if (reply->status == 400 && !is_https(url) &&
	    verdict_is_tls_page(reply->body, reply->len)) {
		say_other_scheme(url, what, sizeof(what));
		(void)snprintf(text, size, "%s: %s", url, what);
		return true;
	}
	if (path != NULL && is_at_path(reply, has_version)) {
		(void)snprintf(text, size,
		    "%s: the server takes %s for an index or an API of its own: write --node=%.*s, and name the index with --index",
		    url, path, (int)(path - url), url);
		return true;
	}
	if (reply->status != 200 || has_version || reply->is_elasticsearch)
		return false;
	wrong_server_text(url, reply, text, size);
	return true;
}

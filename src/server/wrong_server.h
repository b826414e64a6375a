/* SPDX-License-Identifier: BSD-2-Clause */
/* An address that leads to something else than Elasticsearch or OpenSearch: what answers there, and what to write. No I/O. */
#ifndef ESPCAP_SERVER_WRONG_SERVER_H
#define ESPCAP_SERVER_WRONG_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/http.h"

/*
 * By the first bytes that came from the server at this url. True with a text (without the url) if they are not of the protocol
 * that the url names.
 */
bool wrong_server_by_first(const char *url, enum first_bytes first, char *text, size_t size);

/* The same address with https in place of http or the reverse, and "/" after it. The caller frees it. */
char *wrong_server_other_scheme(const char *url);

/*
 * By the answer to GET / at this url. has_version: it names a version, as Elasticsearch and OpenSearch do. True with a text
 * (with the url) if it makes no sense to ask again.
 */
bool wrong_server_by_root(const char *url, const struct http_reply *reply, bool has_version, char *text, size_t size);

/*
 * Whether the answer says that nothing is there, and not in the words of Elasticsearch or OpenSearch, which are JSON. If that is so
 * of two addresses that only these servers have, wrong_server_text says so.
 */
bool wrong_server_is_foreign(const struct http_reply *reply);
void wrong_server_text(const char *url, const struct http_reply *reply, char *text, size_t size);

#endif

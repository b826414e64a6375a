/* SPDX-License-Identifier: BSD-2-Clause */
/* An address where something other than Elasticsearch or OpenSearch answers: what it is, and what to write. No I/O. */
#ifndef ESPCAP_SERVER_WRONG_SERVER_H
#define ESPCAP_SERVER_WRONG_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/http.h"
#include "loop/peek.h"

/* Bytes of a text, which does not name the address in front. */
#define WRONG_SERVER_TEXT 1000

/*
 * By what a plain connection to the server at this url got, after a request by the scheme of the url had failed. True
 * with a text if the server certainly speaks another protocol than the url names. What may pass, such as an error of a
 * proxy, is not certain.
 */
bool wrong_server_by_peek(const char *url, const struct peeked *peeked, char *text, size_t size);

/* The same by the answer to a request by TLS, where the url has http and the server says nothing without TLS. */
bool wrong_server_by_tls(const char *url, const struct http_reply *reply, char *text, size_t size);

/* The url without its path and with that scheme, and "/" after it. The caller frees it. */
char *wrong_server_url(const char *url, const char *scheme);

/*
 * By the answer to GET / at this url. has_version: it names a version, as Elasticsearch and OpenSearch do. True with a
 * text if it makes no sense to ask again.
 */
bool wrong_server_by_root(const char *url, const struct http_reply *reply, bool has_version, char *text, size_t size);

/*
 * Whether the answer says that nothing is there, and not in the words of Elasticsearch or OpenSearch, which are JSON. A
 * proxy may answer so to GET / by itself. If it is so of two paths, of which one only these servers have,
 * wrong_server_text says what answers.
 */
bool wrong_server_is_foreign(const struct http_reply *reply);
/* Whether it is an answer (200) without this word, which that of Elasticsearch or OpenSearch has. */
bool wrong_server_is_page(const struct http_reply *reply, const char *word);
void wrong_server_text(const struct http_reply *reply, char *text, size_t size);

#endif

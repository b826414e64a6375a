/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out what speaks at an address where a connection was made, but the protocol of the address was not spoken. */
#ifndef ESPCAP_SERVER_EXAMINATION_H
#define ESPCAP_SERVER_EXAMINATION_H

#include <stdbool.h>

#include "loop/http.h"
#include "loop/loop.h"

struct examination;

/* ms for each of two connections at most. */
#define EXAMINATION_LIMIT 2000

/*
 * Asks the server at url, without credentials: by plain HTTP, and, if it says nothing and url has http, by TLS. on_end
 * is called once, from the loop, with a text (server/wrong_server.h) if the address is certainly wrong, else with NULL;
 * it may free the examination. url is borrowed.
 */
struct examination *examination_new(struct loop *loop, struct http *http, const char *url,
    void (*on_end)(void *ctx, const char *text), void *ctx);
/* The http must be freed before, unless on_end was called. NULL is allowed. */
void examination_free(struct examination *examination);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What http.c and http_connection.c know of each other. */
#ifndef ESPCAP_LOOP_HTTP_PRIVATE_H
#define ESPCAP_LOOP_HTTP_PRIVATE_H

#include "loop/http.h"

struct transfer;

/* Its CURL handle. */
void *transfer_easy(struct transfer *transfer);
/* Closes the connection of one that is held. */
void transfer_free(struct transfer *transfer);

struct http_connection *http_connection_new(struct transfer *transfer);

#endif

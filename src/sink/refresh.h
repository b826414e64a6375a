/* SPDX-License-Identifier: BSD-2-Clause */
/* The indices that a run writes to, refreshed once at its end, so that searches find all documents at once. */
#ifndef ESPCAP_SINK_REFRESH_H
#define ESPCAP_SINK_REFRESH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "loop/loop.h"
#include "server/cluster.h"

/*
 * Bytes of index names in one request: both servers take a request line of 4,096 bytes (http.max_initial_line_length).
 */
#define REFRESH_NAMES_MAX 3500
/* ms for all requests. */
#define REFRESH_LIMIT 10000
/* Names that are remembered, more than there are days; the indices of dead letters can have any name. */
#define REFRESH_INDICES_MAX 50000

struct refresh;

/* loop, log and cluster are borrowed. on_end is called once after refresh_start, perhaps from there. */
struct refresh *refresh_new(struct loop *loop, struct log *log, struct cluster *cluster, void (*on_end)(void *ctx), void *ctx);
/* The cluster, which may have a request of it, must be freed before. NULL is allowed. */
void refresh_free(struct refresh *refresh);

/* A document goes to this index. A name is copied at its first document. */
void refresh_note(struct refresh *refresh, const char *index, size_t len);

/*
 * Asks for the refresh of all indices noted, one request after the other. The first failure ends it, as does
 * REFRESH_LIMIT; a failure is logged with --verbose only, because the documents are safe and the server refreshes by
 * itself.
 */
void refresh_start(struct refresh *refresh);
/* Ends it at once, and calls on_end; false if it has not begun or is over. */
bool refresh_cut(struct refresh *refresh);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* How the passes over an input begin and end: each is one tshark. */
#ifndef ESPCAP_DISSECT_PASSES_H
#define ESPCAP_DISSECT_PASSES_H

#include "dissect/dissection_private.h"

/* warmly: of a live capture, with the knowledge of the packets last seen. */
void passes_begin(struct dissection *dissection, enum pass pass, bool warmly);
/* Starts a tshark for a pass; NULL with an error. */
struct child *passes_start(struct dissection *dissection, enum pass pass, bool plugin, size_t warm,
    struct error *error);
/* The child has finished, and all that it printed was read. */
void passes_leave(struct dissection *dissection);
/* From the loop: goes on with the next session of the input (FEED_SESSION). */
void passes_turn(struct dissection *dissection);
/* From the loop, to begin with; ctx is the dissection. */
void passes_first(void *ctx);
/* A shard whose index is not 0 looks for its first packet; ctx is the dissection. Call again when skipping is set and the order has changed. */
void passes_seek(void *ctx);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets that were captured and are not in the pipe yet: in memory, and after these in a spool on disk. */
#ifndef ESPCAP_CAPTURE_BACKLOG_H
#define ESPCAP_CAPTURE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/nic.h"
#include "capture/spool_file.h"

struct backlog;

/*
 * size: bytes of the memory, 1 MiB at least; spool: borrowed, NULL for none. on_resolved is called once for each
 * packet, in order: whether it was taken, or dropped for lack of room. NULL if there is no memory. Free with
 * backlog_free.
 */
struct backlog *backlog_new(size_t size, struct spool_file *spool,
    void (*on_resolved)(void *ctx, const struct nic_packet *packet, bool taken), void *ctx);
void backlog_free(struct backlog *backlog);

/* Bytes that go before all packets; -1 if there is no room. */
int backlog_begin(struct backlog *backlog, const void *bytes, size_t len);
/* Takes a copy of the packet; on_resolved may be called for it, and others, before backlog_resolve returns. */
void backlog_put(struct backlog *backlog, const struct nic_packet *packet);
/* To be called after some packets: those for the spool are written in one go. */
void backlog_resolve(struct backlog *backlog);

/* Bytes in memory that are to be written. */
size_t backlog_queued(const struct backlog *backlog);
/* Bytes in the spool, 0 without. */
uint64_t backlog_spooled(const struct backlog *backlog);
/* Whether something is to be written, also from the spool. */
bool backlog_waits(const struct backlog *backlog);
/*
 * Writes to data (a pipe that does not block), and fetches a piece from the spool at most. -1 if nobody reads data.
 * *lost: how many of the packets taken last could not be read from the spool; they are the last ones that were taken,
 * and errno says why.
 */
int backlog_write(struct backlog *backlog, int data, uint64_t *lost);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The last packets, as many as fit into a bound of bytes. No I/O. */
#ifndef ESPCAP_CAPTURE_HISTORY_H
#define ESPCAP_CAPTURE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "capture/nic.h"

struct history;

/* bytes: those of the packets and 32 for each. NULL with errno if there is no memory. Free with history_free. */
struct history *history_new(size_t bytes);
void history_free(struct history *history);

/* Keeps a packet that arrived at this time, and forgets the oldest until there is room. */
void history_put(struct history *history, const struct nic_packet *packet, uint64_t arrived_ns);
/* Calls on_packet for those that arrived at since_ns or later, oldest first. */
void history_each(const struct history *history, uint64_t since_ns,
    void (*on_packet)(void *ctx, const struct nic_packet *packet, uint64_t arrived_ns), void *ctx);
/* How many there are. */
size_t history_count(const struct history *history);

#endif

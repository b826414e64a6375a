/* SPDX-License-Identifier: BSD-2-Clause */
/* The processes of the broker that keep packets in memory, one for each interface that is to be looked back on. */
#ifndef ESPCAP_CAPTURE_LOOKBACKS_H
#define ESPCAP_CAPTURE_LOOKBACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/address_filter.h"
#include "capture/capture_policy.h"
#include "capture/lookback.h"
#include "capture/mandates.h"

struct lookbacks;

/* All is borrowed; this process is their parent. None is started yet. Free with lookbacks_free, which ends them. */
struct lookbacks *lookbacks_new(const struct capture_broker_config *config, struct mandates *mandates,
    const struct address_filter *excluded);
void lookbacks_free(struct lookbacks *lookbacks);

/*
 * Goes on under another configuration: those of which nothing changes (takes_over: neither the mandates) keep what they
 * have, the others begin anew. Those that have captures under way end after these.
 */
void lookbacks_renew(struct lookbacks *lookbacks, const struct capture_broker_config *config, struct mandates *mandates,
    bool takes_over);

/* Starts those that are due: each at first, and again after it has ended. Milliseconds until the next, -1 for none. */
int lookbacks_start(struct lookbacks *lookbacks);
/* A process has ended, maybe one of these. */
void lookbacks_forget(struct lookbacks *lookbacks, pid_t process);

/* Connections to this address are captured no more, once all copies of barrier (-1 for none) are closed. */
void lookbacks_exclude(struct lookbacks *lookbacks, const struct sockaddr_in6 *address, int barrier);
/*
 * Gives an order for a capture on the interface of this index, with the socket of that capture (borrowed), to who keeps
 * its packets. NULL, or why not.
 */
const char *lookbacks_take(struct lookbacks *lookbacks, size_t interface, const struct lookback_order *order, int socket);

#endif

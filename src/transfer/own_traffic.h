/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the connections to the brokers out of a live capture: each message would breed messages. */
#ifndef ESPCAP_TRANSFER_OWN_TRAFFIC_H
#define ESPCAP_TRANSFER_OWN_TRAFFIC_H

#include <sys/socket.h>

#include "input/live.h"
#include "kafka/root_log.h"
#include "loop/loop.h"

struct own_traffic;

/* All is borrowed. Free with own_traffic_free. */
struct own_traffic *own_traffic_new(struct loop *loop, const struct root_log *log, struct live *live);
/*
 * From any thread, before it connects to the address: returns when the kernel keeps that out of the capture, or after
 * two seconds. ctx is the struct own_traffic.
 */
void own_traffic_connect(void *ctx, const struct sockaddr *address);
/* The loop does not run any more: no thread waits for it from here on. Both accept NULL. */
void own_traffic_end(struct own_traffic *own);
void own_traffic_free(struct own_traffic *own);

#endif

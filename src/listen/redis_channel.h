/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from a Redis channel: every node hears all, at most once. What is published during an outage is lost. */
#ifndef ESPCAP_LISTEN_REDIS_CHANNEL_H
#define ESPCAP_LISTEN_REDIS_CHANNEL_H

#include "listen/listener.h"
#include "listen/redis_link.h"

/* All is borrowed for the life of the listener. Free with listener_free. */
struct listener *redis_channel_new(const struct redis_config *config, const char *channel);

#endif

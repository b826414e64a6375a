/* SPDX-License-Identifier: BSD-2-Clause */
/* Results to a Redis channel, a stream or both, over one connection. After an outage one may come twice. */
#ifndef ESPCAP_LISTEN_OUTLET_REDIS_H
#define ESPCAP_LISTEN_OUTLET_REDIS_H

#include <stdint.h>

#include "listen/outlet.h"
#include "listen/redis_link.h"

/* Borrowed for the life of the outlet; channel or stream may be NULL. max: entries the stream keeps, about. */
struct outlet *outlet_redis_new(const struct redis_config *config, const char *channel, const char *stream, uint64_t max);

#endif

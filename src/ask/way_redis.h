/* SPDX-License-Identifier: BSD-2-Clause */
/* Through Redis: a channel or a stream. */
#ifndef ESPCAP_ASK_WAY_REDIS_H
#define ESPCAP_ASK_WAY_REDIS_H

#include "ask/way.h"

/* See open_way. */
struct way *way_redis_new(const struct way_config *config, struct error *error);

#endif

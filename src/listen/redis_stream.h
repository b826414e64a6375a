/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests from a Redis stream, at least once, by a consumer group: with one group for each node every node hears all.
 * An entry holds the request in the field "request", or in the only field it has.
 */
#ifndef ESPCAP_LISTEN_REDIS_STREAM_H
#define ESPCAP_LISTEN_REDIS_STREAM_H

#include <stddef.h>

#include "listen/listener.h"
#include "listen/redis_link.h"

/* Borrowed for the life of the listener. */
struct redis_stream_config {
	const char *stream;
	const char *group;    /* "espcapd-HOST"; made if there is none, to begin with what comes from then on */
	const char *consumer; /* the name of the node */
	/* Names that this node had: what these left unsettled is claimed. Nobody else's. */
	const char *const *former;
	size_t former_count;
};

struct listener *redis_stream_new(const struct redis_config *redis, const struct redis_stream_config *config);

#endif

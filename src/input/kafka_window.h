/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packets of a topic are wanted by the time of their capture. No I/O. */
#ifndef ESPCAP_INPUT_KAFKA_WINDOW_H
#define ESPCAP_INPUT_KAFKA_WINDOW_H

#include <stdint.h>

#include "kafka/wire.h"

struct kafka_window {
	int64_t since_ms, until_ms; /* since 1970: the first wanted, the first not wanted any more; INT64_MIN and INT64_MAX: no bound */
	uint64_t context_ms;        /* before since_ms: packets that have no document, but tshark sees them */
};

enum kafka_place {
	KAFKA_INSIDE,
	KAFKA_CONTEXT,
	KAFKA_OUTSIDE
};

/* A packet without a time is outside of every window that has a bound. */
enum kafka_place kafka_window_place(const struct kafka_window *window, const struct wire_packet *packet);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packets of a topic are wanted by the time of their capture. */
#include "input/kafka_window.h"

enum kafka_place
kafka_window_place(const struct kafka_window *window, const struct wire_packet *packet)
{
	int64_t ms;

	if (window->since_ms == INT64_MIN && window->until_ms == INT64_MAX)
		return KAFKA_INSIDE;
	if (!packet->has_time)
		return KAFKA_OUTSIDE;
	/* A key holds microseconds, so that this does not overflow. */
	ms = packet->sec * 1000 + packet->nsec / 1000000;
	if (ms >= window->until_ms)
		return KAFKA_OUTSIDE;
	if (ms >= window->since_ms)
		return KAFKA_INSIDE;
	return (uint64_t)window->since_ms - (uint64_t)ms <= window->context_ms ? KAFKA_CONTEXT : KAFKA_OUTSIDE;
}

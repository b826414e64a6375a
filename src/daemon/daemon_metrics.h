/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of espcapd for Prometheus. */
#ifndef ESPCAP_DAEMON_DAEMON_METRICS_H
#define ESPCAP_DAEMON_DAEMON_METRICS_H

#include <stddef.h>

#include "daemon/captures.h"
#include "daemon/hub.h"
#include "deliver/deliver.h"
#include "listen/listener.h"
#include "listen/publisher.h"
#include "metrics/metrics_out.h"

/* All is borrowed; publisher may be NULL. */
struct daemon_values {
	struct hub_counts hub;
	const struct captures *captures;
	size_t unrecorded; /* failed captures */
	const struct deliver *deliver;
	const struct publisher *publisher;
	struct listener *const *listeners;
	size_t listener_count;
};

void daemon_metrics_write(const struct daemon_values *values, const struct metrics_out_state *state,
    struct exposition *exposition);

#endif

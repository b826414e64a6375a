/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One capture in memory: packets until the first of its limits is reached, as the bytes of a pcap or pcapng file in a
 * memfd whose length is bounded before it begins.
 */
#ifndef ESPCAP_CAPTURE_TAKE_H
#define ESPCAP_CAPTURE_TAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/nic.h"

/*
 * The first that is reached ends the capture; 0: no such limit.
 *  - packets: so many are kept.
 *  - bytes: of the file, its headers counted (pcap: 24, and 16 for each packet). The packet with which the file gets as
 *    long or longer is the last one kept.
 *  - timeout_ms: no packet for longer than this since the last one, or since the capture began.
 *  - duration_ms: since the capture began. A packet exactly at the end of either is kept.
 */
struct take_limits {
	uint64_t packets, bytes;
	uint64_t timeout_ms, duration_ms;
};

/* The snaplen that stands for "whole packets", as tcpdump has it; none is larger. */
#define TAKE_SNAPLEN_MAX 262144
/* The bytes a file of these limits can have at most, and the room to reserve for it. UINT64_MAX: no bound. */
uint64_t take_reserve(const struct take_limits *limits, uint32_t snaplen, bool pcapng);

enum take_stop {
	TAKE_RUNS, /* not stopped */
	TAKE_PACKETS,
	TAKE_BYTES,
	TAKE_TIMEOUT,
	TAKE_DURATION,
	TAKE_CANCELLED,
	TAKE_SHUTDOWN,
	TAKE_INTERFACE_DOWN,
	TAKE_INTERFACE_GONE,
	TAKE_MEMORY
};
/* "packets", "bytes", "timeout", "duration", "cancelled", "shutdown", "interface_down", "interface_gone", "memory". */
const char *take_stop_name(enum take_stop stop);

/* What is known of a capture at its end. Times are of the packets; -1 if there is none. */
struct take_result {
	enum take_stop stop;
	uint64_t packets, bytes;              /* kept; the length of the file */
	uint64_t kernel_drop, interface_drop; /* beside these */
	int64_t first_ns, last_ns;            /* since 1970 */
	uint32_t linktype, snaplen;           /* LINKTYPE_ value */
};

struct take_config {
	struct take_limits limits;
	uint32_t snaplen;
	uint16_t linktype; /* LINKTYPE_ value */
	bool pcapng;
	const char *interface; /* its name, for pcapng; borrowed until take_new returns */
	uint64_t reserve;      /* the file gets never longer */
};

struct take;

/* Begins at now_ns of the monotonic clock. NULL with OUTCOME_INTERNAL if there is no memory. Free with take_free. */
struct take *take_new(const struct take_config *config, uint64_t now_ns, struct error *error);
void take_free(struct take *take);

/*
 * A packet, its times in nanoseconds, that arrived at arrived_ns of the monotonic clock (0: before the capture began).
 * It is kept unless the capture has stopped, or is over by then.
 */
void take_packet(struct take *take, const struct nic_packet *packet, uint64_t arrived_ns);
/* When it ends if no packet arrives before, in ns of the monotonic clock; UINT64_MAX for never. */
uint64_t take_deadline(const struct take *take);
/* No packet that arrived until now_ns is missing: it may be over. */
void take_expire(struct take *take, uint64_t now_ns);
/* Ends it, unless it has ended already. */
void take_end(struct take *take, enum take_stop stop);
enum take_stop take_stopped(const struct take *take);

/* What there is so far. */
void take_look(const struct take *take, struct take_result *result);
/*
 * Ends the file: a statistics block in pcapng; then it can be changed no more (sealed). Fills result, in which the
 * drops are the caller's. The descriptor, the caller's to close; -1 with errno. Once.
 */
int take_finish(struct take *take, uint64_t kernel_drop, uint64_t interface_drop, struct take_result *result);

#endif

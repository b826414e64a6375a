/* SPDX-License-Identifier: BSD-2-Clause */
/* What the capture broker allows. */
#ifndef ESPCAP_CAPTURE_CAPTURE_POLICY_H
#define ESPCAP_CAPTURE_CAPTURE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/take.h"

/* struct capture_order.grant: only the bpf for all is and-ed in. */
#define CAPTURE_NO_GRANT UINT32_MAX

struct capture_interface {
	const char *name;          /* "any" is one, too */
	uint64_t lookback;         /* bytes of packets to keep in memory; 0 for none */
	uint32_t lookback_snaplen; /* 0: whole packets */
};

struct capture_broker_config {
	const struct capture_interface *interfaces; /* no others are captured on */
	size_t interface_count;
	const char *bpf;           /* and-ed into each filter; NULL for none */
	const char *const *grants; /* and-ed into the filter of who has the grant, beside bpf; NULL for none */
	size_t grant_count;
	/* Hard maxima: what is larger, or without the limit, is refused. 0: no maximum. */
	struct take_limits maxima;
	uint32_t snaplen;   /* the largest; 0: TAKE_SNAPLEN_MAX */
	size_t maxcaptures; /* at once */
	uint32_t buffer;    /* bytes of the kernel's ring of each capture; 0: 2 MiB */
	bool no_promisc;
	/*
	 * In the broker's process: reads the policy again from where only who may decide about it can write, never
	 * from the program that asks for that. version: what the program has read; it must be the same. The broker
	 * gives what it gets back to release once it is not used any more. NULL with the reason: the old one stays.
	 * NULL: the policy never changes.
	 */
	const struct capture_broker_config *(*reread)(void *ctx, const char *version, struct error *error);
	void (*release)(void *ctx, const struct capture_broker_config *config);
	void *reread_ctx;
};

/* The defaults. */
static inline uint32_t
capture_policy_buffer(const struct capture_broker_config *config)
{
	return config->buffer != 0 ? config->buffer : 2U << 20;
}

static inline uint32_t
capture_policy_snaplen(const struct capture_broker_config *config)
{
	return config->snaplen != 0 ? config->snaplen : TAKE_SNAPLEN_MAX;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of a process that keeps the last packets of an interface, and makes the captures that begin with these. */
#ifndef ESPCAP_CAPTURE_LOOKBACK_H
#define ESPCAP_CAPTURE_LOOKBACK_H

#include <sys/types.h>

#include "capture/address_filter.h"
#include "capture/capture_message.h"
#include "capture/mandates.h"
#include "capture/nic.h"
#include "capture/take.h"

struct lookback_job {
	struct nic_config nic;     /* without a filter */
	struct mandates *mandates; /* that for all is its filter */
	size_t bytes;              /* of packets, see history.h */
	size_t sessions_max;
	const struct address_filter *excluded;
	int socket; /* orders of the broker */
	pid_t parent;
};

/* An order of the broker. */
struct lookback_order {
	uint32_t is_exclusion; /* then only the address counts; else the socket of a capture comes beside it */
	struct sockaddr_in6 address;
	uint32_t grant;
	uint64_t before_ms;
	struct take_limits limits;
	uint32_t snaplen;
	uint32_t pcapng;
	uint64_t reserve;
	uint32_t count; /* instructions: of the request, for packets as they are in files */
	struct bpf_insn insns[BPF_CODE_MAX];
};
size_t lookback_order_len(const struct lookback_order *order);

/* Runs until the broker or the interface is gone. ctx: struct lookback_job. The exit status of the process. */
int lookback_work(void *ctx);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface whose packets captures in memory get. */
#ifndef ESPCAP_CAPTURE_SESSION_NIC_H
#define ESPCAP_CAPTURE_SESSION_NIC_H

#include "capture/address_filter.h"
#include "capture/mandates.h"
#include "capture/session.h"

struct session_nic {
	struct nic *nic;
	/* Of the nic. */
	struct nic_config config;
	struct bpf_code codes[MANDATES_CODES_MAX + 1];
	struct address_filter excluded;
};

/*
 * Opens it for packets that match the programs of the mandates with this grant, and code unless that is NULL. Packets
 * of the addresses in excluded are kept back. Borrowed are mandates and what config and code point to; what stands in
 * config as a program does not count. -1 with an error. nic_free when it is done; *open must not move before.
 */
int session_nic_open(struct session_nic *open, const struct nic_config *config, struct mandates *mandates,
    uint32_t grant, const struct bpf_code *code, const struct address_filter *excluded, struct error *error);

/* Keeps the packets of the address back, too. */
void session_nic_exclude(struct session_nic *open, const struct sockaddr_in6 *address);
/* Does so if it was ordered, and says that it is done. */
void session_nic_obey(struct session_nic *open, struct session *session);

/* Says how the session goes, and ends it if the interface is not up. */
void session_nic_tell(struct session *session, enum nic_state state, uint64_t now_ns);

/* How long poll may wait until due_ns by the monotonic clock; ms. */
int session_nic_wait(uint64_t due_ns);

#endif

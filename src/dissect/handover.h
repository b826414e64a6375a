/* SPDX-License-Identifier: BSD-2-Clause */
/* When a fresh tshark takes over from that of a live capture, and the one that stands ready. */
#ifndef ESPCAP_DISSECT_HANDOVER_H
#define ESPCAP_DISSECT_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/session.h"

struct handover;

struct handover_config {
	uint64_t lifetime;    /* packets until a fresh tshark takes over, 0 for never */
	uint64_t lifetime_ms; /* the same in time */
	uint64_t memory;      /* bytes of address space that a tshark may have, 0 for no bound */
	/* Starts one that gets so many packets of the past first; NULL if it cannot be started. */
	struct session *(*start)(void *ctx, size_t warm);
	void *ctx;
};

/* Free with handover_free. */
struct handover *handover_new(const struct handover_config *config);
void handover_free(struct handover *handover);

/*
 * A tshark begins. warmly: it goes on where another ended; kept: packets of the past that are there to be given (0 if
 * not warmly). Returns how many packets of the past it gets. If handover_take then returns none, it is to be started.
 */
size_t handover_begin(struct handover *handover, bool warmly, bool plugin, size_t kept);
/* That which stands ready, NULL for none; the caller owns it. */
struct session *handover_take(struct handover *handover);

/*
 * At each packet: since: packets that the running tshark has had, those of the past not counted; kept: as above. True
 * if it has had enough: handover_reason. One that soon will gets a successor started, which takes a second.
 */
bool handover_is_due(struct handover *handover, uint64_t since, size_t kept);
/* At each tick of the running tshark: looks at its age and its memory. */
void handover_tick(struct handover *handover, const struct session *session, uint64_t since, size_t kept);
/* What it has had too much of; "" if nothing is known. */
const char *handover_reason(const struct handover *handover);

#endif

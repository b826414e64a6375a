/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of the documents of one input: the sink counts each when it has reached its final place. No I/O. */
#ifndef ESPCAP_BASE_ACK_H
#define ESPCAP_BASE_ACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at the start. Who gives documents with it keeps it until it is resolved, or the sink is freed. */
struct ack {
	uint64_t given;        /* to the sink; counted by the giver */
	uint64_t acknowledged; /* printed or indexed, or the server had them or dropped them */
	uint64_t duplicate;    /* of these: the server had them */
	uint64_t discarded;    /* of these: a pipeline of the server dropped them */
	uint64_t rejected;     /* safe in the dead letter file */
};

/* Each may be called without an ack. */
static inline void
ack_deliver(struct ack *ack)
{
	if (ack != NULL)
		ack->acknowledged++;
}

static inline void
ack_duplicate(struct ack *ack)
{
	ack_deliver(ack);
	if (ack != NULL)
		ack->duplicate++;
}

static inline void
ack_discard(struct ack *ack)
{
	ack_deliver(ack);
	if (ack != NULL)
		ack->discarded++;
}

static inline void
ack_reject(struct ack *ack)
{
	if (ack != NULL)
		ack->rejected++;
}

/* Nothing that was given is still on its way. */
static inline bool
ack_is_resolved(const struct ack *ack)
{
	return ack->given == ack->acknowledged + ack->rejected;
}

#endif

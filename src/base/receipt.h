/* What became of the documents of one input: the sink counts each when it has reached its final place. No I/O. */
#ifndef ESPCAP_BASE_RECEIPT_H
#define ESPCAP_BASE_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at the start. Whoever gives documents with it keeps it until it is settled, or the sink is freed. */
struct receipt {
	uint64_t given;		/* to the sink; counted by the giver */
	uint64_t acknowledged;	/* printed or indexed, or the server had them or dropped them */
	uint64_t rejected;	/* safe in the dead letter file */
};

/* Each may be called without a receipt. */
static inline void
receipt_acknowledge(struct receipt *receipt)
{
	if (receipt != NULL)
		receipt->acknowledged++;
}

static inline void
receipt_reject(struct receipt *receipt)
{
	if (receipt != NULL)
		receipt->rejected++;
}

/* Nothing that was given is still on its way. */
static inline bool
receipt_is_settled(const struct receipt *receipt)
{
	return receipt->given == receipt->acknowledged + receipt->rejected;
}

#endif

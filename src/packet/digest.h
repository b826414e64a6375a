/* SPDX-License-Identifier: BSD-2-Clause */
/* A running hash over the records of a capture: what two files share if one is the beginning of the other. No I/O. */
#ifndef ESPCAP_PACKET_DIGEST_H
#define ESPCAP_PACKET_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "packet/capture_record.h"

/* 256 bits in hexadecimal, and the end. */
#define DIGEST_LEN 65

/* How far a capture was read: so many bytes of whole records, expanded, and their hash. All zero for not known. */
struct digest_mark {
	uint64_t len;
	char text[DIGEST_LEN];
};

struct digest;

/*
 * SHA-256: the fastest of libcrypto where the processor has instructions for it. NULL if the crypto library has none.
 */
struct digest *digest_new(void);
void digest_free(struct digest *digest);

/*
 * Adds a record of pcap or pcapng as it stands in the expanded stream, whether it is a packet, a header or another
 * block; only the length of a section, which its writer puts in at the end, does not count.
 */
void digest_record(struct digest *digest, const struct capture_record *record);
/* Adds bytes of a stream of which the records are not known. */
void digest_bytes(struct digest *digest, const void *bytes, size_t len);

uint64_t digest_len(const struct digest *digest);
/* What was added so far; more may be added after it. -1 if the crypto library fails. */
int digest_mark(const struct digest *digest, struct digest_mark *mark);

#endif

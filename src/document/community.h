/* SPDX-License-Identifier: BSD-2-Clause */
/* Community ID flow hash, version 1 (https://github.com/corelight/community-id-spec). No I/O. */
#ifndef ESPCAP_DOCUMENT_COMMUNITY_H
#define ESPCAP_DOCUMENT_COMMUNITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct community;

/* What the hash is made from. */
struct community_flow {
	uint8_t source[16], destination[16]; /* network byte order */
	size_t address_len;                  /* 4 or 16 */
	uint8_t protocol;                    /* IANA number: 6, 17, 132, 1, 58, ... */
	bool has_ports;
	/* Of ICMP and ICMPv6: type and code. */
	uint16_t source_port, destination_port;
};

/* "1:" and 28 characters of base64, and the end. */
#define COMMUNITY_LEN 31

/* NULL if the crypto library has no SHA-1. Free with community_free. */
struct community *community_new(void);
void community_free(struct community *community);

/* Writes the ID with seed 0. -1 if the hash fails. */
int community_id(struct community *community, const struct community_flow *flow,
    char text[COMMUNITY_LEN]);

#endif

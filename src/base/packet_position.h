/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a packet stands in its capture file, so that it can be found there again. */
#ifndef ESPCAP_BASE_PACKET_POSITION_H
#define ESPCAP_BASE_PACKET_POSITION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The most blocks that are named; where so many are, there may be more: all blocks of the section in front of the
 * packet have to be looked at then.
 */
#define PACKET_CONTEXT_MAX 4

/* All offsets are bytes from the beginning of the file, of a compressed one as it is expanded. */
struct packet_position {
	bool is_known;
	bool has_section; /* of pcapng always, of pcap if its file header is not at 0: captures were joined */
	uint8_t context_count;
	uint64_t offset;  /* of the packet's record or block */
	uint64_t section; /* of the section header or file header that it stands behind */
	/*
	 * Of pcapng, ascending: blocks that it needs and that stand behind the first packet of the section: the
	 * description of its interface, names and decryption secrets in front of it.
	 */
	uint64_t context[PACKET_CONTEXT_MAX];
};

#endif

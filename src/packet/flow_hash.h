/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of several tsharks a packet goes to: all packets between two addresses to the same one. No I/O. */
#ifndef ESPCAP_PACKET_FLOW_HASH_H
#define ESPCAP_PACKET_FLOW_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Below count, which is at least 1: by the two addresses of the outermost IP header, whichever way the packet goes; so
 * the fragments of a datagram stay together. A packet that only carries another (IP in IP, GRE and what it carries,
 * EtherIP, MPLS in IP, AH, PIM Register), and an ICMP error, which quotes the packet it is about, go by the addresses
 * of that one, whose conversation tshark shows in them; not so if they are fragments, or if the carrier has a
 * conversation of its own (all over UDP). 0 for packets that are not IP, are cut short, or have a link type that is not
 * known here.
 */
unsigned flow_hash_shard(uint32_t linktype, const uint8_t *bytes, size_t len, unsigned count);

/*
 * The hash that the shard is taken from, for those who do not know yet how many there are. False, and 0, where the
 * shard is always 0.
 */
bool flow_hash_pair(uint32_t linktype, const uint8_t *bytes, size_t len, uint32_t *hash);

#endif

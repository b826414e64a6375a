/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers that tshark gives to streams, when several tsharks dissect one capture: each begins at the first number.
 * No I/O.
 */
#ifndef ESPCAP_SHARD_STREAMS_H
#define ESPCAP_SHARD_STREAMS_H

#include "document/tree.h"
#include "fields/names.h"

struct streams;

/* names is borrowed for its life. parts: how many tsharks. Free with streams_free. */
struct streams *streams_new(const struct names *names, unsigned parts);
void streams_free(struct streams *streams);

/*
 * Gives the streams of a packet the numbers that one tshark would give them: in the order in which they appear. Packets
 * of all parts come in the order of the capture. part: which tshark dissected this one.
 */
void streams_renumber(struct streams *streams, unsigned part, struct tree *tree);
/*
 * Before a packet is renumbered: so many streams of TCP and UDP its tshark had numbered after it, shown or not; 0 if
 * that is not known.
 */
void streams_reach(struct streams *streams, unsigned part, uint32_t tcp, uint32_t udp);
/*
 * Before a packet is renumbered: in which session of the input it is (feed_session). In another one all numbers begin
 * anew.
 */
void streams_turn(struct streams *streams, unsigned session);
/* A fresh tshark of this part knows none of its streams: they are new ones. */
void streams_restart(struct streams *streams, unsigned part);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The section of a pcapng, or the pcap, in which packets are found: what they need of it goes into the pool with them.
 */
#ifndef ESPCAP_EXTRACT_SECTION_H
#define ESPCAP_EXTRACT_SECTION_H

#include "extract/pool.h"
#include "packet/capture_record.h"

struct section;

/* pool is borrowed. snaplen: of packets in the capture that is written, 0 for all of their bytes. */
struct section *section_new(struct pool *pool, uint32_t snaplen);
void section_free(struct section *section);

/* Forgets all: another file. */
void section_clear(struct section *section);
/* A record that is not a packet, in the order of the file. */
void section_record(struct section *section, const struct capture_record *record);

/* Puts a packet into the pool: NULL, or why it cannot be. -1 in *failed with OUTCOME_OUTPUT. */
const char *section_packet(struct section *section, const struct capture_record *record, int *failed, struct error *error);

#endif

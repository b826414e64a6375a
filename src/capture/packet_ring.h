/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets of a capture as pcapng files in a directory, the oldest of which go when there are too many bytes. */
#ifndef ESPCAP_CAPTURE_PACKET_RING_H
#define ESPCAP_CAPTURE_PACKET_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "capture/nic.h"

struct packet_ring;

struct packet_ring_config {
	const char *dir; /* as the user named it */
	uint64_t size;   /* bytes of all files together, 1 MiB at least */
	const char *interface;
	uint32_t snaplen;
	const char *capture; /* its id, as the documents have it */
};

/* No file gets longer; bytes. */
uint64_t packet_ring_longest_file(uint64_t size);

/*
 * Opens the directory with the rights that are there now. One that is missing is made, and given to that user.
 * rules is borrowed. NULL with OUTCOME_USAGE. Free with packet_ring_free.
 */
struct packet_ring *packet_ring_open(const struct packet_ring_config *config, uid_t uid, gid_t gid, struct error *error);
void packet_ring_free(struct packet_ring *packet_ring);

/*
 * With the rights that it will have from now on: looks at what is there and makes the first file. header is that of
 * nic_header; user: who it is now, for the text. -1 with OUTCOME_USAGE if it may not; a full disk is not a failure.
 */
int packet_ring_begin(struct packet_ring *packet_ring, const uint8_t *header, const char *user, struct error *error);

/* Copies the packet. ordinal: its number in the documents, 0 if it gets none. */
void packet_ring_packet(struct packet_ring *packet_ring, const struct nic_packet *packet, uint64_t ordinal);
/* To be called after some packets: what was copied is in the file, if it can be. */
void packet_ring_flush(struct packet_ring *packet_ring);

/* Packets so far that could not be written, and the last errno that this had. */
uint64_t packet_ring_missing(const struct packet_ring *packet_ring);
int packet_ring_failure(const struct packet_ring *packet_ring);

#endif

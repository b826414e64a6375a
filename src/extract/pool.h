/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets that were found, in a temporary file, source after source; then merged by their times into a capture.
 * Memory does not grow with their number.
 */
#ifndef ESPCAP_EXTRACT_POOL_H
#define ESPCAP_EXTRACT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct pool;

struct pool_config {
	const char *folder; /* of the temporary file; borrowed until pool_free */
	bool pcap;          /* a classic pcap is written */
	bool dedup;
	uint64_t dedup_ns;
};

struct pool *pool_new(const struct pool_config *config);
void pool_free(struct pool *pool);

/* Where a capture begins: what is added from now on is in the order of that. */
void pool_source(struct pool *pool);
/* A section header as pcapng_copy.h makes it: its options are kept if all are the same. */
void pool_section(struct pool *pool, const void *block, size_t len);
/*
 * An interface: its description as pcapng_copy.h makes it, and how many of the same stand before it in its section. The
 * number under which packets are added; -1 if there are too many.
 */
int64_t pool_interface(struct pool *pool, const void *block, size_t len, uint32_t nth, uint32_t linktype);
/*
 * Names or secrets, which stand in front of all packets. Each once, however often it is added. -1 with OUTCOME_OUTPUT.
 */
int pool_context(struct pool *pool, const void *block, size_t len, struct error *error);

struct pool_packet {
	bool has_time; /* without one it comes with the packet before it */
	int64_t sec;
	uint32_t nsec;
	uint32_t interface; /* POOL_NO_INTERFACE: the block is not of one */
	const void *block;  /* its place for the interface is filled in later, see PCAPNG_COPY_INTERFACE_AT */
	size_t len;
};
#define POOL_NO_INTERFACE UINT32_MAX
/* -1 with OUTCOME_OUTPUT. */
int pool_packet(struct pool *pool, const struct pool_packet *packet, struct error *error);

/* Appends to a buffer and empties it now and then: 0, or -1 with OUTCOME_OUTPUT. */
struct pool_output {
	struct buffer *buffer;
	int (*flush)(void *ctx, struct error *error);
	void *ctx;
};
/*
 * Writes all of it; once. -1 with OUTCOME_USAGE if a pcap cannot hold the packets (nothing was written then), or with
 * OUTCOME_OUTPUT. *twins: packets that dedup left out.
 */
int pool_write(struct pool *pool, const struct pool_output *output, uint64_t *twins, struct error *error);

#endif

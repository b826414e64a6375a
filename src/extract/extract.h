/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives the packets back that documents were made of: finds each in the file that its document names, proves that it is
 * the one, and writes all of them as one capture.
 */
#ifndef ESPCAP_EXTRACT_EXTRACT_H
#define ESPCAP_EXTRACT_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "extract/counts.h"

struct extract;

struct extract_config {
	/* The file to write, "-" for standard output. It is classic pcap if the name ends with .pcap, else pcapng. */
	const char *write;
	bool force; /* an existing file is replaced */
	/* Directories in which files are looked for that are not where they were, and those of --ring. */
	const char *const *look_in;
	size_t look_in_count;
	bool dedup; /* a packet with the same bytes as one less than this before it is left out: */
	uint64_t dedup_ns;
	uint32_t snaplen;  /* packets are cut to so many bytes, 0 for none */
	size_t memory_max; /* bytes of documents kept in memory, 0 for what is usual */
};

/* All of config is borrowed until extract_free. NULL with OUTCOME_USAGE (such as an existing file). */
struct extract *extract_new(const struct extract_config *config, struct error *error);
/* What was not finished leaves nothing. */
void extract_free(struct extract *extract);

/*
 * A document: its JSON as it was indexed (_source), and its _id (NULL for none: the packet is known by its time and
 * length alone). Documents come in the order that packets of the same time are to have. -1 with OUTCOME_OUTPUT if the
 * temporary file cannot be written.
 */
int extract_add(struct extract *extract, const char *json, size_t len, const char *id, size_t id_len,
    struct error *error);

/*
 * Reads the files and writes the capture; once. -1 with OUTCOME_USAGE (packets of several link types for a classic
 * pcap) or OUTCOME_OUTPUT; then no file is there. Packets that were not found are no failure, see extract_counts.
 */
int extract_finish(struct extract *extract, struct error *error);

struct extract_counts extract_counts(const struct extract *extract);

/*
 * Why packets are missing or changed: the text of the reason with this index and how many documents it is of, in the
 * order in which they appeared. NULL if there are not so many.
 */
const char *extract_reason(const struct extract *extract, size_t index, uint64_t *count);

#endif

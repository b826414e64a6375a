/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the document of a packet from its tree and from what is known of its record. No I/O. */
#ifndef ESPCAP_DISSECT_WRITER_H
#define ESPCAP_DISSECT_WRITER_H

#include "base/error.h"
#include "document/document.h"
#include "document/tree.h"
#include "fields/names.h"

struct writer;

/* All borrowed for the life of the writer. */
struct writer_config {
	struct document *document;
	const struct names *names;
	size_t max_doc; /* bytes */
};

/* capture is copied; its texts are borrowed. Free with writer_free. */
struct writer *writer_new(const struct writer_config *config, const struct document_capture *capture);
void writer_free(struct writer *writer);

/*
 * A tshark counts from 1, also one that begins within a capture or in one that is joined to others: the fields that
 * name frames get the number of the capture, which is higher by base (modulo 2^64).
 */
void writer_renumber(const struct writer *writer, struct tree *tree, uint64_t base);

/*
 * The document of the packet in the tree, which is of the capture `id` and comes after `before` packets of others.
 * *ready is valid until the next call. -1 as document_write.
 */
int writer_write(struct writer *writer, struct tree *tree, const char *id, uint64_t before,
    const struct document_packet *packet, struct document_ready *ready, struct error *error);

#endif

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

/* How tshark's numbers of frames become those of the capture. */
struct writer_numbers {
	uint64_t base; /* to be added, modulo 2^64 */
	/* What the sum stands for in the document of packet `of`, 0 for a frame that is unknown there; NULL: itself. */
	uint64_t (*number)(void *ctx, uint64_t of, uint64_t ordinal);
	uint64_t of;
	void *ctx;
};

/*
 * A tshark counts from 1, also one that begins within a capture, in one that is joined to others or among packets of
 * several: the fields that name frames get the number of the capture, or are left out.
 */
void writer_renumber(const struct writer *writer, struct tree *tree, const struct writer_numbers *numbers);

/* The document written next is of the capture `id` (borrowed) and comes after `before` packets of others. */
void writer_place(struct writer *writer, const char *id, uint64_t before);
/* What is said of the capture; it stays until it is changed. */
struct document_capture *writer_capture(struct writer *writer);
/* The document of the packet in the tree. *ready is valid until the next call. -1 as document_write. */
int writer_write(struct writer *writer, struct tree *tree, const struct document_packet *packet,
    struct document_ready *ready, struct error *error);

#endif

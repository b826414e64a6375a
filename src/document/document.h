/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the JSON document of one dissected packet, or a line of text. No I/O. */
#ifndef ESPCAP_DOCUMENT_DOCUMENT_H
#define ESPCAP_DOCUMENT_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "document/about.h"
#include "document/tree.h"

struct document;

struct ack; /* base/ack.h */

/* A finished document, valid while its maker says so. */
struct document_ready {
	const char *json; /* without newline at its end */
	size_t len;
	bool has_time; /* the packet has one: sec is its second since 1970, UTC */
	int64_t sec;
	uint8_t id[DOCUMENT_ID_LEN]; /* zeros if ids were not asked for */
	uint64_t ordinal;            /* of the packet in its capture */
	const char *file_name;       /* of that capture, as given; NULL for a live capture */
	struct ack *ack;             /* borrowed; the sink counts on it what becomes of the document; NULL for none */
};

/* NULL with OUTCOME_INTERNAL if the crypto library fails. Free with document_free. */
struct document *document_new(const struct document_config *config, struct error *error);
void document_free(struct document *document);

/*
 * Appends the document of the packet in tree, without newline (with pretty it
 * has inner ones). Documents larger than max_doc have their longest values cut and named in
 * espcap.truncated, which names espcap.terms, too, if not all of them fit into the half of max_doc that they may take.
 * -1 with OUTCOME_INTERNAL if out is full.
 */
int document_write(struct document *document, struct tree *tree,
    const struct document_capture *capture, const struct document_packet *packet,
    struct buffer *out, struct error *error);

/* Documents so far in which a text was not UTF-8 and was sanitized. */
uint64_t document_sanitized(const struct document *document);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the JSON document of one dissected packet, or a line of text. No I/O. */
#ifndef ESPCAP_DOCUMENT_DOCUMENT_H
#define ESPCAP_DOCUMENT_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/packet_position.h"
#include "document/tree.h"
#include "fields/fields.h"
#include "fields/names.h"
#include "fields/protocols.h"
#include "fields/typed.h"

struct document;

/* How documents are made; all is borrowed and must outlive the document maker. */
struct document_config {
	struct names *names;
	const struct protocols *protocols;
	const struct typed *typed;
	const struct fields *fields; /* NULL to keep all */
	size_t max_doc;              /* bytes */
	bool terms;                  /* with the member espcap.terms: document/terms.h */
	bool pretty;
	bool text;                  /* a line of text in place of JSON: document/text_line.h */
	bool color;                 /* with text */
	size_t (*columns)(void);    /* with text: of the terminal now, 0 for none; NULL: lines are never cut */
	bool interfaces;            /* with text: each line names the interface of the capture, for there are several */
	bool sort;                  /* fields by name: for a tshark that prints them in random order */
	const char *tshark_version; /* "4.0.17" */
};

/* Where a packet comes from that was in a message of Kafka. */
struct document_message {
	const char *topic;
	int32_t partition;
	int64_t offset;
};

/* What the documents of one capture have in common. */
struct document_capture {
	const char *file_name;        /* as given; need not be UTF-8; NULL for a live capture, which has these: */
	const char *host, *interface; /* of a message each may be NULL for not known */
	const char *file_path;        /* absolute, NULL if there is none */
	bool has_date;
	int64_t file_date; /* modification time */
	const char *id;    /* espcap.capture */
	uint64_t before;   /* packets of the file before it, which espcap.ordinal does not count */
};

#define DOCUMENT_ID_LEN 16

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

/* What espcap itself knows of the packet. */
struct document_packet {
	uint64_t ordinal;
	bool has_time;
	int64_t sec;
	uint32_t nsec;
	uint32_t wirelen;
	uint8_t id[DOCUMENT_ID_LEN];            /* handed on, not written into the document */
	const struct document_message *message; /* it was in; NULL for none */
	struct packet_position position;        /* in its file */
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

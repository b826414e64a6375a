/* SPDX-License-Identifier: BSD-2-Clause */
/* What a document is made from, beside what tshark printed. */
#ifndef ESPCAP_DOCUMENT_ABOUT_H
#define ESPCAP_DOCUMENT_ABOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet_position.h"
#include "fields/fields.h"
#include "fields/mmdb.h"
#include "fields/names.h"
#include "fields/protocols.h"
#include "fields/typed.h"

/* Texts of the user that stand in each document. */
struct document_texts {
	const char *const *items;
	size_t count;
};

/* How documents are made; all is borrowed and must outlive the document maker. */
struct document_config {
	struct names *names;
	const struct protocols *protocols;
	const struct typed *typed;
	const struct fields *fields; /* NULL to keep all */
	size_t max_doc;              /* bytes */
	bool terms;                  /* with the member espcap.terms: document/terms.h */
	bool pretty;
	bool text;                           /* a line of text in place of JSON: document/text_line.h */
	bool color;                          /* with text */
	size_t (*columns)(void);             /* with text: of the terminal now, 0 for none; NULL: lines are never cut */
	bool interfaces;                     /* with text: each line names the interface of the capture, for there are several */
	bool sort;                           /* fields by name: for a tshark that prints them in random order */
	const char *tshark_version;          /* "4.0.17" */
	const char *host;                    /* of espcap, NULL if it is not known */
	struct document_texts tags, labels;  /* "lab"; "site=berlin", the same key at most once */
	const struct mmdb *const *databases; /* GeoIP */
	size_t database_count;
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

#endif

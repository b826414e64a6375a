/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/typed.list: Wireshark fields that get a typed copy under an ECS name. No I/O. */
#ifndef ESPCAP_FIELDS_TYPED_H
#define ESPCAP_FIELDS_TYPED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* The types of the list; each is also the Elasticsearch type, but mac, which is a keyword in ECS's form. */
enum typed_type {
	TYPED_KEYWORD,
	TYPED_WILDCARD,
	TYPED_IP,
	TYPED_MAC,
	TYPED_LONG,
	TYPED_INTEGER,
	TYPED_DOUBLE,
	TYPED_BOOLEAN
};

/* One line of the list. */
struct typed_entry {
	char *field; /* Wireshark's name, "dns.qry.name" */
	enum typed_type type;
	char *name; /* where it goes, "dns.question.name" */
	char *map;  /* "0=NOERROR,1=FORMERR": texts replaced, NULL for none */
};

struct typed {
	struct typed_entry *entries;
	size_t count;
};

/*
 * Reads the text of the list: FIELD TYPE NAME [MAP] with white space between,
 * # begins a comment. -1 with OUTCOME_USAGE (origin:line and what is wrong with it): an unknown
 * type, a name that is not lower-case words joined by dots, one that is both
 * a value and a prefix of another, one that the document uses itself, two types for one name. Release with
 * typed_release in either case.
 */
int typed_parse(struct typed *typed, const char *text, size_t len, const char *origin,
    struct error *error);
void typed_release(struct typed *typed);

const char *typed_type_name(enum typed_type type);

/*
 * Appends the value as JSON of the entry's type. Returns 1 if it did, 0 if the text
 * is no value of that type (nothing is appended), -1 if out is full.
 */
int typed_value(const struct typed_entry *entry, const char *text, size_t len, struct buffer *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/typed.list: Wireshark fields that get a typed copy under an ECS name. No I/O. */
#ifndef ESPCAP_FIELDS_TYPED_H
#define ESPCAP_FIELDS_TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* The types of the list: what a value is indexed as, and how it is made from the text that tshark prints. */
enum typed_type {
	TYPED_KEYWORD,
	TYPED_WILDCARD,
	TYPED_IP,
	TYPED_MAC, /* a keyword in ECS's form */
	TYPED_LONG,
	TYPED_INTEGER,
	TYPED_DOUBLE,
	TYPED_BOOLEAN,
	TYPED_DATE,
	TYPED_DECIMAL,           /* a keyword: a whole number in decimal */
	TYPED_LOWER,             /* a keyword in lower case */
	TYPED_EMAIL,             /* keywords: the addresses of a header line */
	TYPED_REGISTERED_DOMAIN, /* a keyword, of a domain name */
	TYPED_MIME,              /* a keyword: what the first bytes look like */
	TYPED_URL_SCHEME,        /* parts of a URL; keywords */
	TYPED_URL_DOMAIN,
	TYPED_URL_PORT, /* long */
	TYPED_URL_PATH, /* wildcard */
	TYPED_URL_QUERY,
	TYPED_CERT_ISSUER, /* parts of an X.509 certificate; keywords */
	TYPED_CERT_SUBJECT,
	TYPED_CERT_NOT_BEFORE, /* dates */
	TYPED_CERT_NOT_AFTER,
	TYPED_CERT_SHA1,
	TYPED_TYPES
};

/* What must hold in the packet for a copy to be made. */
struct typed_condition {
	char *field;
	char *value;     /* NULL: the field is present */
	bool is_negated; /* no value of the field is that one; the field is absent */
};

/* One line of the list. */
struct typed_entry {
	char *field;  /* Wireshark's name, "dns.qry.name" */
	char *key;    /* only what follows "KEY:" in a line of the value, NULL for all of it */
	unsigned nth; /* only this value of the packet's, from 1; 0: each */
	struct typed_condition *conditions;
	size_t condition_count;
	enum typed_type type;
	char *name;   /* where it goes, "dns.question.name"; of a group's member that of the group, "dns.answers" */
	char *member; /* its name in the group's objects, NULL if it is no member of one */
	char *map;    /* "0=NOERROR,1..5=SERVFAIL,*=": texts replaced, NULL for none */
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
/* The field type of the index: one of the first eight, or date. */
enum typed_type typed_type_index(enum typed_type type);
/* A value that was cut is still one. */
bool typed_type_is_text(enum typed_type type);

/*
 * Appends the values as JSON of the entry's type, commas between. Returns their number: 0 if the text has no value
 * of that type (nothing is appended), -1 if out is full.
 */
int typed_value(const struct typed_entry *entry, const char *text, size_t len, struct buffer *out);

/* Whether a value is the one that a condition names; numbers compare as numbers, whatever their base. */
bool typed_is(const struct typed_condition *condition, const char *text, size_t len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads GeoIP databases (MaxMind DB File Format Specification 2.0), damaged ones, too. No I/O. */
#ifndef ESPCAP_FIELDS_MMDB_H
#define ESPCAP_FIELDS_MMDB_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mmdb;

/* What a database knows of an address. */
enum mmdb_kind {
	MMDB_PLACES,  /* countries, with cities or without */
	MMDB_SYSTEMS, /* autonomous systems */
	MMDB_KINDS
};

/*
 * bytes is the whole file, borrowed. NULL with OUTCOME_USAGE: it is no such database, is damaged where it describes
 * itself, or knows something else. Free with mmdb_free.
 */
struct mmdb *mmdb_new(const void *bytes, size_t len, const char *origin, struct error *error);
void mmdb_free(struct mmdb *mmdb);
enum mmdb_kind mmdb_kind(const struct mmdb *mmdb);

/* A value of the database. */
enum mmdb_type {
	MMDB_NONE,
	MMDB_TEXT,
	MMDB_NUMBER, /* whole */
	MMDB_REAL
};

struct mmdb_value {
	enum mmdb_type type;
	const char *text; /* borrowed from the file; need not be UTF-8 */
	size_t len;
	uint64_t number;
	double real;
};

/* The place in the database where its record of an address of 4 or 16 bytes is; 0 if it has none. */
size_t mmdb_find(const struct mmdb *mmdb, const uint8_t *address, size_t len);
/*
 * The value in that record behind keys such as "country", "names", "en"; the key "0" is the first of an array.
 * MMDB_NONE if there is none, or it is damaged.
 */
struct mmdb_value mmdb_get(const struct mmdb *mmdb, size_t record, const char *const *keys, size_t count);

#endif

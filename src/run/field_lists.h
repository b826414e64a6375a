/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists that say what documents hold: protocols, typed fields, the fields of --fields, GeoIP databases. */
#ifndef ESPCAP_RUN_FIELD_LISTS_H
#define ESPCAP_RUN_FIELD_LISTS_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/options.h"
#include "fields/mmdb.h"
#include "fields/protocols.h"
#include "fields/typed.h"

/* A GeoIP database and its file, whole: what happens to the file later changes nothing. */
struct field_lists_database {
	struct buffer file;
	struct mmdb *mmdb;
};

/* Zeros before they are read. */
struct field_lists {
	struct protocols *protocols;
	struct typed typed;
	struct buffer fields;                   /* the text of --fields, or of its file; empty without it */
	struct field_lists_database *databases; /* of --geoip, in its order */
	const struct mmdb **mmdbs;              /* the same */
	size_t database_count;
};

/*
 * With the rights the program was started with. -1 with OUTCOME_USAGE: a file cannot be read, is larger than 64 MiB (a
 * database: 1 GiB), or has a wrong line.
 */
int field_lists_read(struct field_lists *lists, const struct options *options, struct error *error);
/* The list of typed fields alone. */
int field_lists_read_typed(struct field_lists *lists, const struct options *options, struct error *error);
/* Also after -1. */
void field_lists_release(struct field_lists *lists);

#endif

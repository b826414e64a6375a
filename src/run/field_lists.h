/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists that say what documents hold: protocols, typed fields, and the fields of --fields. */
#ifndef ESPCAP_RUN_FIELD_LISTS_H
#define ESPCAP_RUN_FIELD_LISTS_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/options.h"
#include "fields/protocols.h"
#include "fields/typed.h"

/* Zeros before they are read. */
struct field_lists {
	struct protocols *protocols;
	struct typed typed;
	struct buffer fields; /* the text of --fields, or of its file; empty without it */
};

/*
 * With the rights the program was started with. -1 with OUTCOME_USAGE: a file cannot be read, is larger than 64 MiB, or
 * has a wrong line.
 */
int field_lists_read(struct field_lists *lists, const struct options *options, struct error *error);
/* The list of typed fields alone. */
int field_lists_read_typed(struct field_lists *lists, const struct options *options, struct error *error);
/* Also after -1. */
void field_lists_release(struct field_lists *lists);

#endif

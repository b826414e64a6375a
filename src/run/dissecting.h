/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What dissecting needs from the options: tshark, its configuration, the lists, the filter, and what writes documents.
 */
#ifndef ESPCAP_RUN_DISSECTING_H
#define ESPCAP_RUN_DISSECTING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "config/options.h"
#include "document/document.h"
#include "loop/loop.h"
#include "packet/filter.h"
#include "run/field_lists.h"
#include "tshark/confinement.h"
#include "tshark/tshark.h"

struct dissecting {
	const struct options *options;
	struct log *log;
	struct tshark tshark;
	struct tshark_config tshark_config;
	struct field_lists lists;
	char host[256];            /* the name of this machine, "" if it has none */
	struct fields *fields;     /* of --fields; NULL for all */
	char *projection;          /* names of these, for tshark; NULL for all */
	struct filter *filter;     /* --bpf of files; NULL for none */
	bool is_filter_wrong;      /* --bpf of a live capture, which need not be opened: dissecting_prepare refuses it */
	struct document *document; /* NULL for a replay */
	bool is_text;              /* lines of text are printed, and no documents */
	bool is_text_chosen;       /* by espcap, because standard output is a terminal */
};

/* Whether these options need tshark. */
bool dissecting_has_tshark(const struct options *options);

/* Options and log are borrowed. */
void dissecting_init(struct dissecting *dissecting, const struct options *options, struct log *log);

/*
 * With the rights espcap was started with: finds tshark, if it is needed, and reads the lists and the TLS key log.
 * cache is the folder for what tshark says of itself, NULL for none. -1 as tshark_find, field_lists_read and
 * tls_keys_copy.
 */
int dissecting_open(struct dissecting *dissecting, const char *cache, struct error *error);

/*
 * After root was given up: finishes the confinement, which must last until dissecting_release, and asks tshark for its
 * fields and whether it takes the filters, keys and the plugin. -1 with the outcome of what failed.
 */
int dissecting_prepare(struct dissecting *dissecting, struct confinement *confinement, struct loop *loop,
    struct error *error);

/* The same, but only for the list of fields. */
int dissecting_prepare_names(struct dissecting *dissecting, struct confinement *confinement, struct loop *loop,
    struct error *error);

/* Before the confinement. Also after -1, and of zeros. */
void dissecting_release(struct dissecting *dissecting);

#endif

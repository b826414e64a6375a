/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file of --config. */
#ifndef ESPCAP_CONFIG_OPTIONS_FILE_H
#define ESPCAP_CONFIG_OPTIONS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/options.h"
#include "config/options_table.h"

/* Where options come from. */
struct options_origin {
	const char *file;             /* --config; NULL for none */
	unsigned lines[OPTIONS_ROWS]; /* the line of it, the last one; 0 for the command line */
};

/*
 * Adds the options of options->config to those of the command line, which are in options and given, and win. Nothing is
 * done without --config, and for --help and --version. -1 with OUTCOME_USAGE: the file cannot be read or trusted, or
 * has a mistake.
 */
int options_file(struct options *options, bool given[OPTIONS_ROWS], struct options_origin *origin, struct error *error);

/*
 * The same of its text, of len bytes and one of zero after them; borrowed for the life of the options and written to.
 */
int options_file_take(struct options *options, char *text, size_t len, bool given[OPTIONS_ROWS],
    struct options_origin *origin, struct error *error);

/*
 * What is in a configuration file of any program, of *len bytes and one of zero after them; owned by the caller. NULL
 * with OUTCOME_USAGE: it cannot be read, or others may write it.
 */
char *options_file_read(const char *name, size_t *len, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the command line that are not options; options_parse.c is the only user. Looks at what files there are. */
#ifndef ESPCAP_CONFIG_OPTIONS_OPERANDS_H
#define ESPCAP_CONFIG_OPTIONS_OPERANDS_H

#include <stdbool.h>

#include "base/error.h"
#include "config/options.h"
#include "config/options_table.h"

/*
 * Takes operands as --file or --dir, as if these had been given, if each exists and no input is given. -1 with
 * OUTCOME_USAGE and what to write instead. Nothing is done for --help and --version.
 */
int options_operands(struct options *options, const struct options_list *operands, bool given[OPTIONS_ROWS],
    struct error *error);

/* -1 with OUTCOME_USAGE if text, the filter of the row, is the name of a file: other programs read files with -f. */
int options_refuse_file(const struct options_row *row, const char *text, struct error *error);

#endif

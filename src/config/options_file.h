/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file of --config. */
#ifndef ESPCAP_CONFIG_OPTIONS_FILE_H
#define ESPCAP_CONFIG_OPTIONS_FILE_H

#include <stddef.h>

#include "base/error.h"
#include "config/options_reading.h"

/*
 * Adds the options of the file name to those of the command line, which are in the reading and win. *text is what is in
 * the file, of *len bytes, into which texts of options point; owned by the caller. Nothing is done without a name
 * (NULL), and for --help and --version. -1 with OUTCOME_USAGE: the file cannot be read or trusted, or has a mistake.
 */
int options_file(struct options_reading *reading, const char *name, char **text, size_t *len);

/*
 * The same of its text, of len bytes and one of zero after them; borrowed for the life of the options and written to.
 */
int options_file_take(struct options_reading *reading, char *text, size_t len);

/*
 * What is in a configuration file of any program, of *len bytes and one of zero after them; owned by the caller. NULL
 * with OUTCOME_USAGE: it cannot be read, or others may write it.
 */
char *options_file_read(const char *name, size_t *len, struct error *error);

#endif

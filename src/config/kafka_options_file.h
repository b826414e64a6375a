/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file of espcap-kafka: lines as in that of espcap. */
#ifndef ESPCAP_CONFIG_KAFKA_OPTIONS_FILE_H
#define ESPCAP_CONFIG_KAFKA_OPTIONS_FILE_H

#include <stdbool.h>

#include "config/kafka_options.h"
#include "config/kafka_options_table.h"

/*
 * Adds the options of options->config to those of the command line, which are in options and given, and win; properties
 * go to options->configured. lines: where options come from, 0 for the command line. Nothing is done without --config,
 * and for --help and --version. -1 with OUTCOME_USAGE: the file cannot be read or trusted, or has a mistake.
 */
int kafka_options_file(struct kafka_options *options, bool given[KAFKA_ROWS], unsigned lines[KAFKA_ROWS],
    struct error *error);

/* Puts the name of the file and the line before an error. */
void kafka_options_file_place(const struct kafka_options *options, unsigned line, struct error *error);

#endif

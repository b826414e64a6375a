/* SPDX-License-Identifier: BSD-2-Clause */
/* The value of an option, by its row of a table of options. */
#ifndef ESPCAP_CONFIG_OPTIONS_VALUE_H
#define ESPCAP_CONFIG_OPTIONS_VALUE_H

#include "base/error.h"
#include "config/options_table.h"

/*
 * Puts the value text (NULL for a flag) into the member of the options that the row names: those of the program that
 * the table is of. Not for actions, help and levels. -1 with OUTCOME_USAGE if it is no number of the range.
 */
int options_value(const struct options_row *row, const char *text, void *options, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the value of one option into struct options. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_SET_H
#define ESPCAP_CONFIG_OPTIONS_SET_H

#include "base/error.h"
#include "config/options.h"
#include "config/options_table.h"

/*
 * text is the value, borrowed for the life of the options; NULL if the row takes none. -1 with OUTCOME_USAGE if it is
 * out of range.
 */
int options_set(struct options *options, const struct options_row *row, const char *text, struct error *error);

#endif

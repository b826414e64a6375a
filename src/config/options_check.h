/* SPDX-License-Identifier: BSD-2-Clause */
/* What only all options together can tell; options_parse.c is the only user. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_CHECK_H
#define ESPCAP_CONFIG_OPTIONS_CHECK_H

#include <stdbool.h>

#include "base/error.h"
#include "config/options.h"
#include "config/options_file.h"
#include "config/options_table.h"

/*
 * given: which rows of the table were given, and origin where. Fills members that depend on several options. -1 with
 * OUTCOME_USAGE and what to write instead.
 */
int options_check(struct options *options, const bool given[OPTIONS_ROWS], const struct options_origin *origin,
    struct error *error);

#endif

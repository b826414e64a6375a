/* SPDX-License-Identifier: BSD-2-Clause */
/* What only all options together can tell; options_parse.c is the only user. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_CHECK_H
#define ESPCAP_CONFIG_OPTIONS_CHECK_H

#include "config/options.h"
#include "config/options_reading.h"

/*
 * By what of them was given, and where. Fills members that depend on several options. -1 with OUTCOME_USAGE and what to
 * write instead.
 */
int options_check(struct options *options, const struct options_reading *reading);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What to answer to an option that does not exist; options_parse.c is the only user. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_UNKNOWN_H
#define ESPCAP_CONFIG_OPTIONS_UNKNOWN_H

#include "base/error.h"

/* -1 with OUTCOME_USAGE and the options that the word may stand for. */
int options_unknown(const char *word, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What no key can say alone: keys that need or exclude each other, and what leaves nothing to be done. */
#ifndef ESPCAP_DAEMON_CONFIGURATION_CHECK_H
#define ESPCAP_DAEMON_CONFIGURATION_CHECK_H

#include "base/log.h"
#include "config/espcapd_options.h"
#include "daemon/configuration.h"
#include "daemon/mistakes.h"

/* Adds errors and warnings. The configuration has been read without errors of single keys. */
void configuration_check_whole(const struct configuration *configuration, struct mistakes *mistakes);

/* Prints them, "FILE:LINE: TEXT", errors as errors and warnings as notes. file: NULL for none. */
void configuration_print(const struct mistakes *mistakes, const char *file, struct log *log);

/*
 * --check-config: reads the configuration as for a run, and prints each mistake, or that there is none. OUTCOME_OK, or
 * OUTCOME_USAGE if there are errors. Nothing else is done.
 */
enum outcome configuration_check(const struct espcapd_options *options, struct log *log);

#endif

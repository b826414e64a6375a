/* SPDX-License-Identifier: BSD-2-Clause */
/* --tag and --label: what an index takes. */
#ifndef ESPCAP_CONFIG_OPTIONS_TEXTS_H
#define ESPCAP_CONFIG_OPTIONS_TEXTS_H

#include "base/error.h"
#include "config/options.h"

/* -1 with OUTCOME_USAGE and what is wrong, *name is the option then. */
int options_texts(const struct options *options, const char **name, struct error *error);

#endif

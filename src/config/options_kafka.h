/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options of --kafka mean; options_check.c is the only user. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_KAFKA_H
#define ESPCAP_CONFIG_OPTIONS_KAFKA_H

#include "base/error.h"
#include "config/options.h"

/*
 * Fills the members that follow from others: topics, group, from_kind and from_ms, since_ms and until_ms, warmup_ms and
 * warmup_messages. Also without --kafka. -1 with OUTCOME_USAGE and what to write instead; *name is the option at fault.
 */
int options_kafka(struct options *options, const char **name, struct error *error);

#endif

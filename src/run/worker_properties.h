/* SPDX-License-Identifier: BSD-2-Clause */
/* What --kafka tells the client of Kafka. */
#ifndef ESPCAP_RUN_WORKER_PROPERTIES_H
#define ESPCAP_RUN_WORKER_PROPERTIES_H

#include "base/error.h"
#include "base/log.h"
#include "config/options.h"
#include "kafka/properties.h"

/*
 * Fills properties, a zeroed one, from --kafka, --group, --instance and --kafka-config; nothing without --kafka. Reads
 * files of secrets: with the rights that espcap was started with. Protects the memory if there is one, and logs where
 * none should be. -1 with OUTCOME_USAGE, also if espcap was built without Kafka. properties_release frees what it
 * holds, also then.
 */
int worker_properties(struct properties *properties, const struct options *options, struct log *log, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What files espcap-kafka can still reach when it connects: what its libraries need, and what its properties name. */
#ifndef ESPCAP_TRANSFER_FILE_FENCE_H
#define ESPCAP_TRANSFER_FILE_FENCE_H

#include "base/error.h"
#include "base/log.h"
#include "kafka/properties.h"

/*
 * After privileges were given up and files opened, before there are threads: from now on this process, its threads and
 * children read system files and what properties and the environment name, and write only in folder (NULL for none)
 * and, with Kerberos, where its tickets are. Nothing on a kernel without Landlock; --verbose says which. -1 with
 * OUTCOME_INTERNAL.
 */
int file_fence_enter(const struct properties *properties, const char *folder, struct log *log, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that the configuration names: secrets and certificates. */
#ifndef ESPCAP_DAEMON_CONFIGURATION_FILES_H
#define ESPCAP_DAEMON_CONFIGURATION_FILES_H

#include <stdint.h>

#include "base/error.h"
#include "daemon/configuration.h"

/*
 * What is in the file, without the newline at its end; owned by the caller. NULL with OUTCOME_USAGE: others may read or
 * write it, it cannot be read, is empty, holds more than a line or a zero byte.
 */
char *configuration_file_secret(const char *path, struct error *error);
/* Reads PEM. blob is replaced. -1 with OUTCOME_USAGE: it cannot be read, or there is no certificate in it. */
int configuration_file_pem(const char *path, struct configuration_blob *blob, struct error *error);

#endif

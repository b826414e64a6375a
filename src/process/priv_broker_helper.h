/* SPDX-License-Identifier: BSD-2-Clause */
/* The helper process of the privileged broker, which keeps one or two rights of root. */
#ifndef ESPCAP_PROCESS_PRIV_BROKER_HELPER_H
#define ESPCAP_PROCESS_PRIV_BROKER_HELPER_H

#include <sys/types.h>

#include "base/error.h"
#include "process/priv_broker_access.h"

/*
 * Forks it. *socket leads to it, and is the caller's to close: it ends then. *helper is for helper_end. -1 with
 * OUTCOME_INTERNAL: then *socket is what it was, and *helper negative or what it was.
 */
int priv_broker_helper_start(const struct priv_broker_access *access, int *socket, pid_t *helper, struct error *error);

#endif

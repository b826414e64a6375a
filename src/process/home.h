/* SPDX-License-Identifier: BSD-2-Clause */
/* The private folder that is HOME of each child: it goes with espcap, however that ends. */
#ifndef ESPCAP_PROCESS_HOME_H
#define ESPCAP_PROCESS_HOME_H

#include <stdbool.h>

#include "base/error.h"

struct home;

/*
 * An empty folder below $TMPDIR or /tmp, 0700, or 0711 if others are to find what they know the name of, and a process
 * that makes it, and removes it with all that is in it when it sees espcap gone. NULL with OUTCOME_INTERNAL.
 */
struct home *home_new(bool for_others, struct error *error);
/* Waits until it is removed. */
void home_free(struct home *home);

/* Its absolute path; borrowed. */
const char *home_path(const struct home *home);

#endif

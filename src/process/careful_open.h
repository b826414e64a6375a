/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens what is read as a capture: regular files, FIFOs, and what an open descriptor leads to. */
#ifndef ESPCAP_PROCESS_CAREFUL_OPEN_H
#define ESPCAP_PROCESS_CAREFUL_OPEN_H

#include <stdbool.h>

#include "base/error.h"
#include "process/beneath.h"

/*
 * Each: a descriptor (close-on-exec), the caller's to close; -1 with OUTCOME_INPUT and the reason without the name.
 * error may be NULL.
 */

/*
 * regular: no FIFO, because the file was found in a folder and others may have put something else into its place. A
 * FIFO stays non-blocking and may have no writer yet: waiting for one is the caller's.
 */
int careful_open_path(const char *path, bool regular, struct error *error);
/* Of a path in the folder, what is a regular file now. */
int careful_open_beneath(const struct beneath *folder, const char *path, struct error *error);
/* A copy of a descriptor of this process: also pipes and sockets. */
int careful_open_number(int number, struct error *error);

#endif

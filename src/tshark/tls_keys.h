/* SPDX-License-Identifier: BSD-2-Clause */
/* The TLS key log, as all tsharks of a run read it. */
#ifndef ESPCAP_TSHARK_TLS_KEYS_H
#define ESPCAP_TSHARK_TLS_KEYS_H

#include "base/error.h"

/*
 * Copies the file of this name into memory that everybody may read and nobody can change any more. Returns a
 * descriptor (close-on-exec) of the copy, the caller's to close. -1: OUTCOME_USAGE if the file cannot be read or is
 * larger than 64 MiB, OUTCOME_INTERNAL if there can be no copy.
 */
int tls_keys_copy(const char *name, struct error *error);

#endif

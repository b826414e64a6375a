/* SPDX-License-Identifier: BSD-2-Clause */
/* The registered domain of a domain name, by the Public Suffix List that libpsl has within it. No I/O. */
#ifndef ESPCAP_FIELDS_DOMAIN_H
#define ESPCAP_FIELDS_DOMAIN_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * Appends "example.co.uk" of "www.example.co.uk.", in lower case, as JSON. 1, 0 if the name has none or espcap was
 * built without libpsl, -1 if out is full.
 */
int domain_registered(const char *name, size_t len, struct buffer *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes as a display filter and tshark write them. No I/O. */
#ifndef ESPCAP_QUERY_LITERAL_BYTES_H
#define ESPCAP_QUERY_LITERAL_BYTES_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * Appends "00:1a:2b" from a text such as 00:1a:2b, 00-1A-2B, 00.1a.2b, 0.1a.2b, 001a.2b, 001a2b: 1; 0 if
 * these are no bytes (something may have been appended), -1 if out is full.
 */
int literal_bytes_read(const char *text, size_t len, struct buffer *out);

/* Appends them for the len bytes that stand in out itself from at on. -1 if out is full. */
int literal_bytes_put(struct buffer *out, size_t at, size_t len);

#endif

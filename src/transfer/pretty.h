/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets as Pycapa prints them with --pretty-print. No I/O. */
#ifndef ESPCAP_TRANSFER_PRETTY_H
#define ESPCAP_TRANSFER_PRETTY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Appends "COUNT packet(s) received", and the bytes in hex, 16 a line. -1, and perhaps a part of it, if out is full. */
int pretty_write(struct buffer *out, uint64_t count, const uint8_t *bytes, size_t len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Compresses the body of a request. No I/O. */
#ifndef ESPCAP_SINK_COMPRESS_H
#define ESPCAP_SINK_COMPRESS_H

#include "base/buffer.h"

/* Appends from as one gzip member (RFC 1952) to to. -1 if to is full, or memory is short. */
int compress_gzip(const struct buffer *from, struct buffer *to);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the first bytes of a body look like: ECS wants that, and not what its sender says of it. No I/O. */
#ifndef ESPCAP_FIELDS_MIME_H
#define ESPCAP_FIELDS_MIME_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * Appends the media type of bytes, given as they are or in hex with colons, as JSON. 1, 0 if they look like nothing
 * known, -1 if out is full.
 */
int mime_put(const char *text, size_t len, struct buffer *out);

#endif

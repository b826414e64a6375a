/* SPDX-License-Identifier: BSD-2-Clause */
/* The line of text of a packet whose document an index has. */
#ifndef ESPCAP_RUN_STORED_LINE_H
#define ESPCAP_RUN_STORED_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * Appends the line, without newline, that document/text_line.h makes of the packet itself; what the document does not
 * have is "-". columns: as struct text_line_parts. -1 if json is not an object, or out is full.
 */
int stored_line_write(const char *json, size_t len, bool color, size_t columns, struct buffer *out);

#endif

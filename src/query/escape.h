/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands between quotes in a display filter. No I/O. */
#ifndef ESPCAP_QUERY_ESCAPE_H
#define ESPCAP_QUERY_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * Appends what text[0..len) between double quotes means. NULL, or where an escape sequence begins that is none (out may
 * be full, too: then it is the one that does not fit).
 */
const char *escape_string(const char *text, size_t len, struct buffer *out);

/* What text[0..len) between single quotes means: a code below 256. -1 if it is not one character. */
int escape_char(const char *text, size_t len);

#endif

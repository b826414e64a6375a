/* SPDX-License-Identifier: BSD-2-Clause */
/* What PDML shows of a value, turned into what -T ek prints of it. No I/O. */
#ifndef ESPCAP_READERS_PDML_VALUE_H
#define ESPCAP_READERS_PDML_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define PDML_VALUE_MAX 64

/*
 * A time ("Jul  3, 2015 05:22:10.498075000 UTC", "2015/184:05:22:10.498075000 UTC",
 * "2015-07-03T05:22:10.498075000+0000", "1435900930.498075000", or "NULL" for a time of NTP that is none) as
 * "2015-07-03T05:22:10.498075000Z". whole: -T ek of this tshark prints all of a date whose year has more than four
 * characters; else only the day is written of it, as in times.h. Returns its length, 0 if show is not a time.
 */
size_t pdml_value_time(const char *show, size_t len, bool whole, char text[PDML_VALUE_MAX]);

/* A number in base 16 ("0x0800") or 8 ("0644") in decimal digits. Returns its length, 0 if show is none. */
size_t pdml_value_decimal(const char *show, size_t len, int base, char text[PDML_VALUE_MAX]);

/*
 * Of a control character PDML shows \x and one or two digits, which those characters could also stand for
 * themselves. Which it is the bytes in the packet tell, of which hex has the
 * digits. Appends the text to out, which must have room for len bytes. raw is scratch. Returns
 * of how many \x the bytes do not tell: they are left as they are.
 */
size_t pdml_value_text(const char *show, size_t len, const char *hex, size_t hex_len,
    struct buffer *raw, struct buffer *out);

/* Whether what is shown begins as a control character is shown. */
bool pdml_value_is_hidden(const char *show, size_t len);

#endif

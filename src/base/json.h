/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes JSON text (RFC 8259): always valid UTF-8, whatever the bytes. */
#ifndef ESPCAP_BASE_JSON_H
#define ESPCAP_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* True if the bytes can stand between quotes as they are: printable ASCII without quote and backslash. */
bool json_is_plain(const char *bytes, size_t len);

/* True if the bytes are valid UTF-8 (RFC 3629). */
bool json_is_utf8(const char *bytes, size_t len);

/*
 * Appends the bytes as a JSON string with its quotes. Bytes that are not UTF-8
 * become U+FFFD, one for each byte that starts nothing valid. -1 if out is full.
 */
int json_string(struct buffer *out, const char *bytes, size_t len);

/* The same for bytes of which json_is_plain is known. */
int json_quoted(struct buffer *out, const char *bytes, size_t len);

/*
 * Where the objects of two dotted names ("a.b.c", "a.b.d") part: the length of what they have in common up to and with
 * a dot.
 */
size_t json_common_objects(const char *a, const char *b);

/* Length of what json_string appends. */
size_t json_string_len(const char *bytes, size_t len);

/* The largest n <= max at which a cut splits no UTF-8 sequence. */
size_t json_cut(const char *bytes, size_t len, size_t max);

/*
 * Appends the JSON text in[0..len), which must be valid, indented by two spaces a level. -1 if out is
 * full.
 */
int json_pretty(struct buffer *out, const char *in, size_t len);

#endif

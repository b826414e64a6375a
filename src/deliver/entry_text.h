/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry of the spool as text. No I/O. */
#ifndef ESPCAP_DELIVER_ENTRY_TEXT_H
#define ESPCAP_DELIVER_ENTRY_TEXT_H

#include "base/buffer.h"
#include "base/error.h"
#include "deliver/entry.h"

/* The longest text of an entry. */
#define ENTRY_LEN_MAX ((size_t)2 << 20)

/* Appends the text of the entry: a line with a checksum, and JSON. -1 if it does not fit. */
int entry_write(const struct entry *entry, struct buffer *out);

/*
 * Reads it. -1 with OUTCOME_INPUT: damaged, cut, or of another version; nothing is to be released then. What it has is
 * sound (parcel_is_sound).
 */
int entry_read(const char *text, size_t len, struct entry *entry, struct error *error);

#endif

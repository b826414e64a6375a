/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has Wireshark make only some fields, and the protocols around them. */
#ifndef ESPCAP_PLUGIN_LEAN_H
#define ESPCAP_PLUGIN_LEAN_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include <epan/proto.h>

/* list: the names of the fields with a plus between them. NULL, or what is wrong with it. */
const char *lean_want(const char *list, size_t len);

/*
 * After lean_want, and before what writes the fields listens. has_filter: a display filter
 * looks for fields in the tree. NULL, or what is wrong, which is the caller's.
 */
GString *lean_begin(bool has_filter);

/* Whether lean_want was called. */
bool lean_is_on(void);

/* After lean_want. */
bool lean_wants(const header_field_info *field);

#endif

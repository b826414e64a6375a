/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of fields as -T ek prints them, without the memory and the copies that Wireshark needs for it. */
#ifndef ESPCAP_PLUGIN_VALUE_H
#define ESPCAP_PLUGIN_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include <epan/packet.h>
#include <epan/ftypes/ftypes.h>

enum value_form {
	VALUE_OTHER, /* only Wireshark knows */
	VALUE_TEXT,
	VALUE_HEX /* two hex digits a byte and colons between the bytes; at least one byte */
};

struct value {
	enum value_form form;
	const void *data; /* the text or the bytes, borrowed; may be in room */
	size_t len;
	char room[48];
};

/*
 * What stands for a value of this type in a field of this display. The form is
 * VALUE_OTHER unless the text is the same as fvalue_to_string_repr makes, byte for
 * byte: tests/plugin/values.c compares them.
 */
void value_read(struct value *value, ftenum_t type, int display,
    fvalue_t *from);

/* The same for a time as a date, whatever the display. */
void value_read_date(struct value *value, const nstime_t *moment);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions by which dissectors make a row of the tree with a text for people, in
 * place of Wireshark's own: they make the row, and no text. Wireshark makes all texts or
 * none, which takes a quarter of the time of a dissection, and only rows that have no
 * field are written by their text: these get theirs from Wireshark, and so do the rows
 * right below them, of whose texts dissectors may make it (packet-iax2.c does).
 */
#include <stdarg.h>
#include <stdio.h>

#define HAVE_PLUGINS 1
#include <epan/packet.h>
#include <epan/proto.h>

#include "plugin/series.h"
#include "plugin/shortcut.h"
#include "plugin/texts.h"

/* In a program that is not Wireshark they are not there, and nobody calls for them. */
#pragma weak proto_registrar_get_nth
#pragma weak proto_tree_add_bytes
#pragma weak proto_tree_add_int
#pragma weak proto_tree_add_int64
#pragma weak proto_tree_add_item
#pragma weak proto_tree_add_string
#pragma weak proto_tree_add_uint
#pragma weak proto_tree_add_uint64
#pragma weak tvb_bytes_exist
#pragma weak tvb_get_bits64
#pragma weak tvb_get_ptr
#pragma weak wmem_strdup_vprintf

/* Wireshark cuts texts to this, and tells by their length that it did. */
#define TEXT_ROOM (2 * ITEM_LABEL_LENGTH)

typedef void text_function(proto_item *, const char *, ...);

static struct {
	bool begun, filtered;
	int text_only;
} texts;

void
espcap_texts_begin(int text_only, bool has_filter)
{
	texts.begun = true;
	texts.text_only = text_only;
	texts.filtered = has_filter;
}

/* Whether this row has no field, and is thus written by its text. */
static bool
is_text(const proto_node *row)
{
	return row != NULL && PNODE_FINFO(row) != NULL &&
	    (!texts.begun || PNODE_FINFO(row)->hfinfo->id == texts.text_only);
}

/* clang-format off */
#define TEXT_FUNCTION(name)						\
EXPORTED void								\
name(proto_item *item, const char *format, ...)				\
{									\
	static text_function *own;					\
	char text[TEXT_ROOM];						\
	va_list arguments;						\
									\
	if (item == NULL || (!is_text(item) && !is_text(item->parent)))	\
		return;							\
	if (own == NULL)						\
		own = (text_function *)original(#name);			\
	va_start(arguments, format);					\
	(void)vsnprintf(text, sizeof(text), format, arguments);		\
	va_end(arguments);						\
	own(item, "%s", text);						\
}
/* clang-format on */

TEXT_FUNCTION(proto_item_set_text)
TEXT_FUNCTION(proto_item_append_text)
TEXT_FUNCTION(proto_item_prepend_text)

/* Of protocols the text is a value, too, of which nothing is written. */

typedef proto_item *protocol_function(proto_tree *, int, tvbuff_t *, gint, gint,
    const char *, ...);

/* Whether a row for these bytes can be made in the short way, which throws if they are missing. */
static bool
is_there(tvbuff_t *bytes, gint start, gint length)
{
	if (bytes == NULL || length == -1)
		return start == 0 && length == (bytes == NULL ? 0 : -1);
	return start >= 0 && length >= 0 &&
	    tvb_bytes_exist(bytes, start, length);
}

EXPORTED proto_item *
proto_tree_add_protocol_format(proto_tree *tree, int field, tvbuff_t *bytes,
    gint start, gint length, const char *format, ...)
{
	static protocol_function *own;
	const char *text = "";
	va_list arguments;

	if (texts.begun && !texts.filtered && tree != NULL &&
	    is_there(bytes, start, length))
		return proto_tree_add_item(tree, field, bytes, start, length,
		    ENC_NA);
	if (own == NULL)
		own = (protocol_function *)original(__func__);
	if (tree != NULL) {
		va_start(arguments, format);
		text = wmem_strdup_vprintf(PNODE_POOL(tree), format, arguments);
		va_end(arguments);
	}
	return own(tree, field, bytes, start, length, "%s", text);
}

/* proto_tree_add_TYPE_format and _format_value are proto_tree_add_TYPE and a text. */
/* clang-format off */
#define ADD_FORMAT(name, add, type)					\
EXPORTED proto_item *							\
name(proto_tree *tree, int field, tvbuff_t *bytes, gint start, gint length,\
    type value, const char *format, ...)				\
{									\
	static proto_item *(*own)(proto_tree *, int, tvbuff_t *, gint,	\
	    gint, type, const char *, ...);				\
	char text[TEXT_ROOM];						\
	va_list arguments;						\
									\
	if (!is_text(tree))						\
		return add(tree, field, bytes, start, length, value);	\
	if (own == NULL)						\
		*(void **)&own = original(#name);			\
	va_start(arguments, format);					\
	(void)vsnprintf(text, sizeof(text), format, arguments);		\
	va_end(arguments);						\
	return own(tree, field, bytes, start, length, value, "%s", text);\
}
/* clang-format on */
#define ADD_FORMATS(add, type) \
	ADD_FORMAT(add##_format, add, type) \
	ADD_FORMAT(add##_format_value, add, type)

/* These alone find their value themselves. */
static proto_item *
add_bytes(proto_tree *tree, int field, tvbuff_t *bytes, gint start, gint length,
    const guint8 *value)
{
	if (value == NULL)
		value = tvb_get_ptr(bytes, start, length);
	return proto_tree_add_bytes(tree, field, bytes, start, length, value);
}

ADD_FORMAT(proto_tree_add_bytes_format, add_bytes, const guint8 *)
ADD_FORMAT(proto_tree_add_bytes_format_value, add_bytes, const guint8 *)
ADD_FORMATS(proto_tree_add_string, const char *)
ADD_FORMATS(proto_tree_add_uint, guint32)
ADD_FORMATS(proto_tree_add_uint64, guint64)
ADD_FORMATS(proto_tree_add_int, gint32)
ADD_FORMATS(proto_tree_add_int64, gint64)

/* What the original counts, and what it throws, is known of 4.0. */
#if SINCE(4, 0) && !SINCE(4, 2)
/* Far below the number of rows of a packet above which Wireshark makes no further ones. */
#define ROWS_MANY 500000

/* Whether the original would make this row, and from the bits that it names. */
static bool
is_bits(const proto_tree *tree, int field, int bits)
{
	const header_field_info *info;

	if (tree == NULL || is_text(tree) || !PTREE_DATA(tree)->visible ||
	    PTREE_DATA(tree)->count > ROWS_MANY || bits < 1 || bits > 64)
		return false;
	info = proto_registrar_get_nth((unsigned)field);
	return info->bitmask == 0 &&
	    (info->type == FT_UINT8 || info->type == FT_UINT16 ||
		info->type == FT_UINT24 || info->type == FT_UINT32);
}

/* Its text begins with the bits. */
EXPORTED proto_item *
proto_tree_add_uint_bits_format_value(proto_tree *tree, const int field,
    tvbuff_t *bytes, const guint offset, const gint bits, guint32 value,
    const guint encoding, const char *format, ...)
{
	static proto_item *(*own)(proto_tree *, int, tvbuff_t *, guint, gint,
	    guint32, guint, const char *, ...);
	char text[TEXT_ROOM] = "";
	va_list arguments;

	if (is_bits(tree, field, bits)) {
		/* It counts the row three times. */
		PTREE_DATA(tree)->count += 2;
		/* The bits may be missing, which throws. */
		(void)tvb_get_bits64(bytes, offset, bits, encoding);
		return proto_tree_add_uint(tree, field, bytes,
		    (gint)(offset / 8),
		    (gint)(offset % 8 + (guint)bits + 7) / 8, value);
	}
	if (own == NULL)
		*(void **)&own = original(__func__);
	if (is_text(tree)) {
		va_start(arguments, format);
		(void)vsnprintf(text, sizeof(text), format, arguments);
		va_end(arguments);
	}
	return own(tree, field, bytes, offset, bits, value, encoding, "%s",
	    text);
}
#endif

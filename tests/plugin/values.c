/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of plugin/value.c inside of tshark, whose own functions make values and the
 * text of them: a plugin that adds fields of all kinds, with values at the borders, to each
 * packet, and compares. For "tshark -r FILE -V"; tells on standard error, per field, how many
 * values were read and how many of them were left to Wireshark, and each that differs.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <glib.h>

#define HAVE_PLUGINS 1
#include <epan/packet.h>
#include <epan/proto.h>

#include "plugin/series.h"
#include "plugin/value.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED extern const char plugin_version[];
EXPORTED extern const int plugin_want_major, plugin_want_minor;
EXPORTED void plugin_register(void);

const char plugin_version[] = "1";
const int plugin_want_major = SERIES_MAJOR;
const int plugin_want_minor = SERIES_MINOR;

static void
no_format(char *text, uint32_t value)
{
	(void)value;
	strcpy(text, "custom");
}

#if SINCE(4, 4)
#include <epan/unit_strings.h>
#endif

static const unit_name_string unit = { (char *)" unit", NULL };
static const value_string names[] = { { 0, "none" }, { 5, "five" }, { 0, NULL } };

struct kind {
	const char *name;
	enum ftenum type;
	int display;
	const void *strings;
	int field;
	unsigned read, left, wrong;
};

#define KIND(type, display, strings) \
	{ \
#type " " #display, type, display, strings, -1, 0, 0, 0 \
	}

static struct kind kinds[] = {
	KIND(FT_UINT8, BASE_DEC, NULL),
	KIND(FT_UINT8, BASE_HEX, NULL),
	KIND(FT_UINT8, BASE_OCT, NULL),
	KIND(FT_UINT8, BASE_DEC_HEX, NULL),
	KIND(FT_UINT8, BASE_HEX_DEC, VALS(names)),
	KIND(FT_UINT8, BASE_DEC, VALS(names)),
	KIND(FT_UINT8, BASE_CUSTOM, CF_FUNC(no_format)),
	KIND(FT_UINT16, BASE_DEC, NULL),
	KIND(FT_UINT16, BASE_HEX, NULL),
	KIND(FT_UINT16, BASE_DEC_HEX, NULL),
	KIND(FT_UINT16, BASE_HEX_DEC, NULL),
	KIND(FT_UINT16, BASE_OCT, NULL),
	KIND(FT_UINT16, BASE_PT_UDP, NULL),
	KIND(FT_UINT16, BASE_PT_TCP, NULL),
	KIND(FT_UINT16, BASE_PT_SCTP, NULL),
	KIND(FT_UINT16, BASE_PT_DCCP, NULL),
	KIND(FT_UINT24, BASE_DEC, NULL),
	KIND(FT_UINT24, BASE_HEX, NULL),
	KIND(FT_UINT24, BASE_HEX_DEC, NULL),
	KIND(FT_UINT24, BASE_OUI, NULL),
	KIND(FT_UINT32, BASE_DEC, NULL),
	KIND(FT_UINT32, BASE_HEX, NULL),
	KIND(FT_UINT32, BASE_DEC_HEX, NULL),
	KIND(FT_UINT32, BASE_HEX_DEC, NULL),
	KIND(FT_UINT32, BASE_OCT, NULL),
	KIND(FT_UINT32, BASE_DEC | BASE_UNIT_STRING, &unit),
	KIND(FT_UINT32, BASE_HEX | BASE_UNIT_STRING, &unit),
	KIND(FT_FRAMENUM, BASE_NONE, NULL),
	KIND(FT_INT8, BASE_DEC, NULL),
	KIND(FT_INT16, BASE_DEC, NULL),
	KIND(FT_INT24, BASE_DEC, NULL),
	KIND(FT_INT32, BASE_DEC, NULL),
	KIND(FT_INT32, BASE_DEC | BASE_UNIT_STRING, &unit),
	KIND(FT_IPv4, BASE_NONE, NULL),
	KIND(FT_IPv4, BASE_NETMASK, NULL),
	KIND(FT_RELATIVE_TIME, BASE_NONE, NULL),
	KIND(FT_ABSOLUTE_TIME, ABSOLUTE_TIME_UTC, NULL),
	KIND(FT_STRING, BASE_NONE, NULL),
	KIND(FT_STRINGZ, BASE_NONE, NULL),
	KIND(FT_UINT_STRING, BASE_NONE, NULL),
	KIND(FT_STRINGZPAD, BASE_NONE, NULL),
	KIND(FT_BYTES, BASE_NONE, NULL),
	KIND(FT_BYTES, SEP_COLON, NULL),
	KIND(FT_BYTES, SEP_DOT, NULL),
	KIND(FT_BYTES, SEP_DASH, NULL),
	KIND(FT_BYTES, SEP_SPACE, NULL),
	KIND(FT_BYTES, BASE_NONE | BASE_ALLOW_ZERO, NULL),
	KIND(FT_BYTES, BASE_NONE | BASE_SHOW_ASCII_PRINTABLE, NULL),
	KIND(FT_ETHER, BASE_NONE, NULL),
};

static int protocol;

/* The text of bytes in hex. */
static char *
hex(const unsigned char *bytes, size_t len)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < len; i++)
		g_string_append_printf(text, i > 0 ? ":%02x" : "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

/* What -T ek makes of a time; the day alone where the rest of it would be memory that it did not write. */
static char *
date_of(const nstime_t *timestamp)
{
	char text[64];
	struct tm date;

	if (gmtime_r(&timestamp->secs, &date) == NULL)
		return g_strdup("Not representable");
	text[strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &date)] = '\0';
	if (!WHOLE_DATES && strlen(text) > strlen("YYYY-MM-DDTHH:MM:SS"))
		return g_strndup(text, strcspn(text, "T"));
	return g_strdup_printf(FRACTION_DIGITS == 9 ? "%s.%09uZ" : "%s.%uZ", text,
	    (unsigned)timestamp->nsecs);
}

static char *
text_of(field_info *info, const struct value *value)
{
	if (value->form == VALUE_HEX)
		return hex(value->data, value->len);
	if (value->form == VALUE_TEXT)
		return g_strndup(value->data, value->len);
	(void)info;
	return NULL;
}

static void
compare(struct kind *kind, proto_item *item, wmem_allocator_t *pool)
{
	field_info *info = PITEM_FINFO(item);
	struct value value;
	const char *right;
	char *date = NULL, *text;

	if (info == NULL || info->hfinfo->id != kind->field) {
		kind->wrong++;
		return;
	}
	if (kind->type == FT_ABSOLUTE_TIME) {
		value_read_date(&value, VALUE_TIME(VALUE(info)));
		right = date = date_of(VALUE_TIME(VALUE(info)));
	} else {
		value_read(&value, kind->type, info->hfinfo->display, VALUE(info));
		right = fvalue_to_string_repr(pool, VALUE(info), REPRESENTATION,
		    info->hfinfo->display);
	}
	kind->read++;
	kind->left += value.form == VALUE_OTHER;
	text = text_of(info, &value);
	/* An embedded NUL would hide what is after it. */
	if (value.form != VALUE_OTHER &&
	    (right == NULL || text == NULL || strcmp(text, right) != 0 ||
		(value.form == VALUE_TEXT && value.len != strlen(right)))) {
		kind->wrong++;
		fprintf(stderr, "differs: %s: \"%s\", not \"%s\"\n", kind->name,
		    text == NULL ? "(nothing)" : text, right == NULL ? "(nothing)" : right);
	}
	g_free(text);
	g_free(date);
}

static void
add_unsigned(struct kind *kind, proto_tree *tree, tvbuff_t *bytes, wmem_allocator_t *pool)
{
	static const uint32_t numbers[] = { 0, 1, 9, 10, 15, 16, 99, 100, 127, 128, 255, 256,
		4095, 9999, 10000, 65535, 65536, 0xabcdef, 0xffffff, 0x1000000, 999999999,
		1000000000, 0x7fffffff, 0x80000000, 0xdeadbeef, 0xffffffff };

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		compare(kind, proto_tree_add_uint(tree, kind->field, bytes, 0, 0, numbers[i]), pool);
}

static void
add_signed(struct kind *kind, proto_tree *tree, tvbuff_t *bytes, wmem_allocator_t *pool)
{
	static const int32_t numbers[] = { 0, 1, -1, 9, -10, 127, -128, 32767, -32768,
		8388607, -8388608, 2147483647, -2147483647, INT32_MIN };

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		compare(kind, proto_tree_add_int(tree, kind->field, bytes, 0, 0, numbers[i]), pool);
}

static void
add_ipv4(struct kind *kind, proto_tree *tree, tvbuff_t *bytes, wmem_allocator_t *pool)
{
	static const uint32_t addresses[] = { 0, 0x7f000001, 0x0a636463, 0xffffffff, 0x01020304 };

	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
		compare(kind,
		    proto_tree_add_ipv4(
			tree, kind->field, bytes, 0, 0, g_htonl(addresses[i])),
		    pool);
}

static void
add_times(struct kind *kind, proto_tree *tree, tvbuff_t *bytes, wmem_allocator_t *pool)
{
	static const nstime_t times[] = { { 0, 0 }, { 0, 1 }, { 0, 999999999 }, { 1, 0 },
		{ 1, 100000000 }, { 1600000000, 123456789 }, { 1600000000, 5 }, { 2147483648, 7 },
		{ 253402300799, 1 }, { 253402300800, 1 }, { 5, 1000000000 }, { 5, 2147483647 },
		{ -1, 0 }, { -1, -5 }, { 0, -5 }, { 3, -5 }, { -1, 5 }, { -100000000000, 1 },
		{ INT64_MAX, 1 }, { INT64_MAX, 1 }, { INT64_MAX, 2 }, { 0, 0 } };

	for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
		compare(kind, proto_tree_add_time(tree, kind->field, bytes, 0, 0, &times[i]), pool);
}

static void
add_strings(struct kind *kind, proto_tree *tree, tvbuff_t *bytes, wmem_allocator_t *pool)
{
	static const char *const strings[] = { "", "a", "plain text", "one \" quote", "back\\slash",
		"'", "tab\t", "\r\nlines\n", "\a\b\f\v\033\177", "caf\303\251", "\342\202\254",
		"\360\237\230\200", "\377 is no UTF-8", "cut \342\202", "\302\200 control" };
	char longer[3000];

	for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
		compare(kind, proto_tree_add_string(tree, kind->field, bytes, 0, 0, strings[i]), pool);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	compare(kind, proto_tree_add_string(tree, kind->field, bytes, 0, 0, longer), pool);
}

/* A NUL inside of a string, and bytes that are no text in the encoding said. */
static void
add_strings_of_packet(struct kind *kind, proto_tree *tree, wmem_allocator_t *pool)
{
	static const uint8_t data[] = "\006ab\0cd\377\006a\"\\b\n\0\377\377";
	tvbuff_t *bytes = tvb_new_real_data(data, sizeof(data), sizeof(data));

	for (int at = 0; at < 14; at += 7) {
		int len = kind->type == FT_UINT_STRING ? 1 : 7;

		compare(kind,
		    proto_tree_add_item(tree, kind->field, bytes, at,
			kind->type == FT_STRINGZ ? -1 : len, ENC_UTF_8),
		    pool);
		compare(kind,
		    proto_tree_add_item(tree, kind->field, bytes, at,
			kind->type == FT_STRINGZ ? -1 : len, ENC_ASCII),
		    pool);
	}
	tvb_free(bytes);
}

static void
add_bytes(struct kind *kind, proto_tree *tree, wmem_allocator_t *pool)
{
	static const int lens[] = { 0, 1, 2, 3, 6, 35, 36, 37, 48, 49, 100, 256 };
	uint8_t data[256];
	tvbuff_t *bytes = tvb_new_real_data(data, sizeof(data), sizeof(data));

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(255 - i);
	for (size_t i = 0; i < G_N_ELEMENTS(lens); i++)
		compare(kind, proto_tree_add_item(tree, kind->field, bytes, 0, lens[i], ENC_NA), pool);
	memset(data, 'a', sizeof(data));
	compare(kind, proto_tree_add_item(tree, kind->field, bytes, 0, 8, ENC_NA), pool);
	tvb_free(bytes);
}

static void
add_ether(struct kind *kind, proto_tree *tree, tvbuff_t *bytes, wmem_allocator_t *pool)
{
	static const uint8_t addresses[][6] = { { 0 }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x02, 0x0a, 0xb0, 0x99, 0x1f, 0xf1 } };

	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
		compare(kind, proto_tree_add_ether(tree, kind->field, bytes, 0, 0, addresses[i]), pool);
}

static void
add(struct kind *kind, proto_tree *tree, tvbuff_t *bytes, wmem_allocator_t *pool)
{
	switch (kind->type) {
	case FT_INT8:
	case FT_INT16:
	case FT_INT24:
	case FT_INT32:
		add_signed(kind, tree, bytes, pool);
		break;
	case FT_IPv4:
		add_ipv4(kind, tree, bytes, pool);
		break;
	case FT_RELATIVE_TIME:
	case FT_ABSOLUTE_TIME:
		add_times(kind, tree, bytes, pool);
		break;
	case FT_STRING:
	case FT_STRINGZ:
	case FT_STRINGZPAD:
		add_strings(kind, tree, bytes, pool);
		add_strings_of_packet(kind, tree, pool);
		break;
	case FT_UINT_STRING:
		add_strings_of_packet(kind, tree, pool);
		break;
	case FT_BYTES:
		add_bytes(kind, tree, pool);
		break;
	case FT_ETHER:
		add_ether(kind, tree, bytes, pool);
		break;
	default:
		add_unsigned(kind, tree, bytes, pool);
		break;
	}
}

/* Once: with the first packet that is shown. */
static int
dissect(tvbuff_t *bytes, packet_info *packet, proto_tree *tree, void *data)
{
	static bool done;

	(void)data;
	if (tree == NULL || done)
		return 0;
	done = true;
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		add(&kinds[i], tree, bytes, packet->pool);
		fprintf(stderr, "%s: read=%u left=%u wrong=%u\n", kinds[i].name, kinds[i].read,
		    kinds[i].left, kinds[i].wrong);
	}
	return 0;
}

static void
register_fields(void)
{
	static hf_register_info fields[G_N_ELEMENTS(kinds)];

	protocol = proto_register_protocol("Values", "Values", "values");
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		fields[i].p_id = &kinds[i].field;
		fields[i].hfinfo.name = "Value";
		fields[i].hfinfo.abbrev = g_strdup_printf("values.f%zu", i);
		fields[i].hfinfo.type = kinds[i].type;
		fields[i].hfinfo.display = kinds[i].display;
		fields[i].hfinfo.strings = kinds[i].strings;
		HFILL_INIT(fields[i]);
	}
	proto_register_field_array(protocol, fields, G_N_ELEMENTS(fields));
}

static void
register_dissector_behind_all(void)
{
	register_postdissector(create_dissector_handle(dissect, protocol));
}

void
plugin_register(void)
{
	static const proto_plugin plugin = {
		.register_protoinfo = register_fields,
		.register_handoff = register_dissector_behind_all
	};

	proto_register_plugin(&plugin);
}

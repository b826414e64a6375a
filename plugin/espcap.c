/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin for tshark: writes the dissection tree of each packet to standard
 * output as espcap's frames (src/readers/frames_wire.h), for
 *
 *	tshark -r FILE -q -z espcap[,[WORDS][,FILTER]]
 *
 * and for tshark 3.4, without "only=", with -T ek -e frame.number in place of -q.
 *
 * WORDS, with a colon between them: "flush": each packet is written out at once;
 * "mark=N": of packets without bytes and with N bytes on the wire nothing is written;
 * "objects": first the paths of the objects that are loaded are written, a line each;
 * "only=NAME+NAME...": only these fields are made and written, and the protocols around
 * them. FILTER: a display filter, because -Y does not keep packets from taps; -Y must
 * be given all the same, so that its fields are made.
 *
 * Values are those that -T ek prints, which takes several times as long because
 * it makes JSON of them character by character. The document is not made
 * here: espcap makes it, in the same way from whatever source, and on another core.
 *
 * This file is part of espcap. Unlike the rest of it, it is free software under
 * the GNU General Public License as published by the Free Software Foundation,
 * version 2 or (at your option) any later version, as is Wireshark, which it
 * becomes a part of when it is loaded: see COPYING in this folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

/* 3.4 declares what is for plugins only with this, from a header that is not for us. */
#define HAVE_PLUGINS 1
#include <epan/packet.h>
#include <epan/epan_dissect.h>
#include <epan/column-info.h>
#include <epan/proto.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <epan/dissectors/packet-tcp.h>
#include <epan/dissectors/packet-udp.h>

#include "plugin/ending.h"
#include "plugin/grow.h"
#include "plugin/lean.h"
#include "plugin/lists.h"
#include "plugin/marked.h"
#include "plugin/series.h"
#include "plugin/texts.h"
#include "plugin/value.h"
#include "readers/frames_wire.h"

/* Wireshark finds these by their names. */
#define EXPORTED __attribute__((visibility("default")))

EXPORTED extern const char plugin_version[];
EXPORTED extern const int plugin_want_major, plugin_want_minor;
EXPORTED void plugin_register(void);

const char plugin_version[] = PLUGIN_VERSION;
const int plugin_want_major = SERIES_MAJOR;
const int plugin_want_minor = SERIES_MINOR;

/* A number takes ten bytes at most. */
#define NUMBER_MAX 10
/* So many packets may wait to be written out. */
#define UNWRITTEN_MAX 4096
/* Enough for a head and a length. */
#define ITEM_ROOM (2 * NUMBER_MAX)

static struct {
	unsigned char bytes[256 << 10];
	size_t len;
	bool failed;
	int fd;
} out = { .fd = STDOUT_FILENO };

static struct {
	uint32_t *ids; /* by Wireshark's field number; 0: not named yet */
	size_t count;
	uint32_t last;
	bool flush;
	bool objects;
	bool lean; /* lean_is_on, which is asked for each row */
	uint32_t mark;
	unsigned unwritten; /* packets since something was written out */
} writer;

static void
write_out(void)
{
	size_t done = 0;

	while (done < out.len && !out.failed) {
		ssize_t n = write(out.fd, out.bytes + done, out.len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			out.failed = true;
	}
	out.len = 0;
	writer.unwritten = 0;
	/* Nobody reads any more: tshark ends the same way. */
	if (out.failed)
		_exit(2);
}

/* tshark ends, or unloads its plugins. */
static void __attribute__((destructor))
write_rest(void)
{
	if (!out.failed)
		write_out();
}

static void
make_room(size_t len)
{
	if (sizeof(out.bytes) - out.len < len)
		write_out();
}

/* The caller has made room. */
static void
put_number(uint64_t number)
{
	while (number >= 0x80) {
		out.bytes[out.len++] = (unsigned char)(number | 0x80);
		number >>= 7;
	}
	out.bytes[out.len++] = (unsigned char)number;
}

static void
put_item(enum frames_kind kind, uint64_t id)
{
	make_room(ITEM_ROOM);
	put_number(id << FRAMES_KIND_BITS | kind);
}

static void
put_bytes(const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	while (len > 0) {
		size_t n = sizeof(out.bytes) - out.len;

		if (n == 0) {
			write_out();
			continue;
		}
		n = n < len ? n : len;
		memcpy(out.bytes + out.len, from, n);
		out.len += n;
		from += n;
		len -= n;
	}
}

static void
put_text(uint32_t id, const char *text, size_t len)
{
	put_item(FRAMES_TEXT, id);
	put_number(len);
	put_bytes(text, len);
}

/* Names. */

static enum frames_type
type_of(const header_field_info *field)
{
	if (field->type == FT_PROTOCOL)
		return FRAMES_TYPE_PROTOCOL;
	if (field->type == FT_BOOLEAN)
		return FRAMES_TYPE_BOOLEAN;
	return field->type == FT_NONE && field->id != hf_text_only ?
	    FRAMES_TYPE_PRESENT :
	    FRAMES_TYPE_VALUE;
}

static uint32_t
name_field(const header_field_info *field)
{
	const char *protocol = field->parent < 0 ?
	    "" :
	    proto_registrar_get_nth((unsigned)field->parent)->abbrev;
	size_t len = strlen(field->abbrev), rest = strlen(protocol);
	uint32_t id = ++writer.last;

	put_item(FRAMES_NAME, id);
	put_number((len + (rest > 0 ? 1 + rest : 0)) << 2 | type_of(field));
	put_bytes(field->abbrev, len);
	if (rest > 0) {
		put_bytes(" ", 1);
		put_bytes(protocol, rest);
	}
	return id;
}

/* Our number for a field, which espcap knows by then. */
static uint32_t
id_of(const header_field_info *field)
{
	size_t at = (size_t)field->id;

	writer.ids = grow(writer.ids, &writer.count, at, sizeof(*writer.ids));
	if (writer.ids[at] == 0)
		writer.ids[at] = name_field(field);
	return writer.ids[at];
}

/* Values, as -T ek prints them. */

/* What espcap makes hex of, which is three times as long. */
static void
put_hex(uint32_t id, const void *bytes, size_t len)
{
	put_item(FRAMES_HEX, id);
	put_number(len);
	put_bytes(bytes, len);
}

/* By Wireshark itself, in memory of the packet. */
static void
put_other(uint32_t id, field_info *info, wmem_allocator_t *pool)
{
	char *text = fvalue_to_string_repr(pool, VALUE(info), REPRESENTATION,
	    info->hfinfo->display);

	if (text != NULL)
		put_text(id, text, strlen(text));
}

static void
put_value(uint32_t id, field_info *info, wmem_allocator_t *pool)
{
	struct value value;

	switch (info->hfinfo->type) {
	case FT_NONE:
		put_item(FRAMES_TRUE, id);
		return;
	case FT_BOOLEAN:
		put_item(fvalue_get_uinteger64(VALUE(info)) != 0 ?
			FRAMES_TRUE :
			FRAMES_FALSE,
		    id);
		return;
	case FT_ABSOLUTE_TIME:
		value_read_date(&value, VALUE_TIME(VALUE(info)));
		break;
	default:
		value_read(&value, info->hfinfo->type, info->hfinfo->display,
		    VALUE(info));
		break;
	}
	if (value.form == VALUE_TEXT)
		put_text(id, value.data, value.len);
	else if (value.form == VALUE_HEX)
		put_hex(id, value.data, value.len);
	else
		put_other(id, info, pool);
}

/* A row without a field has only its text, if that was made. */
static void
put_row(uint32_t id, const field_info *info)
{
	if (info->rep == NULL)
		put_item(FRAMES_TRUE, id);
	else
		put_text(id, info->rep->representation,
		    strlen(info->rep->representation));
}

/* The tree. */

static void put_children(const proto_node *parent, wmem_allocator_t *pool);

static void
put_protocol(const proto_node *node, uint32_t id, wmem_allocator_t *pool)
{
	put_item(FRAMES_OPEN, id);
	/* Stands for all that is not made: a protocol with a tree of its own has fields, wanted or not. */
	if (writer.lean && PNODE_FINFO(node)->tree_type >= 0)
		put_item(FRAMES_TRUE,
		    id_of(proto_registrar_get_nth((unsigned)hf_text_only)));
	put_children(node, pool);
	put_item(FRAMES_CLOSE, 0);
}

/* From 4.4 on Wireshark's columns hang in the tree as if the packet had them. */
static bool
is_columns(const header_field_info *field)
{
	return strcmp(field->abbrev, "_ws.col") == 0;
}

/* Protocols are objects; what hangs below a field joins the protocol around it. */
static void
put_node(const proto_node *node, wmem_allocator_t *pool)
{
	field_info *info = PNODE_FINFO(node);

	if (info == NULL ||
	    (info->hfinfo->type == FT_PROTOCOL && is_columns(info->hfinfo)))
		return;
	if (info->hfinfo->type == FT_PROTOCOL) {
		put_protocol(node, id_of(info->hfinfo), pool);
		return;
	}
	if (info->hfinfo->id == hf_text_only && !writer.lean)
		put_row(id_of(info->hfinfo), info);
	else if (!writer.lean || lean_wants(info->hfinfo))
		put_value(id_of(info->hfinfo), info, pool);
	put_children(node, pool);
}

static void
put_children(const proto_node *parent, wmem_allocator_t *pool)
{
	for (const proto_node *node = parent->first_child; node != NULL;
	     node = node->next)
		put_node(node, pool);
}

static void
put_info(const column_info *columns)
{
	int at;

	if (columns == NULL)
		return;
	at = columns->col_first[COL_INFO];
	if (at >= 0 && columns->columns[at].col_data != NULL)
		put_text(0, columns->columns[at].col_data,
		    strlen(columns->columns[at].col_data));
}

/* Some are numbered that no packet shows. */
static uint64_t
streams(void)
{
	return get_tcp_stream_count() |
	    (uint64_t)get_udp_stream_count() << 32;
}

/* Who waits for what was written before must get it. */
static void
count_packet(void)
{
	if (++writer.unwritten == UNWRITTEN_MAX)
		write_out();
}

static tap_packet_status
on_packet(void *ctx, packet_info *packet, epan_dissect_t *dissection,
    const void *data TAP_FLAGS)
{
	(void)ctx;
	(void)data;
	count_packet();
	if (marked_is(packet->fd, writer.mark))
		return TAP_PACKET_DONT_REDRAW;
	put_item(FRAMES_PACKET, packet->num);
	put_info(packet->cinfo);
	if (dissection->tree != NULL)
		put_children(dissection->tree, packet->pool);
	put_item(FRAMES_END, writer.mark != 0 ? streams() : 0);
	if (writer.flush)
		write_out();
	return TAP_PACKET_DONT_REDRAW;
}

/* All packets were dissected. */
static void
on_end(void *ctx)
{
	(void)ctx;
	write_out();
	if (espcap_ending_begin != NULL)
		espcap_ending_begin();
}

static void
die(const char *why)
{
	fprintf(stderr, "tshark: -z espcap: %s\n", why);
	exit(1);
}

/* wrong: NULL if nothing is. */
static void
must(const char *wrong)
{
	if (wrong != NULL)
		die(wrong);
}

static void
read_word(const char *word, size_t len)
{
	static const char flush[] = "flush", only[] = "only=", mark[] = "mark=",
			  objects[] = "objects";

	if (len == sizeof(objects) - 1 && memcmp(word, objects, len) == 0)
		writer.objects = true;
	else if (len == sizeof(flush) - 1 && memcmp(word, flush, len) == 0)
		writer.flush = true;
	else if (len > sizeof(mark) - 1 &&
	    memcmp(word, mark, sizeof(mark) - 1) == 0)
		writer.mark = (uint32_t)strtoul(word + sizeof(mark) - 1, NULL,
		    10);
	else if (len >= sizeof(only) - 1 &&
	    memcmp(word, only, sizeof(only) - 1) == 0)
		must(lean_want(word + sizeof(only) - 1, len - (sizeof(only) - 1)));
	else
		die("what stands behind the comma is neither flush, mark=, objects nor only=");
}

static void
read_words(const char *words, size_t len)
{
	size_t n;

	for (const char *end = words + len; words < end; words += n + 1) {
		n = strcspn(words, ":,");
		read_word(words, n);
	}
}

static int
put_object(struct dl_phdr_info *object, size_t size, void *ctx)
{
	(void)size;
	(void)ctx;
	/* The program itself has no name here, and the kernel's has no path. */
	if (object->dlpi_name != NULL && object->dlpi_name[0] == '/') {
		put_bytes(FRAMES_OBJECT, sizeof(FRAMES_OBJECT) - 1);
		put_bytes(object->dlpi_name, strlen(object->dlpi_name));
		put_bytes("\n", 1);
	}
	return 0;
}

/* argument: what stands after -z. */
#if SINCE(4, 6)
typedef bool started;
#define STARTED true
#else
typedef void started;
#define STARTED
#endif

/* Lets all fields be made, also those that no filter names. */
static void
want_all_fields(void)
{
#if SINCE(4, 0)
	epan_set_always_visible(TRUE);
#else
	/* 3.4 keeps that to itself: tshark has to print, which has the same effect, and nobody reads it. */
	int nobody = open("/dev/null", O_WRONLY | O_CLOEXEC);

	out.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (nobody < 0 || out.fd < 0 || dup2(nobody, STDOUT_FILENO) < 0)
		die(strerror(errno));
	close(nobody);
#endif
}

/* argument: what stands after -z. */
static started
start(const char *argument, void *ctx)
{
	static const char name[] = "espcap";
	const char *filter = NULL;
	GString *error;
	size_t len;

	(void)ctx;
	argument += sizeof(name) - 1;
	if (argument[0] == ',') {
		argument++;
		len = strcspn(argument, ",");
		read_words(argument, len);
		filter = argument[len] == ',' ? argument + len + 1 : NULL;
	}
	if (espcap_lists_are_read != NULL && !espcap_lists_are_read())
		die("shortcuts.so is not for this Wireshark");
	if (espcap_texts_begin != NULL)
		espcap_texts_begin(hf_text_only, filter != NULL);
	/* -Y sees marked packets, and what it lets pass tells how long ago the last one shown was. */
	if (writer.mark != 0 && filter == NULL && espcap_marked_begin != NULL)
		espcap_marked_begin(writer.mark, count_packet);
	writer.lean = lean_is_on();
	error = writer.lean ? lean_begin(filter != NULL) : NULL;
	must(error != NULL ? error->str : NULL);
	/* Packets that a dissector calls an error of others are packets, too. */
	error = register_tap_listener("frame", &writer, filter,
	    TL_REQUIRES_PROTO_TREE | TL_REQUIRES_COLUMNS |
		TL_REQUIRES_ERROR_PACKETS,
	    NULL, on_packet, on_end, NULL);
	must(error != NULL ? error->str : NULL);
	if (!writer.lean)
		want_all_fields();
	if (writer.objects)
		(void)dl_iterate_phdr(put_object, NULL);
	put_bytes(FRAMES_MAGIC, FRAMES_MAGIC_LEN);
	write_out();
	return STARTED;
}

static void
register_listener(void)
{
	static stat_tap_ui ui = {
		.group = REGISTER_STAT_GROUP_GENERIC,
		.title = "espcap",
		.cli_string = "espcap",
		.tap_init_cb = start
	};

	register_stat_tap_ui(&ui, NULL);
}

void
plugin_register(void)
{
	static const tap_plugin plugin = {
		.register_tap_listener = register_listener
	};

	tap_register_plugin(&plugin);
}

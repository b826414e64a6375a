/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a packet as a line of text. */
#include "document/text_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "document/timestamp.h"

/* Bytes: each may be shown as four, and a line still fits where a document of the least --max-doc does. */
#define INFO_MAX ((size_t)3500)
#define NAME_MAX_LEN ((size_t)64)

/* A source and its destination. */
#define PAIRS 9
#define FIELDS (2 * PAIRS)
/* A date and microseconds. */
#define TIME_LEN (MOMENT_LEN + 16)
/* The first are in the network header, the others in any layer, the likeliest first. */
#define NETWORK_PAIRS (TEXT_LINE_NETWORK_FIELDS / 2)

static const char *const field_names[FIELDS] = {
	"ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "eth.src", "eth.dst",
	"wlan.sa", "wlan.da", "wlan.ta", "wlan.ra", "sll.src.eth",
	"sll.dst.eth", "usb.src", "usb.dst", "tr.src", "tr.dst", "fddi.src",
	"fddi.dst"
};

struct text_line {
	bool color;
	uint32_t ids[FIELDS];
};

const char *const *
text_line_fields(size_t *count)
{
	*count = FIELDS;
	return field_names;
}

struct text_line *
text_line_new(const struct names *names, bool color)
{
	struct text_line *line = xcalloc(1, sizeof(*line));

	line->color = color;
	for (size_t i = 0; i < FIELDS; i++)
		line->ids[i] = names_id(names, field_names[i],
		    strlen(field_names[i]));
	return line;
}

void
text_line_free(struct text_line *line)
{
	free(line);
}

/* The addresses of a packet; NULL for one that it does not have. */
struct ends {
	const struct tree_leaf *source, *destination;
};

static const struct tree_leaf *
object_leaf(const struct layers *layers, const struct tree *tree,
    uint32_t object, uint32_t field)
{
	uint32_t at = layers_object(layers, object)->first;

	for (; at != TREE_NONE; at = tree->leaves[at].next)
		if (tree->leaves[at].field == field)
			return &tree->leaves[at];
	return NULL;
}

/* The first of the innermost packet. */
static const struct tree_leaf *
inner_leaf(const struct layers *layers, const struct tree *tree,
    uint32_t field)
{
	const struct tree_leaf *leaf;
	size_t count;
	const struct layers_section *sections = layers_sections(layers, &count);

	for (size_t i = 0; i < count; i++)
		for (uint32_t o = sections[i].first; o != LAYERS_NONE;
		     o = layers_object(layers, o)->next) {
			if (!layers_object(layers, o)->inner)
				continue;
			leaf = object_leaf(layers, tree, o, field);
			if (leaf != NULL)
				return leaf;
		}
	return NULL;
}

static const struct tree_leaf *
find(const struct layers *layers, const struct tree *tree, uint32_t object,
    uint32_t field)
{
	/* This tshark does not know it. */
	if (field == NAMES_NONE)
		return NULL;
	return object != LAYERS_NONE ?
	    object_leaf(layers, tree, object, field) :
	    inner_leaf(layers, tree, field);
}

static struct ends
find_ends(const struct text_line *line, const struct layers *layers,
    const struct tree *tree)
{
	const uint32_t network = layers_network(layers).object;
	struct ends ends = { NULL, NULL };

	for (size_t i = 0; i < PAIRS; i++) {
		uint32_t object = i < NETWORK_PAIRS ? network : LAYERS_NONE;

		if (i < NETWORK_PAIRS && network == LAYERS_NONE)
			continue;
		ends.source = find(layers, tree, object, line->ids[2 * i]);
		ends.destination = find(layers, tree, object,
		    line->ids[2 * i + 1]);
		if (ends.source != NULL || ends.destination != NULL)
			break;
	}
	return ends;
}

static int
put_visible(struct buffer *out, const char *text, size_t len, size_t max)
{
	size_t room;

	if (len > max)
		len = max;
	room = 4 * len + 1;
	if (buffer_reserve(out, room) != 0)
		return -1;
	buffer_added(out,
	    text_visible(out->data + out->len, room, text, len));
	return 0;
}

static int
put_name(struct buffer *out, const struct text_line_part *part)
{
	return part->len == 0 ? buffer_puts(out, "-") : put_visible(out, part->text, part->len, NAME_MAX_LEN);
}

static int
put_color(const struct text_line_parts *parts, const char *sequence, struct buffer *out)
{
	return parts->color ? buffer_puts(out, sequence) : 0;
}

/* Without the sequences of put_color: a packet's own escapes are not in it. */
static size_t
visible_cells(const char *text, size_t len)
{
	const char *end = text + len;
	size_t cells = 0;

	while (text < end) {
		const char *escape = memchr(text, '\033', (size_t)(end - text));
		const char *last = escape != NULL ? memchr(escape, 'm', (size_t)(end - escape)) : NULL;

		if (last == NULL)
			return cells + cells_count(text, (size_t)(end - text));
		cells += cells_count(text, (size_t)(escape - text));
		text = last + 1;
	}
	return cells;
}

/* Cuts the info that begins at byte info of the line that begins at byte start. */
static void
cut_info(struct buffer *out, size_t start, size_t info, size_t columns)
{
	static const char mark[] = "...";
	const size_t dots = sizeof(mark) - 1;
	size_t before = visible_cells(out->data + start, info - start), len = out->len - info;
	size_t room = (before + columns - 1) / columns * columns - before;

	if (cells_count(out->data + info, len) <= room)
		return;
	out->len = info + cells_fit(out->data + info, len, room > dots ? room - dots : room);
	if (room > dots)
		(void)buffer_append(out, mark, dots);
}

/* The info, with a space before it. */
static int
put_info(struct buffer *out, const struct text_line_part *info, size_t start, size_t columns)
{
	size_t at;

	if (buffer_puts(out, " ") != 0)
		return -1;
	at = out->len;
	if (put_visible(out, info->text, info->len, INFO_MAX) != 0)
		return -1;
	if (columns > 0)
		cut_info(out, start, at, columns);
	return 0;
}

int
text_line_put(const struct text_line_parts *parts, struct buffer *out)
{
	size_t start = out->len;
	int rv = put_color(parts, "\033[2m", out);

	rv |= buffer_printf(out, "%5" PRIu64 " ", parts->number);
	if (parts->interface != NULL) {
		rv |= put_visible(out, parts->interface, strlen(parts->interface), NAME_MAX_LEN);
		rv |= buffer_puts(out, " ");
	}
	rv |= put_name(out, &parts->time);
	rv |= put_color(parts, "\033[m", out);
	rv |= buffer_puts(out, " ");
	rv |= put_name(out, &parts->source);
	rv |= buffer_puts(out, " -> ");
	rv |= put_name(out, &parts->destination);
	rv |= buffer_puts(out, " ");
	rv |= put_color(parts, "\033[36m", out);
	rv |= put_visible(out, parts->protocol.text, parts->protocol.len, NAME_MAX_LEN);
	rv |= put_color(parts, "\033[m", out);
	if (rv == 0 && parts->info.len > 0)
		rv = put_info(out, &parts->info, start, parts->columns);
	return rv;
}

static struct text_line_part
leaf_part(const struct tree *tree, const struct tree_leaf *leaf)
{
	return leaf == NULL || leaf->len == 0 ?
	    (struct text_line_part){ "", 0 } :
	    (struct text_line_part){ tree_leaf_text(tree, leaf), leaf->len };
}

/* "2015-07-30 05:22:10.634684" */
static size_t
write_time(char text[TIME_LEN], const struct text_line_packet *packet)
{
	size_t len = timestamp_date(text, packet->sec);

	return len + (size_t)snprintf(text + len, TIME_LEN - len, ".%06" PRIu32, packet->nsec / 1000);
}

int
text_line_write(const struct text_line *line, const struct layers *layers,
    const struct tree *tree, const struct text_line_packet *packet,
    struct buffer *out)
{
	const struct ends ends = find_ends(line, layers, tree);
	struct text_line_parts parts = { .interface = packet->interface,
		.number = packet->number,
		.source = leaf_part(tree, ends.source),
		.destination = leaf_part(tree, ends.destination),
		.columns = packet->columns,
		.color = line->color };
	char time[TIME_LEN];

	if (packet->has_time)
		parts.time = (struct text_line_part){ time, write_time(time, packet) };
	parts.protocol.text = layers_protocol(layers, &parts.protocol.len);
	if (tree->has_info && tree->info.len > 0)
		parts.info = (struct text_line_part){ tree->info.data, tree->info.len };
	return text_line_put(&parts, out);
}

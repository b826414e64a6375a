/* SPDX-License-Identifier: BSD-2-Clause */
/* The line of text of a packet whose document an index has. */
#include "run/stored_line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "document/text_line.h"
#include "base/jsonwalk.h"

/* At most so many fields that addresses are read from. */
#define FIELDS_MAX 32
/* No name of a line is longer; of info more is never shown. */
#define TEXT_MAX ((size_t)4 << 10)
/* "2015-07-30T05:22:10", and microseconds. */
#define SECONDS_LEN 19
#define TIME_LEN 26

/* Beyond the fields, whose keys are their numbers. */
enum key {
	KEY_NUMBER = FIELDS_MAX,
	KEY_TIME,
	KEY_PROTOCOL,
	KEY_INFO,
	KEY_LAYERS,
	KEY_NETWORK,
	KEY_SOURCE,
	KEY_DESTINATION,
	KEY_IP,
	KEY_MAC
};

/* Where a text begins in the buffer. */
struct place {
	size_t at, len;
};

struct reading {
	struct buffer texts;
	struct place fields[FIELDS_MAX], time, protocol, info, ip[2], mac[2];
	uint64_t number;
	bool is_full;
};

static void
keep(struct reading *reading, struct place *place, const struct jsonwalk_value *value)
{
	size_t len = value->len < TEXT_MAX ? value->len : TEXT_MAX;

	if (place->len > 0 || value->kind != JSONWALK_STRING)
		return;
	*place = (struct place){ reading->texts.len, len };
	reading->is_full = reading->is_full || buffer_append(&reading->texts, value->text, len) != 0;
}

static void
take_number(struct reading *reading, const struct jsonwalk_value *value)
{
	char text[24];

	if (value->kind != JSONWALK_NUMBER || value->len >= sizeof(text))
		return;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	(void)text_number(text, 0, UINT64_MAX, &reading->number);
}

/* layers.SECTION.FIELD; sections and fields may be arrays. */
static void
take_layer(struct reading *reading, const struct jsonwalk_value *value)
{
	size_t depth = value->depth;
	unsigned char field;

	if (depth > 0 && value->path[depth - 1] == JSONWALK_ELEMENT)
		depth--;
	field = depth > 2 ? value->path[depth - 1] : JSONWALK_OTHER;
	if (field >= FIELDS_MAX || (field < TEXT_LINE_NETWORK_FIELDS && (depth != 3 || value->path[1] != KEY_NETWORK)))
		return;
	keep(reading, &reading->fields[field], value);
}

static void
take_end(struct reading *reading, size_t end, const struct jsonwalk_value *value)
{
	if (value->depth != 2)
		return;
	if (value->path[1] == KEY_IP)
		keep(reading, &reading->ip[end], value);
	else if (value->path[1] == KEY_MAC)
		keep(reading, &reading->mac[end], value);
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reading *reading = ctx;

	if (value->depth == 0)
		return value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_END;
	if (value->path[0] == KEY_LAYERS)
		take_layer(reading, value);
	else if (value->path[0] == KEY_SOURCE)
		take_end(reading, 0, value);
	else if (value->path[0] == KEY_DESTINATION)
		take_end(reading, 1, value);
	else if (value->depth > 1)
		return true;
	else if (value->path[0] == KEY_NUMBER)
		take_number(reading, value);
	else if (value->path[0] == KEY_TIME)
		keep(reading, &reading->time, value);
	else if (value->path[0] == KEY_PROTOCOL)
		keep(reading, &reading->protocol, value);
	else if (value->path[0] == KEY_INFO)
		keep(reading, &reading->info, value);
	return !reading->is_full;
}

static int
read_document(struct reading *reading, const char *json, size_t len)
{
	static const struct jsonwalk_key own[] = {
		{ "frame_number", KEY_NUMBER }, { "@timestamp", KEY_TIME },
		{ "protocol", KEY_PROTOCOL }, { "info", KEY_INFO },
		{ "layers", KEY_LAYERS }, { "network", KEY_NETWORK },
		{ "source", KEY_SOURCE }, { "destination", KEY_DESTINATION },
		{ "ip", KEY_IP }, { "mac", KEY_MAC }, { NULL, 0 }
	};
	struct jsonwalk_key keys[FIELDS_MAX + sizeof(own) / sizeof(own[0])];
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .ctx = reading };
	size_t count;
	const char *const *names = text_line_fields(&count);

	for (size_t i = 0; i < count; i++)
		keys[i] = (struct jsonwalk_key){ names[i], (unsigned char)i };
	memcpy(keys + count, own, sizeof(own));
	return jsonwalk(&walk, json, len);
}

static struct text_line_part
part(const struct reading *reading, const struct place *place)
{
	return (struct text_line_part){ place->len > 0 ? reading->texts.data + place->at : "", place->len };
}

/* Of the first pair that the document has any of. */
static void
choose_ends(const struct reading *reading, struct text_line_parts *parts)
{
	size_t count;

	(void)text_line_fields(&count);
	for (size_t i = 0; i + 1 < count; i += 2)
		if (reading->fields[i].len > 0 || reading->fields[i + 1].len > 0) {
			parts->source = part(reading, &reading->fields[i]);
			parts->destination = part(reading, &reading->fields[i + 1]);
			return;
		}
	/* A document without these layers. */
	parts->source = part(reading, reading->ip[0].len > 0 ? &reading->ip[0] : &reading->mac[0]);
	parts->destination = part(reading, reading->ip[1].len > 0 ? &reading->ip[1] : &reading->mac[1]);
}

/* "2015-07-30T05:22:10.634684000Z" becomes "2015-07-30 05:22:10.634684". */
static struct text_line_part
put_time(const struct reading *reading, char time[TIME_LEN + 1])
{
	struct text_line_part iso = part(reading, &reading->time);
	size_t used = SECONDS_LEN + 1;

	if (iso.len < SECONDS_LEN || iso.text[10] != 'T')
		return iso;
	memcpy(time, iso.text, SECONDS_LEN);
	memcpy(time + SECONDS_LEN, ".000000", TIME_LEN - SECONDS_LEN);
	time[10] = ' ';
	if (iso.len > SECONDS_LEN && iso.text[SECONDS_LEN] == '.')
		while (used < TIME_LEN && used < iso.len && iso.text[used] >= '0' && iso.text[used] <= '9') {
			time[used] = iso.text[used];
			used++;
		}
	return (struct text_line_part){ time, TIME_LEN };
}

int
stored_line_write(const char *json, size_t len, bool color, size_t columns, struct buffer *out)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));
	struct text_line_parts parts = { .columns = columns, .color = color };
	char time[TIME_LEN + 1];
	int rv = -1;

	buffer_init(&reading->texts, (FIELDS_MAX + 8) * TEXT_MAX);
	if (read_document(reading, json, len) == 0) {
		parts.number = reading->number;
		parts.time = put_time(reading, time);
		parts.protocol = part(reading, &reading->protocol);
		parts.info = part(reading, &reading->info);
		choose_ends(reading, &parts);
		rv = text_line_put(&parts, out);
	}
	buffer_release(&reading->texts);
	free(reading);
	return rv;
}

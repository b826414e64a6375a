/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the JSON document of one dissected packet. */
#include "document/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "document/copies.h"
#include "document/layers.h"
#include "document/object_path.h"
#include "document/own.h"
#include "document/sections.h"
#include "document/terms.h"
#include "document/text_line.h"
#include "document/timestamp.h"

/* Values are not cut shorter than this: addresses and numbers stay whole, and fields are left out instead. */
#define CAP_FLOOR 64
/* What an ordinary packet needs for its terms is kept for the next. */
#define TERMS_KEPT ((size_t)1 << 20)

/* A member below the head: a value of espcap's own, copies of values of the packet, or both. */
struct slot {
	const char *name;
	enum own_member own;
	uint32_t copy; /* of copies, NO_COPY for none */
};
#define NO_COPY UINT32_MAX

struct document {
	struct document_config config;
	struct layers *layers;
	struct sections *sections;
	struct copies *copies;
	struct own *own;
	struct text_line *line; /* NULL for JSON */
	struct terms *terms;    /* NULL for documents without */

	struct slot *slots; /* sorted by name */
	size_t slot_count;
	struct object_path *object_path; /* of the slots */
	struct buffer scratch;           /* the compact form when pretty */
	uint64_t sanitized;

	/* While one document is written. */
	struct tree *tree;
	const struct document_capture *capture;
	const struct document_packet *packet;
	struct sections_limits limits;
	bool not_utf8;
	struct buffer terms_text; /* empty: without */
	bool has_all_terms;
};

static int
compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* '.' sorts before all that a name may hold: what is in one object stands together. */
static void
make_slots(struct document *document)
{
	size_t copies = copies_count(document->copies), count = 0;
	const char **names;

	document->slots = xcalloc(OWN_COUNT + copies, sizeof(*document->slots));
	for (enum own_member own = OWN_NONE + 1; own < OWN_COUNT; own++)
		document->slots[count++] = (struct slot){ own_name(own), own, NO_COPY };
	for (size_t i = 0; i < copies; i++) {
		const char *name = copies_name(document->copies, i);
		size_t same = 0;

		while (same < OWN_COUNT - 1 && strcmp(document->slots[same].name, name) != 0)
			same++;
		if (same == OWN_COUNT - 1)
			document->slots[same = count++] = (struct slot){ name, OWN_NONE, NO_COPY };
		document->slots[same].copy = (uint32_t)i;
	}
	document->slot_count = count;
	qsort(document->slots, count, sizeof(*document->slots), compare_slots);
	names = xcalloc(count, sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = document->slots[i].name;
	document->object_path = object_path_new(names, count);
	free(names);
}

struct document *
document_new(const struct document_config *config, struct error *error)
{
	struct document *document = xcalloc(1, sizeof(*document));
	const struct names *names = config->names;

	document->config = *config;
	document->own = own_new(config, error);
	if (document->own == NULL) {
		free(document);
		return NULL;
	}
	document->copies = copies_new(names, config->typed);
	document->layers = layers_new(names, config->protocols);
	document->sections = sections_new(names, config->fields, config->sort);
	if (config->text)
		document->line = text_line_new(names, config->color);
	if (config->terms)
		document->terms = terms_new(names, config->fields);
	make_slots(document);
	buffer_init(&document->scratch, config->max_doc);
	buffer_init(&document->terms_text, config->max_doc);
	return document;
}

void
document_free(struct document *document)
{
	if (document == NULL)
		return;
	layers_free(document->layers);
	sections_free(document->sections);
	own_free(document->own);
	copies_free(document->copies);
	text_line_free(document->line);
	terms_free(document->terms);
	buffer_release(&document->terms_text);
	buffer_release(&document->scratch);
	object_path_free(document->object_path);
	free(document->slots);
	free(document);
}

uint64_t
document_sanitized(const struct document *document)
{
	return document->sanitized;
}

/* The bytes of a text that may be written. */
static size_t
document_cut(const struct document *document, const char *text, size_t len)
{
	return len <= document->limits.cap ?
	    len :
	    json_cut(text, len, document->limits.cap);
}

static int
put_terms(const struct document *document, struct buffer *out)
{
	const struct buffer *terms = &document->terms_text;

	if (terms->len == 0)
		return 0;
	return buffer_append(out, terms->data, terms->len) == 0 ? 1 : -1;
}

static int
put_truncated(struct document *document, struct buffer *out)
{
	int rv = sections_truncated(document->sections, document->tree,
	    &document->limits, out);

	if (rv < 0 || document->terms == NULL || document->has_all_terms)
		return rv;
	if (rv == 0)
		return buffer_puts(out, "[\"espcap.terms\"]") == 0 ? 1 : -1;
	/* The array goes on. */
	out->len--;
	return buffer_puts(out, ",\"espcap.terms\"]") == 0 ? 1 : -1;
}

/* Appends the value of a slot: 1 if it has one, 0 if not, -1 if out is full. */
static int
put_slot(struct document *document, const struct slot *slot, struct buffer *out)
{
	struct copies_before before;

	if (slot->own == OWN_NONE)
		return copies_put(document->copies, slot->copy, NULL, document->limits.cap, out);
	if (slot->own == OWN_TERMS)
		return put_terms(document, out);
	if (slot->own == OWN_TRUNCATED)
		return put_truncated(document, out);
	if (slot->own != OWN_EVENT_TYPE)
		return own_put(document->own, slot->own, out);
	own_event_type(document->own, &before);
	return copies_put(document->copies, slot->copy, &before, document->limits.cap, out);
}

static int
put_slots(struct document *document, struct buffer *out)
{
	struct object_path_place place = { 0 };

	copies_collect(document->copies, document->layers, document->tree);
	own_look(document->own, document->layers, document->tree, document->capture, document->packet);
	for (size_t i = 0; i < document->slot_count; i++) {
		const struct slot *slot = &document->slots[i];
		size_t mark = out->len;
		int rv;

		object_path_pass(document->object_path, i, &place);
		if (slot->own == OWN_NONE && !copies_has(document->copies, slot->copy))
			continue;
		if (object_path_enter(document->object_path, i, &place, out) != 0)
			return -1;
		rv = put_slot(document, slot, out);
		if (rv < 0)
			return -1;
		if (rv == 0)
			out->len = mark;
		else
			object_path_stay(document->object_path, i, &place);
	}
	return object_path_leave(&place, out);
}

/* Its times; both are written of a packet that has one. */
static int
put_times(const struct document_packet *packet, struct buffer *out)
{
	char text[MOMENT_LEN];
	int rv = buffer_puts(out, ",\"sniff_date_utc\":\"");

	rv |= buffer_append(out, text, timestamp_date(text, packet->sec));
	rv |= buffer_puts(out, "\",\"sniff_timestamp\":");
	return rv |
	    buffer_append(
		out, text, timestamp_ms(text, packet->sec, packet->nsec));
}

static int
put_origin(const struct document_capture *capture, const struct document_message *message, struct buffer *out)
{
	char text[MOMENT_LEN];
	int rv;

	if (message != NULL)
		rv = buffer_puts(out, "\"type\":\"pcap_kafka\"");
	else if (capture->file_name == NULL)
		rv = buffer_puts(out, "\"type\":\"pcap_live\"");
	else {
		rv = buffer_puts(out, "\"type\":\"pcap_file\",\"file_name\":");
		rv |= json_string(out, capture->file_name,
		    strlen(capture->file_name));
	}
	if (!capture->has_date)
		return rv;
	rv |= buffer_puts(out, ",\"file_date_utc\":\"");
	rv |= buffer_append(out, text, timestamp_date(text, capture->file_date));
	return rv | buffer_append(out, "\"", 1);
}

/* The seed's fields, in its order as far as it has one. */
static int
put_head(struct document *document, struct buffer *out)
{
	const struct document_packet *packet = document->packet;
	const struct tree *tree = document->tree;
	char text[MOMENT_LEN];
	size_t len;
	const char *protocol = layers_protocol(document->layers, &len);
	int rv = buffer_append(out, "{", 1);

	if (packet->has_time) {
		rv |= buffer_puts(out, "\"@timestamp\":\"");
		rv |= buffer_append(
		    out, text, timestamp_iso(text, packet->sec, packet->nsec));
		rv |= buffer_puts(out, "\",");
	}
	rv |= put_origin(document->capture, packet->message, out);
	if (packet->has_time)
		rv |= put_times(packet, out);
	rv |= buffer_puts(out, ",\"protocol\":");
	rv |= json_string(out, protocol, len);
	if (tree->has_info) {
		rv |= buffer_puts(out, ",\"info\":");
		rv |= json_string(out, tree->info.data,
		    document_cut(document, tree->info.data, tree->info.len));
	}
	rv |= buffer_puts(out, ",\"frame_number\":");
	return rv | buffer_number(out, packet->ordinal);
}

/* Appends the compact form; -1 if it does not fit in max bytes (out is as before then). */
static int
put_document(struct document *document, size_t max, struct buffer *out)
{
	size_t start = out->len, max_before = out->max;
	int rv;

	if (out->max - out->len > max)
		out->max = out->len + max;
	rv = put_head(document, out) | put_slots(document, out) |
	    buffer_puts(out, ",\"layers\":") |
	    sections_write(document->sections, document->layers,
		document->tree, &document->limits, out, &document->not_utf8) |
	    buffer_puts(out, "}");
	out->max = max_before;
	if (rv != 0)
		out->len = start;
	return rv;
}

/* Bytes of the document that are not values, roughly. */
static size_t
frame_size(const struct document *document)
{
	const struct tree *tree = document->tree;
	size_t total = 2048 + 2 * tree->info.len + document->terms_text.len, len;

	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		names_name(document->config.names, tree->leaves[i].field, &len);
		total += len + 6;
	}
	return total;
}

/* A first guess at the cap under which the document fits. */
static size_t
guess_cap(const struct document *document)
{
	const struct tree *tree = document->tree;
	size_t frame = frame_size(document), count = 0, cap, *lens;

	if (frame >= document->config.max_doc)
		return CAP_FLOOR;
	lens = xreallocarray(NULL, tree->leaf_count, sizeof(*lens));
	for (uint32_t i = 0; i < tree->leaf_count; i++)
		if (tree->leaves[i].kind == TREE_TEXT)
			lens[count++] = tree->leaves[i].len;
	cap = tree_cut_to(lens, count, document->config.max_doc - frame);
	free(lens);
	/* SIZE_MAX: it is the escapes that do not fit. */
	if (cap == SIZE_MAX)
		cap = document->config.max_doc / 2;
	return cap > CAP_FLOOR ? cap : CAP_FLOOR;
}

/* Cuts deeper and deeper: first the values, then, if the names alone are too much, fields. */
static int
put_cut(struct document *document, struct buffer *out)
{
	size_t max = document->config.max_doc, cap;

	cap = guess_cap(document);
	if (document->limits.cap > cap)
		document->limits.cap = cap;
	while (put_document(document, max, out) != 0) {
		if (document->limits.cap > CAP_FLOOR)
			document->limits.cap = document->limits.cap * 3 / 4;
		else if (document->limits.leaves > 0)
			document->limits.leaves /= 2;
		else if (document->terms_text.len > 0) {
			buffer_clear(&document->terms_text);
			document->has_all_terms = false;
		} else
			return -1;
	}
	return 0;
}

/* They are made of the whole packet, whatever is cut of what the document shows of it. */
static int
make_terms(struct document *document)
{
	int rv;

	if (document->terms == NULL)
		return 0;
	buffer_shrink(&document->terms_text, TERMS_KEPT);
	rv = terms_write(document->terms, document->tree, document->config.max_doc / 2, &document->terms_text);
	document->has_all_terms = rv == 1;
	return rv < 0 ? -1 : 0;
}

static int
put_fitting(struct document *document, struct buffer *out)
{
	document->limits.cap = document->tree->max_value > 0 ?
	    document->tree->max_value :
	    SIZE_MAX;
	document->limits.leaves = document->tree->leaf_count;
	document->not_utf8 = false;
	if (make_terms(document) != 0)
		return -1;
	if (put_document(document, document->config.max_doc, out) == 0)
		return 0;
	return put_cut(document, out);
}

static int
put_line(const struct document *document, struct buffer *out)
{
	const struct document_packet *packet = document->packet;
	const struct text_line_packet from = { .interface = document->config.interfaces ? document->capture->interface : NULL,
		.number = packet->ordinal,
		.has_time = packet->has_time,
		.sec = packet->sec,
		.nsec = packet->nsec,
		.columns = document->config.columns != NULL ? document->config.columns() : 0 };

	return text_line_write(document->line, document->layers,
	    document->tree, &from, out);
}

/* Appends the JSON; whether a text was sanitized is in not_utf8. */
static int
put_json(struct document *document, struct buffer *out)
{
	struct buffer *compact = document->config.pretty ?
	    &document->scratch :
	    out;
	int rv;

	buffer_clear(&document->scratch);
	rv = put_fitting(document, compact);
	if (rv == 0 && document->config.pretty)
		rv = json_pretty(out, compact->data, compact->len);
	return rv;
}

int
document_write(struct document *document, struct tree *tree,
    const struct document_capture *capture,
    const struct document_packet *packet, struct buffer *out,
    struct error *error)
{
	int rv;

	document->tree = tree;
	document->capture = capture;
	document->packet = packet;
	layers_arrange(document->layers, tree);
	document->not_utf8 = false;
	rv = document->line != NULL ? put_line(document, out) :
				      put_json(document, out);
	document->sanitized += document->not_utf8 ||
	    (tree->has_info && !json_is_utf8(tree->info.data, tree->info.len));
	if (rv != 0)
		return error_set(error, OUTCOME_INTERNAL,
		    "not enough memory for the document of packet %" PRIu64,
		    packet->ordinal);
	return 0;
}

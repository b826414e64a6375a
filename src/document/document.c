/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the JSON document of one dissected packet. */
#include "document/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "document/community.h"
#include "document/flow.h"
#include "document/layers.h"
#include "document/object_path.h"
#include "document/sections.h"
#include "document/terms.h"
#include "document/text_line.h"
#include "document/timestamp.h"

/* Values are not cut shorter than this: addresses and numbers stay whole, and fields are left out instead. */
#define CAP_FLOOR 64
/* What an ordinary packet needs for its terms is kept for the next. */
#define TERMS_KEPT ((size_t)1 << 20)

/* Top-level values below an object, in the order they are written. */
enum own {
	OWN_NONE, /* a typed copy */
	OWN_CAPTURE,
	OWN_CONTEXT,
	OWN_KAFKA_OFFSET,
	OWN_KAFKA_PARTITION,
	OWN_KAFKA_TOPIC,
	OWN_OFFSET,
	OWN_ORDINAL,
	OWN_SECTION,
	OWN_TERMS,
	OWN_TRUNCATED,
	OWN_PATH,
	OWN_HOST_NAME,
	OWN_BYTES,
	OWN_COMMUNITY,
	OWN_NETWORK_PROTOCOL,
	OWN_TRANSPORT,
	OWN_TYPE,
	OWN_INTERFACE,
	OWN_HOST,
	OWN_VENDOR,
	OWN_VERSION
};

static const struct {
	enum own own;
	const char *name;
} own_slots[] = {
	{ OWN_CAPTURE, "espcap.capture" },
	{ OWN_CONTEXT, "espcap.context" },
	{ OWN_KAFKA_OFFSET, "espcap.kafka.offset" },
	{ OWN_KAFKA_PARTITION, "espcap.kafka.partition" },
	{ OWN_KAFKA_TOPIC, "espcap.kafka.topic" },
	{ OWN_OFFSET, "espcap.offset" },
	{ OWN_ORDINAL, "espcap.ordinal" },
	{ OWN_SECTION, "espcap.section" },
	{ OWN_TERMS, "espcap.terms" },
	{ OWN_TRUNCATED, "espcap.truncated" }, { OWN_PATH, "file.path" },
	{ OWN_HOST_NAME, "host.name" },
	{ OWN_BYTES, "network.bytes" },
	{ OWN_COMMUNITY, "network.community_id" },
	{ OWN_NETWORK_PROTOCOL, "network.protocol" },
	{ OWN_TRANSPORT, "network.transport" }, { OWN_TYPE, "network.type" },
	{ OWN_INTERFACE, "observer.ingress.interface.name" },
	{ OWN_HOST, "observer.name" },
	{ OWN_VENDOR, "observer.vendor" }, { OWN_VERSION, "observer.version" }
};
#define OWN_COUNT (sizeof(own_slots) / sizeof(own_slots[0]))

struct slot {
	const char *name;
	enum own own;
	uint32_t first, last; /* hits */
};

/* A leaf that gets a typed copy. */
struct hit {
	uint32_t leaf;
	uint32_t entry; /* of the typed list */
	uint32_t next;
};

struct document {
	struct document_config config;
	struct layers *layers;
	struct sections *sections;
	struct flow *flow;
	struct community *community;
	struct text_line *line; /* NULL for JSON */
	struct terms *terms;    /* NULL for documents without */

	struct slot *slots; /* sorted by name */
	size_t slot_count;
	struct object_path *object_path; /* of the slots */
	uint32_t *entry_slot;            /* by entry of the typed list */
	uint32_t *entry_next;            /* the next entry with the same field */
	uint32_t *field_entry;           /* by field: its first entry */
	size_t field_count;
	struct hit *hits;
	size_t hit_count, hit_room;

	uint32_t icmp, icmpv6, ip, ipv6;
	struct buffer scratch; /* the compact form when pretty */
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

static uint32_t
find_slot(const struct document *document, const char *name)
{
	struct slot key = { .name = name };
	struct slot *slot = bsearch(&key, document->slots,
	    document->slot_count, sizeof(key), compare_slots);

	return (uint32_t)(slot - document->slots);
}

/* '.' sorts before all that a name may hold: what is in one object stands together. */
static void
make_slots(struct document *document)
{
	const struct typed *typed = document->config.typed;
	const char **names;
	size_t count = 0;

	document->slots = xcalloc(OWN_COUNT + typed->count,
	    sizeof(*document->slots));
	for (size_t i = 0; i < OWN_COUNT; i++) {
		document->slots[count].name = own_slots[i].name;
		document->slots[count++].own = own_slots[i].own;
	}
	for (size_t i = 0; i < typed->count; i++) {
		size_t same = 0;

		while (same < count &&
		    strcmp(document->slots[same].name,
			typed->entries[i].name) != 0)
			same++;
		if (same == count)
			document->slots[count++].name = typed->entries[i].name;
	}
	document->slot_count = count;
	qsort(document->slots, count, sizeof(*document->slots), compare_slots);
	names = xcalloc(count, sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = document->slots[i].name;
	document->object_path = object_path_new(names, count);
	free(names);
}

static void
index_typed(struct document *document)
{
	const struct typed *typed = document->config.typed;

	document->field_count = names_count(document->config.names);
	document->field_entry = xreallocarray(NULL, document->field_count,
	    sizeof(uint32_t));
	memset(document->field_entry, 0xff,
	    document->field_count * sizeof(uint32_t));
	document->entry_slot = xcalloc(typed->count, sizeof(uint32_t));
	document->entry_next = xcalloc(typed->count, sizeof(uint32_t));
	for (uint32_t i = (uint32_t)typed->count; i-- > 0;) {
		const struct typed_entry *entry = &typed->entries[i];
		uint32_t id = names_id(document->config.names, entry->field,
		    strlen(entry->field));

		document->entry_slot[i] = find_slot(document, entry->name);
		/* Another tshark may have the field: a list fits several. */
		if (id == NAMES_NONE)
			continue;
		document->entry_next[i] = document->field_entry[id];
		document->field_entry[id] = i;
	}
}

struct document *
document_new(const struct document_config *config, struct error *error)
{
	struct document *document = xcalloc(1, sizeof(*document));
	const struct names *names = config->names;

	document->config = *config;
	document->community = community_new();
	if (document->community == NULL) {
		error_set(error, OUTCOME_INTERNAL,
		    "the crypto library offers no SHA-1 (Community ID needs it)");
		free(document);
		return NULL;
	}
	document->layers = layers_new(names, config->protocols);
	document->sections = sections_new(names, config->fields, config->sort);
	document->flow = flow_new(names);
	if (config->text)
		document->line = text_line_new(names, config->color);
	if (config->terms)
		document->terms = terms_new(names, config->fields);
	make_slots(document);
	index_typed(document);
	document->icmp = names_id(names, "icmp", 4);
	document->icmpv6 = names_id(names, "icmpv6", 6);
	document->ip = names_id(names, "ip", 2);
	document->ipv6 = names_id(names, "ipv6", 4);
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
	flow_free(document->flow);
	text_line_free(document->line);
	terms_free(document->terms);
	buffer_release(&document->terms_text);
	community_free(document->community);
	buffer_release(&document->scratch);
	object_path_free(document->object_path);
	free(document->slots);
	free(document->entry_slot);
	free(document->entry_next);
	free(document->field_entry);
	free(document->hits);
	free(document);
}

uint64_t
document_sanitized(const struct document *document)
{
	return document->sanitized;
}

/* Typed copies and what stands beside them. */

static void
add_hit(struct document *document, uint32_t leaf, uint32_t entry)
{
	struct slot *slot = &document->slots[document->entry_slot[entry]];
	uint32_t at = (uint32_t)document->hit_count;

	if (document->hit_count == document->hit_room) {
		document->hit_room = document->hit_room == 0 ?
		    64 :
		    document->hit_room * 2;
		document->hits = xreallocarray(document->hits,
		    document->hit_room, sizeof(*document->hits));
	}
	document->hits[document->hit_count++] = (struct hit){ leaf, entry,
		TREE_NONE };
	if (slot->first == TREE_NONE)
		slot->first = at;
	else
		document->hits[slot->last].next = at;
	slot->last = at;
}

static void
collect_hits(struct document *document)
{
	size_t count;
	const struct layers_section *sections =
	    layers_sections(document->layers, &count);
	const struct tree *tree = document->tree;

	document->hit_count = 0;
	for (size_t i = 0; i < document->slot_count; i++)
		document->slots[i].first = TREE_NONE;
	for (size_t i = 0; i < count; i++)
		for (uint32_t o = sections[i].first; o != LAYERS_NONE;
		     o = layers_object(document->layers, o)->next) {
			const struct layers_object *object =
			    layers_object(document->layers, o);

			if (!object->inner)
				continue;
			for (uint32_t at = object->first; at != TREE_NONE;
			     at = tree->leaves[at].next) {
				uint32_t field = tree->leaves[at].field;
				uint32_t entry = field < document->field_count ?
				    document->field_entry[field] :
				    TREE_NONE;

				for (; entry != TREE_NONE;
				     entry = document->entry_next[entry])
					add_hit(document, at, entry);
			}
		}
}

/* The bytes of a text that may be written. */
static size_t
document_cut(const struct document *document, const char *text, size_t len)
{
	return len <= document->limits.cap ?
	    len :
	    json_cut(text, len, document->limits.cap);
}

/* Appends the JSON of one hit: 1 if it did, 0 if the text is no value of the type. */
static int
put_hit(struct document *document, const struct hit *hit, struct buffer *out)
{
	const struct tree_leaf *leaf = &document->tree->leaves[hit->leaf];
	const struct typed_entry *entry =
	    &document->config.typed->entries[hit->entry];
	const char *text = tree_leaf_text(document->tree, leaf);
	size_t len = leaf->len;

	if (leaf->kind != TREE_TEXT) {
		text = leaf->kind == TREE_TRUE ? "true" : "false";
		len = strlen(text);
	} else if ((entry->type == TYPED_KEYWORD && entry->map == NULL) ||
	    entry->type == TYPED_WILDCARD)
		len = document_cut(document, text, len);
	else if (leaf->cut)
		return 0; /* half a number is another one */
	return typed_value(entry, text, len, out);
}

/* One value, or an array of them. 1 if there was any. */
static int
put_copies(struct document *document, const struct slot *slot,
    struct buffer *out)
{
	size_t start = out->len, values = 0;
	uint32_t at;
	int rv;

	/* Room for "[" is kept in front, and taken back if there is one value. */
	if (buffer_append(out, "[", 1) != 0)
		return -1;
	for (at = slot->first; at != TREE_NONE; at = document->hits[at].next) {
		size_t mark = out->len;

		if (values > 0 && buffer_append(out, ",", 1) != 0)
			return -1;
		rv = put_hit(document, &document->hits[at], out);
		if (rv < 0)
			return -1;
		if (rv == 0)
			out->len = mark;
		values += (size_t)rv;
	}
	if (values == 0)
		out->len = start;
	else if (values == 1) {
		memmove(out->data + start, out->data + start + 1,
		    out->len - start - 1);
		out->len--;
	} else if (buffer_append(out, "]", 1) != 0)
		return -1;
	return values > 0;
}

static int
put_text(struct buffer *out, const char *text, size_t len)
{
	return json_string(out, text, len) == 0 ? 1 : -1;
}

static int
put_community(struct document *document, struct buffer *out)
{
	struct community_flow flow;
	char text[COMMUNITY_LEN];

	if (!flow_find(document->flow, document->layers, document->tree,
		&flow) ||
	    community_id(document->community, &flow, text) != 0)
		return 0;
	return put_text(out, text, strlen(text));
}

/* ECS wants IANA's names; Wireshark's differ for ICMPv6 only. */
static int
put_transport(struct document *document, struct buffer *out)
{
	struct layers_place place = layers_transport(document->layers);
	uint32_t above = layers_above_network(document->layers).protocol;
	const char *name;
	size_t len;

	if (place.protocol != NAMES_NONE) {
		name = names_name(document->config.names, place.protocol, &len);
		return put_text(out, name, len);
	}
	if (above == NAMES_NONE)
		return 0;
	if (above == document->icmp)
		return put_text(out, "icmp", 4);
	return above == document->icmpv6 ? put_text(out, "ipv6-icmp", 9) : 0;
}

static int
put_network_type(struct document *document, struct buffer *out)
{
	uint32_t protocol = layers_network(document->layers).protocol;

	if (protocol == NAMES_NONE)
		return 0;
	if (protocol == document->ip)
		return put_text(out, "ipv4", 4);
	return protocol == document->ipv6 ? put_text(out, "ipv6", 4) : 0;
}

static int
put_network_protocol(struct document *document, struct buffer *out)
{
	size_t len;
	const char *name = layers_protocol(document->layers, &len);

	if (!layers_has_application(document->layers))
		return 0;
	return put_text(out, name, len);
}

/* A text, if there is one. */
static int
put_known(const char *text, struct buffer *out)
{
	return text == NULL ? 0 : put_text(out, text, strlen(text));
}

static int
put_number(int64_t number, struct buffer *out)
{
	return buffer_printf(out, "%" PRId64, number) == 0 ? 1 : -1;
}

/* Where the packet stands, or its section does; both functions answer as put_slot. */
static int
put_offset(const struct packet_position *position, bool of_section, struct buffer *out)
{
	if (!position->is_known || (of_section && !position->has_section))
		return 0;
	return buffer_number(out, of_section ? position->section : position->offset) == 0 ? 1 : -1;
}

static int
put_context(const struct packet_position *position, struct buffer *out)
{
	int rv = 0;

	if (!position->is_known || position->context_count == 0)
		return 0;
	for (uint8_t i = 0; i < position->context_count; i++) {
		rv |= buffer_append(out, i == 0 ? "[" : ",", 1);
		rv |= buffer_number(out, position->context[i]);
	}
	rv |= buffer_append(out, "]", 1);
	return rv == 0 ? 1 : -1;
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
put_slot(struct document *document, const struct slot *slot,
    struct buffer *out)
{
	const struct document_capture *capture = document->capture;
	const struct document_message *message = document->packet->message;

	switch (slot->own) {
	case OWN_NONE:
		return slot->first == TREE_NONE ?
		    0 :
		    put_copies(document, slot, out);
	case OWN_CAPTURE:
		return put_text(out, capture->id, strlen(capture->id));
	case OWN_CONTEXT:
		return put_context(&document->packet->position, out);
	case OWN_OFFSET:
		return put_offset(&document->packet->position, false, out);
	case OWN_SECTION:
		return put_offset(&document->packet->position, true, out);
	case OWN_KAFKA_OFFSET:
		return message == NULL ? 0 : put_number(message->offset, out);
	case OWN_KAFKA_PARTITION:
		return message == NULL ? 0 : put_number(message->partition, out);
	case OWN_KAFKA_TOPIC:
		return message == NULL ? 0 : put_known(message->topic, out);
	case OWN_ORDINAL:
		return buffer_number(out,
			   document->packet->ordinal - capture->before) == 0 ?
		    1 :
		    -1;
	case OWN_TERMS:
		return put_terms(document, out);
	case OWN_TRUNCATED:
		return put_truncated(document, out);
	case OWN_PATH:
		return capture->file_path == NULL ?
		    0 :
		    put_text(
			out, capture->file_path, strlen(capture->file_path));
	case OWN_BYTES:
		return buffer_number(out, document->packet->wirelen) == 0 ?
		    1 :
		    -1;
	case OWN_COMMUNITY:
		return put_community(document, out);
	case OWN_NETWORK_PROTOCOL:
		return put_network_protocol(document, out);
	case OWN_TRANSPORT:
		return put_transport(document, out);
	case OWN_TYPE:
		return put_network_type(document, out);
	case OWN_INTERFACE:
		return put_known(capture->interface, out);
	case OWN_HOST:
		return put_known(capture->host, out);
	case OWN_HOST_NAME:
		return message == NULL ? 0 : put_known(capture->host, out);
	case OWN_VENDOR:
		return put_text(out, "Wireshark", 9);
	case OWN_VERSION:
		return put_text(out, document->config.tshark_version,
		    strlen(document->config.tshark_version));
	}
	return 0;
}

static int
put_slots(struct document *document, struct buffer *out)
{
	struct object_path_place place = { 0 };

	collect_hits(document);
	for (size_t i = 0; i < document->slot_count; i++) {
		const struct slot *slot = &document->slots[i];
		size_t mark = out->len;
		int rv;

		object_path_pass(document->object_path, i, &place);
		if (slot->own == OWN_NONE && slot->first == TREE_NONE)
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads GeoIP databases: the search tree, 16 zero bytes, data, and behind a marker what describes the file. */
#include "fields/mmdb.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

#define MARKER "\xab\xcd\xefMaxMind.com"
#define MARKER_LEN (sizeof(MARKER) - 1)
/* Specification: the marker stands in the last 128 KiB. */
#define MARKER_WITHIN ((size_t)128 << 10)
#define SEPARATOR 16
/* Maps and arrays in each other; real ones have 4. */
#define DEPTH_MAX 16
/* Values that are passed to find one; records have some hundred. */
#define STEPS_MAX 4096

enum kind {
	KIND_POINTER = 1,
	KIND_TEXT = 2,
	KIND_DOUBLE = 3,
	KIND_UINT16 = 5,
	KIND_UINT32 = 6,
	KIND_MAP = 7,
	KIND_INT32 = 8,
	KIND_UINT64 = 9,
	KIND_ARRAY = 11,
	KIND_BOOLEAN = 14,
	KIND_FLOAT = 15
};

/* Pointers count from its beginning. */
struct section {
	const uint8_t *bytes;
	size_t len;
};

struct mmdb {
	const uint8_t *tree;
	size_t nodes, record_bits, node_size;
	size_t ip_version;
	struct section data;
	enum mmdb_kind kind;
};

/* One field: where its payload is; of maps and arrays size is the number of entries. */
struct field {
	unsigned kind;
	size_t size, at;
};

static uint64_t
big_endian(const uint8_t *bytes, size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* The head of the field at that place; *next is after it and, unless it is a map or an array, after its payload. */
static bool
read_head(const struct section *in, size_t at, struct field *field, size_t *next)
{
	static const size_t bases[] = { 0, 2048, 526336, 0 };
	unsigned control, more;

	if (at >= in->len)
		return false;
	control = in->bytes[at++];
	field->kind = control >> 5;
	if (field->kind == KIND_POINTER) {
		more = (control >> 3 & 3) + 1;
		if (in->len - at < more)
			return false;
		field->size = (size_t)big_endian(in->bytes + at, more);
		if (more < 4)
			field->size += ((size_t)(control & 7) << (8 * more)) + bases[more - 1];
		*next = at + more;
		return true;
	}
	if (field->kind == 0) {
		if (at >= in->len)
			return false;
		field->kind = 7U + in->bytes[at++];
	}
	field->size = control & 31;
	if (field->size >= 29) {
		static const size_t first[] = { 29, 285, 65821 };

		more = (unsigned)field->size - 28;
		if (in->len - at < more)
			return false;
		field->size = first[more - 1] + (size_t)big_endian(in->bytes + at, more);
		at += more;
	}
	field->at = at;
	*next = at;
	if (field->kind == KIND_MAP || field->kind == KIND_ARRAY || field->kind == KIND_BOOLEAN)
		return true;
	if (in->len - at < field->size)
		return false;
	*next += field->size;
	return true;
}

/* The same, behind a pointer, which must not lead to another. */
static bool
read_field(const struct section *in, size_t at, struct field *field, size_t *next)
{
	size_t behind;

	if (!read_head(in, at, field, next))
		return false;
	return field->kind != KIND_POINTER ||
	    (read_head(in, field->size, field, &behind) && field->kind != KIND_POINTER);
}

/* Passes one field with all that is in it. */
static bool
skip(const struct section *in, size_t *at, unsigned *steps)
{
	size_t left[DEPTH_MAX], depth = 1;
	struct field field;

	left[0] = 1;
	while (depth > 0) {
		if (left[depth - 1]-- == 0) {
			depth--;
			continue;
		}
		if ((*steps)-- == 0 || !read_head(in, *at, &field, at))
			return false;
		if (field.kind != KIND_MAP && field.kind != KIND_ARRAY)
			continue;
		if (depth == DEPTH_MAX || field.size > STEPS_MAX)
			return false;
		left[depth++] = field.kind == KIND_MAP ? 2 * field.size : field.size;
	}
	return true;
}

/* Goes into a map by a key, or to the first of an array. */
static bool
enter(const struct section *in, const struct field *from, const char *key, unsigned *steps, struct field *found)
{
	size_t at = from->at, key_len = strlen(key), next;

	if (from->kind == KIND_ARRAY)
		return from->size > 0 && strcmp(key, "0") == 0 && read_field(in, at, found, &next);
	if (from->kind != KIND_MAP)
		return false;
	for (size_t i = 0; i < from->size; i++) {
		struct field name;

		if ((*steps)-- == 0 || !read_field(in, at, &name, &at) || name.kind != KIND_TEXT)
			return false;
		if (name.size == key_len && memcmp(in->bytes + name.at, key, key_len) == 0)
			return read_field(in, at, found, &next);
		if (!skip(in, &at, steps))
			return false;
	}
	return false;
}

static struct mmdb_value
value_of(const struct section *in, const struct field *field)
{
	struct mmdb_value value = { .type = MMDB_NONE };
	uint64_t bits;

	switch (field->kind) {
	case KIND_TEXT:
		value.type = MMDB_TEXT;
		value.text = (const char *)in->bytes + field->at;
		value.len = field->size;
		break;
	case KIND_UINT16:
	case KIND_UINT32:
	case KIND_UINT64:
		if (field->size > 8)
			break;
		value.type = MMDB_NUMBER;
		value.number = big_endian(in->bytes + field->at, field->size);
		break;
	case KIND_DOUBLE:
		if (field->size != sizeof(value.real))
			break;
		bits = big_endian(in->bytes + field->at, field->size);
		memcpy(&value.real, &bits, sizeof(bits));
		if (isfinite(value.real))
			value.type = MMDB_REAL;
		break;
	default:
		break;
	}
	return value;
}

static struct mmdb_value
get(const struct section *in, size_t at, const char *const *keys, size_t count)
{
	unsigned steps = STEPS_MAX;
	struct field field;
	size_t next;

	if (!read_field(in, at, &field, &next))
		return (struct mmdb_value){ .type = MMDB_NONE };
	for (size_t i = 0; i < count; i++)
		if (!enter(in, &field, keys[i], &steps, &field))
			return (struct mmdb_value){ .type = MMDB_NONE };
	return value_of(in, &field);
}

static size_t
find_marker(const uint8_t *bytes, size_t len)
{
	size_t lowest = len > MARKER_WITHIN ? len - MARKER_WITHIN : 0;

	for (size_t at = len < MARKER_LEN ? 0 : len - MARKER_LEN + 1; at-- > lowest;)
		if (memcmp(bytes + at, MARKER, MARKER_LEN) == 0)
			return at;
	return len;
}

static uint64_t
about_number(const struct section *about, const char *key)
{
	struct mmdb_value value = get(about, 0, &key, 1);

	return value.type == MMDB_NUMBER ? value.number : 0;
}

/* The databases of MaxMind, and of those who have the same fields under names alike: "DBIP-City-Lite". */
static int
read_kind(struct mmdb *mmdb, const struct section *about, const char *origin, struct error *error)
{
	static const struct {
		const char *word;
		enum mmdb_kind kind;
	} kinds[] = { { "City", MMDB_PLACES }, { "Country", MMDB_PLACES }, { "Enterprise", MMDB_PLACES },
		{ "ASN", MMDB_SYSTEMS }, { "ISP", MMDB_SYSTEMS } };
	const char *key = "database_type";
	struct mmdb_value value = get(about, 0, &key, 1);
	char text[64];

	for (size_t i = 0; value.type == MMDB_TEXT && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (memmem(value.text, value.len, kinds[i].word, strlen(kinds[i].word)) != NULL) {
			mmdb->kind = kinds[i].kind;
			return 0;
		}
	(void)text_visible(text, sizeof(text), value.type == MMDB_TEXT ? value.text : "", value.len);
	return error_set(error, OUTCOME_USAGE,
	    "%s is a database of the kind \"%s\": use one of cities, countries, or autonomous systems (ASN)", origin, text);
}

static int
read_about(struct mmdb *mmdb, const uint8_t *bytes, size_t marker, const struct section *about, const char *origin,
    struct error *error)
{
	uint64_t nodes = about_number(about, "node_count"), bits = about_number(about, "record_size");
	uint64_t version = about_number(about, "ip_version"), tree;

	if (about_number(about, "binary_format_major_version") != 2 || (bits != 24 && bits != 28 && bits != 32) ||
	    (version != 4 && version != 6) || nodes == 0 || nodes > UINT32_MAX)
		return error_set(error, OUTCOME_USAGE, "%s: the GeoIP database is damaged, or of a version that is not known",
		    origin);
	tree = nodes * bits / 4;
	if (tree > marker || marker - tree < SEPARATOR)
		return error_set(error, OUTCOME_USAGE, "%s: the GeoIP database is cut short", origin);
	mmdb->tree = bytes;
	mmdb->nodes = (size_t)nodes;
	mmdb->record_bits = (size_t)bits;
	mmdb->node_size = (size_t)bits / 4;
	mmdb->ip_version = (size_t)version;
	mmdb->data = (struct section){ bytes + tree + SEPARATOR, marker - (size_t)tree - SEPARATOR };
	return read_kind(mmdb, about, origin, error);
}

struct mmdb *
mmdb_new(const void *bytes, size_t len, const char *origin, struct error *error)
{
	size_t marker = find_marker(bytes, len);
	struct section about;
	struct mmdb *mmdb;

	if (marker == len) {
		error_set(error, OUTCOME_USAGE, "%s is no GeoIP database", origin);
		return NULL;
	}
	about = (struct section){ (const uint8_t *)bytes + marker + MARKER_LEN, len - marker - MARKER_LEN };
	mmdb = xcalloc(1, sizeof(*mmdb));
	if (read_about(mmdb, bytes, marker, &about, origin, error) == 0)
		return mmdb;
	free(mmdb);
	return NULL;
}

void
mmdb_free(struct mmdb *mmdb)
{
	free(mmdb);
}

enum mmdb_kind
mmdb_kind(const struct mmdb *mmdb)
{
	return mmdb->kind;
}

/* A node has two records; of 28 bits the high ones stand in the byte between them. */
static size_t
read_record(const struct mmdb *mmdb, size_t node, bool right)
{
	const uint8_t *at = mmdb->tree + node * mmdb->node_size;
	size_t bytes = mmdb->record_bits / 8;

	if (mmdb->record_bits != 28)
		return (size_t)big_endian(at + (right ? bytes : 0), bytes);
	if (right)
		return (size_t)(at[3] & 0x0f) << 24 | (size_t)big_endian(at + 4, 3);
	return (size_t)(at[3] >> 4) << 24 | (size_t)big_endian(at, 3);
}

size_t
mmdb_find(const struct mmdb *mmdb, const uint8_t *address, size_t len)
{
	size_t node = 0, bits = mmdb->ip_version == 6 ? 128 : 32;

	if (len * 8 > bits)
		return 0;
	/* Of a tree of IPv6 addresses, IPv4 ones are ::a.b.c.d. */
	for (size_t i = 0; i < bits && node < mmdb->nodes; i++) {
		size_t at = i - (bits - len * 8);
		bool right = i >= bits - len * 8 && (address[at / 8] >> (7 - at % 8) & 1);

		node = read_record(mmdb, node, right);
	}
	if (node <= mmdb->nodes)
		return 0;
	return node - mmdb->nodes;
}

struct mmdb_value
mmdb_get(const struct mmdb *mmdb, size_t record, const char *const *keys, size_t count)
{
	if (record < SEPARATOR)
		return (struct mmdb_value){ .type = MMDB_NONE };
	return get(&mmdb->data, record - SEPARATOR, keys, count);
}

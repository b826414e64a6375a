/* SPDX-License-Identifier: BSD-2-Clause */
/* Wireshark's own names: turns the keys of `tshark -T ek` back into dotted field names. */
#include "fields/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "fields/names_private.h"

#ifndef NAMES_PROTOCOLS_MAX
#define NAMES_PROTOCOLS_MAX 65536
#endif
#define PROTOCOLS_MAX NAMES_PROTOCOLS_MAX

/* What is special about the values of a name. */
enum mark {
	MARK_FRAME = 1, /* numbers of frames */
	MARK_TIME = 2,  /* times */
	MARK_HEX = 4,   /* whole numbers that are shown in other digits than decimal ones */
	MARK_OCTAL = 8
};

/*
 * The keys found last, by their hash: packets bring the same few hundred keys
 * again and again, and comparing bytes is faster than making a key from names.
 */
#ifndef NAMES_RECENT_COUNT
#define NAMES_RECENT_COUNT 4096 /* at most 65536 */
#endif
#define RECENT_COUNT NAMES_RECENT_COUNT
#define RECENT_KEY 56

struct recent {
	char key[RECENT_KEY];
	uint8_t len; /* 0: free */
	uint8_t kind;
	uint16_t next; /* the slot of the key that came after it */
	uint32_t id;
};

static uint64_t
hash_bytes(const char *bytes, size_t len)
{
	uint64_t h = len * 0x9e3779b97f4a7c15u, w;

	for (; len >= 8; bytes += 8, len -= 8) {
		memcpy(&w, bytes, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	if (len > 0) {
		w = 0;
		memcpy(&w, bytes, len);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 29;
}

static size_t
underscored(char *dst, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		dst[i] = name[i] == '.' ? '_' : name[i];
	return len;
}

/* The EK key of a name, or 0 if it is longer than KEY_MAX. */
static size_t
key_of(const struct names *names, uint32_t id, char key[KEY_MAX])
{
	const struct name *name = &names->list[id];
	size_t used = 0;

	if (name->protocol != id && name->protocol != NAMES_NONE) {
		const struct name *protocol = &names->list[name->protocol];

		if ((size_t)protocol->len + 1 + name->len > KEY_MAX)
			return 0;
		used = underscored(key, names->text.data + protocol->offset,
		    protocol->len);
		key[used++] = '_';
	}
	if (used + name->len > KEY_MAX)
		return 0;
	return used +
	    underscored(key + used, names->text.data + name->offset, name->len);
}

static void
index_put(struct index *index, uint64_t hash, uint32_t id)
{
	uint32_t at = (uint32_t)hash & (index->size - 1);

	while (index->slots[at] != 0)
		at = (at + 1) & (index->size - 1);
	index->slots[at] = id + 1;
}

static void
index_init(struct index *index, uint32_t count)
{
	index->size = 1024;
	while (index->size < count * 2)
		index->size *= 2;
	free(index->slots);
	index->slots = xcalloc(index->size, sizeof(*index->slots));
}

/* Of a name whose type is not known. */
static enum term_kind
term_of(enum names_kind kind)
{
	if (kind == NAMES_KIND_VALUE)
		return TERM_TEXT;
	return kind == NAMES_KIND_BOOLEAN ? TERM_BOOLEAN : TERM_NONE;
}

static uint32_t
add(struct names *names, const char *name, size_t len, enum names_kind kind,
    uint32_t protocol)
{
	struct name *entry;

	if (names->count == names->room) {
		names->room = names->room == 0 ? 4096 : names->room * 2;
		names->list = xreallocarray(names->list, names->room,
		    sizeof(*names->list));
	}
	if (buffer_append(&names->text, name, len) != 0)
		return NAMES_NONE;
	entry = &names->list[names->count];
	entry->offset = (uint32_t)(names->text.len - len);
	entry->len = (uint16_t)len;
	entry->kind = (uint8_t)kind & 7;
	entry->term = (uint8_t)term_of(kind) & 31;
	entry->marks = 0;
	entry->protocol = protocol;
	return names->count++;
}

struct names *
names_new(void)
{
	struct names *names = xcalloc(1, sizeof(*names));

	buffer_init(&names->text, TEXT_MAX);
	index_init(&names->by_name, PROTOCOLS_MAX);
	add(names, "text", 4, NAMES_KIND_VALUE, NAMES_NONE);
	/* What the rows say is no value of a field. */
	names->list[NAMES_TEXT].term = TERM_NONE;
	return names;
}

void
names_free(struct names *names)
{
	if (names == NULL)
		return;
	free(names->recent);
	free(names->list);
	free(names->by_key.slots);
	free(names->by_name.slots);
	buffer_release(&names->text);
	free(names);
}

static bool
is_name(const char *text, size_t len)
{
	return len > 0 && len <= KEY_MAX && names_are_harmless(text, len);
}

static enum names_kind
kind_of(const char *type, size_t len)
{
	if (len == 7 && memcmp(type, "FT_NONE", 7) == 0)
		return NAMES_KIND_PRESENT;
	if (len == 10 && memcmp(type, "FT_BOOLEAN", 10) == 0)
		return NAMES_KIND_BOOLEAN;
	return NAMES_KIND_VALUE;
}

static uint8_t
marks_of(const char *name, size_t len, const char *type, size_t type_len)
{
	if ((type_len == 11 && memcmp(type, "FT_FRAMENUM", 11) == 0) ||
	    (len == 12 && memcmp(name, "frame.number", 12) == 0))
		return MARK_FRAME;
	return type_len == 16 && memcmp(type, "FT_ABSOLUTE_TIME", 16) == 0 ?
	    MARK_TIME :
	    0;
}

/* How numbers are shown: "BASE_HEX", "BASE_HEX_DEC", "BASE_OCT". */
static uint8_t
mark_of_base(const char *type, size_t type_len, const char *base,
    size_t base_len)
{
	if (type_len < 8 || memcmp(type, "FT_UINT", 7) != 0 ||
	    type[7] < '0' || type[7] > '9')
		return 0;
	if (base_len >= 8 && memcmp(base, "BASE_HEX", 8) == 0)
		return MARK_HEX;
	return base_len >= 8 && memcmp(base, "BASE_OCT", 8) == 0 ?
	    MARK_OCTAL :
	    0;
}

/* While the list is added, by_name holds the protocols only, by their dotted names. */
static uint32_t
added_protocol(const struct names *names, const char *name, size_t len)
{
	const struct index *index = &names->by_name;
	uint32_t at = (uint32_t)hash_bytes(name, len) & (index->size - 1);

	for (; index->slots[at] != 0; at = (at + 1) & (index->size - 1)) {
		const struct name *entry = &names->list[index->slots[at] - 1];

		if (entry->len == len &&
		    memcmp(names->text.data + entry->offset, name, len) == 0)
			return index->slots[at] - 1;
	}
	return NAMES_NONE;
}

static void
add_protocol(struct names *names, const char *name, size_t len)
{
	uint32_t id;

	if (names->protocols >= PROTOCOLS_MAX)
		return;
	id = add(names, name, len, NAMES_KIND_PROTOCOL, NAMES_NONE);
	if (id == NAMES_NONE)
		return;
	names->list[id].protocol = id;
	names->protocols++;
	index_put(&names->by_name, hash_bytes(name, len), id);
}

/* Lines are P name abbrev, and F name abbrev type protocol ...: tshark(1), -G fields. */
void
names_add(struct names *names, const char *line, size_t len)
{
	const char *column[7], *end = line + len;
	size_t columns = 0;

	if (len < 2 || (line[0] != 'P' && line[0] != 'F') || line[1] != '\t' ||
	    names->count >= COUNT_MAX)
		return;
	for (const char *at = line; at != NULL && columns < 7; columns++) {
		column[columns] = at;
		at = memchr(at, '\t', (size_t)(end - at));
		at = at == NULL ? NULL : at + 1;
	}
#define COLUMN_LEN(i) ((size_t)((i) + 1 < columns ? column[(i) + 1] - 1 - column[i] : \
						    end - column[i]))
	if (columns < 3 || !is_name(column[2], COLUMN_LEN(2)))
		return;
	if (line[0] == 'P')
		add_protocol(names, column[2], COLUMN_LEN(2));
	else if (columns >= 5 &&
	    add(names, column[2], COLUMN_LEN(2),
		kind_of(column[3], COLUMN_LEN(3)),
		added_protocol(names, column[4], COLUMN_LEN(4))) !=
		NAMES_NONE) {
		uint8_t marks = marks_of(column[2], COLUMN_LEN(2), column[3],
		    COLUMN_LEN(3));

		if (columns > 5)
			marks |= mark_of_base(column[3], COLUMN_LEN(3),
			    column[5], COLUMN_LEN(5));
		names->list[names->count - 1].marks = marks;
		names->list[names->count - 1].term = (uint8_t)term_kind_of(column[3], COLUMN_LEN(3)) & 31;
	}
#undef COLUMN_LEN
}

static void
build_indices(struct names *names)
{
	char key[KEY_MAX];
	size_t len;

	index_init(&names->by_key, names->count);
	index_init(&names->by_name, names->count + DYNAMIC_MAX);
	for (uint32_t id = 0; id < names->count; id++) {
		len = key_of(names, id, key);
		if (len > 0)
			index_put(&names->by_key, hash_bytes(key, len), id);
		len = underscored(key,
		    names->text.data + names->list[id].offset,
		    names->list[id].len);
		index_put(&names->by_name, hash_bytes(key, len), id);
	}
	names->known = names->count;
}

int
names_finish(struct names *names, struct error *error)
{
	if (names->count < COUNT_MIN)
		return error_set(error, OUTCOME_TSHARK,
		    "tshark -G fields names only %u fields: not a working tshark",
		    names->count - 1);
	build_indices(names);
	return 0;
}

/* Whether the key is that of the name. */
static bool
has_key(const struct names *names, uint32_t id, const char *key, size_t len)
{
	char own[KEY_MAX];

	return key_of(names, id, own) == len && memcmp(own, key, len) == 0;
}

/* Which of two fields with the same key a value of this kind is more likely of. */
static bool
fits(enum names_kind field, enum names_kind value)
{
	return field == value ||
	    (field == NAMES_KIND_PROTOCOL && value == NAMES_KIND_VALUE);
}

static uint32_t
by_key_find(const struct names *names, const char *key, size_t len,
    uint64_t hash, enum names_kind kind)
{
	const struct index *index = &names->by_key;
	uint32_t at = (uint32_t)hash & (index->size - 1);
	uint32_t found = NAMES_NONE;

	for (; index->slots[at] != 0; at = (at + 1) & (index->size - 1)) {
		uint32_t id = index->slots[at] - 1;

		if (!has_key(names, id, key, len))
			continue;
		if (fits((enum names_kind)names->list[id].kind, kind))
			return id;
		if (found == NAMES_NONE)
			found = id;
	}
	return found;
}

/* A name by its underscored form. */
static uint32_t
by_name_find(const struct names *names, const char *name, size_t len)
{
	const struct index *index = &names->by_name;
	uint32_t at = (uint32_t)hash_bytes(name, len) & (index->size - 1);
	char own[KEY_MAX];

	for (; index->slots[at] != 0; at = (at + 1) & (index->size - 1)) {
		const struct name *entry = &names->list[index->slots[at] - 1];

		if (entry->len == len &&
		    memcmp(own, name,
			underscored(
			    own, names->text.data + entry->offset, len)) == 0)
			return index->slots[at] - 1;
	}
	return NAMES_NONE;
}

/* The underscored field in a key <protocol>_<field>, where the protocol is known. */
static size_t
strip_protocol(const struct names *names, uint32_t protocol, const char *key,
    size_t len)
{
	char own[KEY_MAX];
	size_t n;

	if (protocol == NAMES_NONE)
		return 0;
	n = key_of(names, protocol, own);
	if (n == 0 || len < n + 2 || memcmp(own, key, n) != 0 || key[n] != '_')
		return 0;
	return n + 1;
}

/* The protocol of an id that may itself be a field's: an object can stand under any key. */
static uint32_t
protocol_of(const struct names *names, uint32_t id)
{
	uint32_t protocol = id == NAMES_NONE ?
	    NAMES_NONE :
	    names->list[id].protocol;

	return protocol != NAMES_NONE &&
		names->list[protocol].protocol == protocol ?
	    protocol :
	    NAMES_NONE;
}

/* A section has a key of its own, which no field's name may repeat. */
static bool
is_new_name(const char *name, size_t len)
{
	return is_name(name, len) &&
	    (len != 8 || memcmp(name, "envelope", 8) != 0);
}

/* A name that the list does not have. `name` with underscores is the key it is found by. */
static uint32_t
add_unlisted(struct names *names, const char *name, size_t len,
    enum names_kind kind, uint32_t protocol)
{
	char key[KEY_MAX];
	uint32_t id;

	if (len > KEY_MAX || names->count - names->known >= DYNAMIC_MAX)
		return NAMES_TEXT;
	id = add(names, name, len, kind, protocol);
	if (id == NAMES_NONE)
		return NAMES_TEXT;
	if (kind == NAMES_KIND_PROTOCOL)
		names->list[id].protocol = id;
	underscored(key, name, len);
	index_put(&names->by_name, hash_bytes(key, len), id);
	return id;
}

/*
 * The field after a protocol of the key, wherever it stands: the expert item
 * _ws.dissector_bug, not listed because the protocol has its name, stands in
 * _ws.expert.
 */
static uint32_t
find_behind_protocol(const struct names *names, const char *key, size_t len)
{
	uint32_t id, protocol;

	for (size_t i = 1; i + 1 < len; i++) {
		if (key[i] != '_')
			continue;
		protocol = by_name_find(names, key, i);
		if (protocol == NAMES_NONE ||
		    names->list[protocol].kind != NAMES_KIND_PROTOCOL)
			continue;
		id = by_name_find(names, key + i + 1, len - i - 1);
		if (id != NAMES_NONE)
			return id;
	}
	return NAMES_NONE;
}

/*
 * Fields that two protocols share are listed once (ip.version, which ipv6 has
 * too), and some are made while dissecting. For those: the field of that name
 * whatever its protocol, else a new name in the protocol's own style.
 */
static uint32_t
find_unlisted(struct names *names, const char *key, size_t len,
    enum names_kind kind, uint32_t within)
{
	char name[2 * KEY_MAX], own[KEY_MAX];
	size_t skip, n;
	uint32_t id;

	within = protocol_of(names, within);
	skip = strip_protocol(names, within, key, len);
	id = by_name_find(names, key + skip, len - skip);
	if (id == NAMES_NONE)
		id = find_behind_protocol(names, key, len);
	if (id != NAMES_NONE)
		return id;
	/* Keys of -T ek have no dots. */
	if (!is_new_name(key + skip, len - skip) ||
	    memchr(key + skip, '.', len - skip) != NULL)
		return NAMES_TEXT;
	memcpy(name, key + skip, len - skip);
	n = within == NAMES_NONE ? 0 : key_of(names, within, own);
	if (n > 0 && n < len - skip && memcmp(name, own, n) == 0 &&
	    name[n] == '_') {
		memcpy(name, names->text.data + names->list[within].offset, n);
		name[n] = '.';
	}
	return add_unlisted(names, name, len - skip, kind, within);
}

static bool
is_recent(const struct recent *recent, const char *key, size_t len,
    enum names_kind kind)
{
	return recent->len == len && recent->kind == kind &&
	    memcmp(recent->key, key, len) == 0;
}

uint32_t
names_find(struct names *names, const char *key, size_t len,
    enum names_kind kind, uint32_t within)
{
	struct recent *recent;
	uint16_t slot;
	uint64_t hash;
	uint32_t id;

	if (len == 0 || len > KEY_MAX)
		return NAMES_TEXT;
	if (names->recent == NULL)
		names->recent = xcalloc(RECENT_COUNT, sizeof(*names->recent));
	/* Keys mostly come in the order in which they came before. */
	slot = names->recent[names->last].next;
	if (is_recent(&names->recent[slot], key, len, kind)) {
		names->last = slot;
		return names->recent[slot].id;
	}
	hash = hash_bytes(key, len);
	slot = (uint16_t)(hash % RECENT_COUNT);
	recent = &names->recent[slot];
	if (!is_recent(recent, key, len, kind)) {
		id = by_key_find(names, key, len, hash, kind);
		/* An unlisted key may mean another name within another protocol. */
		if (id == NAMES_NONE)
			return find_unlisted(names, key, len, kind, within);
		if (len > RECENT_KEY)
			return id;
		memcpy(recent->key, key, len);
		recent->len = (uint8_t)len;
		recent->kind = (uint8_t)kind;
		recent->id = id;
	}
	names->recent[names->last].next = slot;
	names->last = slot;
	return recent->id;
}

/* The first name of this text; of several, one of this kind and protocol if there is one. */
static uint32_t
best_id(const struct names *names, const char *name, size_t len,
    enum names_kind kind, uint32_t protocol, bool any)
{
	const struct index *index = &names->by_name;
	uint32_t at, found = NAMES_NONE;
	char key[KEY_MAX];

	if (len == 0 || len > KEY_MAX)
		return NAMES_NONE;
	underscored(key, name, len);
	at = (uint32_t)hash_bytes(key, len) & (index->size - 1);
	for (; index->slots[at] != 0; at = (at + 1) & (index->size - 1)) {
		uint32_t id = index->slots[at] - 1;
		const struct name *entry = &names->list[id];

		if (entry->len != len ||
		    memcmp(names->text.data + entry->offset, name, len) != 0)
			continue;
		if (any ||
		    (entry->kind == kind &&
			(entry->protocol == protocol ||
			    kind == NAMES_KIND_PROTOCOL)))
			return id;
		if (found == NAMES_NONE)
			found = id;
	}
	return found;
}

uint32_t
names_id(const struct names *names, const char *name, size_t len)
{
	return best_id(names, name, len, NAMES_KIND_VALUE, NAMES_NONE, true);
}

uint32_t
names_shown(struct names *names, const char *name, size_t len,
    enum names_kind look, uint32_t within)
{
	uint32_t id;

	within = protocol_of(names, within);
	id = best_id(names, name, len, look, within, false);
	if (id != NAMES_NONE)
		return id;
	/* Most of what shows 0 or 1 is a number. */
	return is_new_name(name, len) ?
	    add_unlisted(names, name, len,
		look == NAMES_KIND_BOOLEAN ? NAMES_KIND_VALUE : look, within) :
	    NAMES_TEXT;
}

uint32_t
names_exact(struct names *names, const char *name, size_t len,
    enum names_kind kind, const char *protocol, size_t protocol_len)
{
	uint32_t within = NAMES_NONE, id;

	if (protocol != NULL)
		within = protocol_of(names,
		    best_id(names, protocol, protocol_len, NAMES_KIND_PROTOCOL,
			NAMES_NONE, false));
	id = best_id(names, name, len, kind, within, false);
	if (id != NAMES_NONE)
		return id;
	return is_new_name(name, len) ?
	    add_unlisted(names, name, len, kind, within) :
	    NAMES_TEXT;
}

const char *
names_name(const struct names *names, uint32_t id, size_t *len)
{
	*len = names->list[id].len;
	return names->text.data + names->list[id].offset;
}

enum names_kind
names_kind(const struct names *names, uint32_t id)
{
	return (enum names_kind)names->list[id].kind;
}

enum term_kind
names_term_kind(const struct names *names, uint32_t id)
{
	return (enum term_kind)names->list[id].term;
}

bool
names_is_frame(const struct names *names, uint32_t id)
{
	return (names->list[id].marks & MARK_FRAME) != 0;
}

bool
names_is_time(const struct names *names, uint32_t id)
{
	return (names->list[id].marks & MARK_TIME) != 0;
}

int
names_base(const struct names *names, uint32_t id)
{
	if ((names->list[id].marks & MARK_OCTAL) != 0)
		return 8;
	return (names->list[id].marks & MARK_HEX) != 0 ? 16 : 10;
}

uint32_t
names_protocol(const struct names *names, uint32_t id)
{
	return names->list[id].protocol;
}

size_t
names_met(const struct names *names)
{
	return names->count - names->known;
}

size_t
names_count(const struct names *names)
{
	return names->count;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Typed copies of one packet's values. A table by field says what to do with each leaf: the list may be long. */
#include "document/copies.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "document/dns_records.h"

/* Among so many values the same one is looked for: an index takes values as a set. */
#define REPEATED_MAX 32

/* A leaf that gets a typed copy. */
struct hit {
	uint32_t leaf;
	uint32_t entry; /* of the typed list */
	uint32_t next;
	uint32_t object; /* the layer it is in */
	uint32_t nth;    /* value of its field there; of an answer: its record */
};

struct slot {
	const char *name;
	bool is_group;        /* its hits are members of objects */
	bool is_answers;      /* only what is in the answer section of a DNS message */
	uint32_t first, last; /* hits */
};

/* What an entry of the list does to hits. */
struct rule {
	uint32_t slot;
	uint32_t member;    /* the first entry with the same member of the group */
	uint32_t condition; /* the first of its conditions */
	uint32_t seen;      /* values so far in the packet */
	uint32_t object;    /* the layer of the last of them */
	uint32_t within;    /* values so far in that layer */
};

struct copies {
	const struct names *names;
	const struct typed *typed;
	struct slot *slots;
	size_t slot_count;
	struct rule *rules; /* by entry */
	const struct typed_condition **conditions;
	bool *met; /* by condition: a value of the packet is the one */
	size_t condition_count;
	struct dns_records *records;

	/* What a field is looked at for: an entry, then conditions behind the entries, then the answers. */
	uint32_t *first_use; /* by field */
	uint32_t *next_use;  /* by use */
	size_t field_count;

	const struct tree *tree;
	struct hit *hits;
	size_t hit_count, hit_room;
	uint32_t *sorted; /* hits of a group */
	size_t sorted_room;
};

static int
compare_names(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
make_slots(struct copies *copies)
{
	const struct typed *typed = copies->typed;
	size_t count = 0;

	copies->slots = xcalloc(typed->count + 1, sizeof(*copies->slots));
	for (size_t i = 0; i < typed->count; i++) {
		const struct typed_entry *entry = &typed->entries[i];
		size_t same = 0;

		while (same < count && strcmp(copies->slots[same].name, entry->name) != 0)
			same++;
		if (same < count)
			continue;
		copies->slots[count++] = (struct slot){ .name = entry->name,
			.is_group = entry->member != NULL,
			.is_answers = strcmp(entry->name, "dns.answers") == 0 ||
			    strcmp(entry->name, "dns.resolved_ip") == 0 };
	}
	copies->slot_count = count;
	qsort(copies->slots, count, sizeof(*copies->slots), compare_names);
}

static uint32_t
find_member(const struct typed *typed, uint32_t entry)
{
	const struct typed_entry *list = typed->entries;

	if (list[entry].member == NULL)
		return entry;
	for (uint32_t i = 0; i < entry; i++)
		if (list[i].member != NULL && strcmp(list[i].name, list[entry].name) == 0 &&
		    strcmp(list[i].member, list[entry].member) == 0)
			return i;
	return entry;
}

static void
make_rules(struct copies *copies)
{
	const struct typed *typed = copies->typed;
	size_t count = 0;

	copies->rules = xcalloc(typed->count + 1, sizeof(*copies->rules));
	for (uint32_t i = 0; i < typed->count; i++) {
		struct slot key = { .name = typed->entries[i].name };
		const struct slot *slot = bsearch(&key, copies->slots, copies->slot_count, sizeof(key), compare_names);

		copies->rules[i] = (struct rule){ .slot = (uint32_t)(slot - copies->slots),
			.member = find_member(typed, i),
			.condition = (uint32_t)count };
		count += typed->entries[i].condition_count;
	}
	copies->condition_count = count;
	copies->conditions = xcalloc(count + 1, sizeof(*copies->conditions));
	copies->met = xcalloc(count + 1, sizeof(*copies->met));
	count = 0;
	for (size_t i = 0; i < typed->count; i++)
		for (size_t j = 0; j < typed->entries[i].condition_count; j++)
			copies->conditions[count++] = &typed->entries[i].conditions[j];
}

/* Another tshark may have the field: a list fits several. */
static void
use(struct copies *copies, uint32_t number, const char *field)
{
	uint32_t id = names_id(copies->names, field, strlen(field));

	if (id == NAMES_NONE)
		return;
	copies->next_use[number] = copies->first_use[id];
	copies->first_use[id] = number;
}

static void
make_uses(struct copies *copies)
{
	const struct typed *typed = copies->typed;
	size_t count = typed->count + copies->condition_count;

	copies->field_count = names_count(copies->names);
	copies->first_use = xreallocarray(NULL, copies->field_count + 1, sizeof(uint32_t));
	memset(copies->first_use, 0xff, copies->field_count * sizeof(uint32_t));
	copies->next_use = xcalloc(count + DNS_RECORDS_FIELDS, sizeof(uint32_t));
	for (uint32_t i = 0; i < DNS_RECORDS_FIELDS; i++)
		use(copies, (uint32_t)count + i, dns_records_fields[i]);
	for (uint32_t i = (uint32_t)copies->condition_count; i-- > 0;)
		use(copies, (uint32_t)typed->count + i, copies->conditions[i]->field);
	for (uint32_t i = (uint32_t)typed->count; i-- > 0;)
		use(copies, i, typed->entries[i].field);
}

struct copies *
copies_new(const struct names *names, const struct typed *typed)
{
	struct copies *copies = xcalloc(1, sizeof(*copies));

	copies->names = names;
	copies->typed = typed;
	copies->records = dns_records_new(names);
	make_slots(copies);
	make_rules(copies);
	make_uses(copies);
	return copies;
}

void
copies_free(struct copies *copies)
{
	if (copies == NULL)
		return;
	dns_records_free(copies->records);
	free(copies->slots);
	free(copies->rules);
	free(copies->conditions);
	free(copies->met);
	free(copies->first_use);
	free(copies->next_use);
	free(copies->hits);
	free(copies->sorted);
	free(copies);
}

size_t
copies_count(const struct copies *copies)
{
	return copies->slot_count;
}

const char *
copies_name(const struct copies *copies, size_t slot)
{
	return copies->slots[slot].name;
}

bool
copies_has(const struct copies *copies, size_t slot)
{
	return copies->slots[slot].first != TREE_NONE;
}

static void
add_hit(struct copies *copies, uint32_t leaf, uint32_t entry, uint32_t object)
{
	struct rule *rule = &copies->rules[entry];
	struct slot *slot = &copies->slots[rule->slot];
	unsigned nth = copies->typed->entries[entry].nth;
	uint32_t at = (uint32_t)copies->hit_count;

	if (rule->object != object)
		rule->within = 0;
	rule->object = object;
	rule->within++;
	if (++rule->seen != nth && nth != 0)
		return;
	if (copies->hit_count == copies->hit_room) {
		copies->hit_room = copies->hit_room == 0 ? 64 : copies->hit_room * 2;
		copies->hits = xreallocarray(copies->hits, copies->hit_room, sizeof(*copies->hits));
	}
	copies->hits[copies->hit_count++] = (struct hit){ leaf, entry, TREE_NONE, object, rule->within - 1 };
	if (slot->first == TREE_NONE)
		slot->first = at;
	else
		copies->hits[slot->last].next = at;
	slot->last = at;
}

/* The text of a leaf; of one that has none its value. */
static const char *
leaf_text(const struct copies *copies, uint32_t at, size_t *len)
{
	const struct tree_leaf *leaf = &copies->tree->leaves[at];

	*len = leaf->len;
	if (leaf->kind == TREE_TEXT)
		return tree_leaf_text(copies->tree, leaf);
	*len = leaf->kind == TREE_TRUE ? 4 : 5;
	return leaf->kind == TREE_TRUE ? "true" : "false";
}

static void
look_at(struct copies *copies, uint32_t leaf, uint32_t object)
{
	uint32_t field = copies->tree->leaves[leaf].field;
	uint32_t number = field < copies->field_count ? copies->first_use[field] : TREE_NONE;
	size_t entries = copies->typed->count, len;

	for (; number != TREE_NONE; number = copies->next_use[number]) {
		const char *text;

		if (number < entries) {
			add_hit(copies, leaf, number, object);
			continue;
		}
		text = leaf_text(copies, leaf, &len);
		if (number >= entries + copies->condition_count)
			dns_records_add(copies->records, field, text, len);
		else if (!copies->met[number - entries])
			copies->met[number - entries] = typed_is(copies->conditions[number - entries], text, len);
	}
}

/* The hits of one layer, from this one on: which records their values are in. */
static void
place_answers(struct copies *copies, size_t from)
{
	for (size_t i = from; i < copies->hit_count; i++) {
		struct hit *hit = &copies->hits[i];

		if (copies->slots[copies->rules[hit->entry].slot].is_answers)
			hit->nth = dns_records_record(copies->records, copies->tree->leaves[hit->leaf].field, hit->nth);
	}
}

static void
look_into(struct copies *copies, const struct layers *layers, uint32_t number)
{
	const struct layers_object *object = layers_object(layers, number);
	size_t from = copies->hit_count;

	for (uint32_t at = object->first; at != TREE_NONE; at = copies->tree->leaves[at].next)
		look_at(copies, at, number);
	if (dns_records_is_empty(copies->records))
		return;
	place_answers(copies, from);
	dns_records_clear(copies->records);
}

void
copies_collect(struct copies *copies, const struct layers *layers, const struct tree *tree)
{
	size_t count;
	const struct layers_section *sections = layers_sections(layers, &count);

	copies->tree = tree;
	copies->hit_count = 0;
	memset(copies->met, 0, copies->condition_count * sizeof(*copies->met));
	for (size_t i = 0; i < copies->slot_count; i++)
		copies->slots[i].first = TREE_NONE;
	for (size_t i = 0; i < copies->typed->count; i++) {
		copies->rules[i].seen = 0;
		copies->rules[i].object = TREE_NONE;
	}
	for (size_t i = 0; i < count; i++)
		for (uint32_t o = sections[i].first; o != LAYERS_NONE; o = layers_object(layers, o)->next)
			if (layers_object(layers, o)->inner)
				look_into(copies, layers, o);
}

static bool
holds(const struct copies *copies, uint32_t entry)
{
	size_t first = copies->rules[entry].condition;

	for (size_t i = 0; i < copies->typed->entries[entry].condition_count; i++)
		if (copies->met[first + i] == copies->conditions[first + i]->is_negated)
			return false;
	return true;
}

/* Appends the values of one hit: their number, 0 if the text is no value of the type. */
static int
put_hit(const struct copies *copies, const struct hit *hit, size_t cap, struct buffer *out)
{
	const struct typed_entry *entry = &copies->typed->entries[hit->entry];
	bool is_answers = copies->slots[copies->rules[hit->entry].slot].is_answers;
	size_t len;
	const char *text;

	if ((is_answers && hit->nth == DNS_RECORDS_NONE) || !holds(copies, hit->entry))
		return 0;
	text = leaf_text(copies, hit->leaf, &len);
	if (entry->map == NULL && entry->key == NULL && typed_type_is_text(entry->type)) {
		if (len > cap)
			len = json_cut(text, len, cap);
	} else if (copies->tree->leaves[hit->leaf].cut)
		return 0; /* half a number is another one */
	return typed_value(entry, text, len, out);
}

/* Whether the value from there to the end of out stands among those between start and it. */
static bool
is_repeated(const struct buffer *out, size_t start, size_t from)
{
	size_t len = out->len - from;
	const char *value = out->data + from;

	for (size_t at = start; at + len < from; at++)
		if (memcmp(out->data + at, value, len) == 0 && out->data[at + len] == ',' &&
		    (at == start || out->data[at - 1] == ','))
			return true;
	return false;
}

/* Takes the room for "[" back if there is one value. */
static int
close_array(struct buffer *out, size_t start, size_t values, bool is_array)
{
	if (values == 0) {
		out->len = start;
		return 0;
	}
	if (values > 1 || is_array)
		return buffer_append(out, "]", 1) == 0 ? 1 : -1;
	memmove(out->data + start, out->data + start + 1, out->len - start - 1);
	out->len--;
	return 1;
}

static int
put_values(const struct copies *copies, const struct slot *slot, const struct copies_before *before, size_t cap,
    struct buffer *out)
{
	size_t start = out->len, values = 0;

	if (buffer_append(out, "[", 1) != 0)
		return -1;
	if (before != NULL && before->len > 0) {
		if (buffer_append(out, before->text, before->len) != 0)
			return -1;
		values = 1 + (memchr(before->text, ',', before->len) != NULL);
	}
	for (uint32_t at = slot == NULL ? TREE_NONE : slot->first; at != TREE_NONE; at = copies->hits[at].next) {
		size_t mark = out->len, from;
		int rv;

		if (values > 0 && buffer_append(out, ",", 1) != 0)
			return -1;
		from = out->len;
		rv = put_hit(copies, &copies->hits[at], cap, out);
		if (rv < 0)
			return -1;
		if (rv == 0 || (rv == 1 && values > 0 && values <= REPEATED_MAX && is_repeated(out, start + 1, from)))
			out->len = mark;
		else
			values += (size_t)rv;
	}
	return close_array(out, start, values, before != NULL && before->is_array);
}

/* In one layer, one object after the other, its members in the order of the list. */
static int
compare_hits(const void *a, const void *b, void *ctx)
{
	const struct copies *copies = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct hit *x = &copies->hits[i], *y = &copies->hits[j];
	uint32_t p = copies->rules[x->entry].member, q = copies->rules[y->entry].member;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (x->nth != y->nth)
		return x->nth < y->nth ? -1 : 1;
	if (p != q)
		return p < q ? -1 : 1;
	return i < j ? -1 : i > j;
}

static size_t
sort_hits(struct copies *copies, const struct slot *slot)
{
	size_t count = 0;

	if (copies->sorted_room < copies->hit_count) {
		copies->sorted_room = copies->hit_room;
		copies->sorted = xreallocarray(copies->sorted, copies->sorted_room, sizeof(*copies->sorted));
	}
	for (uint32_t at = slot->first; at != TREE_NONE; at = copies->hits[at].next)
		if ((!slot->is_answers || copies->hits[at].nth != DNS_RECORDS_NONE) &&
		    holds(copies, copies->hits[at].entry))
			copies->sorted[count++] = at;
	qsort_r(copies->sorted, count, sizeof(*copies->sorted), compare_hits, copies);
	return count;
}

/*
 * Of one layer: values of fields can be told apart by their place only if there are as many as of the field that comes
 * first in the list. Keeps those; returns how many. Answers are placed by their records.
 */
static size_t
keep_paired(struct copies *copies, uint32_t *hits, size_t count)
{
	uint32_t leader = copies->rules[copies->hits[hits[0]].entry].member;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct rule *rule = &copies->rules[copies->rules[copies->hits[hits[i]].entry].member];

		rule->within = 0;
		if (copies->rules[copies->hits[hits[i]].entry].member < leader)
			leader = copies->rules[copies->hits[hits[i]].entry].member;
	}
	for (size_t i = 0; i < count; i++)
		copies->rules[copies->rules[copies->hits[hits[i]].entry].member].within++;
	for (size_t i = 0; i < count; i++)
		if (copies->rules[copies->rules[copies->hits[hits[i]].entry].member].within ==
		    copies->rules[leader].within)
			hits[kept++] = hits[i];
	return kept;
}

/* The hits of a group, sorted; their number. */
static size_t
prepare_group(struct copies *copies, const struct slot *slot)
{
	size_t count = sort_hits(copies, slot), kept = 0;

	for (size_t at = 0, end, part; !slot->is_answers && at < count; at = end) {
		for (end = at; end < count &&
		     copies->hits[copies->sorted[end]].object == copies->hits[copies->sorted[at]].object;
		     end++)
			;
		part = keep_paired(copies, copies->sorted + at, end - at);
		memmove(copies->sorted + kept, copies->sorted + at, part * sizeof(*copies->sorted));
		kept += part;
	}
	return slot->is_answers ? count : kept;
}

/* Appends the member that begins at sorted[*at], its values; *at is behind it then. 1 if there is a value. */
static int
put_member(const struct copies *copies, size_t *at, size_t count, size_t cap, bool is_first, struct buffer *out)
{
	const struct hit *first = &copies->hits[copies->sorted[*at]];
	uint32_t member = copies->rules[first->entry].member;
	const char *name = copies->typed->entries[member].member;
	size_t mark = out->len, start, values = 0;
	int rv;

	if ((!is_first && buffer_append(out, ",", 1) != 0) || json_string(out, name, strlen(name)) != 0 ||
	    buffer_append(out, ":[", 2) != 0)
		return -1;
	start = out->len - 1;
	for (; *at < count; (*at)++) {
		const struct hit *hit = &copies->hits[copies->sorted[*at]];
		size_t before = out->len;

		if (hit->object != first->object || hit->nth != first->nth || copies->rules[hit->entry].member != member)
			break;
		if (values > 0 && buffer_append(out, ",", 1) != 0)
			return -1;
		rv = put_hit(copies, hit, cap, out);
		if (rv < 0)
			return -1;
		if (rv == 0)
			out->len = before;
		values += (size_t)rv;
	}
	rv = close_array(out, start, values, false);
	if (rv == 0)
		out->len = mark;
	return rv;
}

/* Appends the object that begins at sorted[*at]: its number of members. */
static int
put_object(const struct copies *copies, size_t *at, size_t count, size_t cap, struct buffer *out)
{
	const struct hit *first = &copies->hits[copies->sorted[*at]];
	int members = 0, rv;

	if (buffer_append(out, "{", 1) != 0)
		return -1;
	while (*at < count) {
		const struct hit *hit = &copies->hits[copies->sorted[*at]];

		if (hit->object != first->object || hit->nth != first->nth)
			break;
		rv = put_member(copies, at, count, cap, members == 0, out);
		if (rv < 0)
			return -1;
		members += rv;
	}
	return buffer_append(out, "}", 1) == 0 ? members : -1;
}

static int
put_group(struct copies *copies, const struct slot *slot, size_t cap, struct buffer *out)
{
	size_t count = prepare_group(copies, slot), objects = 0, start = out->len;

	if (buffer_append(out, "[", 1) != 0)
		return -1;
	for (size_t at = 0; at < count;) {
		size_t mark = out->len;
		int members;

		if (objects > 0 && buffer_append(out, ",", 1) != 0)
			return -1;
		members = put_object(copies, &at, count, cap, out);
		if (members < 0)
			return -1;
		/* One alone is paired with nothing. */
		if (members < 2)
			out->len = mark;
		else
			objects++;
	}
	return close_array(out, start, objects, true);
}

int
copies_put(struct copies *copies, size_t number, const struct copies_before *before, size_t cap, struct buffer *out)
{
	const struct slot *slot = number < copies->slot_count ? &copies->slots[number] : NULL;

	if (slot != NULL && slot->is_group)
		return put_group(copies, slot, cap, out);
	return put_values(copies, slot, before, cap, out);
}

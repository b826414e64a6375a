/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the member "layers" of a document: sections, with repeated fields as arrays. */
#include "document/sections.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"

/* The leaves of one field in one object. */
struct group {
	uint32_t field;
	uint32_t first, last; /* leaves, linked by document.same */
	uint32_t count;
};

struct seen {
	uint32_t epoch;
	uint32_t group;
};

struct sections {
	const struct names *names;
	const struct fields *fields;
	bool sort;

	struct seen *seen; /* by field */
	size_t seen_count;
	uint32_t epoch;
	struct group *groups;
	size_t group_count, group_room;
	uint32_t *same; /* by leaf: the next of its group */
	size_t same_room;

	/* While one packet is written. */
	const struct layers *layers;
	const struct tree *tree;
	struct sections_limits limits;
	bool sanitized;
};

struct sections *
sections_new(const struct names *names, const struct fields *fields, bool sort)
{
	struct sections *sections = xcalloc(1, sizeof(*sections));

	sections->names = names;
	sections->fields = fields;
	sections->sort = sort;
	return sections;
}

void
sections_free(struct sections *sections)
{
	if (sections == NULL)
		return;
	free(sections->seen);
	free(sections->groups);
	free(sections->same);
	free(sections);
}

static void
look_at(struct sections *sections, const struct tree *tree,
    const struct sections_limits *limits)
{
	sections->tree = tree;
	sections->limits = *limits;
	if (sections->same_room >= tree->leaf_count)
		return;
	sections->same_room = (size_t)tree->leaf_count * 2;
	sections->same = xreallocarray(sections->same, sections->same_room,
	    sizeof(*sections->same));
}

static int
put_leaf(struct sections *sections, const struct tree_leaf *leaf,
    struct buffer *out)
{
	const char *text = tree_leaf_text(sections->tree, leaf);
	size_t len = leaf->len;

	if (leaf->kind != TREE_TEXT)
		return leaf->kind == TREE_TRUE ?
		    buffer_append(out, "true", 4) :
		    buffer_append(out, "false", 5);
	if (len > sections->limits.cap)
		len = json_cut(text, len, sections->limits.cap);
	if (!leaf->plain) {
		sections->sanitized = sections->sanitized ||
		    !json_is_utf8(text, len);
		return json_string(out, text, len);
	}
	return json_quoted(out, text, len);
}

static int
put_name(struct sections *sections, uint32_t field, struct buffer *out)
{
	size_t len;
	const char *name = names_name(sections->names, field, &len);
	char *at = buffer_extend(out, len + 3);

	if (at == NULL)
		return -1;
	*at++ = '"';
	memcpy(at, name, len);
	memcpy(at + len, "\":", 2);
	return 0;
}

/* Layers. */

static void
add_to_group(struct sections *sections, uint32_t leaf, uint32_t field)
{
	struct seen *seen;
	struct group *group;

	if (field >= sections->seen_count) {
		size_t count = names_count(sections->names) + 1024;

		sections->seen = xreallocarray(sections->seen, count,
		    sizeof(*sections->seen));
		memset(sections->seen + sections->seen_count, 0,
		    (count - sections->seen_count) * sizeof(*sections->seen));
		sections->seen_count = count;
	}
	sections->same[leaf] = TREE_NONE;
	seen = &sections->seen[field];
	if (seen->epoch == sections->epoch) {
		group = &sections->groups[seen->group];
		sections->same[group->last] = leaf;
		group->last = leaf;
		group->count++;
		return;
	}
	if (sections->group_count == sections->group_room) {
		sections->group_room = sections->group_room == 0 ?
		    256 :
		    sections->group_room * 2;
		sections->groups = xreallocarray(sections->groups,
		    sections->group_room, sizeof(*sections->groups));
	}
	seen->epoch = sections->epoch;
	seen->group = (uint32_t)sections->group_count;
	group = &sections->groups[sections->group_count++];
	group->field = field;
	group->first = group->last = leaf;
	group->count = 1;
}

static int
compare_groups(const void *a, const void *b, void *arg)
{
	const struct group *x = a, *y = b;
	const struct sections *sections = arg;
	const struct names *names = sections->names;
	size_t x_len, y_len;
	const char *x_name = names_name(names, x->field, &x_len);
	const char *y_name = names_name(names, y->field, &y_len);
	int order = memcmp(x_name, y_name, x_len < y_len ? x_len : y_len);

	if (order != 0)
		return order;
	return x_len < y_len ? -1 : x_len > y_len;
}

/* Gathers what one object holds, repeated fields together. Epoch 0 is never used: it marks what was not seen. */
static void
group_object(struct sections *sections, const struct layers_object *object)
{
	const struct tree *tree = sections->tree;

	if (++sections->epoch == 0) {
		memset(sections->seen, 0,
		    sections->seen_count * sizeof(*sections->seen));
		sections->epoch = 1;
	}
	sections->group_count = 0;
	for (uint32_t at = object->first; at != TREE_NONE;
	     at = tree->leaves[at].next) {
		if (at >= sections->limits.leaves)
			continue;
		if (sections->fields == NULL ||
		    fields_keep(sections->fields, tree->leaves[at].field))
			add_to_group(sections, at, tree->leaves[at].field);
	}
	if (sections->sort && sections->group_count > 1)
		qsort_r(sections->groups, sections->group_count,
		    sizeof(*sections->groups), compare_groups, sections);
}

static int
put_group(struct sections *sections, const struct group *group,
    struct buffer *out)
{
	const struct tree *tree = sections->tree;

	if (put_name(sections, group->field, out) != 0)
		return -1;
	if (group->count == 1)
		return put_leaf(sections, &tree->leaves[group->first], out);
	for (uint32_t at = group->first; at != TREE_NONE;
	     at = sections->same[at])
		if (buffer_append(out, at == group->first ? "[" : ",", 1) != 0 ||
		    put_leaf(sections, &tree->leaves[at], out) != 0)
			return -1;
	return buffer_append(out, "]", 1);
}

/* Writes the object grouped last. */
static int
put_object(struct sections *sections, const struct layers_object *object,
    struct buffer *out)
{
	const char *separator = "{", *name;
	size_t len;

	if (object->envelope != NAMES_NONE) {
		name = names_name(sections->names, object->envelope,
		    &len);
		if (buffer_puts(out, "{\"envelope\":\"") != 0 ||
		    buffer_append(out, name, len) != 0 ||
		    buffer_append(out, "\"", 1) != 0)
			return -1;
		separator = ",";
	}
	for (size_t i = 0; i < sections->group_count; i++) {
		if (buffer_append(out, separator, 1) != 0 ||
		    put_group(sections, &sections->groups[i], out) != 0)
			return -1;
		separator = ",";
	}
	return buffer_append(out, *separator == '{' ? "{}" : "}",
	    *separator == '{' ? 2 : 1);
}

/* Objects with nothing to say do not make an array of the section. */
static bool
is_array_of(const struct sections *sections,
    const struct layers_section *section)
{
	const struct layers_object *object;
	unsigned count = 0;

	for (uint32_t at = section->first; at != LAYERS_NONE;
	     at = object->next) {
		object = layers_object(sections->layers, at);
		count += object->first != TREE_NONE ||
		    object->envelope != NAMES_NONE;
	}
	return section->is_array || count > 1;
}

/* Objects of a section that --fields leaves empty vanish, and the section with the last. */
static int
put_section(struct sections *sections, const struct layers_section *section,
    bool *any, struct buffer *out)
{
	bool lean = sections->fields != NULL;
	bool is_array = is_array_of(sections, section);
	uint32_t at, written = 0;

	for (at = section->first; at != LAYERS_NONE;
	     at = layers_object(sections->layers, at)->next) {
		const struct layers_object *object =
		    layers_object(sections->layers, at);

		group_object(sections, object);
		if (sections->group_count == 0 &&
		    (lean || object->envelope == NAMES_NONE))
			continue;
		if (written++ > 0) {
			if (buffer_append(out, ",", 1) != 0)
				return -1;
		} else if (buffer_append(out, ",\"", *any ? 2 : 0) != 0 ||
		    (!*any && buffer_append(out, "\"", 1) != 0) ||
		    buffer_append(out, section->name, section->name_len) != 0 ||
		    buffer_append(out, "\":[", is_array ? 3 : 2) != 0)
			return -1;
		if (put_object(sections, object, out) != 0)
			return -1;
	}
	*any = *any || written > 0;
	return written > 0 && is_array ? buffer_append(out, "]", 1) : 0;
}

int
sections_write(struct sections *sections, const struct layers *layers,
    const struct tree *tree, const struct sections_limits *limits,
    struct buffer *out, bool *sanitized)
{
	const struct layers_section *list;
	bool any = false;
	size_t count;

	look_at(sections, tree, limits);
	sections->layers = layers;
	sections->sanitized = false;
	list = layers_sections(layers, &count);
	if (buffer_append(out, "{", 1) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (put_section(sections, &list[i], &any, out) != 0)
			return -1;
	*sanitized = sections->sanitized;
	return buffer_append(out, "}", 1);
}

/* The fields of which not all is in the document, each once. */
int
sections_truncated(struct sections *sections, const struct tree *tree,
    const struct sections_limits *limits, struct buffer *out)
{
	struct layers_object none = { .first = TREE_NONE };
	bool missing = tree->overflow || limits->leaves < tree->leaf_count;
	bool info = tree->has_info && tree->info.len > limits->cap;
	const char *comma = missing ? "," : "";
	int rv = 0;

	look_at(sections, tree, limits);
	group_object(sections, &none); /* a new epoch */
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct tree_leaf *leaf = &tree->leaves[i];

		if (leaf->kind == TREE_TEXT && i < sections->limits.leaves &&
		    (leaf->cut || leaf->len > sections->limits.cap) &&
		    (sections->fields == NULL ||
			fields_keep(sections->fields, leaf->field)))
			add_to_group(sections, i, leaf->field);
	}
	if (sections->group_count == 0 && !missing && !info)
		return 0;
	rv |= buffer_puts(out, missing ? "[\"layers\"" : "[");
	if (info) {
		rv |= buffer_printf(out, "%s\"info\"", comma);
		comma = ",";
	}
	for (size_t i = 0; i < sections->group_count; i++) {
		rv |= buffer_puts(out, comma);
		comma = ",";
		rv |= put_name(sections, sections->groups[i].field, out);
		if (rv == 0)
			out->len--; /* the colon */
	}
	return rv | buffer_puts(out, "]") ? -1 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the member espcap.terms of a document. */
#include "document/terms.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "fields/term.h"

/* What an ordinary packet needs of the table is kept for the next. */
#define SLOTS_MIN 1024
#define SLOTS_KEPT 65536
/* A packet that was made to have terms of one hash does not make a search long: then some are written twice. */
#define PROBES_MAX 32

/* A term that was written: where it stands, from its quote to its quote. */
struct slot {
	uint32_t epoch; /* free if it is not that of the packet */
	uint32_t hash;
	size_t offset, len; /* from the beginning of the array */
};

struct terms {
	const struct names *names;
	const struct fields *fields;
	uint32_t epoch;        /* of the packet */
	uint32_t *name_epochs; /* by name id: whether the name alone was written */
	size_t name_count;
	uint32_t *node_epochs; /* the same of the nodes of the tree, with those around them */
	size_t node_count;
	struct slot *slots;
	size_t slot_count;     /* a power of two */
	struct buffer scratch; /* a term that needs escapes */

	/* While one packet is written. */
	struct buffer *out;
	size_t start;
};

struct terms *
terms_new(const struct names *names, const struct fields *fields)
{
	struct terms *terms = xcalloc(1, sizeof(*terms));

	terms->names = names;
	terms->fields = fields;
	buffer_init(&terms->scratch, SIZE_MAX);
	return terms;
}

void
terms_free(struct terms *terms)
{
	if (terms == NULL)
		return;
	free(terms->name_epochs);
	free(terms->node_epochs);
	free(terms->slots);
	buffer_release(&terms->scratch);
	free(terms);
}

/* An array of epochs of at least so many; new ones are 0, which is that of no packet. */
static void
make_epochs(uint32_t **epochs, size_t *count, size_t needed)
{
	size_t old = *count;

	if (old >= needed)
		return;
	*count = needed + needed / 4;
	*epochs = xreallocarray(*epochs, *count, sizeof(**epochs));
	memset(*epochs + old, 0, (*count - old) * sizeof(**epochs));
}

static void
make_slots(struct terms *terms, size_t values)
{
	size_t count = SLOTS_MIN;

	while (count < 4 * values)
		count *= 2;
	if (count <= terms->slot_count && terms->slot_count <= SLOTS_KEPT)
		return;
	free(terms->slots);
	terms->slots = xcalloc(count, sizeof(*terms->slots));
	terms->slot_count = count;
}

static void
begin(struct terms *terms, const struct tree *tree)
{
	make_epochs(&terms->name_epochs, &terms->name_count, names_count(terms->names));
	make_epochs(&terms->node_epochs, &terms->node_count, tree->node_count);
	make_slots(terms, (size_t)tree->leaf_count + tree->node_count);
	if (++terms->epoch == 0) {
		memset(terms->name_epochs, 0, terms->name_count * sizeof(*terms->name_epochs));
		memset(terms->node_epochs, 0, terms->node_count * sizeof(*terms->node_epochs));
		memset(terms->slots, 0, terms->slot_count * sizeof(*terms->slots));
		terms->epoch = 1;
	}
}

static uint32_t
hash_of(const char *bytes, size_t len)
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
	}
	return (uint32_t)(h >> 32);
}

/* Whether the last term, which begins there, is in the array already; if not it is remembered. */
static bool
is_known(struct terms *terms, size_t from)
{
	const char *array = terms->out->data + terms->start, *text = terms->out->data + from;
	size_t len = terms->out->len - from;
	uint32_t hash = hash_of(text, len);

	for (size_t i = 0; i < PROBES_MAX; i++) {
		struct slot *slot = &terms->slots[(hash + i) & (terms->slot_count - 1)];

		if (slot->epoch != terms->epoch) {
			slot->epoch = terms->epoch;
			slot->hash = hash;
			slot->offset = from - terms->start;
			slot->len = len;
			return false;
		}
		if (slot->hash == hash && slot->len == len && memcmp(array + slot->offset, text, len) == 0)
			return true;
	}
	return false;
}

/* Ends a term whose text stands from there on, after a quote. -1 if out is full. */
static int
end_string(struct terms *terms, size_t text)
{
	struct buffer *out = terms->out;
	size_t len = out->len - text;

	if (json_is_plain(out->data + text, len))
		return buffer_append(out, "\"", 1);
	buffer_clear(&terms->scratch);
	if (buffer_append(&terms->scratch, out->data + text, len) != 0)
		return -1;
	out->len = text - 1;
	return json_string(out, terms->scratch.data, len);
}

/* The value of a leaf that is not text, if it has one. */
static const char *
flag_of(const struct tree_leaf *leaf, enum term_kind kind)
{
	if (kind != TERM_BOOLEAN && kind != TERM_UNSIGNED)
		return NULL;
	return leaf->kind == TREE_TRUE ? "1" : "0";
}

/* The name alone, if leaf is NULL or has no value; or with it. */
static int
put_string(const struct terms *terms, const struct tree *tree, const struct tree_leaf *leaf, uint32_t field)
{
	enum term_kind kind = leaf == NULL ? TERM_NONE : names_term_kind(terms->names, field);
	size_t name_len, len;
	const char *name = names_name(terms->names, field, &name_len), *text;

	if (kind == TERM_NONE)
		return buffer_append(terms->out, name, name_len);
	if (leaf->kind != TREE_TEXT) {
		text = flag_of(leaf, kind);
		len = 1;
	} else {
		text = tree_leaf_text(tree, leaf);
		len = leaf->len;
	}
	if (text == NULL)
		return buffer_append(terms->out, name, name_len);
	if (leaf->cut)
		return term_write_part(name, name_len, kind, text, len, terms->out);
	return term_write(name, name_len, kind, text, len, terms->out);
}

/* -1 if it does not fit; then the array is as it was. */
static int
put_term(struct terms *terms, const struct tree *tree, const struct tree_leaf *leaf, uint32_t field)
{
	struct buffer *out = terms->out;
	size_t before = out->len, quote;

	if (out->len > terms->start + 1 && buffer_append(out, ",", 1) != 0)
		return -1;
	quote = out->len;
	if (buffer_append(out, "\"", 1) != 0 || put_string(terms, tree, leaf, field) != 0 ||
	    end_string(terms, quote + 1) != 0) {
		out->len = before;
		return -1;
	}
	if (is_known(terms, quote))
		out->len = before;
	return 0;
}

static int
put_name(struct terms *terms, uint32_t field)
{
	if (field == NAMES_NONE || terms->name_epochs[field] == terms->epoch)
		return 0;
	terms->name_epochs[field] = terms->epoch;
	return put_term(terms, NULL, NULL, field);
}

/* The protocols that a value stands in. */
static int
put_protocols(struct terms *terms, const struct tree *tree, uint32_t node)
{
	for (; node != TREE_ROOT && terms->node_epochs[node] != terms->epoch; node = tree->nodes[node].parent) {
		terms->node_epochs[node] = terms->epoch;
		if (put_name(terms, tree->nodes[node].protocol) != 0)
			return -1;
	}
	return 0;
}

static int
put_all(struct terms *terms, const struct tree *tree)
{
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct tree_leaf *leaf = &tree->leaves[i];

		if (terms->fields != NULL && !fields_keep(terms->fields, leaf->field))
			continue;
		if (put_protocols(terms, tree, leaf->node) != 0 || put_name(terms, leaf->field) != 0)
			return -1;
		if (names_term_kind(terms->names, leaf->field) != TERM_NONE &&
		    put_term(terms, tree, leaf, leaf->field) != 0)
			return -1;
	}
	if (terms->fields != NULL)
		return 0;
	/* Those without a value. */
	for (uint32_t i = 1; i < tree->node_count; i++)
		if (put_name(terms, tree->nodes[i].protocol) != 0)
			return -1;
	return 0;
}

int
terms_write(struct terms *terms, const struct tree *tree, size_t max, struct buffer *out)
{
	size_t max_before = out->max;
	int rv;

	begin(terms, tree);
	terms->out = out;
	terms->start = out->len;
	/* One byte is kept for the end. */
	if (out->max - out->len >= max)
		out->max = out->len + max - 1;
	rv = buffer_append(out, "[", 1);
	if (rv == 0)
		rv = put_all(terms, tree) == 0 && !tree->overflow ? 1 : 0;
	out->max = max_before;
	return rv < 0 || buffer_append(out, "]", 1) != 0 ? -1 : rv;
}

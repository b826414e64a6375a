/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a document matches where the index cannot tell: its long values, and the order of its bytes. */
#include "query/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/xalloc.h"
#include "query/doubt.h"
#include "query/literal_bytes.h"

/* What is known of a doubtful test. */
struct finding {
	uint32_t node;
	bool is_named; /* the server found it to match */
	bool passes;   /* a value in the document does */
	bool contains; /* one that may be cut does, which is enough */
	bool is_cut;   /* a value of the field is not whole */
};

enum place {
	PLACE_OTHER,
	PLACE_LAYERS,
	PLACE_ESPCAP,
	PLACE_TRUNCATED
};

struct walk {
	const struct expr_tree *tree;
	struct finding *findings;
	size_t count;
	enum place place;
	size_t depth; /* of objects and arrays */
	char *key;    /* of the field whose values follow */
	size_t key_len, key_room;
	struct buffer value;
};

/* Of two values of a field. */
static int
compare(enum term_kind kind, const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order == 0 || (kind == TERM_BYTES && a_len != b_len))
		return (a_len > b_len) - (a_len < b_len);
	return order;
}

static bool
is_between(const struct walk *walk, enum term_kind kind, const struct expr_atom *atom, const char *text, size_t len)
{
	int low = atom->has_low ? compare(kind, text, len, expr_bytes(walk->tree, atom->low), atom->low.len) : 1;
	int high = atom->has_high ? compare(kind, text, len, expr_bytes(walk->tree, atom->high), atom->high.len) : -1;

	return low >= (atom->low_open ? 1 : 0) && high <= (atom->high_open ? -1 : 0);
}

static void
hold(struct walk *walk, struct finding *finding, const char *text, size_t len)
{
	const struct expr *node = &walk->tree->list[finding->node];
	enum term_kind kind = names_term_kind(walk->tree->names, node->field);

	for (uint32_t i = 0; i < node->atom_count; i++) {
		const struct expr_atom *atom = &walk->tree->atoms[node->atom + i];
		const char *low = expr_bytes(walk->tree, atom->low);

		if (atom->test == EXPR_CONTAINS)
			finding->contains |= memmem(text, len, low, atom->low.len) != NULL;
		else if (atom->test == EXPR_EQUAL)
			finding->passes |= compare(kind, text, len, low, atom->low.len) == 0;
		else
			finding->passes |= is_between(walk, kind, atom, text, len);
	}
}

static bool
is_of(const struct walk *walk, const struct finding *finding, const char *name, size_t name_len)
{
	size_t len;
	const char *own = names_name(walk->tree->names, walk->tree->list[finding->node].field, &len);

	return len == name_len && memcmp(own, name, len) == 0;
}

/* A value in layers, in the form of a term but not cut. */
static void
hold_value(struct walk *walk, struct finding *finding, const char *text, size_t len)
{
	const struct expr *node = &walk->tree->list[finding->node];

	buffer_clear(&walk->value);
	if (names_term_kind(walk->tree->names, node->field) == TERM_BYTES &&
	    literal_bytes_read(text, len, &walk->value) == 1)
		hold(walk, finding, walk->value.data, walk->value.len);
	else
		hold(walk, finding, text, len);
}

static void
on_truncated(struct walk *walk, const char *name, size_t len)
{
	bool is_all = len == 6 && memcmp(name, "layers", 6) == 0;

	for (size_t i = 0; i < walk->count; i++)
		walk->findings[i].is_cut |= is_all || is_of(walk, &walk->findings[i], name, len);
}

/* yajl's callbacks; 0 ends the parse. */

static int
on_string(void *ctx, const unsigned char *bytes, size_t len)
{
	struct walk *walk = ctx;

	if (walk->place == PLACE_TRUNCATED)
		on_truncated(walk, (const char *)bytes, len);
	for (size_t i = 0; walk->place == PLACE_LAYERS && i < walk->count; i++)
		if (is_of(walk, &walk->findings[i], walk->key, walk->key_len))
			hold_value(walk, &walk->findings[i], (const char *)bytes, len);
	return 1;
}

static bool
is_key(const unsigned char *bytes, size_t len, const char *key)
{
	return strlen(key) == len && memcmp(key, bytes, len) == 0;
}

static int
on_key(void *ctx, const unsigned char *bytes, size_t len)
{
	struct walk *walk = ctx;

	if (walk->depth == 1)
		walk->place = is_key(bytes, len, "layers") ? PLACE_LAYERS :
		    is_key(bytes, len, "espcap")           ? PLACE_ESPCAP :
							     PLACE_OTHER;
	else if (walk->depth == 2 && walk->place != PLACE_LAYERS && walk->place != PLACE_OTHER)
		walk->place = is_key(bytes, len, "truncated") ? PLACE_TRUNCATED : PLACE_ESPCAP;
	if (walk->place != PLACE_LAYERS)
		return 1;
	if (len > walk->key_room) {
		walk->key_room = len * 2;
		walk->key = xreallocarray(walk->key, walk->key_room, 1);
	}
	if (len > 0)
		memcpy(walk->key, bytes, len);
	walk->key_len = len;
	return 1;
}

static int
on_open(void *ctx)
{
	((struct walk *)ctx)->depth++;
	return 1;
}

static int
on_close(void *ctx)
{
	((struct walk *)ctx)->depth--;
	return 1;
}

static int
on_number(void *ctx, const char *text, size_t len)
{
	(void)ctx, (void)text, (void)len;
	return 1;
}

/* Fills the findings in. -1 if the text is not JSON. */
static int
walk_document(struct walk *walk, const char *source, size_t len)
{
	static const yajl_callbacks callbacks = { .yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_start_map = on_open,
		.yajl_map_key = on_key,
		.yajl_end_map = on_close,
		.yajl_start_array = on_open,
		.yajl_end_array = on_close };
	yajl_handle yajl = yajl_alloc(&callbacks, NULL, walk);
	yajl_status status;

	if (yajl == NULL)
		return -1;
	status = yajl_parse(yajl, (const unsigned char *)source, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(yajl);
	yajl_free(yajl);
	return status == yajl_status_ok ? 0 : -1;
}

/* Whether "matched_queries" has the name of this node: its number in quotes. */
static bool
is_matched(const char *matched, size_t len, uint32_t node)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "\"%u\"", node);

	return len > 0 && memmem(matched, len, name, (size_t)n) != NULL;
}

/* What follows for the whole of a node: 1, 0, or -1 for what is not known. */

struct verdict {
	const struct walk *walk;
	const char *matched;
	size_t matched_len;
};

static int judge(const struct verdict *verdict, uint32_t index);

static int
judge_test(const struct verdict *verdict, uint32_t index)
{
	const struct finding *finding = verdict->walk->findings;

	while (finding->node != index)
		finding++;
	if (finding->is_named || finding->contains)
		return 1;
	return finding->is_cut ? -1 : finding->passes;
}

/* Of an AND or OR: what decides it (0, 1) wins, then what is not known. */
static int
judge_joint(const struct verdict *verdict, const struct expr *node)
{
	const struct expr_tree *tree = verdict->walk->tree;
	int deciding = node->kind == EXPR_OR, all = !deciding, one;

	for (uint32_t child = node->child; child != EXPR_NONE; child = tree->list[child].next) {
		one = judge(verdict, child);
		if (one == deciding)
			return deciding;
		if (one < 0)
			all = -1;
	}
	return all;
}

static int
judge(const struct verdict *verdict, uint32_t index)
{
	const struct expr *node = &verdict->walk->tree->list[index];
	int one;

	if (!doubt_within(verdict->walk->tree, index))
		return !node->is_named || is_matched(verdict->matched, verdict->matched_len, index);
	if (node->kind == EXPR_ANY)
		return judge_test(verdict, index);
	if (node->kind != EXPR_NOT)
		return judge_joint(verdict, node);
	one = judge(verdict, node->child);
	return one < 0 ? -1 : !one;
}

int
check_document(const struct expr_tree *tree, const char *source, size_t len, const char *matched,
    size_t matched_len)
{
	struct walk walk = { .tree = tree };
	const struct verdict verdict = { &walk, matched, matched_len };
	int rv = -1;

	walk.findings = xcalloc(tree->count, sizeof(*walk.findings));
	buffer_init(&walk.value, SIZE_MAX);
	for (uint32_t i = 0; i < tree->count; i++)
		if (tree->list[i].is_doubtful)
			walk.findings[walk.count++] = (struct finding){ .node = i, .is_named = is_matched(matched, matched_len, i) };
	if (walk_document(&walk, source, len) == 0)
		rv = judge(&verdict, tree->root);
	free(walk.findings);
	free(walk.key);
	buffer_release(&walk.value);
	return rv;
}

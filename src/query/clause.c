/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A display filter as a clause of the query DSL. A value that is longer than what the index has of it makes a test
 * doubtful: each test is written as what finds all that may pass it, or, where it is negated, as what finds only those
 * that do.
 */
#include "query/clause.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "fields/term.h"
#include "query/doubt.h"

#define MEMBER "espcap.terms"
/*
 * Finds nothing: each term begins with a name. Servers take whole "bool"s with a "match_none" away, and then do not
 * tell which of the others in them match.
 */
#define NOTHING "{\"term\":{\"" MEMBER "\":\"=\"}}"
#define JSON_MAX ((size_t)64 << 20)
/* "terms" queries of more are refused by servers from 65,536 on; these are long enough to be fast. */
#define TERMS_MAX 5000
/* Servers take 1,024 clauses and 20 nested "bool"; a caller adds some. */
#define CLAUSES_MAX 1000
#define DEPTH_MAX 16
/* Of what is looked for within values. */
#define WILDCARD_MAX TERM_VALUE_MAX

struct writer {
	struct expr_tree *tree;
	struct buffer *out;
	struct buffer term; /* the term that is written */
	bool is_naming;
	bool is_full; /* out is */
	unsigned depth, deepest;
	size_t clauses;
};

void
clause_init(struct clause *clause)
{
	buffer_init(&clause->json, JSON_MAX);
	buffer_init(&clause->certain, JSON_MAX);
	clause->needs_check = false;
	clause->refusal = NULL;
}

void
clause_release(struct clause *clause)
{
	buffer_release(&clause->json);
	buffer_release(&clause->certain);
}

static void
put(struct writer *writer, const char *text)
{
	if (buffer_puts(writer->out, text) != 0)
		writer->is_full = true;
}

/* A comma unless it is the first of its list. */
static void
begin(struct writer *writer, size_t *items)
{
	if ((*items)++ > 0)
		put(writer, ",");
}

/* Terms. */

static void
term_add(struct writer *writer, const char *bytes, size_t len)
{
	if (buffer_append(&writer->term, bytes, len) != 0)
		writer->is_full = true;
}

static void
term_begin(struct writer *writer, uint32_t field, char mark)
{
	size_t len;
	const char *name = names_name(writer->tree->names, field, &len);

	buffer_clear(&writer->term);
	term_add(writer, name, len);
	term_add(writer, &mark, mark != '\0');
}

static void
put_term(struct writer *writer)
{
	if (json_string(writer->out, writer->term.data, writer->term.len) != 0)
		writer->is_full = true;
}

/* Whether a value stands in the index whole. */
static bool
is_whole(const struct expr_atom *atom)
{
	return atom->low.len <= TERM_VALUE_MAX;
}

static void
put_equal(struct writer *writer, uint32_t field, const struct expr_atom *atom)
{
	const char *value = expr_bytes(writer->tree, atom->low);

	term_begin(writer, field, is_whole(atom) ? TERM_WHOLE : TERM_LONG);
	term_add(writer, value, json_cut(value, atom->low.len, TERM_VALUE_MAX));
	put_term(writer);
}

/* Ranges. */

/* A bound: "gte":"name=VALUE". */
static void
put_bound(struct writer *writer, const char *key, uint32_t field, char mark, const char *value, size_t len)
{
	put(writer, key);
	term_begin(writer, field, mark);
	term_add(writer, value, len);
	put_term(writer);
}

/* The characters that begin the values of a kind: no others are among them, whatever tshark printed. */
static const char *
first_of(enum term_kind kind)
{
	switch (kind) {
	case TERM_SIGNED:
	case TERM_RELATIVE:
	case TERM_ABSOLUTE:
		return "-";
	case TERM_UNSIGNED:
	case TERM_BOOLEAN:
	case TERM_DOUBLE:
	case TERM_IPV4:
	case TERM_IPV6:
		return "0";
	default:
		return "";
	}
}

static const char *
after_last_of(enum term_kind kind)
{
	switch (kind) {
	case TERM_SIGNED:
	case TERM_RELATIVE:
	case TERM_ABSOLUTE:
	case TERM_UNSIGNED:
		return "x";
	case TERM_BOOLEAN:
	case TERM_DOUBLE:
	case TERM_IPV4:
	case TERM_IPV6:
		return "g";
	default:
		return NULL;
	}
}

/* Terms with this mark whose text is between the values: both bounds, always, or other fields are among them. */
static void
put_range(struct writer *writer, uint32_t field, char mark, const struct expr_atom *atom, size_t low_len, size_t high_len)
{
	enum term_kind kind = names_term_kind(writer->tree->names, field);
	const char *last = after_last_of(kind);

	writer->clauses++;
	put(writer, "{\"range\":{\"" MEMBER "\":{");
	if (atom->has_low)
		put_bound(writer, atom->low_open ? "\"gt\":" : "\"gte\":", field, mark, expr_bytes(writer->tree, atom->low), low_len);
	else
		put_bound(writer, "\"gte\":", field, mark, first_of(kind), strlen(first_of(kind)));
	if (atom->has_high)
		put_bound(writer, atom->high_open ? ",\"lt\":" : ",\"lte\":", field, mark, expr_bytes(writer->tree, atom->high),
		    high_len);
	else if (last != NULL)
		put_bound(writer, ",\"lt\":", field, mark, last, strlen(last));
	else
		put_bound(writer, ",\"lt\":", field, (char)(mark + 1), "", 0);
	put(writer, "}}}");
}

/*
 * Long values, of which the index has a beginning of at least DOUBT_TEXT_MIN bytes. It is less or greater than a bound
 * as the value is, unless the bound begins with it: then a bound that is cut takes it in, and one that is not leaves it
 * out, for the lower bound, and the other way round for the upper one.
 */
static void
put_long_range(struct writer *writer, uint32_t field, const struct expr_atom *atom, bool is_upper)
{
	size_t low = atom->low.len, high = atom->high.len;
	struct expr_atom own = *atom;

	/* A bound of a range is a text of UTF-8. */
	if (is_upper && low > DOUBT_TEXT_MIN)
		low = json_cut(expr_bytes(writer->tree, atom->low), low, DOUBT_TEXT_MIN);
	if (!is_upper && high > DOUBT_TEXT_MIN)
		high = json_cut(expr_bytes(writer->tree, atom->high), high, DOUBT_TEXT_MIN);
	/* A value is longer than its beginning, so it is greater than a bound that is the beginning. */
	own.low_open = false;
	own.high_open = !is_upper || high < DOUBT_TEXT_MIN;
	put_range(writer, field, TERM_LONG, &own, low, high);
}

static void
put_between(struct writer *writer, uint32_t field, const struct expr_atom *atom, bool is_upper, size_t *items)
{
	enum term_kind kind = names_term_kind(writer->tree->names, field);

	if (kind == TERM_BYTES) {
		if (!is_upper)
			return;
		begin(writer, items);
		writer->clauses++;
		put(writer, "{\"term\":{\"" MEMBER "\":");
		term_begin(writer, field, '\0');
		put_term(writer);
		put(writer, "}}");
		return;
	}
	begin(writer, items);
	put_range(writer, field, TERM_WHOLE, atom, atom->low.len, atom->high.len);
	if (kind != TERM_TEXT)
		return;
	begin(writer, items);
	put_long_range(writer, field, atom, is_upper);
}

/* "contains". */

static void
put_wildcard(struct writer *writer, uint32_t field, char mark, const struct expr_atom *atom)
{
	const char *text = expr_bytes(writer->tree, atom->low);

	writer->clauses++;
	put(writer, "{\"wildcard\":{\"" MEMBER "\":{\"value\":");
	term_begin(writer, field, mark);
	term_add(writer, "*", 1);
	for (size_t i = 0; i < atom->low.len; i++) {
		if (text[i] == '*' || text[i] == '?' || text[i] == '\\')
			term_add(writer, "\\", 1);
		term_add(writer, text + i, 1);
	}
	term_add(writer, "*", 1);
	put_term(writer);
	put(writer, "}}}");
}

/* Any value that is not in the index whole. */
static void
put_all_long(struct writer *writer, uint32_t field)
{
	const struct expr_atom all = { .test = EXPR_BETWEEN };

	put_range(writer, field, TERM_LONG, &all, 0, 0);
}

static void
put_contains(struct writer *writer, uint32_t field, const struct expr_atom *atom, bool is_upper, size_t *items)
{
	bool is_long = names_term_kind(writer->tree->names, field) != TERM_ADDRESS;

	if (atom->low.len <= WILDCARD_MAX) {
		begin(writer, items);
		put_wildcard(writer, field, TERM_WHOLE, atom);
	}
	if (is_long && is_upper) {
		begin(writer, items);
		put_all_long(writer, field);
	} else if (is_long && atom->low.len <= WILDCARD_MAX) {
		begin(writer, items);
		put_wildcard(writer, field, TERM_LONG, atom);
	}
}

/* Tests. */

/* The term of a value, or of a name: one of a list of "terms". */
static void
put_listed(struct writer *writer, size_t *terms, size_t *items)
{
	if (*terms % TERMS_MAX == 0) {
		if (*terms > 0)
			put(writer, "]}}");
		begin(writer, items);
		writer->clauses++;
		put(writer, "{\"terms\":{\"" MEMBER "\":[");
	} else
		put(writer, ",");
	(*terms)++;
}

static void
list_node(struct writer *writer, const struct expr *node, bool is_upper, size_t *terms, size_t *items)
{
	if (node->kind == EXPR_PRESENT) {
		put_listed(writer, terms, items);
		term_begin(writer, node->field, '\0');
		put_term(writer);
	}
	for (uint32_t i = 0; node->kind == EXPR_ANY && i < node->atom_count; i++) {
		const struct expr_atom *atom = &writer->tree->atoms[node->atom + i];

		if (atom->test != EXPR_EQUAL || (!is_whole(atom) && !is_upper))
			continue;
		put_listed(writer, terms, items);
		put_equal(writer, node->field, atom);
	}
}

/* What of a test is no list of terms. */
static void
put_others(struct writer *writer, const struct expr *node, bool is_upper, size_t *items)
{
	for (uint32_t i = 0; node->kind == EXPR_ANY && i < node->atom_count; i++) {
		const struct expr_atom *atom = &writer->tree->atoms[node->atom + i];

		if (atom->test == EXPR_BETWEEN)
			put_between(writer, node->field, atom, is_upper, items);
		else if (atom->test == EXPR_CONTAINS)
			put_contains(writer, node->field, atom, is_upper, items);
	}
}

static void put_node(struct writer *writer, uint32_t index, bool is_upper);

static bool
is_test(const struct expr *node)
{
	return node->kind == EXPR_PRESENT || node->kind == EXPR_ANY;
}

/* Whether the clauses of a node may stand in the list of the clauses around it. */
static bool
is_open(const struct writer *writer, const struct expr *node)
{
	return is_test(node) && !(writer->is_naming && node->is_named);
}

/* Nodes of which one must match, from the first of siblings on (or only this one), as clauses in one list. */
static void
put_alternatives(struct writer *writer, uint32_t first, bool is_single, bool is_upper, size_t *items)
{
	const struct expr *list = writer->tree->list;
	size_t terms = 0;

	for (uint32_t i = first; i != EXPR_NONE; i = is_single ? EXPR_NONE : list[i].next)
		if (is_single || is_open(writer, &list[i]))
			list_node(writer, &list[i], is_upper, &terms, items);
	if (terms > 0)
		put(writer, "]}}");
	for (uint32_t i = first; i != EXPR_NONE; i = is_single ? EXPR_NONE : list[i].next)
		if (is_single || is_open(writer, &list[i]))
			put_others(writer, &list[i], is_upper, items);
		else {
			begin(writer, items);
			put_node(writer, i, is_upper);
		}
}

static void
open_bool(struct writer *writer)
{
	writer->clauses++;
	if (++writer->depth > writer->deepest)
		writer->deepest = writer->depth;
	put(writer, "{\"bool\":{");
}

static void
close_bool(struct writer *writer, const char *end)
{
	put(writer, end);
	put(writer, "}}");
	writer->depth--;
}

/* How many clauses put_others makes of an atom. */
static size_t
count_others(const struct writer *writer, uint32_t field, const struct expr_atom *atom, bool is_upper)
{
	enum term_kind kind = names_term_kind(writer->tree->names, field);
	bool is_short = atom->low.len <= WILDCARD_MAX, is_long = kind != TERM_ADDRESS;

	if (atom->test == EXPR_CONTAINS)
		return (size_t)is_short + (is_long && (is_upper || is_short));
	if (atom->test == EXPR_EQUAL)
		return 0;
	if (kind == TERM_BYTES)
		return is_upper;
	return kind == TERM_TEXT ? 2 : 1;
}

/* How many terms and other clauses put_alternatives makes of a test. */
static void
count_clauses(const struct writer *writer, const struct expr *node, bool is_upper, size_t *terms, size_t *others)
{
	*terms += node->kind == EXPR_PRESENT;
	for (uint32_t i = 0; node->kind == EXPR_ANY && i < node->atom_count; i++) {
		const struct expr_atom *atom = &writer->tree->atoms[node->atom + i];

		*terms += atom->test == EXPR_EQUAL && (is_whole(atom) || is_upper);
		*others += count_others(writer, node->field, atom, is_upper);
	}
}

/* How many put_alternatives makes of siblings. */
static size_t
count_alternatives(const struct writer *writer, uint32_t first, bool is_upper)
{
	const struct expr *list = writer->tree->list;
	size_t terms = 0, others = 0;

	for (uint32_t i = first; i != EXPR_NONE; i = list[i].next)
		if (is_open(writer, &list[i]))
			count_clauses(writer, &list[i], is_upper, &terms, &others);
		else
			others++;
	return others + (terms + TERMS_MAX - 1) / TERMS_MAX;
}

/* One of these must match. */
static void
put_any(struct writer *writer, uint32_t first, bool is_upper)
{
	size_t count = count_alternatives(writer, first, is_upper), items = 0;

	/* Without any a "bool" matches everything. */
	if (count == 0)
		put(writer, NOTHING);
	if (count > 1) {
		open_bool(writer);
		put(writer, "\"should\":[");
	}
	put_alternatives(writer, first, false, is_upper, &items);
	if (count > 1)
		close_bool(writer, "],\"minimum_should_match\":1");
}

static void
put_test(struct writer *writer, uint32_t index, bool is_upper)
{
	size_t terms = 0, others = 0, items = 0, count;

	count_clauses(writer, &writer->tree->list[index], is_upper, &terms, &others);
	count = others + (terms + TERMS_MAX - 1) / TERMS_MAX;
	if (count == 0)
		put(writer, NOTHING);
	if (count > 1) {
		open_bool(writer);
		put(writer, "\"should\":[");
	}
	put_alternatives(writer, index, true, is_upper, &items);
	if (count > 1)
		close_bool(writer, "],\"minimum_should_match\":1");
}

/* What must not match, in one list: what a NOT stands before. The alternatives of an OR stand in it themselves. */
static void
put_negated(struct writer *writer, uint32_t index, bool is_upper, size_t *items)
{
	const struct expr *node = &writer->tree->list[index];

	if (node->kind == EXPR_OR && !(writer->is_naming && node->is_named))
		put_alternatives(writer, node->child, false, is_upper, items);
	else if (is_open(writer, node))
		put_alternatives(writer, index, true, is_upper, items);
	else {
		begin(writer, items);
		put_node(writer, index, is_upper);
	}
}

/* A NOT that the server need not name. */
static bool
is_plain_not(const struct writer *writer, const struct expr *node)
{
	return node->kind == EXPR_NOT && !(writer->is_naming && node->is_named);
}

/* The negated ones of siblings: tests first, whose terms are one list. */
static void
put_all_negated(struct writer *writer, uint32_t first, bool is_upper)
{
	const struct expr *list = writer->tree->list;
	size_t terms = 0, items = 0;

	for (uint32_t i = first; i != EXPR_NONE; i = list[i].next)
		if (is_plain_not(writer, &list[i]) && is_open(writer, &list[list[i].child]))
			list_node(writer, &list[list[i].child], is_upper, &terms, &items);
	if (terms > 0)
		put(writer, "]}}");
	for (uint32_t i = first; i != EXPR_NONE; i = list[i].next) {
		if (!is_plain_not(writer, &list[i]))
			continue;
		if (is_open(writer, &list[list[i].child]))
			put_others(writer, &list[list[i].child], is_upper, &items);
		else
			put_negated(writer, list[i].child, is_upper, &items);
	}
}

/* "!=" many times: the presence of the field once. */
static bool
is_repeated(const struct expr *node, uint32_t *field)
{
	bool is_same = node->kind == EXPR_PRESENT && node->field == *field;

	if (node->kind == EXPR_PRESENT)
		*field = node->field;
	return is_same;
}

static void
put_all(struct writer *writer, uint32_t first, bool is_upper)
{
	const struct expr *list = writer->tree->list;
	uint32_t present = NAMES_NONE;
	size_t items = 0;

	open_bool(writer);
	put(writer, "\"filter\":[");
	for (uint32_t i = first; i != EXPR_NONE; i = list[i].next)
		if (!is_plain_not(writer, &list[i]) && !is_repeated(&list[i], &present)) {
			begin(writer, &items);
			put_node(writer, i, is_upper);
		}
	put(writer, "],\"must_not\":[");
	put_all_negated(writer, first, !is_upper);
	close_bool(writer, "]");
}

static void
put_plain(struct writer *writer, uint32_t index, bool is_upper)
{
	const struct expr *node = &writer->tree->list[index];
	size_t items = 0;

	switch (node->kind) {
	case EXPR_AND:
		put_all(writer, node->child, is_upper);
		break;
	case EXPR_OR:
		put_any(writer, node->child, is_upper);
		break;
	case EXPR_NOT:
		open_bool(writer);
		put(writer, "\"must_not\":[");
		put_negated(writer, node->child, !is_upper, &items);
		close_bool(writer, "]");
		break;
	case EXPR_PRESENT:
	case EXPR_ANY:
		put_test(writer, index, is_upper);
		break;
	}
}

/* A node with its name in "matched_queries": for a doubtful one that means that it matches for certain. */
static void
put_named(struct writer *writer, uint32_t index, bool is_upper)
{
	bool is_doubtful = writer->tree->list[index].is_doubtful && is_upper;
	char name[32];

	if (is_doubtful) {
		open_bool(writer);
		put(writer, "\"should\":[");
	}
	open_bool(writer);
	put(writer, "\"filter\":[");
	put_plain(writer, index, is_upper && !is_doubtful);
	snprintf(name, sizeof(name), "],\"_name\":\"%u\"", index);
	close_bool(writer, name);
	if (!is_doubtful)
		return;
	put(writer, ",");
	put_plain(writer, index, true);
	close_bool(writer, "],\"minimum_should_match\":1");
}

static void
put_node(struct writer *writer, uint32_t index, bool is_upper)
{
	if (writer->is_naming && writer->tree->list[index].is_named)
		put_named(writer, index, is_upper);
	else
		put_plain(writer, index, is_upper);
}

/* Writes the whole tree; NULL, or why servers would not take it. */
static const char *
write_tree(struct expr_tree *tree, struct buffer *out, bool is_naming, bool is_upper)
{
	struct writer writer = { .tree = tree, .out = out, .is_naming = is_naming };

	buffer_init(&writer.term, SIZE_MAX);
	put_node(&writer, tree->root, is_upper);
	buffer_release(&writer.term);
	if (writer.is_full)
		return "the filter is too long: as a query it has over 64 MB";
	if (writer.deepest > DEPTH_MAX)
		return "\"and\", \"or\" and \"not\" stand too deep in each other for a server: write the filter flatter";
	if (writer.clauses > CLAUSES_MAX)
		return "the filter has too many comparisons for a server (about 1,000 beside == and names): split it";
	return NULL;
}

int
clause_write(struct clause *clause, struct expr_tree *tree)
{
	clause->needs_check = doubt_mark(tree);
	clause->refusal = write_tree(tree, &clause->json, clause->needs_check, true);
	if (clause->refusal == NULL && clause->needs_check)
		clause->refusal = write_tree(tree, &clause->certain, false, false);
	return clause->refusal == NULL ? 0 : -1;
}

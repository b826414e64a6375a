/* SPDX-License-Identifier: BSD-2-Clause */
/* A display filter of Wireshark as a query of the index: the grammar of Wireshark 4.0, wireshark-filter(4). */
#include "query/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "query/check.h"
#include "query/clause.h"
#include "query/literal.h"
#include "query/expr.h"
#include "query/suggest.h"
#include "query/token.h"

/* Parentheses in each other. */
#define NESTED_MAX 100
/* Values that fields are compared with. */
#define ATOMS_MAX 100000

struct query {
	struct expr_tree tree;
	struct clause clause;
};

struct parser {
	struct expr_tree *tree;
	const struct query_values *values;
	struct query_error *error;
	const char *filter, *end;
	struct token token; /* the next one */
	unsigned nested;
};

static void
advance(struct parser *parser)
{
	const char *at = parser->token.text + parser->token.len;

	parser->token = token_next(at, (size_t)(parser->end - at));
}

static uint32_t
fail(struct parser *parser, struct token token, const char *what)
{
	query_error_set(parser->error, parser->filter, token.text, "%s", what);
	return EXPR_NONE;
}

/* What a token means that stands where none of its kind may. */
static const char *
reason_of(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_SLICE:
		return "slices are not in the index: compare the whole field, or use \"contains\"";
	case TOKEN_LAYER:
		return "the index does not distinguish layers: leave the # out";
	case TOKEN_BITS:
		return "bits are not in the index: use the field of the bit, such as tcp.flags.syn == 1";
	case TOKEN_ARITHMETIC:
	case TOKEN_PLUS:
	case TOKEN_MINUS:
		return "the index does not calculate: write the result";
	case TOKEN_MATCHES:
		return "regular expressions are not answered: use \"contains\" or \"==\"";
	case TOKEN_ALL_EQ:
		return "the index cannot tell whether all values are equal: use \"==\"";
	case TOKEN_ANY_NE:
		return "the index cannot tell whether any value differs: use \"!=\", which means that all do";
	case TOKEN_MACRO:
		return "macros are not known here: write what the macro stands for";
	case TOKEN_UNENDED:
		return "the quote that ends this one is missing";
	case TOKEN_END:
		return "the filter ends too early";
	default:
		return NULL;
	}
}

static uint32_t
unexpected(struct parser *parser, const char *needed)
{
	struct token token = parser->token;
	const char *reason = reason_of(token.kind);

	if (reason != NULL)
		return fail(parser, token, reason);
	query_error_set(parser->error, parser->filter, token.text, "%s is unexpected: %s",
	    query_error_shown(token.text, token.len).text, needed);
	return EXPR_NONE;
}

/* A word that is no field. */
static uint32_t
unknown(struct parser *parser, struct token token, const char *name, size_t len)
{
	struct query_error_shown shown = query_error_shown(name, len);
	uint32_t like;

	if (parser->token.kind == TOKEN_OPEN)
		return fail(parser, token, "functions are not in the index: compare the field itself");
	if (parser->token.kind == TOKEN_WORD && (strcmp(shown.text, "any") == 0 || strcmp(shown.text, "all") == 0))
		return fail(parser, token, "\"any\" and \"all\" are not in the index: leave them out; == means any, != means all");
	like = suggest_name(parser->tree->names, name, len);
	if (like != NAMES_NONE) {
		size_t n;
		const char *text = names_name(parser->tree->names, like, &n);

		query_error_set(parser->error, parser->filter, token.text,
		    "this tshark has no field or protocol %s: did you mean %.*s?", shown.text, (int)n, text);
	} else
		query_error_set(parser->error, parser->filter, token.text,
		    "this tshark has no field or protocol %s (tshark -G fields lists them)", shown.text);
	return EXPR_NONE;
}

/* What compares, and may follow a field. */
static bool
is_comparison(enum token_kind kind)
{
	return (kind >= TOKEN_EQ && kind <= TOKEN_LE) || kind == TOKEN_IN || kind == TOKEN_CONTAINS;
}

/* Whether a field has values that can be compared so; else the error is filled in. */
static bool
may_compare(struct parser *parser, struct token field_token, uint32_t field, enum token_kind operator)
{
	enum term_kind kind = names_term_kind(parser->tree->names, field);
	bool is_equality = operator== TOKEN_EQ || operator== TOKEN_NE || operator== TOKEN_IN;

	if (names_kind(parser->tree->names, field) == NAMES_KIND_PROTOCOL)
		fail(parser, field_token, "the bytes of a protocol are not in the index: use one of its fields, or its name alone");
	else if (kind == TERM_NONE)
		fail(parser, field_token, "this field has no value: use its name alone");
	else if (kind == TERM_OTHER)
		fail(parser, field_token, "the index has the values of this type only as tshark prints them: use the name of the field alone");
	else if (kind == TERM_DOUBLE && is_equality)
		fail(parser, parser->token, "the index has fractions only as tshark prints them: use > and < instead of equality");
	else if (kind == TERM_OID && !is_equality)
		fail(parser, parser->token, "object identifiers have no order in the index: use == or \"in\"");
	else if (operator== TOKEN_CONTAINS && kind != TERM_TEXT && kind != TERM_BYTES && kind != TERM_ADDRESS)
		fail(parser, parser->token, "only strings and bytes can contain something: use ==");
	else
		return true;
	return false;
}

/* A literal with its sign. Advances. */
static int
parse_literal(struct parser *parser, uint32_t field, bool is_part, struct literal *literal)
{
	const struct literal_place place = { .names = parser->tree->names,
		.values = parser->values,
		.filter = parser->filter,
		.texts = &parser->tree->texts,
		.error = parser->error,
		.field = field,
		.is_part = is_part };
	char sign = 0;

	if (parser->token.kind == TOKEN_MINUS || parser->token.kind == TOKEN_PLUS) {
		sign = parser->token.text[0];
		advance(parser);
	}
	if (parser->token.kind != TOKEN_WORD && parser->token.kind != TOKEN_STRING && parser->token.kind != TOKEN_RAW &&
	    parser->token.kind != TOKEN_CHAR) {
		unexpected(parser, "a value belongs here");
		return -1;
	}
	if (literal_read(&place, parser->token, sign, literal) != 0)
		return -1;
	advance(parser);
	return 0;
}

static struct expr_atom *
add_atom(struct parser *parser, uint32_t node, enum expr_test test)
{
	if (parser->tree->atom_count == ATOMS_MAX) {
		fail(parser, parser->token, "a filter may compare with 100,000 values, not more");
		return NULL;
	}
	return expr_add_atom(parser->tree, node, test);
}

/* One literal or a network. */
static int
add_equal(struct parser *parser, uint32_t node, const struct literal *literal)
{
	bool is_network = literal->low.at != literal->high.at;
	struct expr_atom *atom = add_atom(parser, node, is_network ? EXPR_BETWEEN : EXPR_EQUAL);

	if (atom == NULL)
		return -1;
	atom->low = literal->low;
	atom->high = literal->high;
	atom->has_low = atom->has_high = true;
	return 0;
}

static int
add_order(struct parser *parser, uint32_t node, enum token_kind operator, const struct literal * literal)
{
	struct expr_atom *atom = add_atom(parser, node, EXPR_BETWEEN);

	if (atom == NULL)
		return -1;
	atom->has_low = operator== TOKEN_GT || operator== TOKEN_GE;
	atom->has_high = !atom->has_low;
	/* Of a network all addresses are equal. */
	atom->low = operator== TOKEN_GT ? literal->high : literal->low;
	atom->high = operator== TOKEN_LT ? literal->low : literal->high;
	atom->low_open = operator== TOKEN_GT;
	atom->high_open = operator== TOKEN_LT;
	return 0;
}

/* An element of a set: a value, or the first and the last of a range. */
static int
parse_element(struct parser *parser, uint32_t node, uint32_t field)
{
	struct literal low, high;
	struct expr_atom *atom;

	if (parse_literal(parser, field, false, &low) != 0)
		return -1;
	if (parser->token.kind != TOKEN_RANGE)
		return add_equal(parser, node, &low);
	advance(parser);
	if (parse_literal(parser, field, false, &high) != 0)
		return -1;
	atom = add_atom(parser, node, EXPR_BETWEEN);
	if (atom == NULL)
		return -1;
	atom->low = low.low;
	atom->high = high.high;
	atom->has_low = atom->has_high = true;
	return 0;
}

static int
parse_set(struct parser *parser, uint32_t node, uint32_t field)
{
	if (parser->token.kind != TOKEN_LEFT_BRACE) {
		unexpected(parser, "a set belongs here, such as {80, 443, 8000..8099}");
		return -1;
	}
	do {
		advance(parser);
		if (parse_element(parser, node, field) != 0)
			return -1;
	} while (parser->token.kind == TOKEN_COMMA);
	if (parser->token.kind != TOKEN_RIGHT_BRACE) {
		unexpected(parser, "a comma or } belongs here");
		return -1;
	}
	advance(parser);
	return 0;
}

static int
parse_contains(struct parser *parser, uint32_t node, uint32_t field)
{
	struct token token = parser->token;
	struct literal literal;
	struct expr_atom *atom;

	if (parse_literal(parser, field, true, &literal) != 0)
		return -1;
	if (literal.low.len == 0) {
		fail(parser, token, "nothing is not contained in anything: use the name of the field alone");
		return -1;
	}
	atom = add_atom(parser, node, EXPR_CONTAINS);
	if (atom == NULL)
		return -1;
	atom->low = literal.low;
	return 0;
}

/* What follows an operator. */
static int
parse_operand(struct parser *parser, enum token_kind operator, uint32_t node, uint32_t field)
{
	struct literal literal;

	if (operator== TOKEN_IN)
		return parse_set(parser, node, field);
	if (operator== TOKEN_CONTAINS)
		return parse_contains(parser, node, field);
	if (parse_literal(parser, field, false, &literal) != 0)
		return -1;
	return operator== TOKEN_EQ || operator== TOKEN_NE ? add_equal(parser, node, &literal) :
							    add_order(parser, node, operator, & literal);
}

/* Wireshark 4.0: != is present, and no value equal. */
static uint32_t
present_and_not(struct parser *parser, uint32_t field, uint32_t node)
{
	uint32_t both = expr_new(parser->tree, EXPR_AND, NAMES_NONE);

	expr_append(parser->tree, both, expr_new(parser->tree, EXPR_PRESENT, field));
	expr_append(parser->tree, both, expr_negate(parser->tree, node));
	return both;
}

static uint32_t
parse_comparison(struct parser *parser, struct token field_token, uint32_t field)
{
	bool is_negative = parser->token.kind == TOKEN_NOT;
	enum token_kind operator;
	uint32_t node;

	/* "not in": the "not" stands in front of nothing else here. */
	if (is_negative)
		advance(parser);
	operator= parser->token.kind;
	if (is_negative && operator!= TOKEN_IN)
		return unexpected(parser, "only \"in\" may follow \"not\" here");
	if (!may_compare(parser, field_token, field, operator))
		return EXPR_NONE;
	advance(parser);
	node = expr_new(parser->tree, EXPR_ANY, field);
	if (parse_operand(parser, operator, node, field) != 0)
		return EXPR_NONE;
	if (is_comparison(parser->token.kind))
		return fail(parser, parser->token, "comparisons cannot be chained: join them with \"and\"");
	if (is_negative)
		return expr_negate(parser->tree, node);
	return operator== TOKEN_NE ? present_and_not(parser, field, node) : node;
}

/* A field or protocol alone, or compared. */
static uint32_t
parse_test(struct parser *parser)
{
	struct token token = parser->token;
	size_t skip = token.len > 1 && token.text[0] == '.';
	uint32_t field;

	if (token.kind == TOKEN_STRING || token.kind == TOKEN_RAW || token.kind == TOKEN_CHAR)
		return fail(parser, token, "a field must stand on the left side");
	if (token.kind != TOKEN_WORD)
		return unexpected(parser, "a field or protocol belongs here");
	advance(parser);
	field = names_id(parser->tree->names, token.text + skip, token.len - skip);
	if (field == NAMES_NONE)
		return unknown(parser, token, token.text + skip, token.len - skip);
	if (parser->token.kind == TOKEN_NOT && *parser->token.text == 'n')
		return parse_comparison(parser, token, field);
	if (is_comparison(parser->token.kind))
		return parse_comparison(parser, token, field);
	return expr_new(parser->tree, EXPR_PRESENT, field);
}

static uint32_t parse_or(struct parser *parser);

static uint32_t
parse_primary(struct parser *parser)
{
	uint32_t node;

	if (parser->token.kind != TOKEN_OPEN)
		return parse_test(parser);
	if (parser->nested == NESTED_MAX)
		return fail(parser, parser->token, "more than 100 parentheses in each other: write the filter flatter");
	parser->nested++;
	advance(parser);
	node = parse_or(parser);
	if (node == EXPR_NONE)
		return EXPR_NONE;
	if (parser->token.kind != TOKEN_CLOSE) {
		if (parser->token.kind == TOKEN_END)
			return fail(parser, parser->token, "a ) is missing");
		return unexpected(parser, "\"and\", \"or\" or ) belongs here");
	}
	advance(parser);
	parser->nested--;
	return node;
}

static uint32_t
parse_not(struct parser *parser)
{
	bool is_negative = false;
	uint32_t node;

	for (; parser->token.kind == TOKEN_NOT; advance(parser))
		is_negative = !is_negative;
	node = parse_primary(parser);
	return node != EXPR_NONE && is_negative ? expr_negate(parser->tree, node) : node;
}

/* Terms joined by the operator, which binds less than all that parse reads. */
static uint32_t
parse_joined(struct parser *parser, enum token_kind operator, enum expr_kind kind, uint32_t (*parse)(struct parser *parser))
{
	uint32_t node = parse(parser), joined, other;

	if (node == EXPR_NONE || parser->token.kind != operator)
		return node;
	joined = expr_new(parser->tree, kind, NAMES_NONE);
	expr_append(parser->tree, joined, node);
	while (parser->token.kind == operator) {
		advance(parser);
		other = parse(parser);
		if (other == EXPR_NONE)
			return EXPR_NONE;
		expr_append(parser->tree, joined, other);
	}
	return joined;
}

static uint32_t
parse_and(struct parser *parser)
{
	return parse_joined(parser, TOKEN_AND, EXPR_AND, parse_not);
}

static uint32_t
parse_or(struct parser *parser)
{
	return parse_joined(parser, TOKEN_OR, EXPR_OR, parse_and);
}

/* Bytes that cannot be the text of a filter. */
static int
check_text(const char *filter, size_t len, struct query_error *error)
{
	const char *nul = memchr(filter, '\0', len);
	size_t good = 0, n;

	if (len > QUERY_FILTER_MAX)
		return query_error_set(error, filter, filter, "the filter is longer than 1 MiB");
	if (nul != NULL)
		return query_error_set(error, filter, nul, "the filter has a NUL byte: write \\x00 in a string of bytes");
	while (good < len && (n = text_utf8_len((const unsigned char *)filter + good, len - good)) > 0)
		good += n;
	if (good == len)
		return 0;
	return query_error_set(error, filter, filter + good, "the filter is not UTF-8 here: write \\xe9 for such a byte in a string");
}

static uint32_t
parse_filter(struct parser *parser)
{
	uint32_t node;

	parser->token = token_next(parser->filter, (size_t)(parser->end - parser->filter));
	if (parser->token.kind == TOKEN_END)
		return fail(parser, parser->token, "the filter is empty");
	node = parse_or(parser);
	if (node != EXPR_NONE && parser->token.kind != TOKEN_END)
		return unexpected(parser, parser->token.kind == TOKEN_CLOSE ? "no ( belongs to it" : "\"and\" or \"or\" belongs here");
	return node;
}

struct query *
query_parse(const struct names *names, const struct query_values *values, const char *filter, size_t len,
    struct query_error *error)
{
	struct query *query = xcalloc(1, sizeof(*query));
	struct parser parser = { .tree = &query->tree, .values = values, .error = error, .filter = filter, .end = filter + len };

	expr_init(&query->tree, names);
	clause_init(&query->clause);
	if (check_text(filter, len, error) != 0)
		goto bad;
	query->tree.root = parse_filter(&parser);
	if (query->tree.root == EXPR_NONE)
		goto bad;
	if (clause_write(&query->clause, &query->tree) != 0) {
		query_error_set(error, filter, filter, "%s", query->clause.refusal);
		goto bad;
	}
	return query;
bad:
	query_free(query);
	return NULL;
}

void
query_free(struct query *query)
{
	if (query == NULL)
		return;
	clause_release(&query->clause);
	expr_release(&query->tree);
	free(query);
}

int
query_json(const struct query *query, struct buffer *out)
{
	return buffer_append(out, query->clause.json.data, query->clause.json.len);
}

int
query_json_certain(const struct query *query, struct buffer *out)
{
	const struct buffer *json = query->clause.needs_check ? &query->clause.certain : &query->clause.json;

	return buffer_append(out, json->data, json->len);
}

bool
query_needs_check(const struct query *query)
{
	return query->clause.needs_check;
}

int
query_matches(const struct query *query, const char *source, size_t len, const char *matched, size_t matched_len)
{
	if (!query->clause.needs_check)
		return 1;
	return check_document(&query->tree, source, len, matched, matched_len);
}

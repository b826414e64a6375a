/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers display filters over documents without a server, for query_oracle.py:
 *
 *	query_driver FIELDS VALUES TERMS DOCUMENTS FILTERS [HITS]
 *
 * FIELDS and VALUES are of `tshark -G fields` and `-G values`. TERMS has lines "frame<TAB>name" and
 * "frame<TAB>name<TAB>value in hex", DOCUMENTS one document a line, FILTERS one filter a line. For each filter a line
 * is
 * printed: "ok<TAB>frames", with "check<TAB>frames" where documents were looked at, or "error<TAB>column<TAB>text".
 * With HITS, a server answers: without that file the terms go to HITS.terms, for each frame an array, and
 * "ok<TAB>clause" or "check<TAB>clause" is printed; with it, lines "number of the filter<TAB>frame<TAB>matched_queries"
 * in the order of the filters are what it found.
 * What a keyword field does with term, terms, range, wildcard and bool queries is done here to the letter.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "fields/names.h"
#include "fields/term.h"
#include "query/query.h"

/* One packet: its terms in byte order, each once, and its document. */
struct packet {
	char **terms;
	size_t count, room;
	char *document;
};

struct packets {
	struct packet *list; /* by frame number */
	size_t count;
};

static void
die(const char *what)
{
	fprintf(stderr, "query_driver: %s\n", what);
	exit(1);
}

static FILE *
open_file(const char *path)
{
	FILE *file = fopen(path, "r");

	if (file == NULL)
		die(path);
	return file;
}

/* A line without its newline; NULL at the end. */
static char *
next_line(FILE *file, char **line, size_t *room, size_t *len)
{
	ssize_t n = getline(line, room, file);

	if (n < 0)
		return NULL;
	if (n > 0 && (*line)[n - 1] == '\n')
		(*line)[--n] = '\0';
	*len = (size_t)n;
	return *line;
}

static struct packet *
packet_at(struct packets *packets, size_t frame)
{
	if (frame >= packets->count) {
		packets->list = xreallocarray(packets->list, frame + 1, sizeof(*packets->list));
		memset(packets->list + packets->count, 0, (frame + 1 - packets->count) * sizeof(*packets->list));
		packets->count = frame + 1;
	}
	return &packets->list[frame];
}

static void
add_term(struct packet *packet, const struct buffer *term)
{
	if (packet->count == packet->room) {
		packet->room = packet->room == 0 ? 256 : packet->room * 2;
		packet->terms = xreallocarray(packet->terms, packet->room, sizeof(*packet->terms));
	}
	packet->terms[packet->count++] = xstrndup(term->data, term->len);
}

static size_t
unhex(char *text)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		text[n] = (char)byte;
	return n;
}

static void
read_terms(struct packets *packets, struct names *names, const char *path)
{
	FILE *file = open_file(path);
	char *line = NULL, *name, *value;
	size_t room = 0, len;
	struct buffer term;

	buffer_init(&term, SIZE_MAX);
	while (next_line(file, &line, &room, &len) != NULL) {
		struct packet *packet = packet_at(packets, strtoul(line, &name, 10));
		size_t name_len = strcspn(++name, "\t");
		uint32_t id = names_id(names, name, name_len);

		value = name[name_len] == '\t' ? name + name_len + 1 : NULL;
		buffer_clear(&term);
		buffer_append(&term, name, name_len);
		add_term(packet, &term);
		if (value == NULL || id == NAMES_NONE || names_term_kind(names, id) == TERM_NONE)
			continue;
		buffer_clear(&term);
		if (term_write(name, name_len, names_term_kind(names, id), value, unhex(value), &term) != 0)
			die("term_write");
		add_term(packet, &term);
	}
	buffer_release(&term);
	free(line);
	fclose(file);
}

static int
compare_terms(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort_terms(struct packet *packet)
{
	size_t kept = 0;

	if (packet->count > 0)
		qsort(packet->terms, packet->count, sizeof(*packet->terms), compare_terms);
	for (size_t i = 0; i < packet->count; i++)
		if (kept == 0 || strcmp(packet->terms[kept - 1], packet->terms[i]) != 0)
			packet->terms[kept++] = packet->terms[i];
		else
			free(packet->terms[i]);
	packet->count = kept;
}

static void
read_documents(struct packets *packets, const char *path)
{
	static const char key[] = "\"frame_number\":";
	FILE *file = open_file(path);
	char *line = NULL, *at;
	size_t room = 0, len;

	while (next_line(file, &line, &room, &len) != NULL)
		if ((at = strstr(line, key)) != NULL)
			packet_at(packets, strtoul(at + strlen(key), NULL, 10))->document = xstrdup(line);
	free(line);
	fclose(file);
}

/* The query DSL. */

struct evaluation {
	const struct packet *packet;
	struct buffer names; /* "matched_queries" */
};

static yajl_val
member(yajl_val object, const char *key)
{
	const char *path[] = { key, NULL };

	return yajl_tree_get(object, path, yajl_t_any);
}

static const char *
string_of(yajl_val value)
{
	if (!YAJL_IS_STRING(value))
		die("no string in the clause");
	return YAJL_GET_STRING(value);
}

static bool
has_term(const struct packet *packet, const char *term)
{
	return packet->count > 0 &&
	    bsearch(&term, packet->terms, packet->count, sizeof(*packet->terms), compare_terms) != NULL;
}

static bool
has_any(const struct packet *packet, yajl_val terms)
{
	if (!YAJL_IS_ARRAY(terms) || terms->u.array.len > 65536)
		die("no terms, or too many");
	for (size_t i = 0; i < terms->u.array.len; i++)
		if (has_term(packet, string_of(terms->u.array.values[i])))
			return true;
	return false;
}

static bool
has_between(const struct packet *packet, yajl_val bounds)
{
	bool found = false;

	for (size_t i = 0; i < packet->count && !found; i++) {
		found = true;
		for (size_t k = 0; k < bounds->u.object.len; k++) {
			const char *key = bounds->u.object.keys[k];
			int order = strcmp(packet->terms[i], string_of(bounds->u.object.values[k]));

			found &= strcmp(key, "gte") == 0 ? order >= 0 :
			    strcmp(key, "gt") == 0       ? order > 0 :
			    strcmp(key, "lte") == 0      ? order <= 0 :
			    strcmp(key, "lt") == 0       ? order < 0 :
							   (die("an unknown bound"), false);
		}
	}
	return found;
}

/* Lucene's: * is any number of characters, a backslash makes what follows it plain. */
static bool
is_like(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; pattern++, text++) {
		if (*pattern == '*') {
			do
				if (is_like(text, pattern + 1))
					return true;
			while (*text++ != '\0');
			return false;
		}
		if (*pattern == '?')
			die("an unescaped ?");
		if (*pattern == '\\')
			pattern++;
		if (*pattern != *text)
			return false;
	}
	return *text == '\0';
}

static bool
has_like(const struct packet *packet, const char *pattern)
{
	for (size_t i = 0; i < packet->count; i++)
		if (is_like(packet->terms[i], pattern))
			return true;
	return false;
}

static bool evaluate(struct evaluation *evaluation, yajl_val clause, unsigned depth);

/* How many of a list match: all are asked, for their names. */
static size_t
count_matches(struct evaluation *evaluation, yajl_val list, unsigned depth)
{
	size_t count = 0;

	for (size_t i = 0; list != NULL && i < list->u.array.len; i++)
		count += evaluate(evaluation, list->u.array.values[i], depth);
	return count;
}

static bool
evaluate_bool(struct evaluation *evaluation, yajl_val body, unsigned depth)
{
	yajl_val filter = member(body, "filter"), must_not = member(body, "must_not"), should = member(body, "should");
	yajl_val name = member(body, "_name"), least = member(body, "minimum_should_match");
	bool matches = count_matches(evaluation, filter, depth) == (filter == NULL ? 0 : filter->u.array.len);

	if (depth > 18)
		die("too deep");
	matches &= count_matches(evaluation, must_not, depth) == 0;
	if (should != NULL && (!YAJL_IS_INTEGER(least) || YAJL_GET_INTEGER(least) != 1 || should->u.array.len == 0))
		die("should");
	matches &= should == NULL || count_matches(evaluation, should, depth) > 0;
	if (matches && name != NULL)
		buffer_printf(&evaluation->names, "%s\"%s\"", evaluation->names.len == 0 ? "[" : ",", string_of(name));
	return matches;
}

static bool
evaluate(struct evaluation *evaluation, yajl_val clause, unsigned depth)
{
	const char *kind;
	yajl_val body, value;

	if (!YAJL_IS_OBJECT(clause) || clause->u.object.len != 1)
		die("a clause of not one key");
	kind = clause->u.object.keys[0];
	body = clause->u.object.values[0];
	if (strcmp(kind, "bool") == 0)
		return evaluate_bool(evaluation, body, depth + 1);
	value = member(body, "espcap.terms");
	if (strcmp(kind, "term") == 0)
		return has_term(evaluation->packet, string_of(value));
	if (strcmp(kind, "terms") == 0)
		return has_any(evaluation->packet, value);
	if (strcmp(kind, "range") == 0)
		return has_between(evaluation->packet, value);
	if (strcmp(kind, "wildcard") == 0)
		return has_like(evaluation->packet, string_of(member(value, "value")));
	die(kind);
	return false;
}

/* 1, 0; 2 if the document matched too; -1 if it cannot be told. */
static int
matches(const struct query *query, yajl_val clause, const struct packet *packet)
{
	struct evaluation evaluation = { .packet = packet };
	int rv;

	buffer_init(&evaluation.names, SIZE_MAX);
	rv = evaluate(&evaluation, clause, 0);
	if (rv && query_needs_check(query)) {
		if (evaluation.names.len > 0)
			buffer_puts(&evaluation.names, "]");
		if (packet->document == NULL)
			die("no document");
		rv = query_matches(query, packet->document, strlen(packet->document), evaluation.names.data,
		    evaluation.names.len);
	}
	buffer_release(&evaluation.names);
	return rv;
}

static yajl_val
parse_clause(const struct buffer *json)
{
	char error[256], *text = xstrndup(json->data, json->len);
	yajl_val tree = yajl_tree_parse(text, error, sizeof(error));

	if (tree == NULL)
		die(error);
	free(text);
	return tree;
}

static void
answer(const struct packets *packets, const struct query *query)
{
	struct buffer json, certain;
	yajl_val clause, less;

	buffer_init(&json, SIZE_MAX);
	buffer_init(&certain, SIZE_MAX);
	if (query_json(query, &json) != 0 || query_json_certain(query, &certain) != 0)
		die("query_json");
	clause = parse_clause(&json);
	less = parse_clause(&certain);
	printf("%s\t", query_needs_check(query) ? "check" : "ok");
	for (size_t frame = 1; frame < packets->count; frame++) {
		struct evaluation evaluation = { .packet = &packets->list[frame] };
		int rv = matches(query, clause, &packets->list[frame]);

		buffer_init(&evaluation.names, SIZE_MAX);
		if (rv == 0 && evaluate(&evaluation, less, 0))
			die("what matches for certain does not match");
		if (rv < 0)
			printf("?");
		if (rv != 0)
			printf("%zu ", frame);
	}
	printf("\n");
	yajl_tree_free(clause);
	yajl_tree_free(less);
	buffer_release(&json);
	buffer_release(&certain);
}

static struct query_values *
read_values(const char *path, const char *filter, size_t len)
{
	struct query_values *values = query_values_new(filter, len);
	FILE *file = open_file(path);
	char *line = NULL;
	size_t room = 0, n;

	while (next_line(file, &line, &room, &n) != NULL)
		query_values_add(values, line, n);
	free(line);
	fclose(file);
	return values;
}

/* The terms, for a server. */
static void
write_terms(const struct packets *packets, const char *hits)
{
	struct buffer out;
	char *path;
	FILE *file;

	buffer_init(&out, SIZE_MAX);
	buffer_printf(&out, "%s.terms", hits);
	path = xstrndup(out.data, out.len);
	file = fopen(path, "w");
	if (file == NULL)
		die("cannot write the terms");
	for (size_t frame = 1; frame < packets->count; frame++) {
		buffer_clear(&out);
		for (size_t i = 0; i < packets->list[frame].count; i++) {
			const char *term = packets->list[frame].terms[i];

			buffer_puts(&out, i == 0 ? "[" : ",");
			json_string(&out, term, strlen(term));
		}
		fprintf(file, "%.*s]\n", (int)out.len, out.data);
	}
	buffer_release(&out);
	free(path);
	fclose(file);
}

/* The clause, for a server. */
static void
show(const struct query *query)
{
	struct buffer json;

	buffer_init(&json, SIZE_MAX);
	if (query_json(query, &json) != 0)
		die("query_json");
	printf("%s\t%.*s\n", query_needs_check(query) ? "check" : "ok", (int)json.len, json.data);
	buffer_release(&json);
}

/* What a server found, a line at a time. */
struct hits {
	FILE *file; /* NULL: nobody has asked yet */
	char *line;
	size_t room, len;
	bool has_line;
};

static void
check_hits(const struct packets *packets, const struct query *query, struct hits *hits, size_t filter)
{
	char *rest;

	printf("%s\t", query_needs_check(query) ? "check" : "ok");
	for (;; hits->has_line = false) {
		if (!hits->has_line && next_line(hits->file, &hits->line, &hits->room, &hits->len) == NULL)
			break;
		hits->has_line = true;
		if (strtoul(hits->line, &rest, 10) != filter)
			break;
		size_t frame = strtoul(rest, &rest, 10);
		const char *document = packets->list[frame].document;
		int rv = 1;

		rest += *rest == '\t';
		if (query_needs_check(query))
			rv = query_matches(query, document, strlen(document), rest, strlen(rest));
		if (rv != 0)
			printf("%s%zu ", rv < 0 ? "?" : "", frame);
	}
	printf("\n");
}

static void
ask(const struct packets *packets, const struct names *names, const char *path, const char *filter, size_t len,
    struct hits *hits, size_t number)
{
	struct query_values *values = NULL;
	struct query_error error;
	struct query *query = query_parse(names, NULL, filter, len, &error);

	if (query == NULL && error.needs_values) {
		values = read_values(path, filter, len);
		query = query_parse(names, values, filter, len, &error);
	}
	if (query == NULL)
		printf("error\t%zu\t%s\n", error.column, error.text);
	else if (hits == NULL)
		answer(packets, query);
	else if (hits->file == NULL)
		show(query);
	else
		check_hits(packets, query, hits, number);
	query_free(query);
	query_values_free(values);
}

int
main(int argc, char **argv)
{
	struct names *names = names_new();
	struct packets packets = { NULL, 0 };
	struct error error;
	char *line = NULL;
	size_t room = 0, len;
	struct hits hits = { NULL, NULL, 0, 0, false };
	FILE *file;

	if (argc != 6 && argc != 7)
		die("usage: query_driver FIELDS VALUES TERMS DOCUMENTS FILTERS [HITS]");
	if (argc == 7)
		hits.file = fopen(argv[6], "r");
	file = open_file(argv[1]);
	while (next_line(file, &line, &room, &len) != NULL)
		names_add(names, line, len);
	fclose(file);
	if (names_finish(names, &error) != 0)
		die(error.text);
	read_terms(&packets, names, argv[3]);
	read_documents(&packets, argv[4]);
	for (size_t i = 0; i < packets.count; i++)
		sort_terms(&packets.list[i]);
	if (argc == 7 && hits.file == NULL)
		write_terms(&packets, argv[6]);
	file = open_file(argv[5]);
	for (size_t i = 0; next_line(file, &line, &room, &len) != NULL; i++)
		ask(&packets, names, argv[2], line, len, argc == 7 ? &hits : NULL, i);
	fclose(file);
	if (hits.file != NULL)
		fclose(hits.file);
	free(hits.line);
	for (size_t i = 0; i < packets.count; i++) {
		for (size_t k = 0; k < packets.list[i].count; k++)
			free(packets.list[i].terms[k]);
		free(packets.list[i].terms);
		free(packets.list[i].document);
	}
	free(packets.list);
	free(line);
	names_free(names);
	return 0;
}

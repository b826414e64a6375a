/* SPDX-License-Identifier: BSD-2-Clause */
/* A question to the index, from the options. */
#include "run/question.h"

#include <string.h>
#include <unistd.h>

#include "base/cells.h"
#include "base/files.h"
#include "base/json.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/jsonwalk.h"

/* The largest file of --query-dsl, and the longest clause. */
#define DSL_MAX ((size_t)8 << 20)
#define CLAUSE_MAX ((size_t)16 << 20)

bool
question_is_asked(const struct options *options)
{
	return options->query != NULL || options->query_string != NULL || options->query_dsl != NULL ||
	    options->where != NULL;
}

/* Whether a request body, or a clause of it. */

enum key {
	KEY_QUERY
};

struct dsl {
	size_t names; /* of the outermost object */
	char other[64];
	size_t begin, end; /* of the value of "query" */
};

static void
on_name(void *ctx, size_t depth, const char *name, size_t len)
{
	struct dsl *dsl = ctx;

	if (depth != 1)
		return;
	dsl->names++;
	if ((len != strlen("query") || memcmp(name, "query", len) != 0) && len < sizeof(dsl->other) &&
	    dsl->other[0] == '\0')
		memcpy(dsl->other, name, len);
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct dsl *dsl = ctx;

	if (value->depth == 0)
		return value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_END;
	if (value->depth != 1 || value->path[0] != KEY_QUERY)
		return true;
	if (value->kind == JSONWALK_OBJECT)
		dsl->begin = value->end - 1;
	else if (value->kind == JSONWALK_END)
		dsl->end = value->end;
	return value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_END;
}

int
question_read_dsl(const char *name, const char *text, size_t len, struct buffer *out, struct error *error)
{
	static const struct jsonwalk_key keys[] = { { "query", KEY_QUERY }, { NULL, 0 } };
	struct dsl dsl = { .names = 0 };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .on_name = on_name, .ctx = &dsl };

	if (jsonwalk(&walk, text, len) != 0)
		return error_set(error, OUTCOME_USAGE,
		    "%.400s: not one JSON object, such as {\"query\": {\"term\": {\"protocol\": \"dns\"}}}", name);
	if (dsl.names == 0)
		return error_set(error, OUTCOME_USAGE, "%.400s: an empty query", name);
	if (dsl.end == 0)
		return buffer_append(out, text, len);
	if (dsl.names == 1)
		return buffer_append(out, text + dsl.begin, dsl.end - dsl.begin);
	return error_set(error, OUTCOME_USAGE,
	    "%.400s: beside \"query\" it has \"%.60s\": give the query alone; how many documents are wanted, in which "
	    "order and form, is for options",
	    name, dsl.other);
}

static int
read_dsl(struct question *question, struct error *error)
{
	const char *given = question->options->query_dsl;
	struct buffer text;
	int rv;

	if (given[0] != '@')
		return question_read_dsl("--query-dsl", given, strlen(given), &question->clause, error);
	buffer_init(&text, DSL_MAX);
	rv = files_read(given + 1, &text, error);
	if (rv == 0)
		rv = question_read_dsl(given + 1, text.data, text.len, &question->clause, error);
	buffer_release(&text);
	return rv;
}

static int
write_clause(struct question *question, struct error *error)
{
	const struct options *options = question->options;
	struct buffer *clause = &question->clause;

	if (options->query_dsl != NULL)
		return read_dsl(question, error);
	if (options->query_string != NULL)
		return buffer_puts(clause, "{\"query_string\":{\"query\":") |
		    json_string(clause, options->query_string, strlen(options->query_string)) | buffer_puts(clause, "}}");
	if (options->where != NULL)
		return buffer_puts(clause, "{\"term\":{\"espcap.terms\":") |
		    json_string(clause, options->where, strlen(options->where)) | buffer_puts(clause, "}}");
	return 0;
}

/* --query */

static void
add_value(void *ctx, const char *line, size_t len)
{
	query_values_add(ctx, line, len);
}

/* The filter, and a caret below the column, on a terminal that has room for both. */
static void
show_column(struct log *log, const char *filter, size_t column)
{
	size_t columns = terminal_columns(STDERR_FILENO), cells = 0;
	size_t len = strlen(filter), at = 0;

	if (columns == 0 || cells_count(filter, len) + 2 >= columns || !json_is_utf8(filter, len) ||
	    filter[strcspn(filter, "\t\r\n\033")] != '\0')
		return;
	for (size_t i = 1; i < column && at < len; i++)
		at += text_utf8_len((const unsigned char *)filter + at, len - at);
	cells = cells_count(filter, at);
	log_bare(log, "  %s", filter);
	log_bare(log, "  %*s^", (int)cells, "");
}

int
question_translate(struct question *question, const struct tshark *tshark, struct loop *loop, struct log *log,
    struct error *error)
{
	const char *filter = question->options->query;
	struct query_error reason;
	size_t len;

	if (filter == NULL)
		return 0;
	len = strlen(filter);
	question->query = query_parse(tshark->names, NULL, filter, len, &reason);
	if (question->query == NULL && reason.needs_values) {
		question->values = query_values_new(filter, len);
		if (tshark_values(tshark, loop, add_value, question->values, error) != 0)
			return -1;
		question->query = query_parse(tshark->names, question->values, filter, len, &reason);
	}
	if (question->query != NULL)
		return query_json(question->query, &question->clause) == 0 ?
		    0 :
		    error_set(error, OUTCOME_USAGE, "--query: the filter is too long for one query");
	show_column(log, filter, reason.column);
	return error_set(error, OUTCOME_USAGE, "--query, column %zu: %.500s", reason.column, reason.text);
}

int
question_open(struct question *question, const struct options *options, struct error *error)
{
	question->options = options;
	buffer_init(&question->clause, CLAUSE_MAX);
	(void)error_set(error, OUTCOME_USAGE, "the query is too long");
	return write_clause(question, error) == 0 ? 0 : -1;
}

void
question_release(struct question *question)
{
	query_free(question->query);
	query_values_free(question->values);
	buffer_release(&question->clause);
}

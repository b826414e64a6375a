/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcap by the table of options. */
#include "config/options.h"

#include <stdlib.h>
#include <string.h>

#include "config/options_check.h"
#include "config/options_file.h"
#include "config/options_operands.h"
#include "config/options_help_text.h"
#include "config/options_set.h"
#include "config/options_table.h"
#include "config/options_unknown.h"
#include "config/options_words.h"

/* One reading of a command line. */
struct parse {
	struct options_reading reading;
	struct options_list operands;
};

/*
 * "--bpf --json": the value was forgotten, and the next option is in its place. "--password=x" counts as one: it is
 * refused, not printed.
 */
static bool
is_option(const char *word, const char **name, size_t *len)
{
	*name = options_word_name(word, len);
	return *name != NULL &&
	    (options_index(*name, *len) < OPTIONS_ROWS ||
		options_secret_like(*name, *len) != NULL);
}

/* A secret's file is named in full: what follows "--password" is a password more often than a file. */
static int
check_secret(const struct parse *parse, const struct options_row *row, const char *word)
{
	const char *name;
	size_t len;

	if (row->kind != OPTIONS_KIND_SECRET)
		return 0;
	name = options_word_name(word, &len);
	if (name != NULL && options_index(name, len) < OPTIONS_ROWS)
		return 0;
	return options_refuse_secret(row, name, len, parse->reading.error);
}

/* The value of --help; empty if there is none. */
static int
check_help(const char *text, struct error *error)
{
	const char *name = text + strspn(text, "-");

	if (text[0] == '\0' || strcmp(text, "all") == 0 || options_help_takes(&options_program, text))
		return 0;
	return options_unknown_help(name, strlen(name), error);
}

static int
check_value(const struct parse *parse, size_t index, const char *word, const char *text)
{
	const struct options_row *row = &options_rows[index];
	const char *name;
	size_t len;

	if (text[0] == '\0')
		return options_lacks_value(row, parse->reading.error);
	if ((word[1] != '-' || strchr(word, '=') == NULL) && is_option(text, &name, &len))
		return error_set(parse->reading.error, OUTCOME_USAGE,
		    "--%s needs a value, and \"--%.*s\" is an option: write "
		    "--%s=%s, with the = if the value begins with --",
		    row->name, (int)len, name, row->name, row->value);
	return row->letter == 'f' && word[1] == 'f' ? options_refuse_file(row, text, parse->reading.error) : 0;
}

/* -file: getopt_long takes it for -f with a value. */
static int
check_dash(const char *word, struct error *error)
{
	return word[0] == '-' && word[1] != '-' ? options_one_dash(word, error) : 0;
}

static int
on_option(void *ctx, size_t index, const char *word, const char *text)
{
	struct parse *parse = ctx;
	const struct options_row *row = &options_rows[index];
	struct error *error = parse->reading.error;

	if (check_dash(word, error) != 0 || check_secret(parse, row, word) != 0)
		return -1;
	if (row->kind == OPTIONS_KIND_HELP)
		return check_help(text, error) != 0 ?
		    -1 :
		    options_set(&options_program, parse->reading.options, row, text, error);
	if (row->value != NULL && check_value(parse, index, word, text) != 0)
		return -1;
	return options_take(&parse->reading, index, word, text);
}

static int
on_operand(void *ctx, const char *operand)
{
	struct parse *parse = ctx;

	options_list_push(&parse->operands, operand);
	return 0;
}

static int
on_refused(void *ctx, const struct options_refused *refused)
{
	struct parse *parse = ctx;
	struct error *error = parse->reading.error;
	const struct options_row *row = &options_rows[refused->index];

	if (check_dash(refused->word, error) != 0)
		return -1;
	if (refused->index == OPTIONS_ROWS)
		return refused->word[1] == '-' ? options_unknown(refused->word, error) :
						 options_unknown_letter(refused->letter, error);
	if (refused->letter != 0)
		return error_set(error, OUTCOME_USAGE, "-%c needs a value: -%c %s", row->letter, row->letter, row->value);
	if (!refused->lacks_value)
		return error_set(error, OUTCOME_USAGE, "--%s takes no value", row->name);
	return check_secret(parse, row, refused->word) != 0 ? -1 : options_lacks_value(row, error);
}

static const struct options_words words = { .on_option = on_option, .on_operand = on_operand, .on_refused = on_refused };

int
options_parse(struct options *options, int argc, char *argv[],
    struct error *error)
{
	bool given[OPTIONS_ROWS] = { false };
	unsigned lines[OPTIONS_ROWS] = { 0 };
	struct parse parse = { .reading = { .program = &options_program, .options = options, .given = given, .lines = lines, .error = error, .unknown_key = options_unknown_key } };
	size_t len;
	int rv = -1;

	if (options_preset(&parse.reading) != 0)
		return -1;
	options->level = LOG_LEVEL_NORMAL;
	if (options_words(&options_program, &words, &parse, argc, argv) == 0 &&
	    options_operands(options, &parse.operands, given, error) == 0 &&
	    options_file(&parse.reading, options->config, &options->config_text, &len) == 0)
		rv = options_check(options, &parse.reading);
	free(parse.operands.items);
	if (rv != 0)
		options_release(options);
	return rv;
}

void
options_release(struct options *options)
{
	free(options->files.items);
	free(options->decode_as.items);
	free(options->geoip.items);
	free(options->tags.items);
	free(options->labels.items);
	free(options->topic_lists.items);
	free(options->topics.items);
	free(options->properties.items);
	free(options->topic_text);
	free(options->config_text);
	options->topic_text = NULL;
	options->config_text = NULL;
	memset(&options->topic_lists, 0, sizeof(options->topic_lists));
	memset(&options->topics, 0, sizeof(options->topics));
	memset(&options->properties, 0, sizeof(options->properties));
	free(options->nics.items);
	memset(&options->nics, 0, sizeof(options->nics));
	memset(&options->files, 0, sizeof(options->files));
	memset(&options->decode_as, 0, sizeof(options->decode_as));
	memset(&options->geoip, 0, sizeof(options->geoip));
	memset(&options->tags, 0, sizeof(options->tags));
	memset(&options->labels, 0, sizeof(options->labels));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcap by the table of options. */
#include "config/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options_check.h"
#include "config/options_file.h"
#include "config/options_operands.h"
#include "config/options_set.h"
#include "config/options_table.h"
#include "config/options_unknown.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Added to a row's index, so that getopt_long's '?' and ':' mean nothing else. */
#define ROW_BASE 256

/* What getopt_long says of a word that is no option and no value of one. */
#define OPERAND 1

/*
 * Other spellings. The first espcap had few options and took every prefix of
 * them; scripts that say --d=DIR or --f=FILE shall go on working although more
 * options begin like that now.
 */
static const struct {
	const char *name;
	const char *means;
} aliases[] = {
	{ "list", "list-interfaces" },
	{ "l", "list-interfaces" },
	{ "ledger", "registry" },
	{ "b", "bpf" },
	{ "l", "list-interfaces" },
	{ "d", "dir" },
	{ "di", "dir" },
	{ "f", "file" },
	{ "fi", "file" }
};

#define ALIASES COUNT(aliases)

/* One reading of a command line. */
struct parse {
	struct options *options;
	bool given[OPTIONS_ROWS];
	struct options_list operands;
	struct error *error;
};

static int
set_presets(struct parse *parse)
{
	memset(parse->options, 0, sizeof(*parse->options));
	parse->options->level = LOG_LEVEL_NORMAL;
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		if (options_rows[i].preset != NULL &&
		    options_set(parse->options, &options_rows[i],
			options_rows[i].preset, parse->error) != 0)
			return -1;
	return 0;
}

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
	return options_refuse_secret(row, name, len, parse->error);
}

/* One option that getopt_long recognised in word; text is its value. */
static int
take_option(struct parse *parse, size_t index, const char *word,
    const char *text)
{
	const struct options_row *row = &options_rows[index];
	const char *name;
	size_t len;

	if (check_secret(parse, row, word) != 0)
		return -1;
	if (row->kind == OPTIONS_KIND_HELP)
		return options_set(parse->options, row, text, parse->error);
	if (row->value != NULL && text[0] == '\0')
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s needs a value: --%s=%s", row->name, row->name,
		    row->value);
	if (row->value != NULL && (word[1] != '-' || strchr(word, '=') == NULL) &&
	    is_option(text, &name, &len))
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s needs a value, and \"--%.*s\" is an option: write "
		    "--%s=%s, with the = if the value begins with --",
		    row->name, (int)len, name, row->name, row->value);
	if (row->letter == 'f' && word[1] == 'f' &&
	    options_refuse_file(row, text, parse->error) != 0)
		return -1;
	if (row->value != NULL && row->kind != OPTIONS_KIND_LIST &&
	    parse->given[index])
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s was given twice: give it once", row->name);
	parse->given[index] = true;
	return options_set(parse->options, row, text, parse->error);
}

static size_t
letter_index(int letter)
{
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		if (options_rows[i].letter == letter && letter != 0)
			return i;
	return OPTIONS_ROWS;
}

static int
take_word(struct parse *parse, int answer, const char *word)
{
	const struct options_row *row;

	if (answer == OPERAND) {
		options_list_push(&parse->operands, optarg);
		return 0;
	}
	/* -file: getopt_long takes it for -f with a value. */
	if (word[0] == '-' && word[1] != '-' && options_one_dash(word, parse->error) != 0)
		return -1;
	if (letter_index(answer) < OPTIONS_ROWS)
		return take_option(parse, letter_index(answer), word, optarg != NULL ? optarg : "");
	if (answer == ':' && letter_index(optopt) < OPTIONS_ROWS) {
		row = &options_rows[letter_index(optopt)];
		return error_set(parse->error, OUTCOME_USAGE, "-%c needs a value: -%c %s", row->letter, row->letter,
		    row->value);
	}
	if (answer >= ROW_BASE)
		return take_option(parse, (size_t)answer - ROW_BASE, word,
		    optarg != NULL ? optarg : "");
	if (answer == ':' && optopt >= ROW_BASE) {
		row = &options_rows[optopt - ROW_BASE];
		if (check_secret(parse, row, word) != 0)
			return -1;
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s needs a value: --%s=%s", row->name, row->name,
		    row->value);
	}
	if (optopt >= ROW_BASE && (size_t)optopt < ROW_BASE + OPTIONS_ROWS)
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s takes no value", options_rows[optopt - ROW_BASE].name);
	return word[1] == '-' ? options_unknown(word, parse->error) : options_unknown_letter(optopt, parse->error);
}

/* Fills the array of getopt_long, which has OPTIONS_ROWS + ALIASES + 1 members. */
static void
make_getopt(struct option *longopts)
{
	memset(longopts, 0, (OPTIONS_ROWS + ALIASES + 1) * sizeof(*longopts));
	for (size_t i = 0; i < OPTIONS_ROWS + ALIASES; i++) {
		const char *name = i < OPTIONS_ROWS ?
		    options_rows[i].name :
		    aliases[i - OPTIONS_ROWS].name;
		const char *means = i < OPTIONS_ROWS ? name : aliases[i - OPTIONS_ROWS].means;
		size_t index = options_index(means, strlen(means));

		longopts[i].name = name;
		longopts[i].has_arg = options_rows[index].value == NULL ? no_argument :
		    options_rows[index].kind == OPTIONS_KIND_HELP       ? optional_argument :
									  required_argument;
		longopts[i].val = ROW_BASE + (int)index;
	}
}

/*
 * The letters for getopt_long, see getopt(3): '-' keeps operands in their places, ':' reports a missing value as such.
 */
static void
make_letters(char letters[2 * OPTIONS_ROWS + 3])
{
	char *to = letters;

	*to++ = '-';
	*to++ = ':';
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		if (options_rows[i].letter == 0)
			continue;
		*to++ = options_rows[i].letter;
		if (options_rows[i].value != NULL && options_rows[i].kind != OPTIONS_KIND_HELP)
			*to++ = ':';
	}
	*to = '\0';
}

/* Reads all words of argv. */
static int
take_words(struct parse *parse, int argc, char *argv[])
{
	struct option longopts[OPTIONS_ROWS + ALIASES + 1];
	char letters[2 * OPTIONS_ROWS + 3];
	int answer, at;

	make_getopt(longopts);
	make_letters(letters);
	opterr = 0;
	/* glibc starts anew at 0 (getopt(3), NOTES). */
	optind = 0;
	for (;;) {
		at = optind > 0 ? optind : 1;
		answer = getopt_long(argc, argv, letters, longopts, NULL);
		if (answer == -1)
			break;
		if (take_word(parse, answer, argv[at]) != 0)
			return -1;
	}
	/* Those after --. */
	for (int i = optind; i > 0 && i < argc; i++)
		options_list_push(&parse->operands, argv[i]);
	return 0;
}

int
options_parse(struct options *options, int argc, char *argv[],
    struct error *error)
{
	struct parse parse = { .options = options, .error = error };
	struct options_origin origin = { .file = NULL };
	int rv = -1;

	if (set_presets(&parse) == 0 && take_words(&parse, argc, argv) == 0 &&
	    options_operands(options, &parse.operands, parse.given, error) == 0 &&
	    options_file(options, parse.given, &origin, error) == 0)
		rv = options_check(options, parse.given, &origin, error);
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
}

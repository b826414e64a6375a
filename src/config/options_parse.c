/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcap by the table of options. */
#include "config/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/options_check.h"
#include "config/options_complete.h"
#include "config/options_operands.h"
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
bad_number(const struct parse *parse, const struct options_row *row, const char *text)
{
	const char *what = "a whole number";
	char min[32], max[32];

	if (row->kind == OPTIONS_KIND_SIZE)
		what = "a size such as 512, 64k or 16M,";
	else if (row->kind == OPTIONS_KIND_TIME)
		what = "a time such as 90s or 5m,";
	options_say(min, sizeof(min), row->kind, row->min);
	options_say(max, sizeof(max), row->kind, row->max);
	return error_set(parse->error, OUTCOME_USAGE,
	    "--%s takes %s from %s to %s, not \"%.100s\"", row->name, what, min,
	    max, text);
}

static int
set_number(struct parse *parse, const struct options_row *row, const char *text)
{
	uint64_t *number = (uint64_t *)(void *)((char *)parse->options +
	    row->offset);
	int status;

	if (row->kind == OPTIONS_KIND_SIZE)
		status = text_size(text, row->min, row->max, number);
	else if (row->kind == OPTIONS_KIND_TIME)
		status = text_duration(text, row->min, row->max, number);
	else
		status = text_number(text, row->min, row->max, number);
	return status == 0 ? 0 : bad_number(parse, row, text);
}

/* The value of --help; empty if there is none. */
static int
set_help(struct parse *parse, const char *text)
{
	const char *name = text + strspn(text, "-");

	if (text[0] == '\0')
		return 0;
	if (strcmp(text, "all") != 0 && !options_complete(NULL, text) && options_index(name, strlen(name)) == OPTIONS_ROWS)
		return error_set(parse->error, OUTCOME_USAGE,
		    "--help takes all, the name of an option, or bash, fish or "
		    "zsh, not \"%.100s\"",
		    text);
	parse->options->help = name;
	return 0;
}

/* Puts into the options what the row and its value (NULL if it takes none) say. */
static int
set_member(struct parse *parse, const struct options_row *row, const char *text)
{
	void *member = (char *)parse->options + row->offset;
	enum options_action *action;

	switch (row->kind) {
	case OPTIONS_KIND_ACTION:
		action = member;
		/* Who asks for help among other things wants help. */
		if (*action == OPTIONS_RUN || *action == OPTIONS_LIST)
			*action = (enum options_action)row->min;
		return 0;
	case OPTIONS_KIND_HELP:
		if (parse->options->action == OPTIONS_RUN || parse->options->action == OPTIONS_LIST)
			parse->options->action = OPTIONS_HELP;
		return set_help(parse, text);
	case OPTIONS_KIND_LEVEL:
		*(enum log_level *)member = (enum log_level)row->min;
		return 0;
	case OPTIONS_KIND_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTIONS_KIND_TEXT:
	case OPTIONS_KIND_SECRET:
		*(const char **)member = text;
		return 0;
	case OPTIONS_KIND_LIST:
		options_list_push(member, text);
		return 0;
	case OPTIONS_KIND_NUMBER:
	case OPTIONS_KIND_SIZE:
	case OPTIONS_KIND_TIME:
		return set_number(parse, row, text);
	}
	return 0;
}

static int
set_presets(struct parse *parse)
{
	memset(parse->options, 0, sizeof(*parse->options));
	parse->options->level = LOG_LEVEL_NORMAL;
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		if (options_rows[i].preset != NULL &&
		    set_member(parse, &options_rows[i], options_rows[i].preset) != 0)
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
		return set_member(parse, row, text);
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
	return set_member(parse, row, text);
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

/* The letters for getopt_long, see getopt(3): '-' keeps operands in their places, ':' reports a missing value as such. */
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
	int rv = -1;

	if (set_presets(&parse) == 0 && take_words(&parse, argc, argv) == 0 &&
	    options_operands(options, &parse.operands, parse.given, error) == 0)
		rv = options_check(options, parse.given, error);
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
	memset(&options->files, 0, sizeof(options->files));
	memset(&options->decode_as, 0, sizeof(options->decode_as));
}

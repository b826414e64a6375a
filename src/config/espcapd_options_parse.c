/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcapd, and writes --help. */
#include "config/espcapd_options.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/espcapd_options_table.h"
#include "config/options.h"
#include "config/options_help_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One flag as it was given. */
struct word {
	const char *name;
	size_t len;
	char *value; /* after =, or the next word; NULL for none */
};

/* As strconv.ParseBool. NULL if it is none. */
static const char *
parse_bool(const char *text)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < COUNT(yes); i++)
		if (strcmp(text, yes[i]) == 0)
			return "true";
		else if (strcmp(text, no[i]) == 0)
			return "false";
	return NULL;
}

static int
set_bool(struct espcapd_options *options, const struct options_row *row, const char *value, struct error *error)
{
	const char *text = value != NULL ? parse_bool(value) : "true";

	if (text == NULL)
		return error_set(error, OUTCOME_USAGE, "--%s takes =true, =false or nothing, not \"%.100s\"", row->name, value);
	memcpy((char *)options + row->offset, &text, sizeof(text));
	return 0;
}

static void
take_token(struct espcapd_options *options, char *value)
{
	if (options->flags.cstoken != NULL)
		explicit_bzero(options->flags.cstoken, strlen(options->flags.cstoken));
	free(options->flags.cstoken);
	options->flags.cstoken = xstrdup(value);
	memset(value, 'x', strlen(value));
}

static int
set_text(struct espcapd_options *options, const struct options_row *row, char *value, struct error *error)
{
	const char *text = value;

	if (value == NULL)
		return error_set(error, OUTCOME_USAGE, "--%s needs a value: --%s=%s", row->name, row->name, row->value);
	if (row->offset == offsetof(struct espcapd_options, flags.cstoken)) {
		take_token(options, value);
		return 0;
	}
	memcpy((char *)options + row->offset, &text, sizeof(text));
	return 0;
}

static int
set(struct espcapd_options *options, const struct options_row *row, char *value, struct error *error)
{
	switch (row->kind) {
	case OPTIONS_KIND_ACTION:
	case OPTIONS_KIND_LEVEL:
		if (value != NULL)
			return error_set(error, OUTCOME_USAGE, "--%s takes no value", row->name);
		if (row->kind == OPTIONS_KIND_LEVEL)
			options->level = (enum log_level)row->min;
		else if (options->action != ESPCAPD_HELP)
			options->action = (enum espcapd_action)row->min;
		return 0;
	case OPTIONS_KIND_HELP:
		options->action = ESPCAPD_HELP;
		options->help = value;
		return 0;
	default:
		return row->value == NULL ? set_bool(options, row, value, error) : set_text(options, row, value, error);
	}
}

static int
refuse(const struct word *word, struct error *error)
{
	const char *like = options_misspelled(&espcapd_program, word->name, word->len);

	/* What follows = may be a secret. */
	if (like != NULL)
		return error_set(error, OUTCOME_USAGE, "unknown flag \"%.*s\": did you mean --%s?",
		    (int)(word->len < 64 ? word->len : 64), word->name, like);
	return error_set(error, OUTCOME_USAGE, "unknown flag \"%.*s\"", (int)(word->len < 64 ? word->len : 64), word->name);
}

static const struct options_row *
find(const struct word *word)
{
	size_t index = options_find(&espcapd_program, word->name, word->len);

	if (index == ESPCAPD_ROWS && word->len == 1)
		index = options_find_letter(&espcapd_program, word->name[0]);
	return index < ESPCAPD_ROWS ? &espcapd_rows[index] : NULL;
}

static struct word
cut(char *argument)
{
	struct word word = { .name = argument + (argument[1] == '-' ? 2 : 1) };

	word.len = strcspn(word.name, "=");
	if (word.name[word.len] == '=')
		word.value = argument + (word.name - argument) + word.len + 1;
	return word;
}

static int
refuse_operand(const char *argument, const struct options_row *before, struct error *error)
{
	if (before != NULL && before->value == NULL && parse_bool(argument) != NULL)
		return error_set(error, OUTCOME_USAGE, "unexpected argument \"%.100s\": write --%s=%s", argument, before->name,
		    parse_bool(argument));
	return error_set(error, OUTCOME_USAGE, "unexpected argument \"%.100s\"", argument);
}

static int
take_words(struct espcapd_options *options, int argc, char *argv[], struct error *error)
{
	const struct options_row *row = NULL;

	for (int i = 1; i < argc; i++) {
		struct word word;

		if (argv[i][0] != '-' || argv[i][1] == '\0')
			return refuse_operand(argv[i], row, error);
		if (strcmp(argv[i], "--") == 0)
			return i + 1 < argc ? refuse_operand(argv[i + 1], NULL, error) : 0;
		word = cut(argv[i]);
		row = find(&word);
		if (row == NULL)
			return refuse(&word, error);
		if (word.value == NULL && row->value != NULL && row->kind != OPTIONS_KIND_HELP && i + 1 < argc)
			word.value = argv[++i];
		if (set(options, row, word.value, error) != 0)
			return -1;
	}
	return 0;
}

int
espcapd_options_parse(struct espcapd_options *options, int argc, char *argv[], struct error *error)
{
	memset(options, 0, sizeof(*options));
	options->level = LOG_LEVEL_NORMAL;
	if (take_words(options, argc, argv, error) != 0) {
		espcapd_options_release(options);
		return -1;
	}
	if (options->config != NULL && options->config[0] == '\0')
		options->config = NULL;
	return 0;
}

void
espcapd_options_release(struct espcapd_options *options)
{
	if (options->flags.cstoken != NULL)
		explicit_bzero(options->flags.cstoken, strlen(options->flags.cstoken));
	free(options->flags.cstoken);
	options->flags.cstoken = NULL;
}

const char *
espcapd_options_flag(const struct espcapd_options *options, const char *name)
{
	size_t index = options_find(&espcapd_program, name, strlen(name));
	const char *value;

	if (index == ESPCAPD_ROWS || espcapd_rows[index].kind != OPTIONS_KIND_TEXT)
		return NULL;
	memcpy(&value, (const char *)options + espcapd_rows[index].offset, sizeof(value));
	/* pcapdaemon's defaults are empty texts. */
	return value != NULL && value[0] != '\0' ? value : NULL;
}

void
espcapd_options_help(struct buffer *out, const char *what)
{
	options_help_what(out, &espcapd_program, what);
}

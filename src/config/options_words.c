/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a command line, by getopt_long. */
#include "config/options_words.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Added to a row's index, so that getopt_long's '?' and ':' mean nothing else. */
#define ROW_BASE 256

/* What getopt_long says of a word that is no option and no value of one. */
#define OPERAND 1

static bool
is_optional(const struct options_row *row)
{
	return row->kind == OPTIONS_KIND_HELP || row->kind == OPTIONS_KIND_OPTIONAL;
}

/* The array of getopt_long; owned by the caller. */
static struct option *
make_names(const struct options_program *program)
{
	struct option *names = xcalloc(program->count + program->alias_count + 1, sizeof(*names));

	for (size_t i = 0; i < program->count + program->alias_count; i++) {
		bool is_alias = i >= program->count;
		const struct options_alias *alias = is_alias ? &program->aliases[i - program->count] : NULL;
		size_t index = is_alias ? options_find(program, alias->means, strlen(alias->means)) : i;
		const struct options_row *row = &program->rows[index];

		names[i].name = is_alias ? alias->name : row->name;
		names[i].has_arg = row->value == NULL ? no_argument :
		    is_optional(row)                  ? optional_argument :
							required_argument;
		names[i].val = ROW_BASE + (int)index;
	}
	return names;
}

/*
 * The letters for getopt_long, see getopt(3): '-' keeps operands in their places, ':' reports a missing value as such.
 */
static void
make_letters(const struct options_program *program, char letters[2 * OPTIONS_ROWS_MAX + 3])
{
	char *to = letters;

	*to++ = '-';
	*to++ = ':';
	for (size_t i = 0; i < program->count; i++) {
		if (program->rows[i].letter == 0)
			continue;
		*to++ = program->rows[i].letter;
		if (program->rows[i].value != NULL && !is_optional(&program->rows[i]))
			*to++ = ':';
	}
	*to = '\0';
}

static int
tell(const struct options_program *program, const struct options_words *words, void *ctx, int answer, const char *word)
{
	struct options_refused refused = { .word = word, .index = program->count, .lacks_value = answer == ':' };
	size_t index;

	if (answer == OPERAND)
		return words->on_operand(ctx, optarg);
	index = answer >= ROW_BASE ? (size_t)answer - ROW_BASE : options_find_letter(program, answer);
	if (index < program->count)
		return words->on_option(ctx, index, word, optarg != NULL ? optarg : "");
	if (optopt >= ROW_BASE)
		refused.index = (size_t)optopt - ROW_BASE;
	else {
		refused.letter = optopt;
		refused.index = options_find_letter(program, optopt);
	}
	return words->on_refused(ctx, &refused);
}

int
options_words(const struct options_program *program, const struct options_words *words, void *ctx, int argc,
    char *argv[])
{
	struct option *names = make_names(program);
	char letters[2 * OPTIONS_ROWS_MAX + 3];
	int answer, at, rv = 0;

	make_letters(program, letters);
	opterr = 0;
	/* glibc starts anew at 0 (getopt(3), NOTES). */
	optind = 0;
	while (rv == 0) {
		at = optind > 0 ? optind : 1;
		answer = program->one_dash ? getopt_long_only(argc, argv, letters, names, NULL) :
					     getopt_long(argc, argv, letters, names, NULL);
		if (answer == -1)
			break;
		rv = tell(program, words, ctx, answer, argv[at]);
	}
	/* Those after --. */
	for (int i = optind; rv == 0 && i > 0 && i < argc; i++)
		rv = words->on_operand(ctx, argv[i]);
	free(names);
	return rv;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command lines of all programs have in common. */
#include "config/options_reading.h"

#include <string.h>

#include "config/options_help_text.h"
#include "config/options_set.h"

int
options_preset(const struct options_reading *reading)
{
	const struct options_program *program = reading->program;

	memset(reading->options, 0, program->size);
	for (size_t i = 0; i < program->count; i++)
		if (program->rows[i].preset != NULL &&
		    options_set(program, reading->options, &program->rows[i], program->rows[i].preset, reading->error) != 0)
			return -1;
	return 0;
}

bool
options_given(const struct options_reading *reading, const char *name)
{
	size_t index = options_find(reading->program, name, strlen(name));

	return index < reading->program->count && reading->given[index];
}

int
options_lacks_value(const struct options_row *row, struct error *error)
{
	return error_set(error, OUTCOME_USAGE, "--%s needs a value: --%s=%s", row->name, row->name, row->value);
}

int
options_refuse_at(const struct options_reading *reading, unsigned line)
{
	const struct error reason = *reading->error;

	if (line > 0)
		error_set(reading->error, reason.outcome, "%.300s:%u: %.600s", reading->file, line, reason.text);
	return -1;
}

/* Words. */

int
options_take(void *ctx, size_t index, const char *word, const char *text)
{
	struct options_reading *reading = ctx;
	const struct options_row *row = &reading->program->rows[index];

	(void)word;
	if (row->kind == OPTIONS_KIND_HELP && text[0] != '\0' && !options_help_takes(reading->program, text))
		return error_set(reading->error, OUTCOME_USAGE,
		    "--help takes the name of an option, or bash, fish or zsh, not \"%.100s\"", text);
	if (row->value != NULL && row->kind != OPTIONS_KIND_HELP) {
		if (text[0] == '\0' && row->kind != OPTIONS_KIND_OPTIONAL)
			return options_lacks_value(row, reading->error);
		if (row->kind != OPTIONS_KIND_LIST && reading->given[index])
			return error_set(reading->error, OUTCOME_USAGE, "--%s was given twice: give it once", row->name);
	}
	reading->given[index] = true;
	return options_set(reading->program, reading->options, row, text, reading->error);
}

static int
refuse_operand(void *ctx, const char *operand)
{
	struct options_reading *reading = ctx;

	return error_set(reading->error, OUTCOME_USAGE, "unexpected argument \"%.100s\"", operand);
}

static int
refuse(void *ctx, const struct options_refused *refused)
{
	struct options_reading *reading = ctx;
	const struct options_row *row = &reading->program->rows[refused->index];

	if (refused->index == reading->program->count)
		return error_set(reading->error, OUTCOME_USAGE, "unknown or ambiguous option \"%.*s\"",
		    (int)strcspn(refused->word, "="), refused->word);
	if (refused->lacks_value)
		return options_lacks_value(row, reading->error);
	return error_set(reading->error, OUTCOME_USAGE, "--%s takes no value", row->name);
}

int
options_take_words(struct options_reading *reading,
    int (*on_option)(void *ctx, size_t index, const char *word, const char *text), int argc, char *argv[])
{
	const struct options_words words = { .on_option = on_option, .on_operand = refuse_operand, .on_refused = refuse };

	return options_words(reading->program, &words, reading, argc, argv);
}

/* Checks. */

static unsigned
line_of(const struct options_reading *reading, size_t index)
{
	return reading->lines != NULL ? reading->lines[index] : 0;
}

int
options_check_opposites(const struct options_reading *reading)
{
	const struct options_program *program = reading->program;

	for (size_t i = 0; i < program->opposite_count; i++) {
		const char *one = program->opposites[i][0], *other = program->opposites[i][1];
		unsigned a = line_of(reading, options_find(program, one, strlen(one)));
		unsigned b = line_of(reading, options_find(program, other, strlen(other)));

		if (!options_given(reading, one) || !options_given(reading, other))
			continue;
		error_set(reading->error, OUTCOME_USAGE, "--%s and --%s exclude each other: give one", one, other);
		return options_refuse_at(reading, a > b ? a : b);
	}
	return 0;
}

int
options_check_needs(const struct options_reading *reading)
{
	const struct options_program *program = reading->program;
	char text[256];

	for (size_t i = 0; i < program->count; i++) {
		const char *needs = program->rows[i].needs;

		while (reading->given[i] && needs[0] != '\0') {
			if (options_need_next(program, &needs, reading->given, text, sizeof(text)))
				continue;
			error_set(reading->error, OUTCOME_USAGE, "--%s goes with %s only", program->rows[i].name, text);
			return options_refuse_at(reading, line_of(reading, i));
		}
	}
	return 0;
}

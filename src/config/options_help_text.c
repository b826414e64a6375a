/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of --help, made from a table of options. */
#include "config/options_help_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/options_complete.h"

/* Columns: where the texts begin, and where a line ends. */
#define HELP_INDENT 26
#define HELP_WIDTH 80

/* Appends text in words from column HELP_INDENT on, where the line stands already. */
static void
help_words(struct buffer *out, const char *text)
{
	size_t column = HELP_INDENT, len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (column > HELP_INDENT && column + 1 + len >= HELP_WIDTH) {
			(void)buffer_printf(out, "\n%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else if (column > HELP_INDENT) {
			(void)buffer_puts(out, " ");
			column++;
		}
		(void)buffer_append(out, text, len);
		column += len;
	}
	(void)buffer_puts(out, "\n");
}

void
options_help_row(struct buffer *out, const struct options_row *row)
{
	char left[64], range[80], *text;
	int len;

	len = snprintf(left, sizeof(left), "  --%s%s%s%s%s%.1s", row->name,
	    row->kind == OPTIONS_KIND_HELP ? "[=" :
		row->value != NULL         ? "=" :
					     "",
	    row->value != NULL ? row->value : "",
	    row->kind == OPTIONS_KIND_HELP ? "]" : "",
	    row->letter != 0 ? ", -" : "", &row->letter);
	(void)buffer_puts(out, left);
	if (len >= HELP_INDENT - 1)
		(void)buffer_printf(out, "\n%*s", HELP_INDENT, "");
	else
		(void)buffer_printf(out, "%*s", HELP_INDENT - len, "");
	if (row->max == 0)
		text = xstrdup(row->help);
	else
		text = xasprintf("%s; %s%s%s", row->help,
		    options_say_range(range, sizeof(range), row),
		    row->preset != NULL ? ", default " : "",
		    row->preset != NULL ? row->preset : "");
	help_words(out, text);
	free(text);
}

void
options_help_line(struct buffer *out, char *line)
{
	(void)buffer_printf(out, "%*s", HELP_INDENT, "");
	help_words(out, line);
	free(line);
}

bool
options_help_takes(const struct options_program *program, const char *text)
{
	const char *name = text + strspn(text, "-");

	return options_is_shell(text) || options_find(program, name, strlen(name)) < program->count;
}

void
options_help_all(struct buffer *out, const struct options_program *program)
{
	(void)buffer_puts(out, program->usage);
	for (size_t g = 0; g < program->groups; g++) {
		(void)buffer_printf(out, "\n%s:\n", program->titles[g]);
		for (size_t i = 0; i < program->count; i++)
			if (program->rows[i].group == g)
				options_help_row(out, &program->rows[i]);
	}
}

void
options_help_what(struct buffer *out, const struct options_program *program, const char *what)
{
	size_t index = what != NULL ? options_find(program, what, strlen(what)) : program->count;

	if (index < program->count)
		options_help_row(out, &program->rows[index]);
	else if (what == NULL || !options_complete(out, program, what))
		options_help_all(out, program);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of --help, made from the table of options. */
#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/options_table.h"

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

static void
help_row(struct buffer *out, const struct options_row *row)
{
	char left[64], min[32], max[32], *text;
	int len;

	len = snprintf(left, sizeof(left), "  --%s%s%s%s%.1s", row->name,
	    row->value != NULL ? "=" : "",
	    row->value != NULL ? row->value : "",
	    row->letter != 0 ? ", -" : "", &row->letter);
	(void)buffer_puts(out, left);
	if (len >= HELP_INDENT - 1)
		(void)buffer_printf(out, "\n%*s", HELP_INDENT, "");
	else
		(void)buffer_printf(out, "%*s", HELP_INDENT - len, "");
	options_say(min, sizeof(min), row->kind, row->min);
	options_say(max, sizeof(max), row->kind, row->max);
	if (row->max == 0)
		text = xstrdup(row->help);
	else
		text = xasprintf("%s; %s to %s%s%s", row->help, min, max,
		    row->preset != NULL ? ", default " : "",
		    row->preset != NULL ? row->preset : "");
	help_words(out, text);
	free(text);
}

void
options_help(struct buffer *out)
{
	(void)buffer_puts(out,
	    "usage: espcap --file=FILE [--file=FILE ...] [options]\n"
	    "       espcap --dir=DIR [--recursive] [options]\n"
	    "       espcap --list-interfaces [--json]\n\n"
	    "Turns the packets of capture files into JSON documents, one a line "
	    "on stdout,\nor with --node=URL indexed into Elasticsearch or "
	    "OpenSearch.\n"
	    "--option=VALUE and --option VALUE are the same; names may be cut "
	    "short as long\nas they stay unambiguous.\n");
	for (size_t g = 0; g < OPTIONS_GROUPS; g++) {
		(void)buffer_printf(out, "\n%s:\n", options_titles[g]);
		for (size_t i = 0; i < OPTIONS_ROWS; i++)
			if (options_rows[i].group == (enum options_group)g)
				help_row(out, &options_rows[i]);
	}
	(void)buffer_puts(out,
	    "\nespcap(1) tells the rest: the document, the final line, the exit "
	    "statuses.\n");
}

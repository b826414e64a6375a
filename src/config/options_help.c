/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of --help, made from the table of options. */
#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/options_complete.h"
#include "config/options_paths.h"
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

/* 24 lines of 80 columns, the last of which is the prompt. */
static const char short_help[] =
    "usage: espcap --file=FILE ... [options]           capture files; - is stdin\n"
    "       espcap --dir=DIR [--recursive] [options]   the captures of a directory\n"
    "       espcap --nic=IFACE ... [options]           a live capture\n"
    "       espcap --watch=DIR [options]               captures as they come and grow\n"
    "       espcap --kafka=BROKERS --topic=TOPIC ...   packets of Kafka topics\n"
    "       espcap --replay=FILE --node=URL [options]  rejected documents, again\n\n"
    "Turns the packets of captures into JSON documents, one a line on standard\n"
    "output (one line of text each if that is a terminal), or indexes them into\n"
    "Elasticsearch or OpenSearch with --node=URL.\n\n"
    "Examples:\n"
    "  espcap -r capture.pcap -Y http.request         the HTTP requests of a file\n"
    "  espcap -i eth0 -f \"tcp port 443\" -c 100        100 packets of an interface\n"
    "  espcap --dir=captures --node=localhost:9200    index all files of a directory\n\n"
    "  -r, --file=FILE     -f, --bpf=FILTER                -q, --quiet\n"
    "  -i, --nic=IFACE     -Y, --display-filter=FILTER     -v, --verbose\n"
    "  -c, --count=N       -X, --kafka-config=KEY=VALUE    -h, --help  -V, --version\n\n"
    "espcap --help=all lists all options, espcap --help=OPTION explains one.\n"
    "espcap --list-interfaces shows what --nic takes; espcap(1) has the rest: the\n"
    "document, the final line, the exit statuses.\n";

static void
help_all(struct buffer *out)
{
	(void)buffer_puts(out,
	    "--option=VALUE and --option VALUE are the same; names may be cut "
	    "short as long\nas they stay unambiguous.\n");
	for (size_t g = 0; g < OPTIONS_GROUPS; g++) {
		(void)buffer_printf(out, "\n%s:\n", options_titles[g]);
		for (size_t i = 0; i < OPTIONS_ROWS; i++)
			if (options_rows[i].group == g)
				options_help_row(out, &options_rows[i]);
	}
}

/* Appends line, which it frees, below the text of an option. */
static void
help_line(struct buffer *out, char *line)
{
	(void)buffer_printf(out, "%*s", HELP_INDENT, "");
	help_words(out, line);
	free(line);
}

/* One option, and what it needs. */
static void
help_one(struct buffer *out, const struct options_row *row)
{
	const bool none[OPTIONS_ROWS] = { false };
	const char *needs = row->needs, *path = options_path_words(row->name);
	char text[256];

	options_help_row(out, row);
	if (path != NULL)
		help_line(out, xasprintf("names %s, see PATHS in espcap(1)", path));
	while (needs[0] != '\0') {
		(void)options_need_next(&needs, none, text, sizeof(text));
		help_line(out, xasprintf("goes with %s only", text));
	}
}

void
options_help(struct buffer *out, const char *what)
{
	const struct options_program program = { "espcap", options_rows, OPTIONS_ROWS, "capture" };
	size_t index = what != NULL ? options_index(what, strlen(what)) : OPTIONS_ROWS;

	if (index < OPTIONS_ROWS)
		help_one(out, &options_rows[index]);
	else if (what != NULL && options_complete(out, &program, what))
		return;
	else if (what != NULL)
		help_all(out);
	else
		(void)buffer_puts(out, short_help);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of --help of espcap. */
#include "config/options.h"

#include <string.h>

#include "base/xalloc.h"
#include "config/options_help_text.h"
#include "config/options_paths.h"
#include "config/options_table.h"

/* 24 lines of 80 columns, the last of which is the prompt. */
static const char short_help[] =
    "usage: espcap --file=FILE ... [options]           capture files; - is stdin\n"
    "       espcap --dir=DIR [--recursive] [options]   the captures of a directory\n"
    "       espcap --nic=IFACE ... [options]           a live capture\n"
    "       espcap --watch=DIR [options]               captures as they come and grow\n"
    "       espcap --kafka=BROKERS --topic=TOPIC ...   packets of Kafka topics\n"
    "       espcap --replay=FILE --node=URL [options]  rejected documents, again\n"
    "       espcap --query=FILTER --node=URL [options] packets of an index\n\n"
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
    "espcap --list-interfaces shows what --nic takes; espcap(1) has the rest.\n";

/* One option, and what it needs. */
static void
help_one(struct buffer *out, const struct options_row *row)
{
	const bool none[OPTIONS_ROWS] = { false };
	const char *needs = row->needs, *path = options_path_words(row->name);
	char text[256];

	options_help_row(out, row);
	if (path != NULL)
		options_help_line(out, xasprintf("names %s, see PATHS in espcap(1)", path));
	while (needs[0] != '\0') {
		(void)options_need_next(&options_program, &needs, none, text, sizeof(text));
		options_help_line(out, xasprintf("goes with %s only", text));
	}
}

void
options_help(struct buffer *out, const char *what)
{
	size_t index = what != NULL ? options_index(what, strlen(what)) : OPTIONS_ROWS;

	if (what == NULL)
		(void)buffer_puts(out, short_help);
	else if (index < OPTIONS_ROWS)
		help_one(out, &options_rows[index]);
	else
		options_help_what(out, &options_program, what);
}

/* The table of options. */
#include "config/options_table.h"

#include <stdio.h>
#include <string.h>

#include "config/options.h"

#define KILO ((uint64_t)1 << 10)
#define GIGA ((uint64_t)1 << 30)
#define SECOND ((uint64_t)1000)
#define DAY (86400 * SECOND)

/* The groups of the table in the order of --help. */
const char *const options_titles[OPTIONS_GROUPS] = {
	[OPTIONS_GROUP_INPUT] = "Input (exactly one kind)",
	[OPTIONS_GROUP_PACKETS] = "Which packets",
	[OPTIONS_GROUP_DISSECTION] = "Dissection",
	[OPTIONS_GROUP_PERSON] = "Messages, layout, help"
};

#define SETS(member) offsetof(struct options, member)

const struct options_row options_rows[] = {
	{ "file", "FILE", OPTIONS_GROUP_INPUT,
	    "read this capture file; - is standard input; may be given again and "
	    "again",
	    OPTIONS_KIND_LIST, SETS(files), 0, 0, NULL },
	{ "dir", "DIR", OPTIONS_GROUP_INPUT,
	    "read the capture files of this directory in the order of their names",
	    OPTIONS_KIND_TEXT, SETS(dir), 0, 0, NULL },
	{ "list-interfaces", NULL, OPTIONS_GROUP_INPUT,
	    "list the network interfaces and end (also --list)",
	    OPTIONS_KIND_ACTION, SETS(action), OPTIONS_LIST, 0, NULL },
	{ "json", NULL, OPTIONS_GROUP_INPUT,
	    "with --list-interfaces: one JSON document a line",
	    OPTIONS_KIND_FLAG, SETS(json), 0, 0, NULL },

	{ "bpf", "FILTER", OPTIONS_GROUP_PACKETS,
	    "only packets that match this capture filter, as \"tcp port 80\"",
	    OPTIONS_KIND_TEXT, SETS(bpf), 0, 0, NULL },
	{ "count", "N", OPTIONS_GROUP_PACKETS,
	    "end after N packets over all inputs, counted behind --bpf and "
	    "before --display-filter",
	    OPTIONS_KIND_NUMBER, SETS(count), 1, UINT64_MAX, NULL },
	{ "display-filter", "FILTER", OPTIONS_GROUP_PACKETS,
	    "only packets that match this Wireshark display filter, as "
	    "\"http.request\"",
	    OPTIONS_KIND_TEXT, SETS(display_filter), 0, 0, NULL },
	{ "recursive", NULL, OPTIONS_GROUP_PACKETS,
	    "with --dir: its sub-directories too",
	    OPTIONS_KIND_FLAG, SETS(recursive), 0, 0, NULL },

	{ "protocols", "FILE", OPTIONS_GROUP_DISSECTION,
	    "which protocols may be a packet's \"protocol\" (default: the "
	    "installed protocols.list)",
	    OPTIONS_KIND_TEXT, SETS(protocols), 0, 0, NULL },
	{ "typed", "FILE", OPTIONS_GROUP_DISSECTION,
	    "which fields get a typed copy (default: the installed typed.list)",
	    OPTIONS_KIND_TEXT, SETS(typed), 0, 0, NULL },
	{ "tshark", "PATH", OPTIONS_GROUP_DISSECTION,
	    "the tshark to dissect with (default: the first tshark along PATH)",
	    OPTIONS_KIND_TEXT, SETS(tshark), 0, 0, NULL },
	{ "tshark-timeout", "TIME", OPTIONS_GROUP_DISSECTION,
	    "end a tshark that neither reads nor prints for so long (processor "
	    "time)",
	    OPTIONS_KIND_TIME, SETS(tshark_timeout), SECOND, DAY, "60s" },
	{ "decode-as", "RULE", OPTIONS_GROUP_DISSECTION,
	    "dissect as told, as \"tcp.port==8888,http\"; may be given again and "
	    "again",
	    OPTIONS_KIND_LIST, SETS(decode_as), 0, 0, NULL },
	{ "tls-keys", "FILE", OPTIONS_GROUP_DISSECTION,
	    "decrypt TLS with the secrets of this key log file",
	    OPTIONS_KIND_TEXT, SETS(tls_keys), 0, 0, NULL },
	{ "fields", "LIST", OPTIONS_GROUP_DISSECTION,
	    "only these fields, separated by commas, or @FILE with one a line",
	    OPTIONS_KIND_TEXT, SETS(fields), 0, 0, NULL },
	{ "max-value", "SIZE", OPTIONS_GROUP_DISSECTION,
	    "cut longer values, and name them in the document (default: no "
	    "limit)",
	    OPTIONS_KIND_SIZE, SETS(max_value), 1, GIGA, NULL },
	{ "max-doc", "SIZE", OPTIONS_GROUP_DISSECTION,
	    "cut the longest values of a longer document, and name them in it",
	    OPTIONS_KIND_SIZE, SETS(max_doc), 4 * KILO, GIGA, "16M" },
	{ "jobs", "N", OPTIONS_GROUP_DISSECTION,
	    "read so many files at the same time (default: one for each core)",
	    OPTIONS_KIND_NUMBER, SETS(jobs), 1, 256, NULL },

	{ "pretty", NULL, OPTIONS_GROUP_PERSON,
	    "indent the documents instead of printing one a line",
	    OPTIONS_KIND_FLAG, SETS(pretty), 0, 0, NULL },
	{ "progress", NULL, OPTIONS_GROUP_PERSON,
	    "show the progress even if standard error is no terminal",
	    OPTIONS_KIND_FLAG, SETS(progress), 0, 0, NULL },
	{ "quiet", NULL, OPTIONS_GROUP_PERSON,
	    "say nothing but errors and the final line",
	    OPTIONS_KIND_LEVEL, SETS(level), LOG_LEVEL_QUIET, 0, NULL },
	{ "verbose", NULL, OPTIONS_GROUP_PERSON,
	    "say more of what is done",
	    OPTIONS_KIND_LEVEL, SETS(level), LOG_LEVEL_VERBOSE, 0, NULL },
	{ "help", NULL, OPTIONS_GROUP_PERSON,
	    "print this text and end",
	    OPTIONS_KIND_ACTION, SETS(action), OPTIONS_HELP, 0, NULL },
	{ "version", NULL, OPTIONS_GROUP_PERSON,
	    "print the versions of espcap, its libraries and tshark, and end",
	    OPTIONS_KIND_ACTION, SETS(action), OPTIONS_VERSION, 0, NULL }
};

size_t
options_index(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		if (strncmp(options_rows[i].name, name, len) == 0 &&
		    options_rows[i].name[len] == '\0')
			return i;
	return OPTIONS_ROWS;
}

void
options_say(char *dst, size_t size, enum options_kind kind, uint64_t number)
{
	static const struct {
		enum options_kind kind;
		uint64_t factor;
		const char *unit;
	} units[] = {
		{ OPTIONS_KIND_SIZE, GIGA, "G" },
		{ OPTIONS_KIND_SIZE, KILO * KILO, "M" },
		{ OPTIONS_KIND_SIZE, KILO, "k" },
		{ OPTIONS_KIND_TIME, DAY, "d" },
		{ OPTIONS_KIND_TIME, 60 * SECOND, "m" },
		{ OPTIONS_KIND_TIME, SECOND, "s" },
		{ OPTIONS_KIND_TIME, 1, "ms" }
	};
	const char *unit = "";

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].kind == kind && number % units[i].factor == 0) {
			number /= units[i].factor;
			unit = units[i].unit;
			break;
		}
	(void)snprintf(dst, size, "%llu%s", (unsigned long long)number, unit);
}


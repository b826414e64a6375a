/* SPDX-License-Identifier: BSD-2-Clause */
/* What excludes or needs what on the command line, and what follows from options that were not given. */
#include "config/options_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/options_kafka.h"
#include "config/options_table.h"
#include "config/options_texts.h"

/* --tshark-lifetime: packets, if it does not say how many; and ms, if it is a time. */
#define LIFETIME 250000
#define LIFETIME_MS_MIN 1000
#define LIFETIME_MS_MAX ((uint64_t)365 * 86400 * 1000)
/* ms that Kafka may refuse without --retry-for: as espcap-kafka. */
#define REFUSAL_FOR 60000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A command line that was read, and its file. */
struct line {
	struct options *options;
	const bool *given;
	const struct options_reading *origin;
	struct error *error;
};

static bool
is_given(const struct line *line, const char *name)
{
	size_t i = options_index(name, strlen(name));

	return i < OPTIONS_ROWS && line->given[i];
}

/* In the file of --config; 0 for the command line. */
static unsigned
line_of(const struct line *line, const char *name)
{
	size_t i = options_index(name, strlen(name));

	return i < OPTIONS_ROWS ? line->origin->lines[i] : 0;
}

static int refuse(const struct line *line, unsigned number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* number: of the line of the file that is at fault, 0 for none. */
static int
refuse(const struct line *line, unsigned number, const char *format, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (number == 0)
		return error_set(line->error, OUTCOME_USAGE, "%s", text);
	return error_set(line->error, OUTCOME_USAGE, "%.300s:%u: %s", line->origin->file, number, text);
}

/* Two that exclude each other. */
static unsigned
later_of(const struct line *line, const char *a, const char *b)
{
	return line_of(line, a) > line_of(line, b) ? line_of(line, a) : line_of(line, b);
}

static int
check_kinds(const struct line *line)
{
	bool chosen[OPTIONS_ROWS] = { false };
	unsigned last = 0;
	char text[256];
	size_t count = 0;

	for (size_t i = 0; i < OPTIONS_INPUTS; i++) {
		chosen[options_index(options_inputs[i], strlen(options_inputs[i]))] =
		    is_given(line, options_inputs[i]);
		count += is_given(line, options_inputs[i]);
		if (line_of(line, options_inputs[i]) > last)
			last = line_of(line, options_inputs[i]);
	}
	if (count == 1)
		return 0;
	if (count == 0)
		return error_set(line->error, OUTCOME_USAGE,
		    "no input: name capture files, or give --file, --dir, --nic, "
		    "--watch, --kafka, --replay, --query or --list-interfaces; see espcap --help");
	options_name_rows(&options_program, text, sizeof(text), chosen, " and ");
	return refuse(line, last, "%s exclude each other: give one kind of input", text);
}

static int
check_stdin(const struct line *line)
{
	const struct options_list *files = &line->options->files;
	size_t count = 0;

	for (size_t i = 0; i < files->count; i++)
		count += strcmp(files->items[i], "-") == 0;
	if (count > 1)
		return refuse(line, line_of(line, "file"),
		    "--file=- was given twice: standard input can be read "
		    "only once");
	return 0;
}

/* Two captures of one interface would see each packet twice. */
static int
check_interfaces(const struct line *line)
{
	const struct options_list *nics = &line->options->nics;

	if (nics->count > OPTIONS_NICS_MAX)
		return refuse(line, line_of(line, "nic"),
		    "--nic was given %zu times: %d interfaces at most can be "
		    "captured on",
		    nics->count, OPTIONS_NICS_MAX);
	for (size_t i = 0; i < nics->count; i++) {
		if (strcmp(nics->items[i], "any") == 0 && nics->count > 1)
			return refuse(line, line_of(line, "nic"),
			    "--nic=any captures on all interfaces: give no "
			    "other --nic");
		for (size_t k = 0; k < i; k++)
			if (strcmp(nics->items[i], nics->items[k]) == 0)
				return refuse(line, line_of(line, "nic"),
				    "--nic=%.100s was given twice: give each "
				    "interface once",
				    nics->items[i]);
	}
	return 0;
}

static int
check_word(const struct line *line, const char *name, const char *value,
    const char *words)
{
	size_t len = strlen(value);

	for (const char *at = words; at[0] != '\0' && len > 0;) {
		size_t n = strcspn(at, ", ");

		if (n == len && memcmp(at, value, n) == 0)
			return 0;
		at += n;
		at += strspn(at, ", ");
		if (strncmp(at, "or ", 3) == 0)
			at += 3;
	}
	return refuse(line, line_of(line, name),
	    "--%s takes %s, not \"%.100s\"", name, words, value);
}

/* What goes into addresses as it stands. */
static int
check_pipeline(const struct line *line)
{
	const char *name = line->options->pipeline;

	if (name == NULL ||
	    name[strspn(name,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0')
		return 0;
	return refuse(line, line_of(line, "pipeline"),
	    "--pipeline takes a name "
	    "of letters, digits, '.', '_' and '-', not \"%.100s\"",
	    name);
}

/* Options that mean nothing without another. */
static int
check_needs(const struct line *line)
{
	char text[256];

	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		const char *needs = options_rows[i].needs;

		while (line->given[i] && needs[0] != '\0')
			if (!options_need_next(&options_program, &needs, line->given, text,
				sizeof(text)))
				return refuse(line, line->origin->lines[i],
				    strcmp(options_rows[i].name, "kafka") == 0 ? "--%s needs %s=NAME" : "--%s goes with %s only",
				    options_rows[i].name, text);
	}
	return 0;
}

/* Packets, or a time. */
static int
check_lifetime(struct line *line)
{
	struct options *options = line->options;
	const char *text = options->lifetime;

	options->tshark_lifetime = LIFETIME;
	if (text == NULL ||
	    text_number(text, 0, UINT64_MAX, &options->tshark_lifetime) == 0 ||
	    text_duration(text, LIFETIME_MS_MIN, LIFETIME_MS_MAX,
		&options->tshark_lifetime_ms) == 0)
		return 0;
	return refuse(line, line_of(line, "tshark-lifetime"),
	    "--tshark-lifetime takes "
	    "a number of packets, or a time such as 10m or 6h from 1s to "
	    "365d, not \"%.100s\"",
	    text);
}

/* What has no end of its own can wait for a server. */
static bool
is_endless(const struct options *options)
{
	return options->nics.count > 0 || options->watch != NULL || (options->kafka != NULL && !options->exit_at_end);
}

static int
check_delivery(struct line *line)
{
	static const char *const alone[][2] = {
		{ "template", "no-template" }, { "user", "api-key-file" },
		{ "insecure", "ca-file" },
		{ "count-only", "limit" }, { "count-only", "output" }, { "count-only", "pretty" },
		{ "promisc", "no-promisc" }, { "split", "display-filter" },
		{ "no-template", "shards" }, { "no-template", "replicas" }
	};
	struct options *options = line->options;

	if (options->index == NULL)
		options->index = "packets";
	if (options->dead_letter == NULL)
		options->dead_letter = "espcap-dead-letter.ndjson";
	if (options->id == NULL)
		options->id = "packet";
	if (options->index_profile == NULL)
		options->index_profile = "both";
	if (options->compress == NULL)
		options->compress = "auto";
	if (options->on_interface_loss == NULL)
		options->on_interface_loss = "exit";
	options->refusal_for = is_given(line, "retry-for") ? options->retry_for : REFUSAL_FOR;
	if (is_endless(options) && !is_given(line, "retry-for"))
		options->retry_for = 0;
	options->auto_id = strcmp(options->id, "auto") == 0;
	options->index_terms = strcmp(options->index_profile, "layers") != 0;
	options->index_layers = strcmp(options->index_profile, "terms") != 0;
	options->has_replicas = is_given(line, "replicas");
	for (size_t i = 0; i < COUNT(alone); i++)
		if (is_given(line, alone[i][0]) &&
		    is_given(line, alone[i][1]))
			return refuse(line, later_of(line, alone[i][0], alone[i][1]),
			    "--%s and --%s exclude each other: give one",
			    alone[i][0], alone[i][1]);
	if (options->aggregate_layers && !options->index_layers)
		return refuse(line, later_of(line, "aggregate-layers", "index-profile"),
		    "--aggregate-layers and --index-profile=terms exclude each "
		    "other: layers are not indexed");
	if (check_word(line, "id", options->id, "packet or auto") != 0 ||
	    check_word(line, "index-profile", options->index_profile,
		"both, terms or layers") != 0 ||
	    check_word(line, "compress", options->compress,
		"on, off or auto") != 0 ||
	    check_word(line, "on-interface-loss",
		options->on_interface_loss, "exit or wait") != 0 ||
	    (options->print_template != NULL &&
		check_word(line, "print-template", options->print_template,
		    "elasticsearch or opensearch") != 0))
		return -1;
	return check_pipeline(line) != 0 ? -1 : check_lifetime(line);
}

static int
check_dissection(struct line *line)
{
	struct options *options = line->options;

	if (options->dissection == NULL)
		options->dissection = "auto";
	return check_word(line, "dissection", options->dissection,
	    "auto, plugin, ek or pdml");
}

/* Documents for an index are not printed; those of an index are. */
static int
check_printing(const struct line *line)
{
	static const char *const names[] = { "pretty", "output" };
	const struct options *options = line->options;

	if (options->node == NULL || options->query != NULL || options->query_string != NULL || options->query_dsl != NULL ||
	    options->where != NULL)
		return 0;
	for (size_t i = 0; i < COUNT(names); i++)
		if (is_given(line, names[i]))
			return refuse(line, later_of(line, "node", names[i]), "--node and --%s exclude each other: give one",
			    names[i]);
	return 0;
}

/* It is a part of a pattern, in which * means something. */
static int
check_where(const struct line *line)
{
	const char *field = line->options->where;

	if (field == NULL ||
	    field[strspn(field,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0')
		return 0;
	return refuse(line, line_of(line, "where"), "--where takes the name of a field, such as dns.qry.name, not \"%.100s\"",
	    field);
}

static int
check_output(const struct line *line)
{
	const char *output = line->options->output;

	if (check_printing(line) != 0 || check_where(line) != 0)
		return -1;
	if (output == NULL)
		return 0;
	if (check_word(line, "output", output, "json or text") != 0)
		return -1;
	if (line->options->pretty && strcmp(output, "text") == 0)
		return refuse(line, later_of(line, "pretty", "output"),
		    "--pretty and --output=text exclude each other: --pretty "
		    "indents JSON");
	return 0;
}

static int
check_watch(const struct line *line)
{
	const char *after = line->options->after;

	if (after == NULL || strcmp(after, "delete") == 0 ||
	    (strncmp(after, "move:", 5) == 0 && after[5] != '\0'))
		return 0;
	return refuse(line, line_of(line, "after"),
	    "--after takes delete or move:DIR, not \"%.100s\"", after);
}

static int
check_kafka(struct line *line)
{
	struct error reason;
	const char *name;

	if (options_kafka(line->options, &name, &reason) == 0)
		return 0;
	return refuse(line, line_of(line, name), "%s", reason.text);
}

static int
check_texts(const struct line *line)
{
	struct error reason;
	const char *name;

	if (options_texts(line->options, &name, &reason) == 0)
		return 0;
	return refuse(line, line_of(line, name), "%s", reason.text);
}

static int
check_line(struct line *line)
{
	if (line->options->action == OPTIONS_HELP ||
	    line->options->action == OPTIONS_VERSION)
		return 0;
	if (line->options->print_template != NULL)
		line->options->action = OPTIONS_PRINT_TEMPLATE;
	if (check_kinds(line) != 0 || check_needs(line) != 0 ||
	    check_stdin(line) != 0 || check_interfaces(line) != 0 ||
	    check_dissection(line) != 0 || check_output(line) != 0 || check_texts(line) != 0 ||
	    check_watch(line) != 0 || check_kafka(line) != 0 ||
	    check_delivery(line) != 0)
		return -1;
	if (is_given(line, "no-sandbox") && is_given(line, "tshark-memory"))
		return refuse(line, later_of(line, "no-sandbox", "tshark-memory"),
		    "--no-sandbox and --tshark-memory exclude each other: the "
		    "limit is part of the sandbox");
	if (is_given(line, "quiet") && is_given(line, "verbose"))
		return refuse(line, later_of(line, "quiet", "verbose"),
		    "--quiet and --verbose exclude each other: give one");
	return 0;
}

int
options_check(struct options *options, const struct options_reading *reading)
{
	struct line line = { .options = options, .given = reading->given, .origin = reading, .error = reading->error };

	return check_line(&line);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcapd-request by its table of options. */
#include "config/request_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/options_complete.h"
#include "config/options_value.h"
#include "config/request_options_table.h"

/* Added to a row's index, so that getopt_long's '?' and ':' mean nothing else. */
#define ROW_BASE 256
#define WAIT_MAX ((uint64_t)7 * 86400 * 1000)

struct parse {
	struct request_options *options;
	bool given[REQUEST_ROWS];
	struct error *error;
};

static bool
is_given(const struct parse *parse, const char *name)
{
	return parse->given[request_rows_index(name, strlen(name))];
}

/* The value of --help; empty if there is none. */
static int
take_help(struct parse *parse, const char *text)
{
	const char *name = text + strspn(text, "-");

	if (parse->options->action == REQUEST_OPTIONS_RUN)
		parse->options->action = REQUEST_OPTIONS_HELP;
	if (text[0] == '\0')
		return 0;
	if (!options_is_shell(text) && request_rows_index(name, strlen(name)) == REQUEST_ROWS)
		return error_set(parse->error, OUTCOME_USAGE,
		    "--help takes the name of an option, or bash, fish or zsh, not \"%.100s\"", text);
	parse->options->help = name;
	return 0;
}

/* Those that may be given without a value. */
static bool
is_optional(const struct options_row *row)
{
	return row->kind == OPTIONS_KIND_HELP || strcmp(row->name, "wait") == 0;
}

static int
take_row(struct parse *parse, size_t index, const char *text)
{
	const struct options_row *row = &request_rows[index];

	if (row->kind == OPTIONS_KIND_HELP)
		return take_help(parse, text);
	if (row->kind == OPTIONS_KIND_ACTION) {
		if (parse->options->action == REQUEST_OPTIONS_RUN)
			parse->options->action = (enum request_options_action)row->min;
		return 0;
	}
	if (row->value != NULL && text[0] == '\0' && !is_optional(row))
		return error_set(parse->error, OUTCOME_USAGE, "--%s needs a value: --%s=%s", row->name, row->name,
		    row->value);
	if (row->value != NULL && row->kind != OPTIONS_KIND_LIST && parse->given[index])
		return error_set(parse->error, OUTCOME_USAGE, "--%s was given twice: give it once", row->name);
	parse->given[index] = true;
	return options_value(row, text, parse->options, parse->error);
}

/* word: what getopt_long does not take. */
static int
refuse_word(struct parse *parse, int answer, const char *word)
{
	size_t index = optopt >= ROW_BASE ? (size_t)(optopt - ROW_BASE) : REQUEST_ROWS;
	const char *name = index < REQUEST_ROWS ? request_rows[index].name : optopt == 'X' ? "kafka-config" :
											     "";

	if (answer == ':')
		return error_set(parse->error, OUTCOME_USAGE, "--%s needs a value: --%s=%s", name, name,
		    request_rows[request_rows_index(name, strlen(name))].value);
	if (index < REQUEST_ROWS)
		return error_set(parse->error, OUTCOME_USAGE, "--%s takes no value", name);
	return error_set(parse->error, OUTCOME_USAGE, "unknown or ambiguous option \"%.*s\"", (int)strcspn(word, "="),
	    word);
}

static void
make_getopt(struct option longopts[REQUEST_ROWS + 1])
{
	memset(longopts, 0, (REQUEST_ROWS + 1) * sizeof(*longopts));
	for (size_t i = 0; i < REQUEST_ROWS; i++) {
		longopts[i].name = request_rows[i].name;
		longopts[i].has_arg = request_rows[i].value == NULL ? no_argument :
		    is_optional(&request_rows[i])                   ? optional_argument :
								      required_argument;
		longopts[i].val = ROW_BASE + (int)i;
	}
}

static int
take_words(struct parse *parse, int argc, char *argv[])
{
	struct option longopts[REQUEST_ROWS + 1];
	int answer, at, rv = 0;

	make_getopt(longopts);
	opterr = 0;
	/* glibc starts anew at 0 (getopt(3), NOTES). */
	optind = 0;
	for (;;) {
		at = optind > 0 ? optind : 1;
		answer = getopt_long(argc, argv, "-:hX:", longopts, NULL);
		if (answer == -1)
			break;
		if (answer == 1)
			return error_set(parse->error, OUTCOME_USAGE, "unexpected argument \"%.100s\"", optarg);
		if (answer >= ROW_BASE)
			rv = take_row(parse, (size_t)answer - ROW_BASE, optarg != NULL ? optarg : "");
		else if (answer == 'h')
			rv = take_help(parse, "");
		else if (answer == 'X')
			rv = take_row(parse, request_rows_index("kafka-config", 12), optarg);
		else
			rv = refuse_word(parse, answer, argv[at]);
		if (rv != 0)
			return -1;
	}
	return optind < argc ? error_set(parse->error, OUTCOME_USAGE, "unexpected argument \"%.100s\"", argv[optind]) : 0;
}

static int
check_opposites(const struct parse *parse)
{
	for (size_t i = 0; i < REQUEST_OPPOSITES; i++) {
		const char *one = request_opposites[i][0], *other = request_opposites[i][1];

		if (is_given(parse, one) && is_given(parse, other))
			return error_set(parse->error, OUTCOME_USAGE, "--%s and --%s exclude each other: give one", one,
			    other);
	}
	return 0;
}

/* Whether one of the options that | separates in the needs of the row is given. */
static bool
is_met(const struct parse *parse, const char *needs)
{
	while (needs[0] != '\0') {
		size_t len = strcspn(needs, "|");

		if (parse->given[request_rows_index(needs, len)])
			return true;
		needs += len + (needs[len] == '|');
	}
	return false;
}

static int
check_needs(const struct parse *parse)
{
	for (size_t i = 0; i < REQUEST_ROWS; i++) {
		const char *needs = request_rows[i].needs;
		size_t len = strcspn(needs, "|");

		if (!parse->given[i] || len == 0 || is_met(parse, needs))
			continue;
		return error_set(parse->error, OUTCOME_USAGE, "--%s goes with --%.*s%s%s only", request_rows[i].name, (int)len,
		    needs, needs[len] == '|' ? " or --" : "", needs + len + (needs[len] == '|'));
	}
	return 0;
}

static int
check_wait(struct parse *parse)
{
	struct request_options *options = parse->options;
	const char *text = options->wait_text;

	options->wait = text != NULL;
	if (text == NULL)
		return 0;
	if (text_duration(text[0] != '\0' ? text : "5m", 1, WAIT_MAX, &options->wait_ms) == 0)
		return 0;
	return error_set(parse->error, OUTCOME_USAGE, "--wait takes a time such as 90s or 5m, up to 7d, not \"%.100s\"", text);
}

static int
check(struct parse *parse)
{
	struct request_options *options = parse->options;

	if (options->action != REQUEST_OPTIONS_RUN)
		return 0;
	if (check_opposites(parse) != 0 || check_needs(parse) != 0 || check_wait(parse) != 0)
		return -1;
	if (!options->dry_run && options->redis.server == NULL && options->kafka.brokers == NULL && options->sqs.url == NULL)
		return error_set(parse->error, OUTCOME_USAGE,
		    "give where to send the request: --redis=HOST, --kafka=HOST:PORT or --sqs=URL; --dry-run only prints it");
	if (options->redis.channel == NULL)
		options->redis.channel = options->redis.stream == NULL ? "capture" : NULL;
	if (options->redis.results_channel == NULL)
		options->redis.results_channel = options->redis.results_stream == NULL ? "results" : NULL;
	if (options->kafka.results_topic == NULL)
		options->kafka.results_topic = "results";
	return 0;
}

int
request_options_parse(struct request_options *options, int argc, char *argv[], struct error *error)
{
	struct parse parse = { .options = options, .error = error };

	memset(options, 0, sizeof(*options));
	for (size_t i = 0; i < REQUEST_ROWS; i++)
		if (request_rows[i].preset != NULL &&
		    options_value(&request_rows[i], request_rows[i].preset, options, error) != 0)
			return -1;
	if (take_words(&parse, argc, argv) == 0 && check(&parse) == 0)
		return 0;
	request_options_release(options);
	return -1;
}

void
request_options_release(struct request_options *options)
{
	struct options_list *lists[] = { &options->capture.interfaces, &options->capture.aliases,
		&options->parcel.destinations, &options->kafka.properties };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		free(lists[i]->items);
		memset(lists[i], 0, sizeof(*lists[i]));
	}
}

static void
help_all(struct buffer *out)
{
	(void)buffer_puts(out,
	    "usage: espcapd-request --node=NAME --interface=IFACE --packets=N\n"
	    "                       --redis=HOST [options]       asks for a capture\n"
	    "       espcapd-request --cancel=ID --redis=HOST     ends one\n"
	    "       espcapd-request --status --redis=HOST --wait asks what nodes are doing\n\n"
	    "Sends a request to espcapd, and with --wait prints the results, one a line.\n"
	    "--option=VALUE and --option VALUE are the same; names may be cut short as long\n"
	    "as they stay unambiguous.\n");
	for (size_t g = 0; g < REQUEST_GROUPS; g++) {
		(void)buffer_printf(out, "\n%s:\n", request_titles[g]);
		for (size_t i = 0; i < REQUEST_ROWS; i++)
			if (request_rows[i].group == g)
				options_help_row(out, &request_rows[i]);
	}
}

void
request_options_help(struct buffer *out, const char *what)
{
	const struct options_program program = { "espcapd-request", request_rows, REQUEST_ROWS, NULL };
	size_t index = what != NULL ? request_rows_index(what, strlen(what)) : REQUEST_ROWS;

	if (index < REQUEST_ROWS)
		options_help_row(out, &request_rows[index]);
	else if (what == NULL || !options_complete(out, &program, what))
		help_all(out);
}

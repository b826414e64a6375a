/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcap-kafka by its table of options. */
#include "config/kafka_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/kafka_options_file.h"
#include "config/kafka_options_table.h"
#include "config/options_complete.h"
#include "config/options_value.h"

/* Added to a row's index, so that getopt_long_only's '?' and ':' mean nothing else. */
#define ROW_BASE 256

struct parse {
	struct kafka_options *options;
	bool given[KAFKA_ROWS];
	unsigned lines[KAFKA_ROWS]; /* of the configuration file; 0 for the command line */
	struct error *error;
};

static bool
is_given(const struct parse *parse, const char *name)
{
	return parse->given[kafka_rows_index(name, strlen(name))];
}

static void
set_action(struct kafka_options *options, enum kafka_action action)
{
	/* Who asks for help among other things wants help. */
	if (options->action == KAFKA_RUN || options->action == KAFKA_LIST)
		options->action = action;
}

/* "--bpf --write": the value was forgotten, and the next option is in its place. */
static bool
is_option(const char *word)
{
	size_t len;
	const char *name = options_word_name(word, &len);

	return name != NULL && kafka_rows_index(name, len) < KAFKA_ROWS;
}

/* The value of --help; empty if there is none. */
static int
take_help(struct parse *parse, const char *text)
{
	const char *name = text + strspn(text, "-");

	set_action(parse->options, KAFKA_HELP);
	if (text[0] == '\0')
		return 0;
	if (!options_is_shell(text) && kafka_rows_index(name, strlen(name)) == KAFKA_ROWS)
		return error_set(parse->error, OUTCOME_USAGE,
		    "--help takes the name of an option, or bash, fish or zsh, not \"%.100s\"", text);
	parse->options->help = name;
	return 0;
}

/* A producer has one interface, as Pycapa's has: another one is another process. */
static int
refuse_again(struct parse *parse, const struct options_row *row)
{
	return error_set(parse->error, OUTCOME_USAGE, "--%s was given twice: give it once%s", row->name,
	    strcmp(row->name, "interface") == 0 ? "; \"any\" is all of them, and the service espcap-kafka@IFACE runs a "
						  "producer for each" :
						  "");
}

static int
take_row(struct parse *parse, size_t index, const char *text)
{
	const struct options_row *row = &kafka_rows[index];

	if (row->kind == OPTIONS_KIND_HELP)
		return take_help(parse, text);

	if (row->kind == OPTIONS_KIND_ACTION) {
		set_action(parse->options, (enum kafka_action)row->min);
		return 0;
	}
	if (row->value != NULL && (text[0] == '\0' || is_option(text)))
		return error_set(parse->error, OUTCOME_USAGE, "--%s needs a value: --%s=%s", row->name, row->name,
		    row->value);
	if (row->value != NULL && row->kind != OPTIONS_KIND_LIST && parse->given[index])
		return refuse_again(parse, row);
	parse->given[index] = true;
	return options_value(row, text, parse->options, parse->error);
}

static size_t
letter_index(int letter)
{
	for (size_t i = 0; i < KAFKA_ROWS; i++)
		if (kafka_rows[i].letter == letter && letter != 0)
			return i;
	return KAFKA_ROWS;
}

/* word: what getopt_long_only does not take. */
static int
refuse_word(struct parse *parse, int answer, const char *word)
{
	size_t index = optopt >= ROW_BASE ? (size_t)(optopt - ROW_BASE) : letter_index(optopt);
	const char *name = index < KAFKA_ROWS ? kafka_rows[index].name : "";

	if (answer == ':' && index < KAFKA_ROWS)
		return error_set(parse->error, OUTCOME_USAGE, "--%s needs a value: --%s=%s", name, name,
		    kafka_rows[index].value);
	if (optopt >= ROW_BASE && index < KAFKA_ROWS)
		return error_set(parse->error, OUTCOME_USAGE, "--%s takes no value", name);
	return error_set(parse->error, OUTCOME_USAGE, "unknown or ambiguous option \"%.*s\"",
	    (int)strcspn(word, "="), word);
}

static void
make_getopt(struct option longopts[KAFKA_ROWS + KAFKA_ALIASES + 1], char letters[2 * KAFKA_ROWS + 3])
{
	memset(longopts, 0, (KAFKA_ROWS + KAFKA_ALIASES + 1) * sizeof(*longopts));
	/* '-' keeps words that are no options in their places, ':' reports a missing value as such. */
	*letters++ = '-';
	*letters++ = ':';
	for (size_t i = 0; i < KAFKA_ROWS + KAFKA_ALIASES; i++) {
		const char *name = i < KAFKA_ROWS ? kafka_rows[i].name : kafka_aliases[i - KAFKA_ROWS].name;
		const char *means = i < KAFKA_ROWS ? name : kafka_aliases[i - KAFKA_ROWS].means;
		size_t index = kafka_rows_index(means, strlen(means));

		longopts[i].name = name;
		longopts[i].has_arg = kafka_rows[index].value == NULL ? no_argument :
		    kafka_rows[index].kind == OPTIONS_KIND_HELP       ? optional_argument :
									required_argument;
		longopts[i].val = ROW_BASE + (int)index;
		if (i >= KAFKA_ROWS || kafka_rows[i].letter == 0)
			continue;
		*letters++ = kafka_rows[i].letter;
		if (kafka_rows[i].value != NULL && kafka_rows[i].kind != OPTIONS_KIND_HELP)
			*letters++ = ':';
	}
	*letters = '\0';
}

static int
take_words(struct parse *parse, int argc, char *argv[])
{
	struct option longopts[KAFKA_ROWS + KAFKA_ALIASES + 1];
	char letters[2 * KAFKA_ROWS + 3];
	int answer, at, rv = 0;

	make_getopt(longopts, letters);
	opterr = 0;
	/* glibc starts anew at 0 (getopt(3), NOTES). */
	optind = 0;
	for (;;) {
		at = optind > 0 ? optind : 1;
		answer = getopt_long_only(argc, argv, letters, longopts, NULL);
		if (answer == -1)
			break;
		if (answer == 1)
			return error_set(parse->error, OUTCOME_USAGE, "unexpected argument \"%.100s\"", optarg);
		if (answer >= ROW_BASE)
			rv = take_row(parse, (size_t)answer - ROW_BASE, optarg != NULL ? optarg : "");
		else if (letter_index(answer) < KAFKA_ROWS)
			rv = take_row(parse, letter_index(answer), optarg != NULL ? optarg : "");
		else
			rv = refuse_word(parse, answer, argv[at]);
		if (rv != 0)
			return -1;
	}
	return optind < argc ? error_set(parse->error, OUTCOME_USAGE, "unexpected argument \"%.100s\"", argv[optind]) : 0;
}

/* Puts file and line before the error if the option comes from there. */
static int
refuse_option(const struct parse *parse, size_t index)
{
	if (parse->lines[index] > 0)
		kafka_options_file_place(parse->options, parse->lines[index], parse->error);
	return -1;
}

static int
exclude(const struct parse *parse, const char *one, const char *other)
{
	size_t a = kafka_rows_index(one, strlen(one)), b = kafka_rows_index(other, strlen(other));

	if (!parse->given[a] || !parse->given[b])
		return 0;
	error_set(parse->error, OUTCOME_USAGE, "--%s and --%s exclude each other: give one", one, other);
	return refuse_option(parse, parse->lines[a] > parse->lines[b] ? a : b);
}

static int
check_opposites(const struct parse *parse)
{
	for (size_t i = 0; i < KAFKA_OPPOSITES; i++)
		if (exclude(parse, kafka_opposites[i][0], kafka_opposites[i][1]) != 0)
			return -1;
	return 0;
}

static int
check_mode(const struct parse *parse)
{
	const struct kafka_options *options = parse->options;

	if (!options->producer && !options->consumer)
		return error_set(parse->error, OUTCOME_USAGE, "give --producer or --consumer");
	for (size_t i = 0; i < KAFKA_ROWS; i++)
		if (parse->given[i] && kafka_rows[i].needs[0] != '\0' && !is_given(parse, kafka_rows[i].needs)) {
			error_set(parse->error, OUTCOME_USAGE, "--%s goes with --%s only", kafka_rows[i].name,
			    kafka_rows[i].needs);
			return refuse_option(parse, i);
		}
	if (options->brokers == NULL)
		return error_set(parse->error, OUTCOME_USAGE, "give the address of a broker: --kafka-broker=HOST:PORT");
	if (options->topic == NULL && options->at == NULL)
		return error_set(parse->error, OUTCOME_USAGE, "give a topic: --kafka-topic=TOPIC");
	return 0;
}

static int
check_partition(const struct parse *parse)
{
	const char *partition = parse->options->partition;
	uint64_t number;

	if (strcmp(partition, "conversation") == 0 || strcmp(partition, "key") == 0 ||
	    text_number(partition, 0, INT32_MAX, &number) == 0)
		return 0;
	return error_set(parse->error, OUTCOME_USAGE,
	    "--partition takes conversation, key or the number of a partition, not \"%.100s\"", partition);
}

static int
check_offset(const struct parse *parse)
{
	const char *offset = parse->options->offset;

	if (strcmp(offset, "begin") == 0 || strcmp(offset, "end") == 0 || strcmp(offset, "stored") == 0)
		return 0;
	return error_set(parse->error, OUTCOME_USAGE, "--kafka-offset takes begin, end or stored, not \"%.100s\"", offset);
}

static int
check_stdin(const struct parse *parse)
{
	size_t count = 0;

	for (size_t i = 0; i < parse->options->files.count; i++)
		count += strcmp(parse->options->files.items[i], "-") == 0;
	if (count <= 1)
		return 0;
	return error_set(parse->error, OUTCOME_USAGE, "--file=- was given twice: standard input can be read once");
}

static int
check(const struct parse *parse)
{
	struct kafka_options *options = parse->options;

	if (options->log_level == NULL)
		options->log_level = "INFO";
	if (options->partition == NULL)
		options->partition = "conversation";
	if (options->offset == NULL)
		options->offset = options->exit_at_end ? "begin" : "end";
	if (options->action != KAFKA_RUN)
		return 0;
	if (check_opposites(parse) != 0 || check_mode(parse) != 0)
		return -1;
	if (options->producer && options->interface == NULL && options->files.count == 0)
		return error_set(parse->error, OUTCOME_USAGE,
		    "give what to send: --interface=IFACE or --file=FILE; --list-interfaces shows the interfaces");
	return check_partition(parse) != 0 || check_offset(parse) != 0 ? -1 : check_stdin(parse);
}

int
kafka_options_parse(struct kafka_options *options, int argc, char *argv[], struct error *error)
{
	struct parse parse = { .options = options, .error = error };

	memset(options, 0, sizeof(*options));
	for (size_t i = 0; i < KAFKA_ROWS; i++)
		if (kafka_rows[i].preset != NULL &&
		    options_value(&kafka_rows[i], kafka_rows[i].preset, options, error) != 0)
			return -1;
	if (take_words(&parse, argc, argv) == 0 &&
	    kafka_options_file(options, parse.given, parse.lines, error) == 0 && check(&parse) == 0)
		return 0;
	kafka_options_release(options);
	return -1;
}

void
kafka_options_release(struct kafka_options *options)
{
	free(options->properties.items);
	free(options->files.items);
	free(options->configured.items);
	if (options->config_text != NULL)
		explicit_bzero(options->config_text, options->config_len); /* secrets may be in it */
	free(options->config_text);
	options->config_text = NULL;
	memset(&options->properties, 0, sizeof(options->properties));
	memset(&options->files, 0, sizeof(options->files));
	memset(&options->configured, 0, sizeof(options->configured));
}

static void
help_all(struct buffer *out)
{
	(void)buffer_puts(out,
	    "usage: espcap-kafka --producer --interface=IFACE --kafka-broker=HOST:PORT\n"
	    "                    --kafka-topic=TOPIC [options]     a live capture into Kafka\n"
	    "       espcap-kafka --producer --file=FILE ...        a capture file into Kafka\n"
	    "       espcap-kafka --consumer --kafka-broker=HOST:PORT --kafka-topic=TOPIC\n"
	    "                    [options] >FILE                   packets from Kafka\n\n"
	    "--option=VALUE and --option VALUE are the same; names may be cut short as long\n"
	    "as they stay unambiguous.\n");
	for (size_t g = 0; g < KAFKA_GROUPS; g++) {
		(void)buffer_printf(out, "\n%s:\n", kafka_titles[g]);
		for (size_t i = 0; i < KAFKA_ROWS; i++)
			if (kafka_rows[i].group == g)
				options_help_row(out, &kafka_rows[i]);
	}
}

void
kafka_options_help(struct buffer *out, const char *what)
{
	const struct options_program program = { "espcap-kafka", kafka_rows, KAFKA_ROWS, NULL };
	size_t index = what != NULL ? kafka_rows_index(what, strlen(what)) : KAFKA_ROWS;

	if (index < KAFKA_ROWS)
		options_help_row(out, &kafka_rows[index]);
	else if (what == NULL || !options_complete(out, &program, what))
		help_all(out);
}

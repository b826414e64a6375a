/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file of espcap-kafka. */
#include "config/kafka_options_file.h"

#include <string.h>

#include "config/config_lines.h"
#include "config/options_file.h"
#include "config/options_operands.h"
#include "config/options_value.h"

/* Options that end the program, or name the file. */
static const char *const command_line_only[] = { "config", "help", "version", "list-interfaces" };

/* One reading of a file. */
struct reading {
	struct kafka_options *options;
	bool *given;
	unsigned *lines;
	bool over[KAFKA_ROWS];     /* what the command line has in its place */
	unsigned seen[KAFKA_ROWS]; /* lines, 0 for none */
	struct error *error;
};

static size_t
index_of(const char *name)
{
	return kafka_rows_index(name, strlen(name));
}

static bool
is_property(const struct options_row *row)
{
	return row == &kafka_rows[index_of("kafka-config")];
}

/* An option goes with what it is for: those of a producer mean nothing with --consumer. */
static void
find_over_with_needs(struct reading *reading)
{
	bool is_found = true;

	while (is_found) {
		is_found = false;
		for (size_t i = 0; i < KAFKA_ROWS; i++) {
			size_t needs = index_of(kafka_rows[i].needs);

			if (needs < KAFKA_ROWS && !reading->over[i] && reading->over[needs] && !reading->given[needs])
				is_found = reading->over[i] = true;
		}
	}
}

static void
find_over(struct reading *reading)
{
	memcpy(reading->over, reading->given, sizeof(reading->over));
	for (size_t i = 0; i < KAFKA_OPPOSITES; i++)
		for (size_t k = 0; k < 2; k++)
			if (reading->given[index_of(kafka_opposites[i][k])])
				reading->over[index_of(kafka_opposites[i][1 - k])] = true;
	find_over_with_needs(reading);
	/* Each property is an option of its own. */
	reading->over[index_of("kafka-config")] = false;
}

/* It is right, but does not count. */
static int
check_only(const struct reading *reading, const struct options_row *row, const char *text)
{
	struct kafka_options unused;
	int rv;

	memset(&unused, 0, sizeof(unused));
	rv = options_value(row, text, &unused, reading->error);
	kafka_options_release(&unused);
	return rv;
}

static int
set(struct reading *reading, size_t index, const char *text, unsigned number)
{
	const struct options_row *row = &kafka_rows[index];

	if (is_property(row)) {
		options_list_push(&reading->options->configured, text);
		return 0;
	}
	if (reading->over[index])
		return check_only(reading, row, text);
	reading->given[index] = true;
	reading->lines[index] = number;
	return options_value(row, text, reading->options, reading->error);
}

static int
take_switch(struct reading *reading, size_t index, const char *value, unsigned number)
{
	if (strcmp(value, "no") == 0)
		return 0;
	if (strcmp(value, "yes") == 0)
		return set(reading, index, NULL, number);
	return error_set(reading->error, OUTCOME_USAGE, "%s takes yes or no", kafka_rows[index].name);
}

/* An unknown key is not printed: it may be a secret. */
static int
take_line(struct reading *reading, const struct config_line *line, unsigned number)
{
	size_t index = kafka_rows_index(line->name, line->len);
	const struct options_row *row = &kafka_rows[index];

	if (index == KAFKA_ROWS)
		return error_set(reading->error, OUTCOME_USAGE,
		    "no such option; a property of the client is kafka-config = KEY=VALUE");
	for (size_t i = 0; i < sizeof(command_line_only) / sizeof(command_line_only[0]); i++)
		if (strcmp(command_line_only[i], row->name) == 0)
			return error_set(reading->error, OUTCOME_USAGE, "%s is for the command line only", row->name);
	if (reading->seen[index] > 0 && row->kind != OPTIONS_KIND_LIST)
		return error_set(reading->error, OUTCOME_USAGE,
		    "%s was given in line %u already: give it once", row->name, reading->seen[index]);
	reading->seen[index] = number;
	if (row->value == NULL)
		return take_switch(reading, index, line->value, number);
	if (line->value[0] == '\0')
		return error_set(reading->error, OUTCOME_USAGE,
		    "%s needs a value: %s = %s", row->name, row->name, row->value);
	return set(reading, index, line->value, number);
}

void
kafka_options_file_place(const struct kafka_options *options, unsigned line, struct error *error)
{
	const struct error reason = *error;

	error_set(error, reason.outcome, "%.300s:%u: %.600s", options->config, line, reason.text);
}

int
kafka_options_file(struct kafka_options *options, bool given[KAFKA_ROWS], unsigned lines[KAFKA_ROWS], struct error *error)
{
	struct reading reading = { .options = options, .given = given, .lines = lines, .error = error };
	struct config_lines text = { .at = NULL };
	struct config_line line;
	enum config_lines_event event;

	if (options->config == NULL || options->action == KAFKA_HELP || options->action == KAFKA_VERSION)
		return 0;
	options->config_text = options_file_read(options->config, &options->config_len, error);
	if (options->config_text == NULL)
		return -1;
	text.at = options->config_text;
	text.end = text.at + options->config_len;
	find_over(&reading);
	while ((event = config_lines_next(&text, &line, error)) == CONFIG_LINES_LINE)
		if (take_line(&reading, &line, text.number) != 0)
			break;
	if (event == CONFIG_LINES_END)
		return 0;
	kafka_options_file_place(options, text.number, error);
	return -1;
}

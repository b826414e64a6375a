/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcap-kafka by its table of options. */
#include "config/kafka_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/kafka_options_table.h"
#include "config/options_file.h"
#include "config/options_help_text.h"
#include "config/options_reading.h"
#include "config/options_set.h"

/* "--bpf --write": the value was forgotten, and the next option is in its place. */
static bool
is_option(const char *word)
{
	size_t len;
	const char *name = options_word_name(word, &len);

	return name != NULL && options_find(&kafka_program, name, len) < KAFKA_ROWS;
}

static int
on_option(void *ctx, size_t index, const char *word, const char *text)
{
	struct options_reading *reading = ctx;
	const struct options_row *row = &kafka_rows[index];

	if (row->value != NULL && row->kind != OPTIONS_KIND_HELP && is_option(text))
		return options_lacks_value(row, reading->error);
	/* A producer has one interface, as Pycapa's has: another one is another process. */
	if (text[0] != '\0' && reading->given[index] && row->offset == offsetof(struct kafka_options, interface))
		return error_set(reading->error, OUTCOME_USAGE,
		    "--interface was given twice: give it once; \"any\" is all of them, and the service espcap-kafka@IFACE "
		    "runs a producer for each");
	return options_take(reading, index, word, text);
}

static int
check_mode(const struct options_reading *reading)
{
	const struct kafka_options *options = reading->options;

	if (!options->producer && !options->consumer)
		return error_set(reading->error, OUTCOME_USAGE, "give --producer or --consumer");
	if (options_check_needs(reading) != 0)
		return -1;
	if (options->brokers == NULL)
		return error_set(reading->error, OUTCOME_USAGE, "give the address of a broker: --kafka-broker=HOST:PORT");
	if (options->topic == NULL && options->at == NULL)
		return error_set(reading->error, OUTCOME_USAGE, "give a topic: --kafka-topic=TOPIC");
	return 0;
}

static int
check_partition(const struct options_reading *reading)
{
	const char *partition = ((const struct kafka_options *)reading->options)->partition;
	uint64_t number;

	if (strcmp(partition, "conversation") == 0 || strcmp(partition, "key") == 0 ||
	    text_number(partition, 0, INT32_MAX, &number) == 0)
		return 0;
	return error_set(reading->error, OUTCOME_USAGE,
	    "--partition takes conversation, key or the number of a partition, not \"%.100s\"", partition);
}

static int
check_offset(const struct options_reading *reading)
{
	const char *offset = ((const struct kafka_options *)reading->options)->offset;

	if (strcmp(offset, "begin") == 0 || strcmp(offset, "end") == 0 || strcmp(offset, "stored") == 0)
		return 0;
	return error_set(reading->error, OUTCOME_USAGE, "--kafka-offset takes begin, end or stored, not \"%.100s\"", offset);
}

static int
check_stdin(const struct options_reading *reading)
{
	const struct options_list *files = &((const struct kafka_options *)reading->options)->files;
	size_t count = 0;

	for (size_t i = 0; i < files->count; i++)
		count += strcmp(files->items[i], "-") == 0;
	if (count <= 1)
		return 0;
	return error_set(reading->error, OUTCOME_USAGE, "--file=- was given twice: standard input can be read once");
}

static int
check(const struct options_reading *reading)
{
	struct kafka_options *options = reading->options;

	if (options->log_level == NULL)
		options->log_level = "INFO";
	if (options->partition == NULL)
		options->partition = "conversation";
	if (options->offset == NULL)
		options->offset = options->exit_at_end ? "begin" : "end";
	if (options->action != OPTIONS_RUN)
		return 0;
	if (options_check_opposites(reading) != 0 || check_mode(reading) != 0)
		return -1;
	if (options->producer && options->interface == NULL && options->files.count == 0)
		return error_set(reading->error, OUTCOME_USAGE,
		    "give what to send: --interface=IFACE or --file=FILE; --list-interfaces shows the interfaces");
	return check_partition(reading) != 0 || check_offset(reading) != 0 ? -1 : check_stdin(reading);
}

/* A property is kept apart: those of the command line come after it. */
static bool
keeps(void *options, const struct options_row *row, const char *text)
{
	if (row->offset != offsetof(struct kafka_options, properties))
		return false;
	options_list_push(&((struct kafka_options *)options)->configured, text);
	return true;
}

/* The name is not printed: it may be a secret. */
static int
unknown_key(const char *name, size_t len, struct error *error)
{
	(void)name;
	(void)len;
	return error_set(error, OUTCOME_USAGE, "no such option; a property of the client is kafka-config = KEY=VALUE");
}

int
kafka_options_parse(struct kafka_options *options, int argc, char *argv[], struct error *error)
{
	bool given[KAFKA_ROWS] = { false };
	unsigned lines[KAFKA_ROWS] = { 0 };
	struct options_reading reading = { .program = &kafka_program, .options = options, .given = given, .lines = lines, .error = error, .unknown_key = unknown_key, .keeps = keeps };

	if (options_preset(&reading) == 0 && options_take_words(&reading, on_option, argc, argv) == 0 &&
	    options_file(&reading, options->config, &options->config_text, &options->config_len) == 0 &&
	    check(&reading) == 0)
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

void
kafka_options_help(struct buffer *out, const char *what)
{
	options_help_what(out, &kafka_program, what);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcapd-request by its table of options. */
#include "config/request_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/options_help_text.h"
#include "config/options_reading.h"
#include "config/request_options_table.h"

#define WAIT_MAX ((uint64_t)7 * 86400 * 1000)

static int
check_wait(const struct options_reading *reading)
{
	struct request_options *options = reading->options;
	const char *text = options->wait_text;

	options->wait = text != NULL;
	if (text == NULL)
		return 0;
	if (text_duration(text[0] != '\0' ? text : "5m", 1, WAIT_MAX, &options->wait_ms) == 0)
		return 0;
	return error_set(reading->error, OUTCOME_USAGE, "--wait takes a time such as 90s or 5m, up to 7d, not \"%.100s\"", text);
}

static int
check(const struct options_reading *reading)
{
	struct request_options *options = reading->options;

	if (options->action != OPTIONS_RUN)
		return 0;
	if (options_check_opposites(reading) != 0 || options_check_needs(reading) != 0 || check_wait(reading) != 0)
		return -1;
	if (!options->dry_run && options->redis.server == NULL && options->kafka.brokers == NULL && options->sqs.url == NULL)
		return error_set(reading->error, OUTCOME_USAGE,
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
	bool given[REQUEST_ROWS] = { false };
	struct options_reading reading = { .program = &request_program, .options = options, .given = given, .error = error };

	if (options_preset(&reading) == 0 && options_take_words(&reading, options_take, argc, argv) == 0 &&
	    check(&reading) == 0)
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

void
request_options_help(struct buffer *out, const char *what)
{
	options_help_what(out, &request_program, what);
}

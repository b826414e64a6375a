/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a configuration file; what is refused has a reason, and what is taken is within its range. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/options_file.h"
#include "config/options_table.h"
#include "config/options_unknown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value is a part of the text, never empty. */
static void
check_row(const struct options *options, const struct options_row *row, const char *text, size_t size)
{
	const void *member = (const char *)options + row->offset;
	const char *value;
	uint64_t number;

	switch (row->kind) {
	case OPTIONS_KIND_TEXT:
	case OPTIONS_KIND_SECRET:
		memcpy(&value, member, sizeof(value));
		assert(value >= text && value < text + size && value[0] != '\0');
		assert(value + strlen(value) <= text + size);
		break;
	case OPTIONS_KIND_NUMBER:
	case OPTIONS_KIND_SIZE:
	case OPTIONS_KIND_TIME:
		memcpy(&number, member, sizeof(number));
		assert(number >= row->min && number <= row->max);
		break;
	case OPTIONS_KIND_ACTION:
	case OPTIONS_KIND_HELP:
	case OPTIONS_KIND_OPTIONAL:
		abort();
	case OPTIONS_KIND_LEVEL:
	case OPTIONS_KIND_FLAG:
	case OPTIONS_KIND_LIST:
		break;
	}
}

/* The first byte: whether the command line has an input already. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options options = { .action = OPTIONS_RUN };
	unsigned lines[OPTIONS_ROWS] = { 0 };
	bool given[OPTIONS_ROWS] = { false };
	bool has_input = size > 0 && data[0] % 2 == 1;
	struct error error = { .text = "" };
	struct options_reading reading = { .program = &options_program, .options = &options, .given = given, .file = "file", .lines = lines, .error = &error, .unknown_key = options_unknown_key };
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	assert(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	given[options_index("nic", 3)] = has_input;
	if (options_file_take(&reading, text, size - 1) != 0)
		assert(error.outcome == OUTCOME_USAGE && strncmp(error.text, "file:", 5) == 0);
	else
		for (size_t i = 0; i < OPTIONS_ROWS; i++)
			if (lines[i] > 0) {
				assert(given[i]);
				check_row(&options, &options_rows[i], text, size);
			}
	assert(!has_input || (options.files.count == 0 && options.nics.count == 0));
	options_release(&options);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file of --config. */
#include "config/options_file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/files.h"
#include "base/xalloc.h"
#include "config/config_lines.h"
#include "config/options_set.h"
#include "config/options_unknown.h"

/* Far more than all options need. */
#define FILE_MAX ((size_t)1 << 20)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Options that end espcap, or name the file. */
static const char *const command_line_only[] = { "config", "help", "version", "list-interfaces", "print-template" };

/* Of each two the one on the command line takes the other one back. */
static const char *const opposites[][2] = { { "promisc", "no-promisc" }, { "template", "no-template" },
	{ "quiet", "verbose" } };

/* One reading of a file. */
struct reading {
	struct options *options;
	bool *given;
	bool over[OPTIONS_ROWS];     /* what the command line has in its place */
	unsigned seen[OPTIONS_ROWS]; /* lines, 0 for none */
	struct options_origin *origin;
	struct error *error;
};

static size_t
index_of(const char *name)
{
	return options_index(name, strlen(name));
}

static bool
is_command_line_only(const struct options_row *row)
{
	for (size_t i = 0; i < COUNT(command_line_only); i++)
		if (strcmp(command_line_only[i], row->name) == 0)
			return true;
	return false;
}

/* Whether everything that could give the option a meaning is over. */
static bool
needs_what_is_over(const struct reading *reading, size_t index)
{
	const char *needs = options_rows[index].needs;
	bool there[OPTIONS_ROWS];
	char text[256];

	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		there[i] = reading->given[i] || !reading->over[i];
	while (needs[0] != '\0')
		if (!options_need_next(&needs, there, text, sizeof(text)))
			return true;
	return false;
}

/* An option goes with the input that it is for, and --spool-size with --spool. */
static void
find_over_with_input(struct reading *reading)
{
	bool is_found = true;

	while (is_found) {
		is_found = false;
		for (size_t i = 0; i < OPTIONS_ROWS; i++)
			if (!reading->over[i] && needs_what_is_over(reading, i))
				is_found = reading->over[i] = true;
	}
}

/* Also an input of another kind, for there is one. */
static void
find_over(struct reading *reading)
{
	bool has_input = false;

	memcpy(reading->over, reading->given, sizeof(reading->over));
	for (size_t i = 0; i < COUNT(opposites); i++)
		for (size_t k = 0; k < 2; k++)
			if (reading->given[index_of(opposites[i][k])])
				reading->over[index_of(opposites[i][1 - k])] = true;
	for (size_t i = 0; i < OPTIONS_INPUTS; i++)
		has_input = has_input || reading->given[index_of(options_inputs[i])];
	for (size_t i = 0; has_input && i < OPTIONS_INPUTS; i++)
		reading->over[index_of(options_inputs[i])] = true;
	if (has_input)
		find_over_with_input(reading);
}

/* It is right, but does not count. */
static int
check_only(const struct reading *reading, const struct options_row *row, const char *text)
{
	struct options unused = { .action = OPTIONS_RUN };
	int rv = options_set(&unused, row, text, reading->error);

	options_release(&unused);
	return rv;
}

static int
set(struct reading *reading, size_t index, const char *text, unsigned number)
{
	const struct options_row *row = &options_rows[index];

	if (reading->over[index])
		return check_only(reading, row, text);
	reading->given[index] = true;
	reading->origin->lines[index] = number;
	return options_set(reading->options, row, text, reading->error);
}

static int
take_switch(struct reading *reading, size_t index, const char *value, unsigned number)
{
	if (strcmp(value, "no") == 0)
		return 0;
	if (strcmp(value, "yes") == 0)
		return set(reading, index, NULL, number);
	return error_set(reading->error, OUTCOME_USAGE, "%s takes yes or no", options_rows[index].name);
}

static int
take_line(struct reading *reading, const struct config_line *line, unsigned number)
{
	size_t index = options_index(line->name, line->len);
	const struct options_row *row = &options_rows[index];

	if (index == OPTIONS_ROWS)
		return options_unknown_key(line->name, line->len, reading->error);
	if (is_command_line_only(row))
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

static int
refuse_line(const struct reading *reading, unsigned number)
{
	const struct error reason = *reading->error;

	return error_set(reading->error, OUTCOME_USAGE, "%.300s:%u: %.600s", reading->origin->file, number, reason.text);
}

int
options_file_take(struct options *options, char *text, size_t len, bool given[OPTIONS_ROWS],
    struct options_origin *origin, struct error *error)
{
	struct reading reading = { .options = options, .given = given, .origin = origin, .error = error };
	struct config_lines lines = { .at = text, .end = text + len };
	struct config_line line;

	find_over(&reading);
	for (;;) {
		switch (config_lines_next(&lines, &line, error)) {
		case CONFIG_LINES_END:
			return 0;
		case CONFIG_LINES_BAD:
			return refuse_line(&reading, lines.number);
		case CONFIG_LINES_LINE:
			if (take_line(&reading, &line, lines.number) != 0)
				return refuse_line(&reading, lines.number);
		}
	}
}

/*
 * Whoever may write the file tells espcap, perhaps root's, what to read, where to send it and what to write. Who may
 * write its folder can put another file into its place, but only one of root's or of this user's gets here: so the
 * folder does not matter.
 */
static int
check_trust(int fd, const char *name, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return error_set(error, OUTCOME_USAGE, "%.400s: not a regular file", name);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(error, OUTCOME_USAGE,
		    "%.400s: it belongs to user %u, who may change it: it must belong to root%s", name,
		    (unsigned)st.st_uid, geteuid() == 0 ? "" : " or to you");
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(error, OUTCOME_USAGE,
		    "%.400s: others may write it (mode %04o): chmod go-w", name, (unsigned)st.st_mode & 07777);
	return 0;
}

static int
read_file(const char *name, struct buffer *text, struct error *error)
{
	int fd = files_open(name, error), rv;

	if (fd < 0)
		return -1;
	rv = check_trust(fd, name, error) != 0 ? -1 : files_read_fd(fd, name, text, error);
	close(fd);
	return rv;
}

char *
options_file_read(const char *name, size_t *len, struct error *error)
{
	struct buffer buffer;
	char *text = NULL;

	buffer_init(&buffer, FILE_MAX + 1);
	if (read_file(name, &buffer, error) == 0 && buffer_append(&buffer, "", 1) == 0) {
		text = xmalloc(buffer.len);
		memcpy(text, buffer.data, buffer.len);
		*len = buffer.len - 1;
	}
	if (buffer.len > 0)
		explicit_bzero(buffer.data, buffer.len);
	buffer_release(&buffer);
	return text;
}

int
options_file(struct options *options, bool given[OPTIONS_ROWS], struct options_origin *origin, struct error *error)
{
	size_t len;

	if (options->config == NULL || options->action == OPTIONS_HELP || options->action == OPTIONS_VERSION)
		return 0;
	origin->file = options->config;
	options->config_text = options_file_read(options->config, &len, error);
	if (options->config_text == NULL)
		return -1;
	return options_file_take(options, options->config_text, len, given, origin, error);
}

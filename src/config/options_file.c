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

/* Far more than all options need. */
#define FILE_MAX ((size_t)1 << 20)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Options that end the program, or name the file. */
static const char *const command_line_only[] = { "config", "help", "version", "list-interfaces", "print-template" };

/* The lines of a file. */
struct lines {
	struct options_reading *reading;
	bool over[OPTIONS_ROWS_MAX];     /* what the command line has in its place */
	unsigned seen[OPTIONS_ROWS_MAX]; /* lines, 0 for none */
	struct error *error;
};

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
needs_what_is_over(const struct lines *lines, size_t index)
{
	const struct options_program *program = lines->reading->program;
	const char *needs = program->rows[index].needs;
	bool there[OPTIONS_ROWS_MAX];
	char text[256];

	for (size_t i = 0; i < program->count; i++)
		there[i] = lines->reading->given[i] || !lines->over[i];
	while (needs[0] != '\0')
		if (!options_need_next(program, &needs, there, text, sizeof(text)))
			return true;
	return false;
}

/* An option goes with what it is for: those of a producer mean nothing with --consumer. */
static void
find_over_with_needs(struct lines *lines)
{
	bool is_found = true;

	while (is_found) {
		is_found = false;
		for (size_t i = 0; i < lines->reading->program->count; i++)
			if (!lines->over[i] && needs_what_is_over(lines, i))
				is_found = lines->over[i] = true;
	}
}

static void
set_over(struct lines *lines, const char *name)
{
	lines->over[options_find(lines->reading->program, name, strlen(name))] = true;
}

/* Also an input of another kind, for there is one. */
static void
find_over(struct lines *lines)
{
	const struct options_program *program = lines->reading->program;
	bool has_input = false;

	memcpy(lines->over, lines->reading->given, program->count * sizeof(lines->over[0]));
	for (size_t i = 0; i < program->opposite_count; i++)
		for (size_t k = 0; k < 2; k++)
			if (options_given(lines->reading, program->opposites[i][k]))
				set_over(lines, program->opposites[i][1 - k]);
	for (size_t i = 0; i < program->input_count; i++)
		has_input = has_input || options_given(lines->reading, program->inputs[i]);
	for (size_t i = 0; has_input && i < program->input_count; i++)
		set_over(lines, program->inputs[i]);
	find_over_with_needs(lines);
}

static int
set(struct lines *lines, size_t index, const char *text, unsigned number)
{
	struct options_reading *reading = lines->reading;
	const struct options_row *row = &reading->program->rows[index];

	if (reading->keeps != NULL && reading->keeps(reading->options, row, text))
		return 0;
	if (lines->over[index])
		return options_check_value(reading->program, row, text, lines->error);
	reading->given[index] = true;
	reading->lines[index] = number;
	return options_set(reading->program, reading->options, row, text, reading->error);
}

static int
take_switch(struct lines *lines, size_t index, const char *value, unsigned number)
{
	if (strcmp(value, "no") == 0)
		return 0;
	if (strcmp(value, "yes") == 0)
		return set(lines, index, NULL, number);
	return error_set(lines->error, OUTCOME_USAGE, "%s takes yes or no", lines->reading->program->rows[index].name);
}

static int
take_line(struct lines *lines, const struct config_line *line, unsigned number)
{
	const struct options_program *program = lines->reading->program;
	size_t index = options_find(program, line->name, line->len);
	const struct options_row *row = &program->rows[index];

	if (index == program->count)
		return lines->reading->unknown_key(line->name, line->len, lines->error);
	if (is_command_line_only(row))
		return error_set(lines->error, OUTCOME_USAGE, "%s is for the command line only", row->name);
	if (lines->seen[index] > 0 && row->kind != OPTIONS_KIND_LIST)
		return error_set(lines->error, OUTCOME_USAGE,
		    "%s was given in line %u already: give it once", row->name, lines->seen[index]);
	lines->seen[index] = number;
	if (row->value == NULL)
		return take_switch(lines, index, line->value, number);
	if (line->value[0] == '\0')
		return error_set(lines->error, OUTCOME_USAGE,
		    "%s needs a value: %s = %s", row->name, row->name, row->value);
	return set(lines, index, line->value, number);
}

int
options_file_take(struct options_reading *reading, char *text, size_t len)
{
	struct lines lines = { .reading = reading, .error = reading->error };
	struct config_lines left = { .at = text, .end = text + len };
	struct config_line line;
	enum config_lines_event event;

	find_over(&lines);
	while ((event = config_lines_next(&left, &line, reading->error)) == CONFIG_LINES_LINE)
		if (take_line(&lines, &line, left.number) != 0)
			break;
	return event == CONFIG_LINES_END ? 0 : options_refuse_at(reading, left.number);
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
options_file(struct options_reading *reading, const char *name, char **text, size_t *len)
{
	enum options_action action = options_action(reading->program, reading->options);

	if (name == NULL || action == OPTIONS_HELP || action == OPTIONS_VERSION)
		return 0;
	reading->file = name;
	*text = options_file_read(name, len, reading->error);
	return *text == NULL ? -1 : options_file_take(reading, *text, *len);
}

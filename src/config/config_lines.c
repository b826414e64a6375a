/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a configuration file: option = value. */
#include "config/config_lines.h"

#include <string.h>

#define BLANKS " \t"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* The end of the line, which a byte of zero ends then. */
static char *
cut_line(struct config_lines *lines)
{
	char *end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));

	if (end == NULL) {
		end = lines->end;
		lines->at = end;
	} else {
		*end = '\0';
		lines->at = end + 1;
	}
	lines->number++;
	return end;
}

/* No text has such, but for a tab. */
static int
check_characters(const char *line, const char *end, struct error *error)
{
	for (; line < end; line++) {
		const unsigned char byte = (unsigned char)*line;

		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return error_set(error, OUTCOME_USAGE,
			    "the line has a control character (0x%02x)%s", byte,
			    byte == '\r' ? ": end lines with a line feed alone" : "");
	}
	return 0;
}

static char *
trim(char *text, char *end)
{
	text += strspn(text, BLANKS);
	while (end > text && strchr(BLANKS, end[-1]) != NULL)
		end--;
	*end = '\0';
	return text;
}

/* What is in the line is not printed: it may be a secret, or a file that nobody wanted to be read. */
static int
split(char *text, struct config_line *line, struct error *error)
{
	char *rest;

	line->name = text;
	line->len = strspn(text, NAME_CHARACTERS);
	rest = text + line->len;
	rest += strspn(rest, BLANKS);
	if (line->len == 0 || *rest != '=')
		return error_set(error, OUTCOME_USAGE,
		    "expected \"option = value\"; a comment begins with #");
	line->value = rest + 1 + strspn(rest + 1, BLANKS);
	return 0;
}

enum config_lines_event
config_lines_next(struct config_lines *lines, struct config_line *line, struct error *error)
{
	while (lines->at < lines->end) {
		char *text = lines->at, *end = cut_line(lines);

		if (check_characters(text, end, error) != 0)
			return CONFIG_LINES_BAD;
		text = trim(text, end);
		if (text[0] == '\0' || text[0] == '#')
			continue;
		return split(text, line, error) == 0 ? CONFIG_LINES_LINE : CONFIG_LINES_BAD;
	}
	return CONFIG_LINES_END;
}

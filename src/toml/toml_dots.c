/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the dots of keys. */
#include "toml/toml_dots.h"

#include <stdbool.h>
#include <string.h>

struct scan {
	const char *at, *end;
	unsigned line;
};

static bool
is_at(const struct scan *scan, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(scan->end - scan->at) >= len && memcmp(scan->at, text, len) == 0;
}

/* Moves to the text, which is not escaped, and behind it; or to the end. */
static void
skip_to(struct scan *scan, const char *text, bool has_escapes)
{
	for (; scan->at < scan->end; scan->at++) {
		if (is_at(scan, text)) {
			scan->at += strlen(text);
			return;
		}
		if (*scan->at == '\n')
			scan->line++;
		else if (has_escapes && *scan->at == '\\' && scan->end - scan->at > 1 && scan->at[1] != '\n')
			scan->at++;
	}
}

/* A string of one line ends there whether it is closed or not. */
static void
skip_line_string(struct scan *scan, char quote)
{
	for (scan->at++; scan->at < scan->end && *scan->at != '\n'; scan->at++) {
		if (*scan->at == quote) {
			scan->at++;
			return;
		}
		if (quote == '"' && *scan->at == '\\' && scan->end - scan->at > 1 && scan->at[1] != '\n')
			scan->at++;
	}
}

static void
skip_string(struct scan *scan)
{
	const char *three = *scan->at == '"' ? "\"\"\"" : "'''";

	if (is_at(scan, three)) {
		scan->at += 3;
		skip_to(scan, three, three[0] == '"');
		/* Up to two quotes may stand before the three that end it. */
		while (scan->at < scan->end && *scan->at == three[0])
			scan->at++;
	} else
		skip_line_string(scan, *scan->at);
}

unsigned
toml_dots_line(const char *bytes, size_t len, unsigned max)
{
	struct scan scan = { .at = bytes, .end = bytes + len, .line = 1 };
	unsigned dots = 0;

	while (scan.at < scan.end) {
		char c = *scan.at;

		if (c == '"' || c == '\'') {
			skip_string(&scan);
			continue;
		}
		if (c == '#')
			while (scan.at + 1 < scan.end && scan.at[1] != '\n')
				scan.at++;
		else if (c == '.' && ++dots > max)
			return scan.line;
		else if (strchr("\n=,[]{}", c) != NULL)
			dots = 0;
		scan.line += c == '\n';
		scan.at++;
	}
	return 0;
}

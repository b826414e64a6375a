/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the dots of keys, and looks at headers of sections and at characters that are not ASCII. */
#include "toml/toml_scan.h"

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

static bool
is_ascii(const struct scan *scan)
{
	return ((unsigned char)*scan->at & 0x80) == 0;
}

/* Moves to the text, which is not escaped, and behind it; or to the end, or to what is not ASCII. */
static void
skip_to(struct scan *scan, const char *text, bool has_escapes)
{
	for (; scan->at < scan->end && (is_ascii(scan) || !has_escapes); scan->at++) {
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

static void
skip_comment(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		scan->at++;
}

static void
skip_blanks(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++;
}

static bool
is_in(const struct scan *scan, const char *characters)
{
	return scan->at < scan->end && *scan->at != '\0' && strchr(characters, *scan->at) != NULL;
}

/* Whether a name follows the bracket, or what the parser refuses by itself. Does not move. */
static bool
is_header(const struct scan *scan)
{
	struct scan ahead = *scan;

	ahead.at++;
	if (is_in(&ahead, "["))
		ahead.at++;
	skip_blanks(&ahead);
	return ahead.at == ahead.end ||
	    is_in(&ahead, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-\"'");
}

static int
refuse(const struct scan *scan, const char *bytes, const char *text, struct toml_scan_mistake *mistake)
{
	const char *begin = scan->at;

	while (begin > bytes && begin[-1] != '\n')
		begin--;
	*mistake = (struct toml_scan_mistake){ scan->line, (unsigned)(scan->at - begin) + 1, text };
	return -1;
}

int
toml_scan(const char *bytes, size_t len, unsigned max, struct toml_scan_mistake *mistake)
{
	struct scan scan = { .at = bytes, .end = bytes + len, .line = 1 };
	unsigned dots = 0, depth = 0;
	bool is_first = true; /* of its line, but for blanks */

	if (is_at(&scan, "\xef\xbb\xbf"))
		scan.at += 3;
	while (skip_blanks(&scan), scan.at < scan.end) {
		char c = *scan.at;

		if (c == '.' && ++dots > max)
			return refuse(&scan, bytes, "a key with too many parts", mistake);
		if (c == '\x7f' || (c >= 0 && c < ' ' && !is_in(&scan, "\t\n\r")))
			return refuse(&scan, bytes, "a control character", mistake);
		if (is_in(&scan, "\"'[{") && scan.at > bytes && strchr(" \t\n=,[{.\xbf", scan.at[-1]) == NULL)
			return refuse(&scan, bytes, "a quote or bracket in the middle of a word", mistake);
		/* Also where skip_string stopped. */
		if (!is_ascii(&scan))
			return refuse(&scan, bytes, "a character that is not ASCII, and not in the quotes of one line", mistake);
		if (c == '[' && is_first && depth == 0 && !is_header(&scan))
			return refuse(&scan, bytes, "a section needs a name", mistake);
		if (is_in(&scan, "\n=,[]{}"))
			dots = 0;
		depth += c == '[' || c == '{';
		depth -= depth > 0 && (c == ']' || c == '}');
		is_first = c == '\n';
		scan.line += is_first;
		if (c == '"' || c == '\'')
			skip_string(&scan);
		else if (c == '#')
			skip_comment(&scan);
		else
			scan.at++;
	}
	return 0;
}

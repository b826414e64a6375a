/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a display filter: what ends one, and which are operators. wireshark-filter(4), Wireshark 4.0. */
#include "query/token.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

struct sign {
	const char *text;
	enum token_kind kind;
};

/* Longer ones stand before those they begin with. */
static const struct sign signs[] = {
	{ "===", TOKEN_ALL_EQ },
	{ "!==", TOKEN_ANY_NE },
	{ "==", TOKEN_EQ },
	{ "!=", TOKEN_NE },
	{ "~=", TOKEN_ANY_NE },
	{ ">=", TOKEN_GE },
	{ "<=", TOKEN_LE },
	{ "&&", TOKEN_AND },
	{ "||", TOKEN_OR },
	{ "..", TOKEN_RANGE },
	{ ">", TOKEN_GT },
	{ "<", TOKEN_LT },
	{ "!", TOKEN_NOT },
	{ "~", TOKEN_MATCHES },
	{ "&", TOKEN_BITS },
	{ "(", TOKEN_OPEN },
	{ ")", TOKEN_CLOSE },
	{ "{", TOKEN_LEFT_BRACE },
	{ "}", TOKEN_RIGHT_BRACE },
	{ ",", TOKEN_COMMA },
	{ "+", TOKEN_PLUS },
	{ "-", TOKEN_MINUS },
	{ "*", TOKEN_ARITHMETIC },
	{ "/", TOKEN_ARITHMETIC },
	{ "%", TOKEN_ARITHMETIC },
	{ "[", TOKEN_SLICE },
	{ "#", TOKEN_LAYER },
	{ "$", TOKEN_MACRO },
};

static const struct sign words[] = {
	{ "and", TOKEN_AND },
	{ "or", TOKEN_OR },
	{ "not", TOKEN_NOT },
	{ "eq", TOKEN_EQ },
	{ "any_eq", TOKEN_EQ },
	{ "ne", TOKEN_NE },
	{ "all_ne", TOKEN_NE },
	{ "gt", TOKEN_GT },
	{ "ge", TOKEN_GE },
	{ "lt", TOKEN_LT },
	{ "le", TOKEN_LE },
	{ "in", TOKEN_IN },
	{ "contains", TOKEN_CONTAINS },
	{ "all_eq", TOKEN_ALL_EQ },
	{ "any_ne", TOKEN_ANY_NE },
	{ "matches", TOKEN_MATCHES },
	{ "bitand", TOKEN_BITS },
	{ "bitwise_and", TOKEN_BITS },
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
begins_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == ':' || c == '.';
}

/* The slash of 10.0.0.0/8: only digits follow it. */
static bool
is_prefix_slash(const char *text, size_t len)
{
	size_t i = 1;

	if (text[0] != '/')
		return false;
	while (i < len && is_digit(text[i]))
		i++;
	return i > 1 && (i == len || (!begins_word(text[i]) && text[i] != '-') || (i + 1 < len && memcmp(text + i, "..", 2) == 0));
}

static size_t
word_len(const char *text, size_t len)
{
	size_t i = 0;

	for (; i < len; i++) {
		if (i + 1 < len && text[i] == '.' && text[i + 1] == '.')
			break;
		if (begins_word(text[i]) || (i > 0 && text[i] == '-'))
			continue;
		if (i == 0 || !is_prefix_slash(text + i, len - i))
			break;
	}
	return i;
}

/* From the quote at text[0] to that which ends it; 0 if none does. */
static size_t
quoted_len(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if (text[i] == text[0])
			return i + 1;
		if (text[i] == '\\')
			i++;
	}
	return 0;
}

static struct token
quoted(const char *text, size_t len, size_t before, enum token_kind kind)
{
	size_t n = quoted_len(text + before, len - before);

	if (n == 0)
		return (struct token){ TOKEN_UNENDED, text, len };
	return (struct token){ kind, text, before + n };
}

static struct token
word(const char *text, size_t len)
{
	size_t n = word_len(text, len);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].text) == n && memcmp(words[i].text, text, n) == 0)
			return (struct token){ words[i].kind, text, n };
	return (struct token){ TOKEN_WORD, text, n };
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct token
token_next(const char *text, size_t len)
{
	size_t n;

	while (len > 0 && is_space(*text)) {
		text++;
		len--;
	}
	if (len == 0)
		return (struct token){ TOKEN_END, text, 0 };
	if (*text == '"')
		return quoted(text, len, 0, TOKEN_STRING);
	if (*text == '\'')
		return quoted(text, len, 0, TOKEN_CHAR);
	if (len > 1 && (*text == 'r' || *text == 'R') && text[1] == '"')
		return quoted(text, len, 1, TOKEN_RAW);
	if (begins_word(*text) && word_len(text, len) > 0)
		return word(text, len);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		n = strlen(signs[i].text);
		if (n <= len && memcmp(text, signs[i].text, n) == 0)
			return (struct token){ signs[i].kind, text, n };
	}
	/* A whole character. */
	n = text_utf8_len((const unsigned char *)text, len);
	return (struct token){ TOKEN_UNKNOWN, text, n == 0 ? 1 : n };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of values: lines V, R and T of `tshark -G values`, tshark(1). */
#include "query/query_values.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "query/token.h"

/* Names of values of one filter, all in all. */
#define TEXT_MAX ((size_t)64 << 20)
#define NUMBER_LEN 32

struct word {
	const char *text;
	size_t len;
};

struct entry {
	uint32_t word; /* the field */
	uint32_t len;
	size_t at; /* of the name in text */
	uint64_t value;
};

struct query_values {
	struct word *words; /* those of the filter, in order */
	size_t word_count;
	struct entry *entries;
	size_t count, room;
	struct buffer text;
};

static int
compare_words(const void *left, const void *right)
{
	const struct word *a = left, *b = right;
	size_t n = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->text, b->text, n);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

struct query_values *
query_values_new(const char *filter, size_t len)
{
	struct query_values *values = xcalloc(1, sizeof(*values));
	const char *end = filter + len;
	size_t room = 0;

	buffer_init(&values->text, TEXT_MAX);
	for (struct token token = token_next(filter, len); token.kind != TOKEN_END;
	     token = token_next(token.text + token.len, (size_t)(end - token.text) - token.len)) {
		bool is_dotted = token.kind == TOKEN_WORD && token.len > 1 && token.text[0] == '.';

		if (token.kind != TOKEN_WORD)
			continue;
		if (values->word_count == room) {
			room = room == 0 ? 16 : room * 2;
			values->words = xreallocarray(values->words, room, sizeof(*values->words));
		}
		values->words[values->word_count++] = (struct word){ token.text + is_dotted, token.len - is_dotted };
	}
	if (values->word_count > 0)
		qsort(values->words, values->word_count, sizeof(*values->words), compare_words);
	return values;
}

void
query_values_free(struct query_values *values)
{
	if (values == NULL)
		return;
	free(values->words);
	free(values->entries);
	buffer_release(&values->text);
	free(values);
}

/* The index of one of the words that are this one; word_count if there is none. */
static size_t
find_word(const struct query_values *values, const char *text, size_t len)
{
	struct word word = { text, len };
	const struct word *found = values->word_count == 0 ?
	    NULL :
	    bsearch(&word, values->words, values->word_count, sizeof(word), compare_words);

	if (found == NULL)
		return values->word_count;
	/* Of several the first. */
	while (found > values->words && compare_words(found - 1, &word) == 0)
		found--;
	return (size_t)(found - values->words);
}

static void
add_entry(struct query_values *values, size_t word, const char *name, size_t len, uint64_t value)
{
	if (len == 0 || len > UINT32_MAX || buffer_append(&values->text, name, len) != 0)
		return;
	if (values->count == values->room) {
		values->room = values->room == 0 ? 64 : values->room * 2;
		values->entries = xreallocarray(values->entries, values->room, sizeof(*values->entries));
	}
	values->entries[values->count++] = (struct entry){ .word = (uint32_t)word,
		.len = (uint32_t)len,
		.at = values->text.len - len,
		.value = value };
}

/* A number in any base, also a negative one. */
static bool
read_number(const char *text, size_t len, uint64_t *value)
{
	char copy[NUMBER_LEN], *end;

	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*value = copy[0] == '-' ? (uint64_t)strtoll(copy, &end, 0) : strtoull(copy, &end, 0);
	return *end == '\0';
}

/* Columns: V field value name; R field low high name; T field true false. */
#define COLUMNS 5

void
query_values_add(struct query_values *values, const char *line, size_t len)
{
	struct word column[COLUMNS];
	const char *end = line + len;
	size_t count = 0, word;
	uint64_t low, high;

	for (const char *at = line; at != NULL && count < COLUMNS; count++) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));

		column[count] = (struct word){ at, (size_t)((tab == NULL ? end : tab) - at) };
		at = tab == NULL ? NULL : tab + 1;
	}
	if (count < 4 || (word = find_word(values, column[1].text, column[1].len)) == values->word_count)
		return;
	if (column[0].len == 1 && line[0] == 'T') {
		add_entry(values, word, column[2].text, column[2].len, 1);
		add_entry(values, word, column[3].text, column[3].len, 0);
	} else if ((column[0].len == 1 || (column[0].len == 3 && memcmp(line, "V64", 3) == 0)) && line[0] == 'V' &&
	    read_number(column[2].text, column[2].len, &low))
		add_entry(values, word, column[3].text, (size_t)(end - column[3].text), low);
	else if (column[0].len == 1 && line[0] == 'R' && count == COLUMNS &&
	    read_number(column[2].text, column[2].len, &low) && read_number(column[3].text, column[3].len, &high) &&
	    low == high)
		add_entry(values, word, column[4].text, (size_t)(end - column[4].text), low);
}

bool
query_values_find(const struct query_values *values, const char *field, size_t field_len, const char *name,
    size_t len, uint64_t *value)
{
	size_t word = find_word(values, field, field_len);

	for (size_t i = 0; word < values->word_count && i < values->count; i++) {
		const struct entry *entry = &values->entries[i];

		if (entry->word == word && entry->len == len &&
		    strncasecmp(values->text.data + entry->at, name, len) == 0) {
			*value = entry->value;
			return true;
		}
	}
	return false;
}

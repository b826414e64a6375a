/* SPDX-License-Identifier: BSD-2-Clause */
/* The option that somebody may have meant. */
#include "config/options_unknown.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/options_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How many letters must be added, removed, changed or swapped with their neighbour. */
static size_t
distance(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b), d[32][32];

	if (a_len >= COUNT(d) || b_len >= COUNT(d))
		return SIZE_MAX;
	for (size_t i = 0; i <= a_len; i++)
		for (size_t j = 0; j <= b_len; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < d[i][j])
				d[i][j] = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < d[i][j])
				d[i][j] = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[a_len][b_len];
}

/* The option that a wrong name may stand for; NULL if it is like none. */
static const char *
nearest(const char *name, size_t len)
{
	size_t best = (len + 1) / 3 + 1;
	const char *found = NULL;

	/* --filter, --interfaces: a part was remembered. */
	for (size_t i = 0; len > 3 && i < OPTIONS_ROWS; i++)
		if (memmem(options_rows[i].name, strlen(options_rows[i].name),
			name, len) != NULL)
			return options_rows[i].name;
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		size_t d = distance(name, len, options_rows[i].name);

		if (d < best) {
			best = d;
			found = options_rows[i].name;
		}
	}
	return found;
}

const struct options_row *
options_secret_like(const char *name, size_t len)
{
	for (size_t i = 0; len >= 3 && i < OPTIONS_ROWS; i++)
		if (options_rows[i].kind == OPTIONS_KIND_SECRET &&
		    strncmp(options_rows[i].name, name, len) == 0)
			return &options_rows[i];
	return NULL;
}

int
options_refuse_secret(const struct options_row *row, const char *name, size_t len, struct error *error)
{
	return error_set(error, OUTCOME_USAGE,
	    "--%.*s is no option: other users can read a secret in an argument; "
	    "write it to a file that only you can read, and give "
	    "--%s=%s with the name of the file",
	    (int)len, name, row->name, row->value);
}

/* A name that begins like no option, or like several. */
static int
bad_name(const char *name, size_t len, struct error *error)
{
	bool chosen[OPTIONS_ROWS] = { false };
	const char *like;
	char text[512];
	size_t count = 0;

	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		chosen[i] = strncmp(options_rows[i].name, name, len) == 0;
		count += chosen[i];
	}
	if (count > 0) {
		options_name_rows(text, sizeof(text), chosen, " or ");
		return error_set(error, OUTCOME_USAGE,
		    "\"--%.*s\" is ambiguous: %s?", (int)len, name, text);
	}
	if ((like = nearest(name, len)) != NULL)
		return error_set(error, OUTCOME_USAGE,
		    "unknown option \"--%.*s\": did you mean --%s?", (int)len,
		    name, like);
	return error_set(error, OUTCOME_USAGE,
	    "unknown option \"--%.*s\": espcap --help lists them", (int)len,
	    name);
}

int
options_unknown(const char *word, struct error *error)
{
	const char *name;
	size_t len;

	if ((name = options_word_name(word, &len)) != NULL)
		return bad_name(name, len > 64 ? 64 : len, error);
	if (word[0] == '-' && word[1] != '-') {
		name = word + 1;
		len = strcspn(name, "=");
		for (size_t i = 0; i < OPTIONS_ROWS; i++)
			if (strncmp(options_rows[i].name, name, len) == 0)
				return error_set(error, OUTCOME_USAGE,
				    "unknown option \"-%.*s\": did you mean "
				    "--%s?",
				    (int)len, name, options_rows[i].name);
	}
	return error_set(error, OUTCOME_USAGE,
	    "unknown option \"%.64s\": espcap --help lists them", word);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The option that somebody may have meant. */
#include "config/options_unknown.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/options_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where nothing better is known. */
#define SEE_HELP "; see espcap --help"

/* The option that a wrong name may stand for; NULL if it is like none. */
static const char *
nearest(const char *name, size_t len)
{
	/* --filter, --interfaces: a part was remembered. */
	for (size_t i = 0; len > 3 && i < OPTIONS_ROWS; i++)
		if (memmem(options_rows[i].name, strlen(options_rows[i].name),
			name, len) != NULL)
			return options_rows[i].name;
	return options_misspelled(&options_program, name, len);
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
		options_name_rows(&options_program, text, sizeof(text), chosen, " or ");
		return error_set(error, OUTCOME_USAGE,
		    "\"--%.*s\" is ambiguous: %s?", (int)len, name, text);
	}
	if ((like = nearest(name, len)) != NULL)
		return error_set(error, OUTCOME_USAGE,
		    "unknown option \"--%.*s\": did you mean --%s?", (int)len,
		    name, like);
	return error_set(error, OUTCOME_USAGE,
	    "unknown option \"--%.*s\"" SEE_HELP, (int)len,
	    name);
}

/* What an option may be called. Other names are not printed: a key ends with = where the file is one of a secret. */
static bool
is_like_option(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || name[i] == '-' || name[i] == '_'))
			return false;
	return len <= 32;
}

int
options_unknown_key(const char *name, size_t len, struct error *error)
{
	const struct options_row *secret;
	const char *like;

	for (; len > 1 && name[0] == '-'; len--)
		name++;
	if (options_index(name, len) < OPTIONS_ROWS)
		return error_set(error, OUTCOME_USAGE, "write %.*s without dashes before it", (int)len, name);
	if ((secret = options_secret_like(name, len)) != NULL)
		return error_set(error, OUTCOME_USAGE,
		    "%.*s cannot be set here: put the secret into a file that only its user can read, and give %s = %s with "
		    "the name of that file",
		    (int)len, name, secret->name, secret->value);
	if (!is_like_option(name, len))
		return error_set(error, OUTCOME_USAGE, "no option has the name before the =");
	if ((like = nearest(name, len)) != NULL)
		return error_set(error, OUTCOME_USAGE, "unknown option \"%.*s\": did you mean %s?", (int)len, name, like);
	return error_set(error, OUTCOME_USAGE, "unknown option \"%.*s\"", (int)len, name);
}

const char *
options_like(const char *word)
{
	return nearest(word, strlen(word));
}

int
options_unknown_help(const char *name, size_t len, struct error *error)
{
	const char *like = nearest(name, len);

	if (like != NULL)
		return error_set(error, OUTCOME_USAGE, "--help=%.100s: no such option; did you mean --help=%s?", name, like);
	return error_set(error, OUTCOME_USAGE, "--help=%.100s: no such option; --help=all lists all options", name);
}

int
options_unknown(const char *word, struct error *error)
{
	const char *name;
	size_t len;

	if ((name = options_word_name(word, &len)) != NULL)
		return bad_name(name, len > 64 ? 64 : len, error);
	return error_set(error, OUTCOME_USAGE,
	    "unknown option \"%.64s\"" SEE_HELP, word);
}

int
options_one_dash(const char *word, struct error *error)
{
	const char *name = word + 1;
	size_t len = strcspn(name, "=");

	if (len < 2 || options_index(name, len) == OPTIONS_ROWS)
		return 0;
	return error_set(error, OUTCOME_USAGE,
	    "unknown option \"-%.*s\": did you mean --%.*s?", (int)len, name,
	    (int)len, name);
}

/* What tcpdump and tshark call otherwise. */
static const struct {
	char letter;
	const char *hint;
} habits[] = {
	{ 'w', "espcap writes no capture file; --ring=DIR keeps the packets of a live capture" },
	{ 's', "did you mean --snaplen?" },
	{ 'a', "did you mean --duration?" },
	{ 'b', "did you mean --ring and --ring-size?" },
	{ 'B', "did you mean --buffer?" },
	{ 'd', "did you mean --dir, or --decode-as?" },
	{ 'D', "did you mean --list-interfaces?" },
	{ 'e', "did you mean --fields?" },
	{ 'j', "did you mean --fields?" },
	{ 'J', "did you mean --fields?" },
	{ 'p', "did you mean --no-promisc?" },
	{ 'R', "did you mean --display-filter?" },
	{ 'o', "tshark's preferences cannot be set; --tls-keys names a key log file" },
	{ 'T', "use --output=json or --output=text" },
	{ 'l', "leave it out, each document is printed at once" },
	{ 'n', "leave it out, espcap never resolves names" },
	{ 't', "leave it out, documents have the time in UTC" },
	{ '?', "did you mean --help?" }
};

int
options_unknown_letter(int letter, struct error *error)
{
	if (letter <= ' ' || letter > '~')
		return error_set(error, OUTCOME_USAGE, "unknown option" SEE_HELP);
	for (size_t i = 0; i < COUNT(habits); i++)
		if (habits[i].letter == letter)
			return error_set(error, OUTCOME_USAGE, "unknown option \"-%c\": %s", letter, habits[i].hint);
	return error_set(error, OUTCOME_USAGE, "unknown option \"-%c\"" SEE_HELP, letter);
}

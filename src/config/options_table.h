/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options, from which getopt_long, --help and the messages are made. */
#ifndef ESPCAP_CONFIG_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum options_group {
	OPTIONS_GROUP_INPUT,
	OPTIONS_GROUP_PACKETS,
	OPTIONS_GROUP_WATCH,
	OPTIONS_GROUP_LIVE,
	OPTIONS_GROUP_KAFKA,
	OPTIONS_GROUP_DISSECTION,
	OPTIONS_GROUP_DELIVERY,
	OPTIONS_GROUP_CREDENTIALS,
	OPTIONS_GROUP_PERSON
};
#define OPTIONS_GROUPS 9

enum options_kind {
	OPTIONS_KIND_ACTION, /* enum options_action, set to min */
	OPTIONS_KIND_HELP,   /* the action OPTIONS_HELP, and const char *: about what, the value may be left out */
	OPTIONS_KIND_LEVEL,  /* enum log_level, set to min */
	OPTIONS_KIND_FLAG,   /* bool */
	OPTIONS_KIND_TEXT,   /* const char *, not empty */
	OPTIONS_KIND_SECRET, /* the same, the name of a file with a secret: never abbreviated, its value never printed */
	OPTIONS_KIND_LIST,   /* struct options_list; may be given several times */
	OPTIONS_KIND_NUMBER, /* uint64_t, as are the next two; in min..max */
	OPTIONS_KIND_SIZE,
	OPTIONS_KIND_TIME
};

struct options_row {
	const char *name;
	const char *value; /* what it takes, NULL for nothing */
	unsigned group;    /* enum options_group, in the table of espcap */
	const char *help;
	enum options_kind kind;
	size_t offset; /* of the member of struct options */
	uint64_t min, max;
	const char *preset; /* as if it had been given; NULL for zero */
	/*
	 * Names of the options without which it means nothing: all of those that spaces separate, one of those that |
	 * separates. Empty if it needs none.
	 */
	const char *needs;
	char letter; /* its alias of one letter, as tcpdump and tshark have it; 0 for none */
};

/* In the order of --help and of the man page. */
#define OPTIONS_ROWS 92
extern const struct options_row options_rows[OPTIONS_ROWS];
/* The options of which exactly one kind must be given. */
#define OPTIONS_INPUTS 8
extern const char *const options_inputs[OPTIONS_INPUTS];
extern const char *const options_titles[OPTIONS_GROUPS];

/* The row of the name name[0..len), OPTIONS_ROWS if there is none. */
size_t options_index(const char *name, size_t len);
/*
 * Writes one of the needs of a row at *needs, such as "--nic or --watch", and moves *needs on. True if it is met: one
 * of its options is given. False with an empty text at the end of the needs.
 */
bool options_need_next(const char **needs, const bool given[OPTIONS_ROWS], char *text, size_t size);
/* The name in an argument such as --count=3; NULL if it has none. */
const char *options_word_name(const char *word, size_t *len);
/* Writes "--a, --b or --c", the names of chosen rows, with last before the last one. */
void options_name_rows(char *text, size_t size, const bool chosen[OPTIONS_ROWS], const char *last);

/* Writes a number as a person would give it to an option of this kind: 16M, 30s. */
void options_say(char *dst, size_t size, enum options_kind kind, uint64_t number);
/* Writes what a row of numbers takes, such as "1s to 1d" or "1 or more"; returns dst. */
const char *options_say_range(char *dst, size_t size, const struct options_row *row);

#endif

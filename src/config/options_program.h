/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of one program: a table of rows, from which getopt_long, --help and the messages are made, and what goes
 * with it. No I/O.
 */
#ifndef ESPCAP_CONFIG_OPTIONS_PROGRAM_H
#define ESPCAP_CONFIG_OPTIONS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum options_kind {
	OPTIONS_KIND_ACTION,   /* enum options_action, set to min */
	OPTIONS_KIND_HELP,     /* the action OPTIONS_HELP, and const char *: about what, the value may be left out */
	OPTIONS_KIND_LEVEL,    /* enum log_level, set to min */
	OPTIONS_KIND_FLAG,     /* bool */
	OPTIONS_KIND_TEXT,     /* const char *, not empty */
	OPTIONS_KIND_SECRET,   /* the same, the name of a file with a secret: never abbreviated, its value never printed */
	OPTIONS_KIND_OPTIONAL, /* const char *, empty if the value was left out */
	OPTIONS_KIND_LIST,     /* struct options_list; may be given several times */
	OPTIONS_KIND_NUMBER,   /* uint64_t, as are the next two; in min..max */
	OPTIONS_KIND_SIZE,
	OPTIONS_KIND_TIME
};

struct options_row {
	const char *name;
	const char *value; /* what it takes, NULL for nothing */
	unsigned group;    /* as titles of the program has them */
	const char *help;
	enum options_kind kind;
	size_t offset; /* of the member of the struct of options */
	uint64_t min, max;
	const char *preset; /* as if it had been given; NULL for zero */
	/*
	 * Names of the options without which it means nothing: all of those that spaces separate, one of those that |
	 * separates. Empty if it needs none.
	 */
	const char *needs;
	char letter; /* its alias of one letter, as tcpdump and tshark have it; 0 for none */
};

/* No program has more. */
#define OPTIONS_ROWS_MAX 128

/* Another name of an option. */
struct options_alias {
	const char *name, *means;
};

struct options_program {
	const char *name;
	const char *usage; /* the text above the groups in --help */
	const struct options_row *rows;
	size_t count;
	const char *const *titles; /* of the groups */
	size_t groups;
	const struct options_alias *aliases;
	size_t alias_count;
	/* Of each two one may be given: one of the command line is in place of the other one in a file. */
	const char *const (*opposites)[2];
	size_t opposite_count;
	/* The options of which one kind may be given: one of the command line is in place of all in a file. */
	const char *const *inputs;
	size_t input_count;
	const char *operands; /* what the files are that stand without an option; NULL: none may */
	size_t size;          /* of its struct of options, */
	size_t action;        /* and where the enum options_action is in it */
	bool one_dash;        /* a name may also follow one dash, as getopt_long_only(3) has it */
};

/* The row of the name name[0..len), count if there is none. */
size_t options_find(const struct options_program *program, const char *name, size_t len);
/* The name that name[0..len) may stand for, misspelled; NULL if it is like none. */
const char *options_misspelled(const struct options_program *program, const char *name, size_t len);
/* The row of the letter, count if there is none. */
size_t options_find_letter(const struct options_program *program, int letter);

/*
 * Writes one of the needs of a row at *needs, such as "--nic or --watch", and moves *needs on. True if it is met: one
 * of its options is given. False with an empty text at the end of the needs.
 */
bool options_need_next(const struct options_program *program, const char **needs, const bool *given, char *text,
    size_t size);
/* Writes "--a, --b or --c", the names of chosen rows, with last before the last one. */
void options_name_rows(const struct options_program *program, char *text, size_t size, const bool *chosen,
    const char *last);
/* The name in an argument such as --count=3; NULL if it has none. */
const char *options_word_name(const char *word, size_t *len);

/* Writes a number as a person would give it to an option of this kind: 16M, 30s. */
void options_say(char *dst, size_t size, enum options_kind kind, uint64_t number);
/* Writes what a row of numbers takes, such as "1s to 1d" or "1 or more"; returns dst. */
const char *options_say_range(char *dst, size_t size, const struct options_row *row);

#endif

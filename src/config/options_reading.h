/* SPDX-License-Identifier: BSD-2-Clause */
/* One reading of the options of a program: what the command lines of all have in common. */
#ifndef ESPCAP_CONFIG_OPTIONS_READING_H
#define ESPCAP_CONFIG_OPTIONS_READING_H

#include "base/error.h"
#include "config/options_program.h"
#include "config/options_words.h"

struct options_reading {
	const struct options_program *program;
	void *options;    /* its struct of options */
	bool *given;      /* a member for each row */
	const char *file; /* of configuration; NULL for none */
	unsigned *lines;  /* a member for each row: the line of the file, 0 for the command line; NULL without file */
	struct error *error;
	/* Of a file: -1 with what to write in place of a name that is none. */
	int (*unknown_key)(const char *name, size_t len, struct error *error);
	/* Of a file: true if the program keeps the value elsewhere; NULL if it never does. */
	bool (*keeps)(void *options, const struct options_row *row, const char *text);
};

/* All below: -1 with OUTCOME_USAGE and what to write instead. */

/* Sets the options to what they are if none is given. */
int options_preset(const struct options_reading *reading);

/* Takes all words; no operand may be there. on_option gets the reading, and ends with options_take. */
int options_take_words(struct options_reading *reading,
    int (*on_option)(void *ctx, size_t index, const char *word, const char *text), int argc, char *argv[]);

/* One option of the command line; text is its value, empty for none. */
int options_take(void *reading, size_t index, const char *word, const char *text);

bool options_given(const struct options_reading *reading, const char *name);
/* -1 always: the row needs a value. */
int options_lacks_value(const struct options_row *row, struct error *error);
/* Puts the name of the file and the line before the error, if line is not 0. -1 always. */
int options_refuse_at(const struct options_reading *reading, unsigned line);
int options_check_opposites(const struct options_reading *reading);
int options_check_needs(const struct options_reading *reading);

#endif

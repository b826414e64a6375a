/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a command line, by the options of the program. Global state: that of getopt(3). */
#ifndef ESPCAP_CONFIG_OPTIONS_WORDS_H
#define ESPCAP_CONFIG_OPTIONS_WORDS_H

#include "config/options_program.h"

/* A word that is no option, or one without its value or with one that it does not take. */
struct options_refused {
	const char *word;
	size_t index; /* of the row, the program's count if there is none */
	int letter;   /* 0 if it was not given by a letter */
	bool lacks_value;
};

/* Called for the words in their order. Each returns 0; -1 ends the walk. */
struct options_words {
	/* The option of a row in word; text is its value, empty for none. */
	int (*on_option)(void *ctx, size_t index, const char *word, const char *text);
	/* A word that is neither an option nor the value of one. */
	int (*on_operand)(void *ctx, const char *operand);
	int (*on_refused)(void *ctx, const struct options_refused *refused);
};

/* 0, or -1 if one of the functions ended it. */
int options_words(const struct options_program *program, const struct options_words *words, void *ctx, int argc,
    char *argv[]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What to answer to an option that does not exist. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_UNKNOWN_H
#define ESPCAP_CONFIG_OPTIONS_UNKNOWN_H

#include <stddef.h>

#include "base/error.h"
#include "config/options_table.h"

/*
 * The row of a secret's file of which name[0..len) is an abbreviation of three letters or more; NULL if there is none.
 */
const struct options_row *options_secret_like(const char *name, size_t len);

/* -1 with OUTCOME_USAGE: name[0..len) is not taken for the row, a secret's file. What followed it is not printed. */
int options_refuse_secret(const struct options_row *row, const char *name, size_t len, struct error *error);

/*
 * -1 with OUTCOME_USAGE and what the key name[0..len) of a configuration file may stand for. It has only letters,
 * digits, - and _.
 */
int options_unknown_key(const char *name, size_t len, struct error *error);

/* The name of the option that the word, without dashes, is like; NULL if there is none. */
const char *options_like(const char *word);

/* -1 with OUTCOME_USAGE and the option that name[0..len), given to --help, may stand for. */
int options_unknown_help(const char *name, size_t len, struct error *error);

/* -1 with OUTCOME_USAGE and the options that the word may stand for. */
int options_unknown(const char *word, struct error *error);

/*
 * -1 with OUTCOME_USAGE if the word, which begins with one dash, is the name of an option that has two: -file,
 * -count=3. 0 for letters.
 */
int options_one_dash(const char *word, struct error *error);

/* -1 with OUTCOME_USAGE and what to write instead of a letter that tcpdump or tshark may know. */
int options_unknown_letter(int letter, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of --help of any program, made from its table of options. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_HELP_TEXT_H
#define ESPCAP_CONFIG_OPTIONS_HELP_TEXT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "config/options_program.h"

/* Whether text, the value of --help, is the name of an option, with or without dashes, or of a shell. */
bool options_help_takes(const struct options_program *program, const char *text);

/* Appends the usage and all groups, at most 80 columns wide. */
void options_help_all(struct buffer *out, const struct options_program *program);

/* The same; with what one option or the completions of a shell. what: NULL for none. */
void options_help_what(struct buffer *out, const struct options_program *program, const char *what);

/* Appends one option. */
void options_help_row(struct buffer *out, const struct options_row *row);

/* Appends a line, which it frees, below the text of an option. */
void options_help_line(struct buffer *out, char *line);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the value of one option into the struct of options of a program. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_SET_H
#define ESPCAP_CONFIG_OPTIONS_SET_H

#include "base/error.h"
#include "config/options.h"
#include "config/options_program.h"

/* Appends item, which is borrowed. */
void options_list_push(struct options_list *list, const char *item);

/* What the program is to do, as options say so far. */
enum options_action options_action(const struct options_program *program, const void *options);

/*
 * text is the value, borrowed for the life of the options; NULL if the row takes none. -1 with OUTCOME_USAGE if it is
 * out of range. Who asks for help or a version among other things gets that.
 */
int options_set(const struct options_program *program, void *options, const struct options_row *row, const char *text,
    struct error *error);

/* Whether the value is right, without an effect. */
int options_check_value(const struct options_program *program, const struct options_row *row, const char *text,
    struct error *error);

#endif

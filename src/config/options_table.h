/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options of espcap. */
#ifndef ESPCAP_CONFIG_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_OPTIONS_TABLE_H

#include <stddef.h>

#include "config/options_program.h"

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

/* In the order of --help and of the man page. */
#define OPTIONS_ROWS 103
extern const struct options_row options_rows[OPTIONS_ROWS];
/* The options of which exactly one kind must be given. */
#define OPTIONS_INPUTS 12
extern const char *const options_inputs[OPTIONS_INPUTS];
extern const struct options_program options_program;

/* The row of the name name[0..len), OPTIONS_ROWS if there is none. */
size_t options_index(const char *name, size_t len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a configuration file: option = value. Any bytes may come. No I/O. */
#ifndef ESPCAP_CONFIG_CONFIG_LINES_H
#define ESPCAP_CONFIG_CONFIG_LINES_H

#include <stddef.h>

#include "base/error.h"

/*
 * A line has one option; blanks around it, around = and at the end of the line do not count. The value is everything
 * between, as it stands: there are no quotes, escapes or comments in it. Lines that are empty, or begin with #, have
 * none.
 */
struct config_lines {
	char *at, *end;  /* text that is left, ended by a byte of zero at end */
	unsigned number; /* of the line before it, 0 for none */
};

struct config_line {
	const char *name; /* letters, digits, - and _ */
	size_t len;       /* of it, 1.. */
	char *value;      /* ended by a byte of zero, in the text; may be empty */
};

enum config_lines_event { CONFIG_LINES_LINE,
	CONFIG_LINES_END,
	CONFIG_LINES_BAD };

/*
 * The next line with an option. The text is written to. CONFIG_LINES_BAD with OUTCOME_USAGE, without the number of the
 * line and what is in it.
 */
enum config_lines_event config_lines_next(struct config_lines *lines, struct config_line *line, struct error *error);

#endif

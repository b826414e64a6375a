/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the value of one option into struct options. */
#include "config/options_set.h"

#include <string.h>

#include "config/options_complete.h"
#include "config/options_unknown.h"
#include "config/options_value.h"

/* The value of --help; empty if there is none. */
static int
set_help(struct options *options, const char *text, struct error *error)
{
	const char *name = text + strspn(text, "-");

	if (text[0] == '\0')
		return 0;
	if (strcmp(text, "all") != 0 && !options_is_shell(text) && options_index(name, strlen(name)) == OPTIONS_ROWS)
		return options_unknown_help(name, strlen(name), error);
	options->help = name;
	return 0;
}

int
options_set(struct options *options, const struct options_row *row, const char *text, struct error *error)
{
	void *member = (char *)options + row->offset;
	enum options_action *action;

	switch (row->kind) {
	case OPTIONS_KIND_ACTION:
		action = member;
		/* Who asks for help among other things wants help. */
		if (*action == OPTIONS_RUN || *action == OPTIONS_LIST)
			*action = (enum options_action)row->min;
		return 0;
	case OPTIONS_KIND_HELP:
		if (options->action == OPTIONS_RUN || options->action == OPTIONS_LIST)
			options->action = OPTIONS_HELP;
		return set_help(options, text, error);
	case OPTIONS_KIND_LEVEL:
		*(enum log_level *)member = (enum log_level)row->min;
		return 0;
	case OPTIONS_KIND_FLAG:
	case OPTIONS_KIND_TEXT:
	case OPTIONS_KIND_SECRET:
	case OPTIONS_KIND_LIST:
	case OPTIONS_KIND_NUMBER:
	case OPTIONS_KIND_SIZE:
	case OPTIONS_KIND_TIME:
		return options_value(row, text, options, error);
	}
	return 0;
}

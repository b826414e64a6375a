/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the value of one option into struct options. */
#include "config/options_set.h"

#include <string.h>

#include "base/text.h"
#include "config/options_complete.h"
#include "config/options_operands.h"

static int
bad_number(const struct options_row *row, const char *text, struct error *error)
{
	const char *what = "a whole number";
	char min[32], max[32];

	if (row->kind == OPTIONS_KIND_SIZE)
		what = "a size such as 512, 64k or 16M,";
	else if (row->kind == OPTIONS_KIND_TIME)
		what = "a time such as 90s or 5m,";
	options_say(min, sizeof(min), row->kind, row->min);
	options_say(max, sizeof(max), row->kind, row->max);
	return error_set(error, OUTCOME_USAGE,
	    "--%s takes %s from %s to %s, not \"%.100s\"", row->name, what, min,
	    max, text);
}

static int
set_number(struct options *options, const struct options_row *row, const char *text, struct error *error)
{
	uint64_t *number = (uint64_t *)(void *)((char *)options +
	    row->offset);
	int status;

	if (row->kind == OPTIONS_KIND_SIZE)
		status = text_size(text, row->min, row->max, number);
	else if (row->kind == OPTIONS_KIND_TIME)
		status = text_duration(text, row->min, row->max, number);
	else
		status = text_number(text, row->min, row->max, number);
	return status == 0 ? 0 : bad_number(row, text, error);
}

/* The value of --help; empty if there is none. */
static int
set_help(struct options *options, const char *text, struct error *error)
{
	const char *name = text + strspn(text, "-");

	if (text[0] == '\0')
		return 0;
	if (strcmp(text, "all") != 0 && !options_complete(NULL, text) && options_index(name, strlen(name)) == OPTIONS_ROWS)
		return error_set(error, OUTCOME_USAGE,
		    "--help takes all, the name of an option, or bash, fish or "
		    "zsh, not \"%.100s\"",
		    text);
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
		*(bool *)member = true;
		return 0;
	case OPTIONS_KIND_TEXT:
	case OPTIONS_KIND_SECRET:
		*(const char **)member = text;
		return 0;
	case OPTIONS_KIND_LIST:
		options_list_push(member, text);
		return 0;
	case OPTIONS_KIND_NUMBER:
	case OPTIONS_KIND_SIZE:
	case OPTIONS_KIND_TIME:
		return set_number(options, row, text, error);
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The value of an option, by its row. */
#include "config/options_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

void
options_list_push(struct options_list *list, const char *item)
{
	list->items = xreallocarray(list->items, list->count + 1,
	    sizeof(*list->items));
	list->items[list->count++] = item;
}

enum options_action
options_action(const struct options_program *program, const void *options)
{
	return *(const enum options_action *)(const void *)((const char *)options + program->action);
}

static void
set_action(const struct options_program *program, void *options, enum options_action action)
{
	enum options_action *member = (void *)((char *)options + program->action);

	if (*member != OPTIONS_HELP && *member != OPTIONS_VERSION)
		*member = action;
}

static int
bad_number(const struct options_row *row, const char *text, struct error *error)
{
	const char *what = "a whole number";
	bool is_bounded = row->max != UINT64_MAX;
	char range[80];

	if (row->kind == OPTIONS_KIND_SIZE)
		what = "a size such as 512, 64k or 16M";
	else if (row->kind == OPTIONS_KIND_TIME)
		what = "a time such as 90s or 5m";
	return error_set(error, OUTCOME_USAGE,
	    "--%s takes %s%s %s%s, not \"%.100s\"", row->name, what,
	    is_bounded && row->kind == OPTIONS_KIND_NUMBER ? "" : ",",
	    is_bounded ? "from " : "",
	    options_say_range(range, sizeof(range), row), text);
}

static int
set_number(const struct options_row *row, const char *text, uint64_t *number, struct error *error)
{
	int status;

	if (row->kind == OPTIONS_KIND_SIZE)
		status = text_size(text, row->min, row->max, number);
	else if (row->kind == OPTIONS_KIND_TIME)
		status = text_duration(text, row->min, row->max, number);
	else
		status = text_number(text, row->min, row->max, number);
	return status == 0 ? 0 : bad_number(row, text, error);
}

int
options_set(const struct options_program *program, void *options, const struct options_row *row, const char *text,
    struct error *error)
{
	void *member = (char *)options + row->offset;

	switch (row->kind) {
	case OPTIONS_KIND_ACTION:
		set_action(program, options, (enum options_action)row->min);
		break;
	case OPTIONS_KIND_HELP:
		set_action(program, options, OPTIONS_HELP);
		if (text[0] != '\0')
			*(const char **)member = text + strspn(text, "-");
		break;
	case OPTIONS_KIND_LEVEL:
		*(enum log_level *)member = (enum log_level)row->min;
		break;
	case OPTIONS_KIND_FLAG:
		*(bool *)member = true;
		break;
	case OPTIONS_KIND_TEXT:
	case OPTIONS_KIND_SECRET:
	case OPTIONS_KIND_OPTIONAL:
		*(const char **)member = text;
		break;
	case OPTIONS_KIND_LIST:
		options_list_push(member, text);
		break;
	case OPTIONS_KIND_NUMBER:
	case OPTIONS_KIND_SIZE:
	case OPTIONS_KIND_TIME:
		return set_number(row, text, member, error);
	}
	return 0;
}

int
options_check_value(const struct options_program *program, const struct options_row *row, const char *text,
    struct error *error)
{
	void *unused;
	int rv;

	if (row->kind == OPTIONS_KIND_LIST)
		return 0;
	unused = xcalloc(1, program->size);
	rv = options_set(program, unused, row, text, error);
	free(unused);
	return rv;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The value of an option. */
#include "config/options_value.h"

#include <stdlib.h>

#include "base/text.h"
#include "config/options_operands.h"

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
options_value(const struct options_row *row, const char *text, void *options, struct error *error)
{
	void *member = (char *)options + row->offset;

	switch (row->kind) {
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
		return set_number(row, text, member, error);
	case OPTIONS_KIND_ACTION:
	case OPTIONS_KIND_HELP:
	case OPTIONS_KIND_LEVEL:
		break;
	}
	abort();
}

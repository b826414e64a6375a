/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a filter is no query. */
#include "query/query_error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"

/* Characters of a piece that is shown. */
#define SHOWN_MAX 60

static size_t
column_of(const char *filter, const char *at)
{
	size_t column = 1;

	/* Bytes that continue a character are 10xxxxxx. */
	for (; filter < at; filter++)
		column += ((unsigned char)*filter & 0xc0) != 0x80;
	return column;
}

int
query_error_set(struct query_error *error, const char *filter, const char *at, const char *format, ...)
{
	va_list arguments;

	error->column = column_of(filter, at);
	error->needs_values = false;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return -1;
}

struct query_error_shown
query_error_shown(const char *text, size_t len)
{
	struct query_error_shown shown;
	size_t n = json_cut(text, len, SHOWN_MAX);
	size_t end = text_visible(shown.text, sizeof(shown.text) - 3, text, n);

	if (n < len)
		snprintf(shown.text + end, sizeof(shown.text) - end, "...");
	return shown;
}

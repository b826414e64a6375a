/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of mistakes. */
#include "daemon/mistakes.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
mistakes_release(struct mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		free(mistakes->items[i].text);
	free(mistakes->items);
	memset(mistakes, 0, sizeof(*mistakes));
}

static void
add(struct mistakes *mistakes, bool is_error, unsigned line, const char *format, va_list ap)
    __attribute__((format(printf, 4, 0)));

static void
add(struct mistakes *mistakes, bool is_error, unsigned line, const char *format, va_list ap)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, ap);
	mistakes->items = xreallocarray(mistakes->items, mistakes->count + 1, sizeof(*mistakes->items));
	mistakes->items[mistakes->count++] = (struct mistake){ is_error, line, xstrdup(text) };
	mistakes->errors += is_error;
}

int
mistakes_error(struct mistakes *mistakes, unsigned line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(mistakes, true, line, format, ap);
	va_end(ap);
	return -1;
}

void
mistakes_warn(struct mistakes *mistakes, unsigned line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(mistakes, false, line, format, ap);
	va_end(ap);
}

void
mistakes_sort(struct mistakes *mistakes)
{
	/* Few, and those of one line stay in their order. */
	for (size_t i = 1; i < mistakes->count; i++) {
		struct mistake moved = mistakes->items[i];
		size_t k = i;

		/* 0 - 1 is the largest: no line comes last. */
		for (; k > 0 && mistakes->items[k - 1].line - 1 > moved.line - 1; k--)
			mistakes->items[k] = mistakes->items[k - 1];
		mistakes->items[k] = moved;
	}
}

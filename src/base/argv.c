/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds the argument vector of a child. */
#include "base/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void
argv_take(struct argv *argv, char *word)
{
	argv->words = xreallocarray(argv->words, argv->count + 2,
	    sizeof(*argv->words));
	argv->words[argv->count++] = word;
	argv->words[argv->count] = NULL;
}

void
argv_push(struct argv *argv, const char *word)
{
	argv_take(argv, xstrdup(word));
}

void
argv_pushf(struct argv *argv, const char *format, ...)
{
	va_list ap;
	char *word = NULL;

	va_start(ap, format);
	if (vasprintf(&word, format, ap) < 0)
		word = NULL;
	va_end(ap);
	argv_take(argv, word != NULL ? word : xstrdup(""));
}

void
argv_release(struct argv *argv)
{
	for (size_t i = 0; i < argv->count; i++)
		free(argv->words[i]);
	free(argv->words);
	memset(argv, 0, sizeof(*argv));
}

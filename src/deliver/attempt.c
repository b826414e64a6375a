/* SPDX-License-Identifier: BSD-2-Clause */
/* One attempt to deliver one capture to one destination: what all kinds of destinations share. */
#include "deliver/attempt.h"

#include <string.h>

#include "base/xalloc.h"

char *
attempt_other_name(const char *name, unsigned number)
{
	const char *slash = strrchr(name, '/'), *base = slash == NULL ? name : slash + 1;
	const char *dot = strrchr(base, '.');

	if (number == 0)
		return xstrdup(name);
	/* A dot in front is no ending. */
	if (dot == NULL || dot == base)
		return xasprintf("%s-%u", name, number);
	return xasprintf("%.*s-%u%s", (int)(dot - name), name, number, dot);
}

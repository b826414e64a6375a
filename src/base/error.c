/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors as values: an outcome and a text, passed up and printed once. */
#include "base/error.h"

#include <stdio.h>

int
error_set(struct error *error, enum outcome outcome, const char *format, ...)
{
	va_list ap;

	if (error == NULL)
		return -1;
	error->outcome = outcome;
	va_start(ap, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return -1;
}

static int
outcome_rank(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_OK:
		return 0;
	case OUTCOME_INPUT:
		return 1;
	case OUTCOME_USAGE:
		return 2;
	case OUTCOME_REJECTED:
		return 3;
	case OUTCOME_TSHARK:
		return 4;
	case OUTCOME_OUTPUT:
		return 5;
	case OUTCOME_INTERNAL:
		return 6;
	}
	return 6;
}

enum outcome
outcome_worse(enum outcome a, enum outcome b)
{
	return outcome_rank(a) >= outcome_rank(b) ? a : b;
}

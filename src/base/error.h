/* SPDX-License-Identifier: BSD-2-Clause */
/* What went wrong: one outcome (the exit status it leads to) and a text that a user can act on. */
#ifndef ESPCAP_BASE_ERROR_H
#define ESPCAP_BASE_ERROR_H

#include <stdarg.h>

/* The values are the exit statuses of the programs, see EXIT STATUS in espcap(1). */
enum outcome {
	OUTCOME_OK = 0,
	OUTCOME_INTERNAL = 1, /* a bug, or the system failed us */
	OUTCOME_USAGE = 2,    /* options, configuration; nothing was sent, but of other inputs */
	OUTCOME_INPUT = 3,    /* an input is missing, not a capture, or damaged */
	OUTCOME_TSHARK = 4,   /* tshark failed and could not be continued */
	OUTCOME_OUTPUT = 5,   /* the output could not be delivered */
	OUTCOME_REJECTED = 6  /* delivered, but documents were refused */
};

struct error {
	enum outcome outcome;
	char text[1024]; /* one line, always terminated, no newline at its end */
};

/* Fills *error (which may be NULL) and returns -1, so that a caller can `return error_set(...)`. */
int error_set(struct error *error, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The worse of two outcomes in the order of espcap(1): 1, 5, 4, 6, 2, 3, 0. */
enum outcome outcome_worse(enum outcome a, enum outcome b);

#endif

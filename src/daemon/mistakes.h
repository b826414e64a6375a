/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong or doubtful in a configuration: all of it, not only the first. No I/O. */
#ifndef ESPCAP_DAEMON_MISTAKES_H
#define ESPCAP_DAEMON_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

struct mistake {
	bool is_error; /* else a warning */
	unsigned line; /* of the file; 0 if it is none of a line */
	char *text;    /* "[redis] port: takes 1 to 65535, not 70000"; never a secret */
};

/* Begin with zeros; it owns the texts. */
struct mistakes {
	struct mistake *items;
	size_t count, errors;
};

void mistakes_release(struct mistakes *mistakes);

/* -1, for callers to return. */
int mistakes_error(struct mistakes *mistakes, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mistakes_warn(struct mistakes *mistakes, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* In the order of their lines; those without a line come last. */
void mistakes_sort(struct mistakes *mistakes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds the argument vector of a child: always an array, never a shell. */
#ifndef ESPCAP_BASE_ARGV_H
#define ESPCAP_BASE_ARGV_H

#include <stddef.h>

struct argv {
	char **words; /* NULL-terminated; NULL while empty */
	size_t count;
};

/* Start with a zeroed struct argv. The words are copied. */
void argv_push(struct argv *argv, const char *word);
void argv_pushf(struct argv *argv, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void argv_release(struct argv *argv);

#endif

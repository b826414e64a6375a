/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a filter is no query. No I/O. */
#ifndef ESPCAP_QUERY_QUERY_ERROR_H
#define ESPCAP_QUERY_QUERY_ERROR_H

#include <stdbool.h>
#include <stddef.h>

struct query_error {
	size_t column;     /* where it is wrong, in characters, from 1 */
	bool needs_values; /* a literal may be the name of a value (ip.proto == TCP), and there is no list of these */
	char text[512];    /* what is wrong and what to do: printable, without newline */
};

/*
 * Fills it in, for a mistake at this byte of the filter. Returns -1. Bytes of the filter go through query_error_shown.
 */
int query_error_set(struct query_error *error, const char *filter, const char *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A piece of a filter for a message: printable, not too long. */
struct query_error_shown {
	char text[100];
};
struct query_error_shown query_error_shown(const char *text, size_t len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocation that does not return NULL: out of memory ends the program with a message. */
#ifndef ESPCAP_BASE_XALLOC_H
#define ESPCAP_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
/* Like realloc for count * size bytes, with the product checked. */
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
/* The caller owns the formatted text. */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which fields a lean document is made from: those it keeps, and those it reads for what stands beside its layers. No
 * I/O.
 */
#ifndef ESPCAP_DOCUMENT_PROJECTION_H
#define ESPCAP_DOCUMENT_PROJECTION_H

#include <stdbool.h>

#include "fields/fields.h"
#include "fields/names.h"
#include "fields/typed.h"

/* As much as one argument of a program may hold, and be seen in a list of processes. */
#define NEEDS_MAX ((size_t)64 << 10)

/*
 * Their names with a plus between them, the caller's to free: dissected with these alone, and with all protocols, a
 * packet gives the same document. NULL if it takes all fields: text-only rows are kept, which have no name, or the
 * names are longer than NEEDS_MAX. text: lines of text are made instead, and need their addresses.
 */
char *projection_list(const struct names *names, const struct fields *fields, const struct typed *typed, bool text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* --fields: which fields a lean document keeps. No I/O. */
#ifndef ESPCAP_FIELDS_FIELDS_H
#define ESPCAP_FIELDS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "fields/names.h"

struct fields;

/*
 * Reads names separated by commas or white space ("#" begins a comment that
 * ends with the line). NULL with OUTCOME_USAGE naming the first that this
 * tshark does not have, or if there is none at all. A protocol's name stands for the value tshark prints
 * under that name, not for its fields. "text" keeps the text-only rows. Free with fields_free.
 */
struct fields *fields_new(const char *text, size_t len, const struct names *names,
    struct error *error);
void fields_free(struct fields *fields);

bool fields_keep(const struct fields *fields, uint32_t field);

#endif

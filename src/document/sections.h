/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the member "layers" of a document: sections, with repeated fields as arrays. No I/O. */
#ifndef ESPCAP_DOCUMENT_SECTIONS_H
#define ESPCAP_DOCUMENT_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "document/layers.h"
#include "document/tree.h"
#include "fields/fields.h"
#include "fields/names.h"

struct sections;

/* How much of a packet is written. */
struct sections_limits {
	size_t cap;      /* bytes of one value */
	uint32_t leaves; /* leaves from this one on are left out */
};

/* Borrows names and fields (NULL to keep all). sort: fields by name. Free with sections_free. */
struct sections *sections_new(const struct names *names, const struct fields *fields, bool sort);
void sections_free(struct sections *sections);

/* Appends {...}. *sanitized is set if a text was not UTF-8. -1 if out is full. */
int sections_write(struct sections *sections, const struct layers *layers,
    const struct tree *tree, const struct sections_limits *limits, struct buffer *out,
    bool *sanitized);

/*
 * Appends an array of the fields ("info" is one of them, "layers" stands for those left out) of which not all was
 * written, each once: 1, 0 if there are none, -1 if out is full.
 */
int sections_truncated(struct sections *sections, const struct tree *tree,
    const struct sections_limits *limits, struct buffer *out);

#endif

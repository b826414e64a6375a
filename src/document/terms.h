/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the member espcap.terms of a document: what is in a packet, in the form of fields/term.h. No I/O. */
#ifndef ESPCAP_DOCUMENT_TERMS_H
#define ESPCAP_DOCUMENT_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "document/tree.h"
#include "fields/fields.h"
#include "fields/names.h"

struct terms;

/*
 * Borrows names and fields (NULL for all): of a projection there are terms of the fields that it keeps, and the names
 * of the protocols that these stand in. Free with terms_free.
 */
struct terms *terms_new(const struct names *names, const struct fields *fields);
void terms_free(struct terms *terms);

/*
 * Appends an array of strings: the names of all protocols and fields of the packet and the terms of all values, each
 * once, but for some if very many are alike to a hash. 1 if it is all of them; 0 if the array would be longer than max
 * bytes, at least 2, or the tree is not complete, and the rest is left out; -1 if out is full.
 */
int terms_write(struct terms *terms, const struct tree *tree, size_t max, struct buffer *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Typed copies of one packet's values, by the typed list. No I/O. */
#ifndef ESPCAP_DOCUMENT_COPIES_H
#define ESPCAP_DOCUMENT_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "document/layers.h"
#include "document/tree.h"
#include "fields/names.h"
#include "fields/typed.h"

struct copies;

/* Borrows both. Free with copies_free. */
struct copies *copies_new(const struct names *names, const struct typed *typed);
void copies_free(struct copies *copies);

/* The names of copies, each once: "source.ip"; a group's objects have one name together. Their number is the slot. */
size_t copies_count(const struct copies *copies);
const char *copies_name(const struct copies *copies, size_t slot);

/* Looks for what is copied of the packet: of its own headers, neither those of tunnels nor quoted ones. */
void copies_collect(struct copies *copies, const struct layers *layers, const struct tree *tree);

/* Whether there may be a copy: without one copies_put writes nothing. */
bool copies_has(const struct copies *copies, size_t slot);

/* Values that espcap itself puts before those of the packet: JSON strings, commas between. */
struct copies_before {
	char text[96];
	size_t len;
	bool is_array; /* also with one value */
};

/*
 * Appends the value, or an array of several. cap: bytes of a text at most. before: NULL for none. Of
 * few values, none is written twice. 1, 0 if there is none, -1 if out is full.
 */
int copies_put(struct copies *copies, size_t slot, const struct copies_before *before, size_t cap, struct buffer *out);

#endif

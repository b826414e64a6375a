/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what `tshark -T pdml` prints piece by piece into a tree. No I/O. */
#ifndef ESPCAP_READERS_PDML_H
#define ESPCAP_READERS_PDML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document/tree.h"
#include "fields/names.h"

struct pdml;

/*
 * names and tree are borrowed. max_text: bytes of one value that are read; the rest is skipped and the value marked as
 * cut.
 * decimal: whole numbers become decimal, which -T ek of this tshark prints where PDML shows other digits. Free with
 * pdml_free.
 */
struct pdml *pdml_new(struct names *names, struct tree *tree, size_t max_text, bool decimal);
void pdml_free(struct pdml *pdml);

enum pdml_event {
	PDML_MORE,      /* all bytes used; no packet ended */
	PDML_DOCUMENT,  /* the tree holds a packet; call again with the bytes not used */
	PDML_UNPARSABLE /* something that is not a packet of PDML, or not well-formed; it is skipped */
};

/*
 * Reads on in data[0..len) and says in *used how much was taken. The tree is
 * cleared when the next packet begins; it never has the text of the Info column, which PDML
 * lacks. With PDML_UNPARSABLE *error (OUTCOME_TSHARK) tells what is wrong.
 */
enum pdml_event pdml_read(struct pdml *pdml, const char *data, size_t len, size_t *used,
    struct error *error);

/* The frame number of the packet in the tree, 0 if tshark gave none. */
uint64_t pdml_number(const struct pdml *pdml);

/* Of how many texts so far nothing tells whether they have control characters or what PDML shows for such. */
uint64_t pdml_unclear(const struct pdml *pdml);

/* True if the bytes so far end inside of a packet, a tag or a line of unparsable text. */
bool pdml_is_inside(const struct pdml *pdml);

#endif

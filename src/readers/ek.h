/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the lines of `tshark -T ek -P -V` piece by piece into a tree. No I/O. */
#ifndef ESPCAP_READERS_EK_H
#define ESPCAP_READERS_EK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document/tree.h"
#include "fields/names.h"

struct ek;

/*
 * names and tree are borrowed. max_text: bytes of one string (as JSON text) that are read; the rest is skipped and the
 * value marked as cut. Free with ek_free.
 */
struct ek *ek_new(struct names *names, struct tree *tree, size_t max_text);
void ek_free(struct ek *ek);

enum ek_event {
	EK_MORE,      /* all bytes used; no line ended in a document */
	EK_DOCUMENT,  /* the tree holds a packet; call again with the bytes not used */
	EK_UNPARSABLE /* a line that is neither a packet nor an index line; it is skipped */
};

/*
 * Reads on in data[0..len) and says in *used how much was taken. The tree is
 * cleared when the next packet begins. Index lines and empty lines are passed
 * over. With EK_UNPARSABLE *error (OUTCOME_TSHARK) tells what is wrong with the line.
 */
enum ek_event ek_read(struct ek *ek, const char *data, size_t len, size_t *used,
    struct error *error);

/* The frame number of the packet in the tree, 0 if tshark gave none. */
uint64_t ek_frame_number(const struct ek *ek);

/* True if the bytes so far end in the middle of a line. */
int ek_in_line(const struct ek *ek);

#endif

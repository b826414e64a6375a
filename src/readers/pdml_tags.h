/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts PDML into the tags of its packets, without the attributes that nobody reads. No I/O. */
#ifndef ESPCAP_READERS_PDML_TAGS_H
#define ESPCAP_READERS_PDML_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * What comes out is XML for a parser of ISO 8859-1, to which every byte is a
 * character: tshark does not promise UTF-8. Of the attributes only name, show
 * and value are left, each bounded. XML has no place for control characters in
 * attributes, and makes blanks of line ends and tabs: they are marked, and
 * pdml_tags_text undoes that.
 */
struct pdml_tags;

/* max_text: bytes of one value, marks included, that are kept. Free with pdml_tags_free. */
struct pdml_tags *pdml_tags_new(size_t max_text);
void pdml_tags_free(struct pdml_tags *tags);

enum pdml_tags_event {
	PDML_TAGS_MORE,      /* all bytes used; no tag ended */
	PDML_TAGS_BEGIN,     /* <packet>, also inside of a packet: the one before was cut short */
	PDML_TAGS_TAG,       /* a tag inside of a packet */
	PDML_TAGS_END,       /* </packet> */
	PDML_TAGS_UNPARSABLE /* what tshark does not print in PDML; it is skipped, up to the next <packet> if it was in one */
};

/* Reads on in data[0..len) and says in *used how much was taken. */
enum pdml_tags_event pdml_tags_read(struct pdml_tags *tags, const char *data, size_t len,
    size_t *used);

/* After BEGIN, TAG and END: the tag, until the next call. With RUBBISH what came of it, which may be nothing. */
const struct buffer *pdml_tags_tag(const struct pdml_tags *tags);
/* After RUBBISH: what is wrong. */
const char *pdml_tags_why(const struct pdml_tags *tags);

/* The packet is no good: all up to the next <packet> is skipped without a word. */
void pdml_tags_lose(struct pdml_tags *tags);

/* True if the bytes so far end inside of a packet, a tag or a line of unparsable text. */
bool pdml_tags_is_inside(const struct pdml_tags *tags);

/*
 * A value as the parser of the tags gave it, terminated UTF-8, becomes the bytes that tshark
 * printed. Returns them, in the value or in scratch; *cut: they are only the beginning.
 */
const char *pdml_tags_text(const char *value, struct buffer *scratch, size_t *len, bool *cut);

#endif

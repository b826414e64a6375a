/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what tshark prints, in whatever form, piece by piece into a tree. No I/O. */
#ifndef ESPCAP_READERS_READER_H
#define ESPCAP_READERS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document/tree.h"
#include "fields/names.h"

struct reader;

enum reader_form {
	READER_EK,          /* the lines of -T ek: ek.h */
	READER_FRAMES,      /* what the plugin writes: frames.h */
	READER_PDML,        /* -T pdml: pdml.h */
	READER_PDML_DECIMAL /* the same, with whole numbers in decimal */
};

/* names and tree are borrowed. max_text: bytes of one text that are kept, at least. Free with reader_free. */
struct reader *reader_new(enum reader_form form, struct names *names, struct tree *tree,
    size_t max_text);
void reader_free(struct reader *reader);

enum reader_event {
	READER_MORE,       /* all bytes used; no document ended */
	READER_DOCUMENT,   /* the tree holds a packet; call again with the bytes not used */
	READER_UNPARSABLE, /* something that is not a packet; it is skipped */
	READER_BROKEN      /* the same, and what follows cannot be read either */
};

/* As ek_read, frames_read and pdml_read; *error is filled with READER_UNPARSABLE and READER_BROKEN. */
enum reader_event reader_read(struct reader *reader, const char *data, size_t len, size_t *used,
    struct error *error);

/* The frame number of the packet in the tree, 0 if there is none. */
uint64_t reader_number(const struct reader *reader);

/* As frames_tcp_streams and frames_udp_streams; 0 if it is in another form. */
uint32_t reader_tcp_streams(const struct reader *reader);
uint32_t reader_udp_streams(const struct reader *reader);

/* As pdml_unclear; 0 if it is in another form. */
uint64_t reader_unclear(const struct reader *reader);

/* True if the bytes so far end where more must come. */
bool reader_is_inside(const struct reader *reader);

#endif

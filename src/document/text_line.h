/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a packet as a line of text: number, time, source, destination, protocol and info. No I/O. */
#ifndef ESPCAP_DOCUMENT_TEXT_LINE_H
#define ESPCAP_DOCUMENT_TEXT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "document/layers.h"
#include "document/tree.h"
#include "fields/names.h"

struct text_line;

/* What the packet itself tells of it. */
struct text_line_packet {
	const char *interface; /* written after the number; NULL for none */
	uint64_t number;
	bool has_time;
	int64_t sec;
	uint32_t nsec;
	size_t columns; /* info is cut to fit into so many; 0 for no limit */
};

/* The names of the fields that addresses are read from, count of them. */
const char *const *text_line_fields(size_t *count);

/* Free with text_line_free. color: with escape sequences of a terminal, ECMA-48. */
struct text_line *text_line_new(const struct names *names, bool color);
void text_line_free(struct text_line *line);

/*
 * Appends the line, without newline; "-" stands for what the packet does not have. Times are UTC. Addresses are
 * those of the innermost IP header, or of the link. All from the packet is as text_visible shows it; info is cut
 * after 3500 bytes, and to the rows of a terminal that what precedes it takes. -1 if out is full.
 */
int text_line_write(const struct text_line *line, const struct layers *layers, const struct tree *tree,
    const struct text_line_packet *packet, struct buffer *out);

#endif

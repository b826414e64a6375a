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

/*
 * The names of the fields that addresses are read from, count of them: a source, its destination, and so on, the
 * likeliest first. The first TEXT_LINE_NETWORK_FIELDS count in the network header only.
 */
const char *const *text_line_fields(size_t *count);
#define TEXT_LINE_NETWORK_FIELDS 4

/* What a line is made of; texts need not be terminated or visible, len 0 for none. */
struct text_line_part {
	const char *text;
	size_t len;
};
struct text_line_parts {
	const char *interface; /* NULL for none */
	uint64_t number;
	struct text_line_part time, source, destination, protocol, info;
	size_t columns; /* info is cut to fit into so many; 0 for no limit */
	bool color;
};

/* Appends the line, without newline, as text_line_write does. -1 if out is full. */
int text_line_put(const struct text_line_parts *parts, struct buffer *out);

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

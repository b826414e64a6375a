/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a line of a dead letter file. No I/O. */
#ifndef ESPCAP_SINK_DEAD_LINE_H
#define ESPCAP_SINK_DEAD_LINE_H

#include <stddef.h>

#include "sink/batch.h"

struct dead_line {
	char index[BATCH_NAME_MAX + 1], id[BATCH_NAME_MAX + 1]; /* id "" if there is none */
	const char *document;                                   /* points into the line */
	size_t len;
};

/*
 * line without its newline. -1 if it is not a JSON object with a safe "index", an "id" that is safe or missing, and a
 * "document" that is an object.
 */
int dead_line_read(const char *line, size_t len, struct dead_line *out);

#endif

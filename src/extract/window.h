/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a file here and there: little where places are far from each other, much where they are close. */
#ifndef ESPCAP_EXTRACT_WINDOW_H
#define ESPCAP_EXTRACT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
	int fd; /* borrowed */
	uint8_t *data;
	size_t room, len;
	uint64_t at; /* of the data in the file */
};

/* fd is borrowed. */
void window_init(struct window *window, int fd);
void window_release(struct window *window);

/*
 * The bytes from that offset on, want of them unless the file ends before (*eof then) or they cannot be read (NULL,
 * with errno); *len: how many there are. Valid until the next call.
 */
const uint8_t *window_at(struct window *window, uint64_t offset, size_t want, size_t *len, bool *eof);

#endif

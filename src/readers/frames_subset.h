/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left of the plugin's frames when only some fields are kept: to compare frames of which only those were made.
 * No I/O.
 */
#ifndef ESPCAP_READERS_FRAMES_SUBSET_H
#define ESPCAP_READERS_FRAMES_SUBSET_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * Appends to out what frames_wire.h says of the packets in frames[0..len), FRAMES_MAGIC included, without the
 * fields that are not in kept (names with a plus between them); protocols and the Info column stay. Fields stand there
 * by name, not by id, and those of a packet are sorted: where Wireshark hangs a field depends on whether the one around
 * it is made. So frames that make the same documents, but for the order of fields, become the same bytes. -1 if the
 * frames are broken, or out is full.
 */
int frames_subset_make(const char *frames, size_t len, const char *kept, struct buffer *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the frames of the plugin (frames_wire.h) piece by piece into a tree. No I/O. */
#ifndef ESPCAP_READERS_FRAMES_H
#define ESPCAP_READERS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document/tree.h"
#include "fields/names.h"

struct frames;

/*
 * names and tree are borrowed. max_text: bytes of one text that are read; the rest is skipped and the value marked as
 * cut. Free with frames_free.
 */
struct frames *frames_new(struct names *names, struct tree *tree, size_t max_text);
void frames_free(struct frames *frames);

enum frames_event {
	FRAMES_MORE,     /* all bytes used; no packet ended */
	FRAMES_DOCUMENT, /* the tree holds a packet; call again with the bytes not used */
	FRAMES_BROKEN    /* these are not frames: nothing after them can be read */
};

/*
 * Reads on in data[0..len) and says in *used how much was taken. The tree is
 * cleared when the next packet begins. With FRAMES_BROKEN *error (OUTCOME_TSHARK) tells
 * what is wrong; every further call gives the same.
 */
enum frames_event frames_read(struct frames *frames, const char *data, size_t len, size_t *used,
    struct error *error);

/* The frame number of the packet in the tree. */
uint64_t frames_number(const struct frames *frames);

/* As its end told: how many streams of TCP and of UDP tshark had numbered after it. 0 if it did not tell. */
uint32_t frames_tcp_streams(const struct frames *frames);
uint32_t frames_udp_streams(const struct frames *frames);

/* True if the bytes so far end in front of the first packet's beginning, or inside of a packet or an item. */
bool frames_is_inside(const struct frames *frames);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies a file, compares two, or sums one, in pieces on the event loop: a large one does not keep it from its turn. */
#ifndef ESPCAP_DELIVER_COPYING_H
#define ESPCAP_DELIVER_COPYING_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "packet/digest.h"

struct copying;

struct copying_end {
	int error;          /* errno, 0 if all was read and written */
	bool is_read;       /* it failed in reading: the source, not the target */
	bool is_same;       /* of a comparison */
	const char *sha256; /* of a copy or sum; valid during the call */
};

enum copying_kind {
	COPYING_COPY,    /* the first len bytes of one file into another */
	COPYING_COMPARE, /* those of one with those of another */
	COPYING_SUM      /* their SHA-256; there is no other file: -1 */
};

/*
 * Both files are borrowed; their offsets are not used. on_end is called once, from the loop. An end of the file before
 * len is EIO.
 */
struct copying *copying_start(struct loop *loop, int from, int to, uint64_t len, enum copying_kind kind,
    void (*on_end)(void *ctx, const struct copying_end *end), void *ctx);
/* After on_end or before, which is not called then; also from inside it. */
void copying_free(struct copying *copying);

#endif

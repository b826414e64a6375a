/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes to a file, pipe or terminal, without waiting for whoever reads them. */
#ifndef ESPCAP_TRANSFER_OUTPUT_H
#define ESPCAP_TRANSFER_OUTPUT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "loop/loop.h"

struct output;

struct output_handler {
	/* It was full, and is not any more. */
	void (*on_room)(void *ctx);
	/* It cannot be written, errno says why: nothing more is. Once. EPIPE: the reader has gone away. */
	void (*on_fail)(void *ctx, int reason);
	void *ctx;
};

/* fd is taken over. Free with output_free, which drops what was not written. */
struct output *output_new(struct loop *loop, int fd, const struct output_handler *handler);
void output_free(struct output *output);

/* Append to it, then call output_push. Its bound is far beyond what output_is_full allows and one packet. */
struct buffer *output_buffer(struct output *output);
/* Writes if that is worth it, or with now: whatever there is. */
void output_push(struct output *output, bool now);
/* Nothing should be appended before on_room. */
bool output_is_full(const struct output *output);
bool output_is_empty(const struct output *output);

/*
 * Opens a file to write, or takes what "-" or a path like /dev/fd/3 names. A new file is its owner's alone. -1 with
 * OUTCOME_USAGE.
 */
int output_open(const char *option, const char *name, struct error *error);

#endif

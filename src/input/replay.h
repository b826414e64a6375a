/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends the lines of a dead letter file again. */
#ifndef ESPCAP_INPUT_REPLAY_H
#define ESPCAP_INPUT_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"
#include "sink/sink.h"

struct replay;

struct replay_handler {
	/* A document for its place. -1 if these are not safe names: its line does not count as a dead letter. */
	int (*on_letter)(void *ctx, const struct sink_place *place,
	    const char *json, size_t len);
	/* Once: all is given, or nothing more can be read. */
	void (*on_end)(void *ctx);
	void *ctx;
};

/* Reads fd, which it takes over. Starts with replay_resume. */
struct replay *replay_new(struct loop *loop, int fd, const struct replay_handler *handler);
void replay_free(struct replay *replay);
/* No lines are given until replay_resume; also from on_letter. */
void replay_pause(struct replay *replay);
void replay_resume(struct replay *replay);
/* No further lines are read. */
void replay_stop(struct replay *replay);
uint64_t replay_read(const struct replay *replay); /* documents given */
/*
 * OUTCOME_OK, or OUTCOME_INPUT with a text without the file's name: lines that are not dead letters, or a file that
 * cannot be read.
 */
enum outcome replay_outcome(const struct replay *replay, struct error *error);

#endif

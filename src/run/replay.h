/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends the lines of a dead letter file again. */
#ifndef ESPCAP_RUN_REPLAY_H
#define ESPCAP_RUN_REPLAY_H

#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"
#include "sink/sink.h"

struct replay;

/*
 * Reads fd, which it takes over, into sink (of sink_server_new). Tells on_end(ctx) once when all is given, or nothing
 * more can be read. Starts with replay_go.
 */
struct replay *replay_new(struct loop *loop, int fd, struct sink *sink, void (*on_end)(void *ctx), void *ctx);
void replay_free(struct replay *replay);
/* Goes on until the sink is full. */
void replay_go(struct replay *replay);
/* No further lines are read. */
void replay_stop(struct replay *replay);
uint64_t replay_read(const struct replay *replay); /* documents given */
/* OUTCOME_OK, or OUTCOME_INPUT with a text without the file's name: lines that are no dead letters, or a file that cannot be read. */
enum outcome replay_outcome(const struct replay *replay, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The one event loop of a program, and its signals. */
#ifndef ESPCAP_LOOP_LOOP_H
#define ESPCAP_LOOP_LOOP_H

#include <stdint.h>

#include "base/error.h"

struct event;
struct event_base;
struct loop;

/*
 * NULL with OUTCOME_INTERNAL if the event base cannot be made. Ignores SIGPIPE, and SIGUSR1 until it is caught. Free
 * with loop_free.
 */
struct loop *loop_new(struct error *error);
void loop_free(struct loop *loop);

/* For the I/O rooms, which make their own events on it. Borrowed. */
struct event_base *loop_base(struct loop *loop);

/*
 * Calls on_signal(ctx, number) from the loop for SIGINT and SIGTERM, in place of their default action, until
 * loop_free; once for each that came. It keeps no loop running that has nothing else to wait for. They interrupt
 * what waits (EINTR). After the second the program has LOOP_LAST_SECONDS to end, then the signal ends it. One loop
 * at a time.
 */
void loop_catch(struct loop *loop, void (*on_signal)(void *ctx, int number), void *ctx);
#define LOOP_LAST_SECONDS 3

/*
 * How many of them came since loop_catch, whether or not the loop has told of them yet, and the last (0 for none). At
 * any time.
 */
unsigned loop_signals(const struct loop *loop, int *last);

/*
 * Ends the program by this signal: a shell that runs it in a loop ends the loop only then. Returns if it is process 1
 * of its namespace, which a signal does not end. Signal-safe.
 */
void loop_end_by(int number);

/* The same for SIGHUP and for SIGUSR1, which otherwise end the program. */
void loop_catch_hangup(struct loop *loop, void (*on_hangup)(void *ctx), void *ctx);
void loop_catch_user(struct loop *loop, void (*on_user)(void *ctx), void *ctx);

/*
 * Runs until loop_stop (which may have come before), or until nothing is left to wait for. -1 with OUTCOME_INTERNAL if
 * the loop itself fails.
 */
int loop_run(struct loop *loop, struct error *error);
void loop_stop(struct loop *loop);

/* Makes a timer of libevent fire in so many milliseconds. */
void loop_start_timer(struct event *timer, uint64_t ms);

/*
 * Calls call(ctx) once, soon, from the loop and not from inside the caller's own callback. What defers itself again
 * and again does not keep the rest of the loop from its turn. It cannot be taken back: ctx must live until then.
 */
void loop_defer(struct loop *loop, void (*call)(void *ctx), void *ctx);

#endif

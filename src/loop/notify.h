/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells a service manager how we are: the protocol of sd_notify(3). */
#ifndef ESPCAP_LOOP_NOTIFY_H
#define ESPCAP_LOOP_NOTIFY_H

#include "loop/loop.h"

struct notify;

/*
 * Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. NULL if nobody listens: all
 * below then do nothing. Nothing fails: one that does not listen is not notified. Free with notify_free, before the
 * loop.
 */
struct notify *notify_new(void);
void notify_free(struct notify *notify);

/* READY=1, once, with what we do. */
void notify_ready(struct notify *notify, const char *status);
/* STATUS=, one line for people. */
void notify_status(struct notify *notify, const char *status);
/* STOPPING=1, once. */
void notify_stopping(struct notify *notify);

/*
 * From now on WATCHDOG=1, twice as often as the manager wants it, if it wants it of this process. It comes from the
 * loop: none comes when that does not go round.
 */
void notify_watch(struct notify *notify, struct loop *loop);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens in a watched folder: news from the kernel, and looking through it from time to time. */
#ifndef ESPCAP_WATCH_WATCHER_H
#define ESPCAP_WATCH_WATCHER_H

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "process/priv_broker.h"
#include "watch/watch.h"

struct watcher;

/*
 * Opens the folder and asks for news of it: to be called by who may. NULL with OUTCOME_INPUT. Without inotify(7) it is
 * looked through only, which is logged.
 */
struct watcher *watcher_open(const char *name, struct log *log, struct error *error);
void watcher_free(struct watcher *watcher);

/* Of the folder; borrowed. */
int watcher_fd(const struct watcher *watcher);
const char *watcher_name(const struct watcher *watcher);
const char *watcher_path(const struct watcher *watcher);

/* From now on the news go to watch. Each scan takes them there as well; all are borrowed. */
void watcher_listen(struct watcher *watcher, struct loop *loop, struct priv_broker *broker, struct watch *watch);
void watcher_scan(struct watcher *watcher);
/* NULL as long as the folder is there, else what happened to it. */
const char *watcher_end(const struct watcher *watcher);

struct watch_time watcher_time(void);

/* Calls see(ctx, entry) for what is in the folder, without a watch. */
void watcher_each(const struct watcher *watcher, void (*see)(void *ctx, const char *name, uint64_t inode), void *ctx);

#endif

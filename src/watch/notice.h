/* What happens in a watched folder: news from the kernel, and looking through it from time to time. */
#ifndef ESPCAP_WATCH_NOTICE_H
#define ESPCAP_WATCH_NOTICE_H

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "process/priv_broker.h"
#include "watch/watch.h"

struct notice;

/*
 * Opens the folder and asks for news of it: to be called by who may. NULL with OUTCOME_INPUT. Without inotify(7) it is
 * looked through only, which is told in log.
 */
struct notice *notice_open(const char *name, struct log *log, struct error *error);
void notice_free(struct notice *notice);

/* Of the folder; borrowed. */
int notice_fd(const struct notice *notice);
const char *notice_name(const struct notice *notice);
const char *notice_path(const struct notice *notice);

/* From now on the news go to watch. Each scan takes them there as well; all are borrowed. */
void notice_listen(struct notice *notice, struct loop *loop, struct priv_broker *broker, struct watch *watch);
void notice_scan(struct notice *notice);
/* NULL as long as the folder is there, else what happened to it. */
const char *notice_end(const struct notice *notice);

struct watch_time notice_time(void);

/* Calls see(ctx, entry) for what is in the folder, without a watch. */
void notice_each(const struct notice *notice, void (*see)(void *ctx, const char *name, uint64_t inode), void *ctx);

#endif

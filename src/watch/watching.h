/* SPDX-License-Identifier: BSD-2-Clause */
/* What watching a folder needs from the options, opened while espcap has the rights it was started with. */
#ifndef ESPCAP_WATCH_WATCHING_H
#define ESPCAP_WATCH_WATCHING_H

#include "config/options.h"
#include "watch/completion_action.h"
#include "watch/registry_file.h"
#include "watch/watcher.h"

struct watching {
	struct watcher *watcher; /* NULL without --watch */
	struct registry_file *registry;
	struct folder folder; /* for the privileged broker */
	struct completion_action after;
};

/*
 * Does nothing without --watch. -1: OUTCOME_INPUT if there is no such folder, OUTCOME_USAGE if another espcap has the
 * registry, or --after cannot be. Release it in either case.
 */
int watching_open(struct watching *watching, const struct options *options, struct log *log,
    struct error *error);
void watching_release(struct watching *watching);

#endif

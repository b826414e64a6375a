/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run has to do with its live capture; nothing if there is none. */
#ifndef ESPCAP_RUN_RUN_LIVE_H
#define ESPCAP_RUN_RUN_LIVE_H

#include "run/run_private.h"

/* Tells what the capture process has to say, and minds if the interface is lost. */
void run_live_listen(struct run *run);
/* No more is captured; what was is still delivered, but not tried for ever. There is a live capture. */
void run_live_stop(struct run *run);
/* What has no end of its own tries for ever to deliver: from now on no longer than files do. */
void run_live_hurry(struct run *run);
/* Puts in what the capture process counted. */
void run_live_count(const struct run *run, struct totals *totals);

#endif

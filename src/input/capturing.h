/* SPDX-License-Identifier: BSD-2-Clause */
/* What a live capture needs from the options, and the capture, which begins while espcap has the rights it was started with. */
#ifndef ESPCAP_INPUT_CAPTURING_H
#define ESPCAP_INPUT_CAPTURING_H

#include <limits.h>

#include "base/error.h"
#include "base/log.h"
#include "capture/sniff.h"
#include "config/options.h"
#include "input/live.h"

struct capturing {
	struct log *log;
	struct sniff_config config;
	struct live *live;            /* NULL without --nic */
	char host[HOST_NAME_MAX + 1]; /* that captures */
};

/* The configuration of the capture process; texts are those of the options. */
void capturing_config(const struct options *options, struct sniff_config *config);

/*
 * Starts the capture if there is --nic: packets wait in its queue until tshark and the server are ready. Options and log
 * are borrowed; capturing must stay where it is until capturing_release. -1 as live_start.
 */
int capturing_open(struct capturing *capturing, const struct options *options, struct log *log, struct error *error);
/* Also after -1, and of zeros. */
void capturing_release(struct capturing *capturing);

/* Excludes connections to this address from the capture; if that fails, it is logged. ctx is the capturing. */
void capturing_exclude(void *ctx, const struct sockaddr *address);

#endif

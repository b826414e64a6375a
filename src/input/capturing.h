/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What live captures need from the options, and these captures, which begin while espcap has the rights it was started
 * with.
 */
#ifndef ESPCAP_INPUT_CAPTURING_H
#define ESPCAP_INPUT_CAPTURING_H

#include <limits.h>

#include "base/error.h"
#include "base/log.h"
#include "capture/sniff.h"
#include "config/options.h"
#include "input/input_config.h"
#include "input/live.h"

struct capturing {
	struct log *log;
	size_t count;                 /* of interfaces; 0 without --nic */
	struct sniff_config *configs; /* one for each interface, as the next */
	struct input_live *lives;
	_Atomic uint64_t *taken;      /* packets of --count, shared with several capture processes; NULL for one */
	char host[HOST_NAME_MAX + 1]; /* that captures */
};

/* The configuration of one capture process; texts are those of the options. */
void capturing_config(const struct options *options, const char *nic, struct sniff_config *config);

/*
 * Starts a capture for each --nic: packets wait in its queue until tshark and the server are ready. Options and log
 * are borrowed; capturing must stay where it is until capturing_release. -1 as live_start; with several interfaces the
 * text names the one.
 */
int capturing_open(struct capturing *capturing, const struct options *options, struct log *log, struct error *error);
/* Also after -1, and of zeros. */
void capturing_release(struct capturing *capturing);

/* Excludes connections to this address from all captures; if that fails, it is logged. ctx is the capturing. */
void capturing_exclude(void *ctx, const struct sockaddr *address);

#endif

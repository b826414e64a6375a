/* SPDX-License-Identifier: BSD-2-Clause */
/* One run over the inputs: several dissections at a time, their documents in order into one sink. */
#ifndef ESPCAP_RUN_RUN_H
#define ESPCAP_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "dissect/dissection.h"
#include "input/inputs.h"
#include "input/live.h"
#include "loop/notify.h"
#include "process/priv_broker.h"
#include "run/metrics_file.h"
#include "run/progress.h"
#include "sink/sink_server.h"
#include "watch/watching.h"

/* Borrowed for the time of run_inputs. */
struct run_config {
	struct dissection_config dissection;
	const struct inputs *inputs;
	struct priv_broker *broker;
	const struct watching *watching; /* a folder that is watched in place of inputs, NULL for none */
	uint64_t idle, duration;         /* of that, ms; see watch/follow.h */
	struct live *live;               /* the one input is this capture, NULL for files */
	uint64_t count;                  /* packets over all inputs, 0 for all */
	uint64_t jobs;                   /* inputs at a time, 1.. */
	unsigned parts;                  /* tsharks for one input, 1.. */
	bool progress;
	struct metrics_file *metrics;            /* NULL for none */
	struct notify *notify;                   /* the service manager; NULL for none */
	const struct sink_server_config *server; /* NULL: documents go to stdout */
	const char *authorization;               /* for the server, NULL for none */
	const char *replay;                      /* the dead letter file that is read instead of inputs, NULL for none */
	size_t replay_index;                     /* of it in the privileged broker */
	/* SIGHUP: the authorization that holds from now on; NULL to leave it. */
	const char *(*reauthorize)(void *ctx);
	void *ctx;
};

/*
 * Reads all inputs to the end, or to SIGINT or SIGTERM. Tells what went wrong
 * with each input, and the sums. Returns the outcome; *signal_number is the second
 * signal that ended it at once, 0 if there was none.
 */
enum outcome run_inputs(const struct run_config *config, struct totals *totals, int *signal_number);

#endif

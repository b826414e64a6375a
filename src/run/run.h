/* SPDX-License-Identifier: BSD-2-Clause */
/* One run: what comes from an input goes into a sink. */
#ifndef ESPCAP_RUN_RUN_H
#define ESPCAP_RUN_RUN_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "input/input.h"
#include "loop/loop.h"
#include "loop/notify.h"
#include "run/metrics_file.h"
#include "run/progress.h"
#include "sink/sink_server.h"

/* Borrowed for the time of run_input. */
struct run_config {
	struct loop *loop;
	struct log *log;
	struct input *input; /* freed */
	bool progress;
	bool explains_text;                      /* says at the first packet how to get documents in place of text */
	bool names_files;                        /* prints the name of the file that the next lines are of */
	struct totals_part *parts;               /* of an input on several interfaces, with their names; filled, and in the sums */
	size_t part_count;                       /* 0 for other inputs */
	struct metrics_file *metrics;            /* NULL for none */
	struct notify *notify;                   /* the service manager; NULL for none */
	const struct sink_server_config *server; /* NULL: documents go to stdout */
	const char *authorization;               /* for the server, NULL for none */
	/* SIGHUP: the authorization that holds from now on; NULL to leave it. */
	const char *(*reauthorize)(void *ctx);
	void *ctx;
};

/*
 * Reads the input to its end, or to SIGINT or SIGTERM, and frees it. Logs what went wrong. Returns the outcome, and the
 * sums; *signal_number is the signal that ended it, 0 for none: a second one, which ended it at once, or the first if
 * the input was cut off and nothing else went wrong.
 */
enum outcome run_input(const struct run_config *config, struct totals *totals, int *signal_number);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --metrics of a daemon: replaced as a whole at the start, every 15 s and at the end. */
#ifndef ESPCAP_METRICS_METRICS_OUT_H
#define ESPCAP_METRICS_METRICS_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/exposition.h"
#include "base/log.h"
#include "loop/loop.h"

struct metrics_out;

struct metrics_out_state {
	uint64_t start; /* metrics_out_begin was called, ms since 1970 */
	bool has_ended;
	int status; /* the exit status then */
};

/* Writes all values of a run, as they are now. */
typedef void metrics_out_fn(const void *ctx, const struct metrics_out_state *state, struct exposition *exposition);

/*
 * With the rights that there are now; as root a helper keeps them that are needed to write it. path is borrowed. NULL
 * with OUTCOME_USAGE if it cannot be had. Free with metrics_out_free.
 */
struct metrics_out *metrics_out_new(const char *path, struct error *error);
/* Also NULL. */
void metrics_out_free(struct metrics_out *metrics);
/* The folder that this process itself writes to; NULL: none. */
const char *metrics_out_folder(const struct metrics_out *metrics);

/*
 * Writes it a first time, and then as the loop runs. All is borrowed until metrics_out_free. interface: NULL for none.
 * -1 with OUTCOME_USAGE if it cannot be written; later that is logged once.
 */
int metrics_out_begin(struct metrics_out *metrics, struct loop *loop, struct log *log, const char *interface,
    metrics_out_fn *write, const void *ctx, struct error *error);
/* A last time, with the exit status; nothing if it never began. Also NULL. */
void metrics_out_end(struct metrics_out *metrics, int status);

#endif

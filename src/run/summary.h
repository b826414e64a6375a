/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --summary-json: how the run ended, as one JSON object. */
#ifndef ESPCAP_RUN_SUMMARY_H
#define ESPCAP_RUN_SUMMARY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "run/progress.h"

struct summary {
	const char *name; /* borrowed; NULL for none */
	int fd;           /* -1 for none */
	bool is_shared;   /* the name means an open descriptor */
};

/* Opens it as outputs_open does; name is NULL for none. -1 with OUTCOME_USAGE. */
int summary_open(struct summary *summary, const char *name, struct log *log, struct error *error);

/*
 * Writes it. A name that means an open descriptor is added to, a file is replaced. give_up(ctx) as for write_wait. An
 * error is logged.
 */
void summary_write(const struct summary *summary, const struct totals *totals, int status,
    bool (*give_up)(void *ctx), void *ctx, struct log *log);

void summary_close(struct summary *summary);

#endif

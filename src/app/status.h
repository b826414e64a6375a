/* How a run stands, told to the person while it goes on: the progress line, and "so far". */
#ifndef ESPCAP_APP_STATUS_H
#define ESPCAP_APP_STATUS_H

#include <stdbool.h>

#include "app/progress.h"
#include "base/log.h"
#include "loop/loop.h"

struct status;

/* Where it comes from. Both fill in everything, but for the time that has passed. */
struct status_source {
	void (*progress)(void *ctx, struct progress *progress);
	void (*totals)(void *ctx, struct totals *totals);
	void *ctx;
};

/*
 * On SIGUSR1 the sums are told; with minutely each minute, too. With progress the progress line is drawn. loop and log
 * are borrowed. status_stop, after the loop, draws the line a last time and frees.
 */
struct status *status_start(struct loop *loop, struct log *log, const struct status_source *source,
    bool progress, bool minutely);
void status_stop(struct status *status);

#endif

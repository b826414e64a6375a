/* SPDX-License-Identifier: BSD-2-Clause */
/* All kinds of destinations that are configured, behind one door. */
#ifndef ESPCAP_DELIVER_WAYS_H
#define ESPCAP_DELIVER_WAYS_H

#include <stdbool.h>

#include "base/error.h"
#include "deliver/attempt.h"
#include "deliver/deliver_config.h"
#include "deliver/store.h"
#include "loop/loop.h"

struct ways;

/* All is borrowed. NULL with the error of one of them. ways_free ends all attempts without a call. */
struct ways *ways_new(const struct deliver_config *config, struct store *store, struct loop *loop, struct error *error);
void ways_free(struct ways *ways);

/* How many attempts may be under way at a time. */
unsigned ways_limit(const struct ways *ways, enum destination destination);
/* An attempt that is cut off may have got there: a repeat may make a second one, or has to look. */
bool ways_is_remote(enum destination destination);

/* Begins an attempt; on_end may be called before this returns. One that is not configured is ATTEMPT_LATER. */
void ways_start(struct ways *ways, enum destination destination, const struct attempt_job *job);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the messages that standard error did not take at once, as soon as it does. */
#ifndef ESPCAP_RUN_DRAIN_H
#define ESPCAP_RUN_DRAIN_H

#include "base/log.h"
#include "loop/loop.h"

struct drain;

/* loop and log are borrowed. Free with drain_free, before either. */
struct drain *drain_new(struct loop *loop, struct log *log);
void drain_free(struct drain *drain);

#endif

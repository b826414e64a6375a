/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents as lines on standard output (NDJSON). */
#ifndef ESPCAP_SINK_SINK_STDOUT_H
#define ESPCAP_SINK_SINK_STDOUT_H

#include "sink/sink.h"

/*
 * Never waits for the reader in a write, and leaves the flags of what is open as they are (base/write.h). NULL with
 * OUTCOME_OUTPUT if stdout is closed. Free through its type.
 */
struct sink *sink_stdout_new(struct loop *loop, const struct sink_handler *handler,
    struct error *error);

#endif

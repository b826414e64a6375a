/* SPDX-License-Identifier: BSD-2-Clause */
/* What espcap prints in place of a run: --help, --version, --list-interfaces, --print-template. */
#ifndef ESPCAP_PROGRAMS_MODES_H
#define ESPCAP_PROGRAMS_MODES_H

#include "base/log.h"
#include "config/options.h"
#include "loop/loop.h"

/* Prints what options->action says, which is not OPTIONS_RUN, on standard output. Returns the exit status. */
int modes_print(const struct options *options, struct loop *loop, struct log *log);

#endif

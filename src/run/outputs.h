/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that options name to write to. */
#ifndef ESPCAP_RUN_OUTPUTS_H
#define ESPCAP_RUN_OUTPUTS_H

#include "base/error.h"
#include "base/log.h"
#include "config/options.h"
#include "input/inputs.h"

/*
 * -1 with OUTCOME_USAGE if one file has two purposes: an output that is also another output, an input, or the file to
 * which standard output or standard error goes. Names of open descriptors ("-", /dev/stdout) are allowed: they are
 * written in order.
 */
int outputs_check(const struct options *options, struct error *error);

/*
 * The same for an output that is a file of the folder that --dir reads, or --watch. inputs: what --dir has listed.
 */
int outputs_check_folders(const struct options *options, const struct inputs *inputs, struct error *error);

/*
 * Returns a descriptor (close-on-exec) to write to, owned by the caller: a duplicate if name means an open descriptor
 * (descriptor_output), else the file, created if missing and not truncated. Waits for the reader of a FIFO, after a
 * message. option is for messages. -1 with OUTCOME_USAGE.
 */
int outputs_open(const char *option, const char *name, struct log *log, struct error *error);

#endif

/* The files that options name to write to. */
#ifndef ESPCAP_APP_OUTPUTS_H
#define ESPCAP_APP_OUTPUTS_H

#include "base/error.h"
#include "base/log.h"
#include "config/options.h"

/*
 * -1 with OUTCOME_USAGE if one file is named for two purposes: an output that is where standard output or standard
 * error goes already, another output, or an input. What names an open descriptor ("-", /dev/stdout) is written in turn and may be.
 */
int outputs_check(const struct options *options, struct error *error);

/* The descriptor that name stands for: "-" is standard output; else see descriptor_named. */
int outputs_descriptor(const char *name);

/*
 * A descriptor (close-on-exec) to write to, the caller's: what is open already for a name of that (outputs_descriptor), else the
 * file, made if need be and not cut. A FIFO waits for its reader, which is told first. option is for messages. -1 with OUTCOME_USAGE.
 */
int outputs_open(const char *option, const char *name, struct log *log, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files read whole. */
#ifndef ESPCAP_BASE_FILES_H
#define ESPCAP_BASE_FILES_H

#include "base/buffer.h"
#include "base/error.h"

/*
 * Returns a descriptor (close-on-exec) to read, owned by the caller: a duplicate if name means an open descriptor
 * (base/descriptor.h), else the file. Never waits for the writer of a FIFO. -1 with OUTCOME_USAGE.
 */
int files_open(const char *name, struct error *error);

/*
 * Appends all of fd, which stays open, to out; of a FIFO or pipe to its end, waiting for the writer. name is for
 * messages. -1 with OUTCOME_USAGE: it cannot be read, or is longer than out may be.
 */
int files_read_fd(int fd, const char *name, struct buffer *out, struct error *error);
/* The same of the file of this name. */
int files_read(const char *name, struct buffer *out, struct error *error);

#endif

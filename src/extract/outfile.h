/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that is written: as a whole or not at all; or standard output. */
#ifndef ESPCAP_EXTRACT_OUTFILE_H
#define ESPCAP_EXTRACT_OUTFILE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

struct outfile;

/*
 * name is borrowed until outfile_free; "-" is standard output. force: an existing file is replaced. NULL with
 * OUTCOME_USAGE.
 */
struct outfile *outfile_new(const char *name, bool force, struct error *error);
/* What is not finished leaves nothing. */
void outfile_free(struct outfile *outfile);

/* Where temporary files go: the folder of the file. Valid until outfile_free. */
const char *outfile_folder(const struct outfile *outfile);
/* What is appended here is written by outfile_flush and outfile_finish. */
struct buffer *outfile_buffer(struct outfile *outfile);
/* Both: -1 with OUTCOME_OUTPUT. */
int outfile_flush(void *outfile, struct error *error);
int outfile_finish(struct outfile *outfile, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that is written: as a whole or not at all; or standard output. */
#ifndef ESPCAP_EXTRACT_TARGET_H
#define ESPCAP_EXTRACT_TARGET_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

struct target;

/*
 * name is borrowed until target_free; "-" is standard output. force: an existing file is replaced. NULL with
 * OUTCOME_USAGE.
 */
struct target *target_new(const char *name, bool force, struct error *error);
/* What is not finished leaves nothing. */
void target_free(struct target *target);

/* Where temporary files go: the folder of the file. Valid until target_free. */
const char *target_folder(const struct target *target);
/* What is appended here is written by target_flush and target_finish. */
struct buffer *target_buffer(struct target *target);
/* Both: -1 with OUTCOME_OUTPUT. */
int target_flush(void *target, struct error *error);
int target_finish(struct target *target, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorts packets that documents name, in bounded memory: what does not fit waits in a temporary file without a name. */
#ifndef ESPCAP_EXTRACT_SPILL_H
#define ESPCAP_EXTRACT_SPILL_H

#include <stddef.h>

#include "base/error.h"
#include "extract/wanted.h"

/* A temporary file without a name in this folder: its descriptor, or -1 with OUTCOME_OUTPUT. */
int spill_file(const char *folder, struct error *error);

struct spill;

/* folder is borrowed until spill_free. memory_max: bytes, at least those of a hundred packets. */
struct spill *spill_new(const char *folder, size_t memory_max);
void spill_free(struct spill *spill);

/* Both: -1 with OUTCOME_OUTPUT if the file cannot be written. */
int spill_add(struct spill *spill, const struct wanted *wanted, struct error *error);
/* Nothing is added after it. */
int spill_sort(struct spill *spill, struct error *error);

/*
 * The next packet by source, then by place (offset, and ordinal where that is not known), then by rank: 1, or 0 after
 * the last one; -1 with OUTCOME_OUTPUT. Valid until the next call of spill_next.
 */
int spill_next(struct spill *spill, const struct wanted **wanted, struct error *error);

#endif

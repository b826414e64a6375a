/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One input to its documents: by one tshark (dissect/dissection.h) or, if it can be read by several, by more
 * (shard/shards.h).
 */
#ifndef ESPCAP_SHARD_WORK_H
#define ESPCAP_SHARD_WORK_H

#include "dissect/dissection.h"

struct work;

/* As dissection_new, and so is all that follows. most: tsharks at most, 1 .. ORDER_SHARDS. */
struct work *work_new(const struct dissection_config *config, unsigned most, struct record_source *source, const char *name,
    const char *path, uint64_t count, const struct dissection_handler *handler);
void work_free(struct work *work);

void work_pause(struct work *work);
void work_resume(struct work *work);
void work_stop(struct work *work);
bool work_is_read(const struct work *work);

struct dissection_counts work_counts(const struct work *work);
uint64_t work_memory(const struct work *work);
void work_bytes(const struct work *work, uint64_t *done, uint64_t *all);

/* As dissection_filter is not DISSECTION_UNFILTERABLE. */
bool work_is_filterable(const struct work *work);
enum outcome work_outcome(const struct work *work, struct error *error);
/* As reasons_lesser. */
enum outcome work_lesser_outcome(const struct work *work, enum outcome than);
bool work_is_no_capture(const struct work *work);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* One input to its documents by several tsharks, each with a shard of its packets. */
#ifndef ESPCAP_SHARD_SHARDS_H
#define ESPCAP_SHARD_SHARDS_H

#include "dissect/dissection.h"

struct shards;

/*
 * As dissection_new, and so is all that follows. most: tsharks at most, 1 .. ORDER_SHARDS. Documents come in the order
 * of the file, and are those of one tshark, but for what it knows of a conversation from one between other addresses.
 * NULL if the source cannot be read by several, or most is 1; it is still the caller's then, for dissection_new.
 */
struct shards *shards_new(const struct dissection_config *config, unsigned most, struct record_source *source, const char *name,
    const char *path, uint64_t count, const struct dissection_handler *handler);
void shards_free(struct shards *shards);

void shards_pause(struct shards *shards);
void shards_resume(struct shards *shards);
void shards_stop(struct shards *shards);
bool shards_is_read(const struct shards *shards);

struct dissection_counts shards_counts(const struct shards *shards);
uint64_t shards_memory(const struct shards *shards);
void shards_bytes(const struct shards *shards, uint64_t *done, uint64_t *all);

/* As dissection_filter is not DISSECTION_UNFILTERABLE, of the whole input. */
bool shards_is_filterable(const struct shards *shards);
enum outcome shards_outcome(const struct shards *shards, struct error *error);
/* As reasons_lesser, of the whole input. */
enum outcome shards_lesser_outcome(const struct shards *shards, enum outcome than);
bool shards_is_no_capture(const struct shards *shards);

#endif

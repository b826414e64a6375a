/* SPDX-License-Identifier: BSD-2-Clause */
/* One input to its documents, by one tshark or, of a regular file, by several that share its packets. */
#ifndef ESPCAP_DISSECT_SPLIT_H
#define ESPCAP_DISSECT_SPLIT_H

#include "dissect/dissection.h"

struct split;

/*
 * As dissection_new, and so is all that follows. parts: tsharks at most, 1 .. ORDER_OWNERS. Documents come in the order of the
 * file, and are those of one tshark, but for what it knows of a conversation from one between other addresses.
 */
struct split *split_new(const struct dissection_config *config, unsigned parts, int fd, const char *name,
    const char *path, uint64_t count, const struct dissection_handler *handler);
void split_free(struct split *split);

void split_pause(struct split *split);
void split_resume(struct split *split);
void split_stop(struct split *split);

struct dissection_counts split_counts(const struct split *split);
uint64_t split_memory(const struct split *split);
void split_bytes(const struct split *split, uint64_t *done, uint64_t *all);

/* As dissection_filter is not DISSECTION_UNFILTERABLE, of the whole input. */
bool split_is_filterable(const struct split *split);
enum outcome split_outcome(const struct split *split, struct error *error);
/* As reasons_lesser, of the whole input. */
enum outcome split_lesser_outcome(const struct split *split, enum outcome than);
bool split_is_no_capture(const struct split *split);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* One input as a series of records: reads a descriptor, expands it, and cuts it in records. */
#ifndef ESPCAP_SOURCE_SOURCE_H
#define ESPCAP_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"
#include "packet/digest.h"
#include "packet/record_source.h"
#include "process/folder.h"

struct source;

/*
 * Takes the descriptor over. A regular file is read from where the descriptor stands, which stays there. loop: for what
 * has to be waited for; NULL if it is a file. Free with source_free.
 */
struct source *source_new(struct loop *loop, int fd);
void source_free(struct source *source);
/* The source as whoever reads it sees it; freed with it, and its free frees the source. */
struct record_source *source_base(struct source *source);

/* As next of the record source. */
enum source_event source_next(struct source *source, struct capture_record *record,
    struct error *error);

/* Whether what comes after the end of a regular file is waited for. At the start it is not. */
void source_follow(struct source *source, bool follow);
/* After SOURCE_WAIT: the beginning of a record is there, and its end is not. */
bool source_has_rest(const struct source *source);

/* Before the first source_next: it is a live capture's own stream, see capture_reader_trust. */
void source_trust(struct source *source);

/*
 * From the first record on the records are hashed. marks[0..count), which are copied, are what the source is compared
 * with, in the order of their lengths.
 */
void source_track(struct source *source, const struct digest_mark *marks, size_t count);
/* Bytes of records given in this pass. */
uint64_t source_position(const struct source *source);
/* How far it has been read. -1 if it is not tracked. */
int source_mark(const struct source *source, struct digest_mark *mark);
/* The number of the longest mark that the source begins with, counted from 1; 0 for none so far. */
size_t source_met(const struct source *source);
/* It has been read to where the longest mark ends, or would. */
bool source_is_past(const struct source *source);

/*
 * The file as it was after the last read, with the size that was read. False if that is not known: after it more was
 * read, or it was not the same in each pass. *young: it was changed less than a second before, so that the next change
 * may not show, as clocks of file systems tick.
 */
bool source_status(const struct source *source, struct folder_entry *entry, bool *young);
/* What was read last of a tracked file is not there any more: the file was written anew. */
bool source_is_overwritten(const struct source *source);
/* All of it was read, in this pass. */
bool source_has_ended(const struct source *source);
/* It ended because reading failed. */
bool source_read_failed(const struct source *source);

#endif

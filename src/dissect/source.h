/* SPDX-License-Identifier: BSD-2-Clause */
/* One input as a series of records: reads a descriptor, expands it, and cuts it in records. */
#ifndef ESPCAP_DISSECT_SOURCE_H
#define ESPCAP_DISSECT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "packet/capture_reader.h"
#include "packet/digest.h"
#include "process/folder.h"

struct source;

enum source_event {
	SOURCE_RECORD,
	SOURCE_WAIT, /* a pipe, or a file that grows, has nothing now: come again when it may have */
	SOURCE_END,
	SOURCE_BAD /* cut short or damaged; what came before is good. An empty input, too. */
};

/* Takes the descriptor over. Of a regular file it is read from where it stands, and stays there. Free with source_free. */
struct source *source_new(int fd);
void source_free(struct source *source);

/*
 * The next record, valid until the next call. An input in a format that only
 * tshark knows (source_is_opaque) comes in pieces that are no packets. With SOURCE_BAD *error is filled
 * (OUTCOME_INPUT, or OUTCOME_INTERNAL if reading failed).
 */
enum source_event source_next(struct source *source, struct capture_record *record,
    struct error *error);

/* Known after the first event other than SOURCE_WAIT. */
bool source_is_opaque(const struct source *source);
bool source_is_empty(const struct source *source);

/* Whether what comes behind the end of a regular file is waited for. At the start it is not. */
void source_follow(struct source *source, bool follow);
bool source_is_following(const struct source *source);
/* After SOURCE_WAIT: the beginning of a record is there, and its end is not. */
bool source_has_rest(const struct source *source);

/* Before the first source_next: it is a live capture's own stream, see capture_reader_trust. */
void source_trust(struct source *source);

/* Begins again at the first byte that was read, or at the anchor; false for a pipe. */
bool source_rewind(struct source *source);
/* The record that source_next gave last, the header of a part, is where to begin again from now on. */
void source_anchor(struct source *source);
bool source_is_pipe(const struct source *source);
int source_fd(const struct source *source);

/* Appends a record as tshark can read it from a pipe; of an opaque format its bytes. */
int source_copy_record(const struct source *source, const struct capture_record *record,
    struct buffer *out);
/* Appends a record with no captured bytes in place of this one. */
int source_empty_record(const struct source *source, const struct capture_record *record,
    struct buffer *out);

/*
 * From the first record on the records are hashed. marks[0..count), which are copied, are what the source is compared with, in
 * the order of their lengths.
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
 * The file as it was after the last read, with the size that was read. False if that is not known: after it more was read, or
 * it was not the same in each pass. *young: it was changed less than a second before, so that the next change may
 * not show, as clocks of file systems tick.
 */
bool source_status(const struct source *source, struct folder_entry *entry, bool *young);
/* What was read last of a tracked file is not there any more: the file was written anew. */
bool source_is_overwritten(const struct source *source);
/* All of it was read, in this pass. */
bool source_has_ended(const struct source *source);
/* It ended because reading failed. */
bool source_read_failed(const struct source *source);

/* Bytes read from the descriptor at most so far (the larger of all passes), and its size: 0 if it has none. */
uint64_t source_bytes(const struct source *source);
uint64_t source_size(const struct source *source);
/* When the file was last modified; false for what is no file. */
bool source_date(const struct source *source, int64_t *sec);

#endif

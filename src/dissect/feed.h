/* SPDX-License-Identifier: BSD-2-Clause */
/* What tshark is given of one input: its packets, counted and selected, and given again after a failure. */
#ifndef ESPCAP_DISSECT_FEED_H
#define ESPCAP_DISSECT_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ranges.h"
#include "dissect/order.h"
#include "dissect/pending.h"
#include "packet/filter.h"

/*
 * Every packet is given, whether --bpf wants it or not: then all that tshark
 * says of the ones wanted (numbers of frames and streams, reassembly, answers) is what it
 * says of them in the whole capture. The others' documents are thrown away.
 */
struct feed;
struct source;

/*
 * Of several tsharks that dissect one capture: which packets this one gets (packet/flow_hash.h). Those of the others it gets as
 * empty records with a length on the wire of `placeholder`, so that it counts them; they are never pending.
 */
struct feed_shard {
	unsigned index, count;
	uint32_t placeholder;
	struct order *order; /* borrowed; told whose each packet is. NULL: all packets are of this one */
};

enum feed_event {
	FEED_GAVE,    /* bytes for tshark; perhaps none */
	FEED_WAIT,    /* a pipe, or a file that grows, has nothing now */
	FEED_SESSION, /* the same, and a capture follows that cannot stand in one stream with this: see feed_turn */
	FEED_END,     /* all that is wanted was given */
	FEED_BAD      /* the same, and something is wrong with the input */
};

/*
 * Takes the descriptor over. filter is borrowed, NULL for all packets. count: packets at most, 0 for all. ids: each
 * pending packet gets its id. live: the id of a live capture, NULL for what has an end.
 */
struct feed *feed_new(int fd, struct filter *filter, uint64_t count, bool ids, const char *live);
void feed_free(struct feed *feed);

/* Before the first feed_next, of a regular file. All but the shard of index 0 are to be begun again, for what is read until then counts for no order. */
void feed_shard(struct feed *feed, const struct feed_shard *shard);

/*
 * The next bytes for tshark, valid until the next call; a packet in them joins
 * the pending ones. After FEED_SESSION, FEED_END and FEED_BAD only feed_again goes on, and feed_turn. With
 * FEED_BAD *error is filled.
 */
enum feed_event feed_next(struct feed *feed, const void **bytes, size_t *len,
    struct error *error);

/*
 * Captures may be joined in one input. As long as their headers agree, one tshark gets them all; where they do not, the next one
 * gets a tshark of its own. Frame numbers continue; ids and ordinals are those of each capture by itself.
 * feed_turn is to be called after FEED_SESSION, when nothing is pending any more: the next tshark counts its
 * packets from 1, which stands for feed_base + 1. Input is given again from there on.
 */
void feed_turn(struct feed *feed);
/* After it, of a shard whose index is not 0: what is read until feed_again counts for no order, as after feed_shard. */
void feed_seek(struct feed *feed);
/* How often feed_turn was called. */
unsigned feed_session(const struct feed *feed);
/* The id of the capture that a packet which was given is of, and how many packets of the input come before that capture. */
const char *feed_capture(const struct feed *feed, uint64_t ordinal, uint64_t *before);

/* After feed_next: something that the user should know, told once; NULL if there is nothing. Valid until the next feed_next of any feed. */
const char *feed_news(struct feed *feed);
/* Of some packet --bpf could be asked; its expression has no meaning for the link type of some packet. */
bool feed_was_filtered(const struct feed *feed);
bool feed_defied_filter(const struct feed *feed);
/* Those packets, by their ordinals. */
const struct ranges *feed_inapplicable(const struct feed *feed);

/* The oldest packet given whose document has not come, NULL if there is none. */
const struct pending_packet *feed_first(const struct feed *feed);
size_t feed_pending(const struct feed *feed);
/* Takes the oldest off. */
void feed_pop(struct feed *feed);
/* Says that the outcome of the oldest is known. True if it was not before and --bpf wants it: then it must be counted. */
bool feed_resolve(struct feed *feed);
/* The outcome of packets up to this one is known; 0 for none. */
uint64_t feed_resolved(const struct feed *feed);

/* From now on the oldest is given as an empty record. False if that was done FEED_DEAD_MAX times already; a live capture forgets those it is past. */
#define FEED_DEAD_MAX 10
bool feed_skip_poison(struct feed *feed);
/* From now on those resolved are given as empty records: a new tshark does not take up their memory. */
void feed_forget(struct feed *feed);

/*
 * Begins again, for a new tshark: a file at its first byte; a pipe behind the
 * packets resolved, with empty records in place of these so that numbers stay.
 * False if that cannot be: feed_next continues to read but has nothing for tshark, and what is pending of a pipe stays
 * pending for the caller to resolve.
 * A live capture has no end: the new tshark counts its packets from 1, which stands for feed_base + 1. The
 * first `warm` of these are the last that were resolved, given for what can be learned of them: they are
 * not pending. If fewer are kept, empty records come first; feed_kept must not be 0 then.
 */
bool feed_again(struct feed *feed, size_t warm);
uint64_t feed_base(const struct feed *feed); /* modulo 2^64: with empty records of a live capture it may be below 0 */
/* Of a live capture: how many of the last packets resolved are kept. */
size_t feed_kept(const struct feed *feed);
/* All packets given, to this tshark or those before; and those to this one, the warm ones not counted. */
uint64_t feed_given(const struct feed *feed);
uint64_t feed_since(const struct feed *feed);
/* Of a live capture: what is pending cannot be given again, as it was too much to keep. */
bool feed_is_lossy(const struct feed *feed);
/* No packets are wanted beyond those read. */
void feed_stop(struct feed *feed);

/* As in dissect/source.h. */
void feed_follow(struct feed *feed, bool follow);
bool feed_is_following(const struct feed *feed);
bool feed_has_rest(const struct feed *feed);

bool feed_is_pipe(const struct feed *feed);
bool feed_is_opaque(const struct feed *feed); /* only tshark can read it: no packet is ever pending */
bool feed_is_empty(const struct feed *feed);
int feed_fd(const struct feed *feed);
/* What it reads from; borrowed. */
struct source *feed_source(const struct feed *feed);
/* Known after the first FEED_GAVE with a packet (or of an opaque format); "" before. */
/* Of the first capture. Known after the first FEED_GAVE with a packet (or of an opaque format); "" before. */
const char *feed_id(const struct feed *feed);
bool feed_date(const struct feed *feed, int64_t *sec);
void feed_bytes(const struct feed *feed, uint64_t *done, uint64_t *all);
uint64_t feed_read(const struct feed *feed);    /* packets that --bpf wants */
uint64_t feed_skipped(const struct feed *feed); /* packets that it does not want */

#endif

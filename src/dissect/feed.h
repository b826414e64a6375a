/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The feeder: what tshark is given of one input, its packets counted and selected, and given again to another tshark.
 */
#ifndef ESPCAP_DISSECT_FEED_H
#define ESPCAP_DISSECT_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dissect/parts.h"
#include "dissect/pending.h"
#include "dissect/selection.h"
#include "packet/record_source.h"

/*
 * Every packet is given, whether --bpf wants it or not: then all that tshark
 * says of the ones wanted (numbers of frames and streams, reassembly, answers) is what it
 * says of them in the whole capture. The others' documents are thrown away.
 */
struct feed;

enum feed_event {
	FEED_GAVE,    /* bytes for tshark; perhaps none */
	FEED_PREVIEW, /* nothing for tshark yet: whether there will be anything is not known */
	FEED_WAIT,    /* the source has nothing now */
	FEED_SESSION, /* the same, and a capture follows that cannot stand in one stream with this: see feed_turn */
	FEED_END,     /* all that is wanted was given */
	FEED_BAD      /* the same, and something is wrong with the input */
};

/*
 * filter as selection_new; ids: each pending packet gets its id; live: the id of a live capture, NULL for what has an
 * end.
 */
struct feed_config {
	struct filter *filter;
	uint64_t count;
	bool ids;
	const char *live;
};

/* The source is borrowed for the life of the feed. Free with feed_free. */
struct feed *feed_new(struct record_source *source, const struct feed_config *config);
void feed_free(struct feed *feed);

/*
 * The next bytes for tshark, valid until the next call; a packet in them joins
 * the pending ones. After FEED_SESSION, FEED_END and FEED_BAD only feed_again goes on, and feed_turn. With
 * FEED_BAD *error is filled.
 */
enum feed_event feed_next(struct feed *feed, const void **bytes, size_t *len,
    struct error *error);

/*
 * Captures may be joined in one input. As long as their headers agree, one tshark gets them all; where they do not, the
 * next one gets a tshark of its own. Frame numbers continue; ids and ordinals are those of each capture by itself.
 * feed_turn is to be called after FEED_SESSION, when nothing is pending any more: the next tshark counts its
 * packets from 1, which stands for feed_base + 1. Input is given again from there on.
 */
void feed_turn(struct feed *feed);
/* The captures of the input so far. */
const struct parts *feed_parts(const struct feed *feed);

/*
 * After feed_next: something that the user should know, told once; NULL if there is nothing. Valid until the next
 * feed_next of any feed.
 */
const char *feed_news(struct feed *feed);
const struct selection *feed_selection(const struct feed *feed);

/* The oldest packet given whose document has not come, NULL if there is none. */
const struct pending_packet *feed_first(const struct feed *feed);
/* All of them. */
const struct pending *feed_pending(const struct feed *feed);
/* Takes the oldest off. */
void feed_pop(struct feed *feed);
/*
 * Says that the outcome of the oldest is known. True if it was not before and --bpf wants it: then it must be counted.
 */
bool feed_resolve(struct feed *feed);
/* The outcome of packets up to this one is known; 0 for none. */
uint64_t feed_resolved(const struct feed *feed);

/*
 * From now on the oldest is given as an empty record. False if that was done FEED_DEAD_MAX times already; a live
 * capture forgets those it is past.
 */
#define FEED_DEAD_MAX 10
bool feed_skip_poison(struct feed *feed);
/* Whether it would be done. */
bool feed_may_skip(struct feed *feed);
/* From now on those resolved are given as empty records: a new tshark does not take up their memory. */
void feed_forget(struct feed *feed);

/*
 * Begins again, for a new tshark: what can be read again where its session begins; a stream after the
 * packets resolved, with empty records in place of these so that numbers stay.
 * False if that cannot be: feed_next continues to read but has nothing for tshark, and what is pending of a stream
 * stays pending for the caller to resolve.
 * A live capture has no end: the new tshark counts its packets from 1, which stands for feed_base + 1. The
 * first `warm` of these are the last that were resolved, given for what can be learned of them: they are
 * not pending. If fewer are kept, empty records come first; feed_kept must not be 0 then.
 */
bool feed_again(struct feed *feed, size_t warm);
uint64_t feed_base(const struct feed *feed); /* modulo 2^64: with empty records of a live capture it may be below 0 */
/* Of a live capture: how many of the last packets resolved are kept. */
size_t feed_kept(const struct feed *feed);
/* The last packet given, to this tshark or those before; and how many to this one, the warm ones not counted. */
uint64_t feed_given(const struct feed *feed);
uint64_t feed_since(const struct feed *feed);
/* As resumption_is_lossy; false for what can be read again. */
bool feed_is_lossy(const struct feed *feed);
/* No packets are wanted after packet `until`; 0: after those read so far. */
void feed_stop(struct feed *feed, uint64_t until);

#endif

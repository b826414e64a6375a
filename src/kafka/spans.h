/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which messages of a partition are done with: its offset may be committed up to the first one that is not. They are
 * counted in spans, so that memory does not depend on how far apart they end. No I/O.
 */
#ifndef ESPCAP_KAFKA_SPANS_H
#define ESPCAP_KAFKA_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ack.h"

struct spans;

struct span {
	struct ack ack; /* of the documents of its messages: who gives one counts it there */
	struct spans *spans;
	struct span *next;
	int64_t end;      /* the offset after its last message */
	uint64_t records; /* messages in it */
	uint64_t passed;  /* of these, those that were dissected, or need not be */
	bool is_closed;   /* it takes no more */
};

/* start: everything before this offset is done. Free with spans_free, when the sink has let go of the acks. */
struct spans *spans_new(int64_t start);
void spans_free(struct spans *spans);

/*
 * A message was taken, the next in the order of offsets. The span is valid until all its messages have passed and its
 * documents were acknowledged, and spans_done was called after that.
 */
struct span *spans_add(struct spans *spans, int64_t offset);
/* One of its messages passed: if it has a document, that is given, and counted, before anything else is called. */
void span_pass(struct span *span);

/* What comes from now on is counted by itself: at each commit, so that an idle partition is committed to its end. */
void spans_close(struct spans *spans);
/* The offset that may be committed. Forgets what is before it. */
int64_t spans_done(struct spans *spans);
/* Messages that have not passed. */
uint64_t spans_open(const struct spans *spans);

/* They are given up: they will never pass. Documents that were given may still be acknowledged. */
void spans_release(struct spans *spans);
/* Nothing is on its way any more. */
bool spans_is_empty(const struct spans *spans);

#endif

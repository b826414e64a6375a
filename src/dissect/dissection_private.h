/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a dissection share: dissection.c, passes.c, handover.c and arrivals.c; for no others. */
#ifndef ESPCAP_DISSECT_DISSECTION_PRIVATE_H
#define ESPCAP_DISSECT_DISSECTION_PRIVATE_H

#include <event2/event.h>

#include "dissect/dissection.h"
#include "dissect/feed.h"
#include "process/child.h"
#include "readers/reader.h"
#include "readers/times.h"

/* A live capture bears so many failures of tshark in so many ms. */
#define LIVE_FAILURES 10
#define LIVE_FAILURES_MS 60000

enum pass {
	PASS_FIRST,   /* everything as it comes, output in large pieces */
	PASS_CAREFUL, /* again from the start, each document flushed: tells which packet ends tshark */
	PASS_LOCATE,  /* the same without the display filter, only to learn that packet */
	PASS_DRAIN    /* no tshark any more: only count */
};

struct dissection {
	struct dissection_config config;
	struct dissection_handler handler;
	char *name, *file_name, *path;
	uint64_t count;
	uint64_t opaque_format_read; /* packets that tshark found in an opaque format */
	struct dissection_counts counts;
	struct ranges undissected;

	struct feed *feed;
	struct event *readable; /* of a pipe */
	struct event *ticker;
	bool input_done; /* of this pass */
	bool waiting;    /* for what comes behind the end of a file */
	bool stopping;
	bool pump_deferred;
	bool renewing; /* the child gets no more; a fresh one goes on */
	bool turning;  /* the same, with the next session of the input */
	bool turn_deferred;
	uint64_t failed_at[LIVE_FAILURES]; /* ms, a ring */
	size_t failures;

	enum pass pass;
	unsigned passes;
	unsigned handovers; /* passes that only went on with less memory */
	uint64_t relieved;  /* the last of them began behind this packet */
	bool lacks_memory;  /* the pass that failed last */
	uint64_t anew;      /* streams are numbered anew behind this packet; 0 for nowhere */
	struct child *child;
	size_t warm;              /* packets given to it that no document is wanted of */
	uint64_t begun;           /* when it was; ms */
	char handover_reason[48]; /* what it has had too much of; "" if nothing is known */
	uint64_t grown_at;        /* when it was seen to take much memory, ms; 0 if it was not */
	unsigned long long grown_to;
	struct child *next; /* the one to relieve it, if it has been started */
	size_t next_warm;
	bool next_plugin, next_failed;
	struct tree tree;
	struct times times;
	struct reader *reader;
	bool plugin; /* tshark is run with it; not after it failed, until one is renewed */
	uint64_t pass_documents;
	bool paused;
	bool failed;        /* this pass; the child is being killed */
	bool tshark_failed; /* some pass */
	char failure[512];
	unsigned long long progress; /* what the child had done at the last tick */
	uint64_t idle;               /* ms without any */
	unsigned long long cpu;      /* processor time it had used then, ms */
	unsigned unparsable;
	uint64_t unclear; /* texts of the readers before this one: pdml_unclear */

	/* Of a shard. */
	bool held;          /* the tree has a document whose turn has not come */
	bool ahead;         /* nothing is given because the others are so far behind */
	bool skipping;      /* it has nothing in this session, and the next waits until the order has all of this one */
	bool finished;      /* the child has, but not all that it printed is read */
	bool choked;        /* the child is paused because so much waits in rest */
	struct buffer rest; /* printed behind the document held */

	struct document_capture capture;
	struct buffer out;
	struct reasons reasons; /* why it does not end well */
	bool no_capture;
	bool defies_filter; /* --bpf is given, and only tshark can read its packets */
	bool ended;
};

static inline bool
dissection_is_live(const struct dissection *dissection)
{
	return dissection->config.live != NULL;
}

/* Something printed waits for its turn. */
static inline bool
dissection_is_held(const struct dissection *dissection)
{
	return dissection->held || dissection->rest.len > 0;
}

/* --bpf cannot be applied to a format that only tshark reads: tshark only says whether it is a capture. */
static inline bool
dissection_is_probe(const struct dissection *dissection)
{
	return dissection->config.filter != NULL &&
	    feed_is_opaque(dissection->feed);
}

static inline bool
dissection_has_filter(const struct dissection *dissection)
{
	return dissection->config.tshark_config->display_filter != NULL &&
	    dissection->pass != PASS_LOCATE && !dissection_is_probe(dissection);
}

/* --count is reached in a format whose packets only tshark knows. */
static inline bool
dissection_has_enough(const struct dissection *dissection)
{
	return feed_is_opaque(dissection->feed) && dissection->count > 0 &&
	    dissection->opaque_format_read >= dissection->count;
}

/* Keeps the first text of each outcome. */
void dissection_blame(struct dissection *dissection, enum outcome outcome, const char *text);
/* All is done: on_end follows. */
void dissection_end(struct dissection *dissection);
/* The child cannot be trusted any more: it is killed, and the pass ends as a failure. */
void dissection_fail(struct dissection *dissection, const char *why);

/* The oldest packet given, or all, have no document and will have none. */
void dissection_resolve(struct dissection *dissection, uint64_t *count);
void dissection_resolve_all(struct dissection *dissection, uint64_t *count);

/* The outcome of the oldest packet given is known; true if it must be counted (feed_resolve). */
bool dissection_resolve_first(struct dissection *dissection);
/* Tells the others of a shard. */
void dissection_tell_order(struct dissection *dissection);

/* feed_next, and says what is new. */
enum feed_event dissection_next(struct dissection *dissection, const void **bytes, size_t *len,
    struct error *error);
/* Hands bytes of the feed to the child. */
void dissection_give(struct dissection *dissection, const void *bytes, size_t len);
/* Reads on until tshark has enough to do, or there is nothing to read now. */
void dissection_pump(struct dissection *dissection);
/* Nothing more is given. */
void dissection_finish_input(struct dissection *dissection);

#endif

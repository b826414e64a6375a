/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes next when a tshark has ended: a function of what happened and of what was tried before. No I/O. */
#ifndef ESPCAP_DISSECT_RECOVERY_H
#define ESPCAP_DISSECT_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recovery;

/* How a tshark runs over the input. */
enum pass {
	PASS_FIRST,   /* everything as it comes, output in large pieces */
	PASS_CAREFUL, /* again from the start, each document flushed: tells which packet ends tshark */
	PASS_LOCATE,  /* the same without the display filter, only to learn that packet */
	PASS_DRAIN    /* no tshark any more: only count */
};

struct recovery_config {
	bool is_live;    /* the capture has no end */
	bool has_filter; /* a display filter */
	bool has_plugin; /* the first tshark runs with it */
};

/* Free with recovery_free. */
struct recovery *recovery_new(const struct recovery_config *config);
void recovery_free(struct recovery *recovery);

/* A pass begins. False if it is the first one over this session of the input, so that nothing has to be given again. */
bool recovery_begin(struct recovery *recovery);
/* The next session of the input begins: what went wrong with one says nothing of the next. */
void recovery_turn(struct recovery *recovery);
/* Whether the next tshark runs with the plugin: not after one failed with it, until another session or a handover. */
bool recovery_has_plugin(const struct recovery *recovery);
/* A tshark ran out of memory: streams are numbered anew after this packet; 0 for nowhere. */
uint64_t recovery_anew(const struct recovery *recovery);

/* What happened. */
struct recovery_facts {
	/* The tshark that ended. */
	enum pass pass;
	bool is_complete;  /* every packet given to it has its document, or needs none */
	bool is_filtered;  /* it ran with the display filter */
	bool succeeded;    /* its exit status is 0 */
	bool is_broken;    /* it hung or printed nonsense, and was ended for it */
	bool lacks_memory; /* it failed because it had no more */
	bool says_no;      /* its exit status is above 0, and it said why */
	bool is_warm;      /* it was given packets of the past first */
	uint64_t documents;
	/* The input. */
	bool is_pipe, is_opaque;
	bool is_lossy;         /* what is pending cannot be given again */
	bool is_no_capture;    /* the first documents said so */
	bool defies_filter;    /* --bpf is given, and only tshark can read its packets */
	bool is_blamed;        /* something is wrong with it already */
	bool has_enough;       /* --count is reached in an opaque format */
	bool stopping;         /* no more is wanted */
	bool turning;          /* another session of it follows */
	bool renewing;         /* a fresh tshark goes on */
	bool has_pending;      /* a packet has no document yet */
	bool may_skip;         /* another one can be given empty */
	uint64_t last_pending; /* ordinal of the last of them, 0 for none */
	uint64_t resolved;     /* the outcome of packets up to this one is known */
	uint64_t base;         /* packets before the first of this tshark */
	uint64_t now;          /* ms */
};

enum recovery_action {
	RECOVERY_END,        /* all is done */
	RECOVERY_NO_CAPTURE, /* the input is not a capture */
	RECOVERY_TURN,       /* the next session of the input */
	RECOVERY_BEGIN       /* a pass */
};

/* What is logged. */
enum recovery_news {
	RECOVERY_SILENT,
	RECOVERY_LATE,        /* it failed, but with the documents of all packets */
	RECOVERY_WARM,        /* it may have failed on the past: the next one does not get it */
	RECOVERY_HANDED_OVER, /* a fresh tshark with free memory goes on */
	RECOVERY_PLUGIN,      /* the next one runs without it */
	RECOVERY_POISON,      /* the oldest pending packet ended it */
	RECOVERY_CARE         /* it is read again to learn which */
};

struct recovery_plan {
	enum recovery_action action;
	enum pass pass;          /* with RECOVERY_BEGIN */
	bool warmly;             /* the same: with the knowledge of the last packets of a live capture */
	bool refused;            /* tshark's own words are the reason */
	bool failed;             /* this tshark failed */
	bool pending_filtered;   /* what is pending was not wanted by the display filter */
	bool pending_given_up;   /* what is pending cannot be given again: it is counted as undissected */
	bool forget;             /* the packets resolved are given empty from now on */
	bool skip;               /* the oldest packet pending, too */
	enum recovery_news news; /* after the pending packets are given up, which is logged as well */
};

void recovery_decide(struct recovery *recovery, const struct recovery_facts *facts, struct recovery_plan *plan);

#endif

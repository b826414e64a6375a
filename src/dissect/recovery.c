/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes next when a tshark has ended. */
#include "dissect/recovery.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "dissect/feed.h"

/* Each packet that ends a tshark takes two runs at most, and the first run is one. */
#define RUNS_MAX (2 * FEED_DEAD_MAX + 5)
/* A pass that runs out of memory after so many packets is not counted as a run. */
#define HANDOVER_PACKETS 1000
/* A live capture bears so many failures of tshark in so many ms: in a year some may fail, in a minute not that many. */
#define LIVE_FAILURES 10
#define LIVE_FAILURES_MS 60000

struct recovery {
	struct recovery_config config;
	bool plugin;
	unsigned passes;
	unsigned handovers;   /* passes that only went on with less memory */
	uint64_t handed_over; /* the last of them began after this packet */
	uint64_t anew;
	uint64_t failed_at[LIVE_FAILURES]; /* ms, a ring */
	size_t failures;
};

struct recovery *
recovery_new(const struct recovery_config *config)
{
	struct recovery *recovery = xcalloc(1, sizeof(*recovery));

	recovery->config = *config;
	recovery->plugin = config->has_plugin;
	return recovery;
}

void
recovery_free(struct recovery *recovery)
{
	free(recovery);
}

bool
recovery_begin(struct recovery *recovery)
{
	return recovery->passes++ > 0;
}

void
recovery_turn(struct recovery *recovery)
{
	recovery->passes = recovery->handovers = 0;
	recovery->plugin = recovery->config.has_plugin;
}

bool
recovery_has_plugin(const struct recovery *recovery)
{
	return recovery->plugin;
}

uint64_t
recovery_anew(const struct recovery *recovery)
{
	return recovery->anew;
}

static void
begin(struct recovery_plan *plan, enum pass pass)
{
	plan->action = RECOVERY_BEGIN;
	plan->pass = pass;
}

/* All documents came, or the display filter kept them back. */
static void
after_success(struct recovery *recovery, const struct recovery_facts *facts,
    struct recovery_plan *plan)
{
	if (facts->pass == PASS_LOCATE) {
		/* What ended tshark before did not do so again. */
		begin(plan, PASS_CAREFUL);
		return;
	}
	plan->pending_filtered = true;
	plan->action = facts->turning ? RECOVERY_TURN : RECOVERY_END;
	if (facts->turning || !facts->renewing)
		return;
	/* One failure in a long run should not make all the rest slower. */
	recovery->plugin = recovery->config.has_plugin;
	plan->warmly = true;
	begin(plan, PASS_FIRST);
}

/* tshark looked at the file and said no, before any packet. */
static bool
is_refused(const struct recovery *recovery, const struct recovery_facts *facts)
{
	return !recovery->config.is_live && !facts->is_broken &&
	    !facts->lacks_memory && facts->says_no && facts->documents == 0 &&
	    facts->resolved <= facts->base;
}

/* Running out of memory after so many packets is not a failure. */
static bool
has_served(const struct recovery *recovery, const struct recovery_facts *facts)
{
	return facts->lacks_memory &&
	    facts->resolved - recovery->handed_over >= HANDOVER_PACKETS;
}

static bool
fails_too_often(struct recovery *recovery, const struct recovery_facts *facts)
{
	uint64_t *oldest, before;

	if (!recovery->config.is_live)
		return recovery->passes - recovery->handovers >= RUNS_MAX;
	if (has_served(recovery, facts) || recovery->plugin)
		return false;
	oldest = &recovery->failed_at[recovery->failures++ % LIVE_FAILURES];
	before = *oldest;
	*oldest = facts->now;
	return recovery->failures > LIVE_FAILURES &&
	    *oldest - before < LIVE_FAILURES_MS;
}

/*
 * A tshark keeps what it learned of each conversation. One that has no room for more is no
 * packet's fault: a fresh one goes on after those that have their documents. In a live
 * capture, where fresh ones go on anyhow, it is logged and is not a failure of the run.
 */
static bool
relieve(struct recovery *recovery, const struct recovery_facts *facts)
{
	if (!facts->lacks_memory || facts->pass == PASS_LOCATE ||
	    facts->resolved <= recovery->handed_over)
		return false;
	if (has_served(recovery, facts))
		recovery->handovers++;
	recovery->handed_over = facts->resolved;
	if (recovery->anew == 0 && !recovery->config.is_live)
		recovery->anew = facts->resolved;
	return true;
}

/* What is pending counts as undissected. */
static void
give_up_pending(struct recovery_facts *facts, struct recovery_plan *plan)
{
	plan->pending_given_up = true;
	if (facts->has_pending)
		facts->resolved = facts->last_pending;
}

/*
 * Whose fault it was is not known yet. With a display filter a packet without document tells nothing, so a pass without
 * the filter finds the one that tshark fails on. A pipe cannot be read again for that: all it had is given up. False to
 * read no more.
 */
static bool
look_for_poison(const struct recovery *recovery, struct recovery_facts *facts,
    struct recovery_plan *plan)
{
	bool filter = recovery->config.has_filter;

	if (facts->is_lossy)
		return true;
	if (filter && facts->is_pipe) {
		give_up_pending(facts, plan);
		return true;
	}
	if (filter && facts->pass != PASS_LOCATE)
		plan->pass = PASS_LOCATE;
	else if (facts->pass != PASS_FIRST || facts->is_pipe) {
		plan->skip = facts->has_pending;
		plan->news = plan->skip ? RECOVERY_POISON : RECOVERY_SILENT;
		return !plan->skip || facts->may_skip;
	}
	plan->news = RECOVERY_CARE;
	return true;
}

/* How the next pass begins; false to give up. */
static bool
go_on(struct recovery *recovery, struct recovery_facts *facts,
    struct recovery_plan *plan)
{
	bool served = has_served(recovery, facts);

	begin(plan, PASS_CAREFUL);
	if (facts->is_opaque || facts->stopping ||
	    fails_too_often(recovery, facts))
		return false;
	if (facts->is_lossy)
		give_up_pending(facts, plan);
	/* Before its first document a tshark may have failed on packets that have theirs: it is tried without these. */
	if (facts->is_warm && facts->documents == 0) {
		plan->news = RECOVERY_WARM;
		plan->pass = PASS_FIRST;
		return true;
	}
	if (relieve(recovery, facts)) {
		plan->news = RECOVERY_HANDED_OVER;
		plan->forget = true;
		plan->pass = PASS_FIRST;
		plan->warmly = served && recovery->config.is_live;
		return true;
	}
	/* Whose fault it was is not known: the same packets, but without the plugin. */
	if (recovery->plugin) {
		recovery->plugin = false;
		plan->news = RECOVERY_PLUGIN;
		return true;
	}
	return look_for_poison(recovery, facts, plan);
}

static void
after_failure(struct recovery *recovery, const struct recovery_facts *facts,
    struct recovery_plan *plan)
{
	struct recovery_facts now = *facts;
	bool refused = is_refused(recovery, facts);

	if (facts->defies_filter)
		plan->action = RECOVERY_END;
	else if (facts->is_no_capture ||
	    (refused && facts->is_opaque && !facts->is_blamed))
		plan->action = RECOVERY_NO_CAPTURE;
	else if (refused) {
		plan->refused = true;
		begin(plan, PASS_DRAIN);
	} else {
		plan->failed = true;
		if (go_on(recovery, &now, plan))
			return;
		plan->skip = false;
		plan->news = RECOVERY_SILENT;
		plan->pass = PASS_DRAIN;
	}
}

void
recovery_decide(struct recovery *recovery, const struct recovery_facts *facts,
    struct recovery_plan *plan)
{
	bool late = !facts->succeeded && facts->is_complete &&
	    !facts->is_filtered && !facts->is_opaque && facts->resolved > 0;

	*plan = (struct recovery_plan){ .news = late ? RECOVERY_LATE :
						       RECOVERY_SILENT };
	/* --count cuts an opaque format off where tshark does not expect it. */
	if (facts->is_complete &&
	    (facts->succeeded || late || facts->has_enough))
		after_success(recovery, facts, plan);
	else
		after_failure(recovery, facts, plan);
}

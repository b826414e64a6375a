/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of request/policy.h: a node with a policy, and what it answers. */
#ifndef ESPCAP_TESTS_DECIDING_H
#define ESPCAP_TESTS_DECIDING_H

#include <stdlib.h>
#include <string.h>

#include "request/policy.h"
#include "requesting.h"

/* 2026-11-30T12:00:00Z */
#define NOW 1796040000000

struct world {
	struct policy policy;
	struct policy_facts facts;
};

/*
 * The node sensor1 with the [[interface]] sections of pcapdaemon's documentation, of which wan is on another machine,
 * and with eth1, which no section names. It delivers to local files, S3, and an index.
 */
static inline struct world
world_new(void)
{
	static const char *const of_eth0[] = { "main", "public" }, *const of_lo[] = { "local" }, *const of_wan[] = { "public" };
	static const struct policy_interface interfaces[] = {
		{ .name = "eth0", .aliases = of_eth0, .alias_count = 2, .is_configured = true, .is_present = true, .has_lookback = true },
		{ .name = "lo", .aliases = of_lo, .alias_count = 1, .is_configured = true, .is_present = true },
		{ .name = "wan", .aliases = of_wan, .alias_count = 1, .is_configured = true },
		{ .name = "eth1", .is_present = true }
	};
	struct world world;

	policy_init(&world.policy);
	policy_facts_init(&world.facts);
	world.facts.is_local = true;
	world.facts.sent_ms = NOW;
	world.facts.now_ms = NOW;
	world.facts.node = "sensor1";
	world.facts.interfaces = interfaces;
	world.facts.interface_count = COUNT(interfaces);
	world.facts.destinations = REQUEST_TO_LOCAL | REQUEST_TO_S3 | REQUEST_TO_INDEX;
	return world;
}

static inline void
world_free(struct world *world)
{
	policy_release(&world->policy);
}

static inline void
expect_answer(const struct world *world, const char *text, enum policy_answer answer, const char *reason)
{
	struct request request = request_of(text);
	struct policy_decision decision;

	policy_decide(&request, &world->policy, &world->facts, &decision);
	if (decision.answer != answer || strcmp(decision.reason, reason) != 0)
		fail_msg("%s: %d, \"%s\" is not \"%s\"", text, (int)decision.answer, decision.reason, reason);
	policy_decision_release(&decision);
	request_release(&request);
}

#endif

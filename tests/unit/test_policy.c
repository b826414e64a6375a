/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/policy_decide.c: whose a message is, who sends it, how old it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "deciding.h"

/* Members that a signed request needs, with times in seconds. */
#define STAMPED(issued, expires) "{" NEEDED ",\"issued\":" issued ",\"expires\":" expires ",\"nonce\":\"n\"}"

static void
test_not_ours(void **state)
{
	struct world world = world_new();

	(void)state;
	world.facts.is_local = false;
	expect_answer(&world, "{\"node\":\"other\",\"interface\":[\"eth9\"],\"packets\":99999999}", POLICY_NOT_OURS, "");
	expect_answer(&world, "{\"nodere\":\"^other\",\"interface\":[\"eth9\"],\"packets\":99999999}", POLICY_NOT_OURS, "");
	expect_answer(&world, "{\"node\":\"other\",\"cancel\":\"x\"}", POLICY_NOT_OURS, "");
	expect_answer(&world, "{\"nodere\":\"(\",\"interface\":[\"eth0\"],\"packets\":1}", POLICY_REFUSED,
	    "nodere: is no regular expression: missing closing parenthesis, at byte 1");
	world_free(&world);
}

static void
test_ours(void **state)
{
	struct world world = world_new();

	(void)state;
	expect_answer(&world, "{\"node\":\"sensor1\",\"interface\":[\"eth0\"],\"packets\":1}", POLICY_ACCEPTED, "");
	expect_answer(&world, "{\"nodere\":\"^sensor[0-9]$\",\"interface\":[\"eth0\"],\"packets\":1}", POLICY_ACCEPTED, "");
	expect_answer(&world, "{" NEEDED "}", POLICY_ACCEPTED, "");
	expect_answer(&world, "{\"cancel\":\"x\"}", POLICY_ACCEPTED, "");
	expect_answer(&world, "{\"status\":true,\"node\":\"any\"}", POLICY_ACCEPTED, "");
	world_free(&world);
}

static void
test_unsigned(void **state)
{
	static const struct {
		enum policy_unsigned allow;
		bool is_local;
		enum policy_answer answer;
	} rows[] = { { POLICY_UNSIGNED_UNSET, true, POLICY_ACCEPTED }, { POLICY_UNSIGNED_UNSET, false, POLICY_REFUSED },
		{ POLICY_UNSIGNED_REFUSED, true, POLICY_REFUSED }, { POLICY_UNSIGNED_REFUSED, false, POLICY_REFUSED },
		{ POLICY_UNSIGNED_ALLOWED, true, POLICY_ACCEPTED }, { POLICY_UNSIGNED_ALLOWED, false, POLICY_ACCEPTED } };
	static const char *const messages[] = { "{" NEEDED "}", "{\"cancel\":\"x\"}", "{\"status\":true}" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t n = 0; n < COUNT(messages); n++) {
			struct world world = world_new();

			world.policy.allow_unsigned = rows[i].allow;
			world.facts.is_local = rows[i].is_local;
			expect_answer(&world, messages[n], rows[i].answer,
			    rows[i].answer == POLICY_ACCEPTED ?
				"" :
				"message: is not signed: sign it, or set allow_unsigned = true in [policy]");
			world_free(&world);
		}
}

/* Who is not welcome does not hear what is configured. */
static void
test_nothing_told(void **state)
{
	struct world world = world_new();

	(void)state;
	world.facts.is_local = false;
	expect_answer(&world, "{\"node\":\"any\",\"interface\":[\"eth9\"],\"packets\":99999999,\"bucket\":\"x\"}", POLICY_REFUSED,
	    "message: is not signed: sign it, or set allow_unsigned = true in [policy]");
	world_free(&world);
}

static void
test_signed(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = { { STAMPED("1796040000", "1796040300"), "" },
		/* Clocks that differ by a minute, and by more. */
		{ STAMPED("1796040060", "1796040300"), "" },
		{ STAMPED("1796040061", "1796040300"), "issued: is 61 s in the future" },
		{ STAMPED("1796039900", "1796039940"), "" },
		{ STAMPED("1796039900", "1796039939"), "expires: was 61 s ago" },
		/* Ten minutes, and more. */
		{ STAMPED("1796040000", "1796040600"), "" },
		{ STAMPED("1796040000", "1796040601"), "expires: is 601 s after issued, and 600 s is the maximum" },
		{ STAMPED("1796040000", "253402300799"),
		    "expires: is 251606260799 s after issued, and 600 s is the maximum" },
		{ STAMPED("1796040001", "1796040000"), "expires: is before issued" },
		{ "{" NEEDED "}",
		    "issued: is missing, and a signed request needs it; expires: is missing, and a signed request needs it; nonce: "
		    "is missing, and a signed request needs it" },
		{ "{" NEEDED ",\"issued\":1796040000,\"expires\":1796040300}", "nonce: is missing, and a signed request needs it" },
		{ "{\"cancel\":\"x\",\"issued\":1796040000,\"expires\":1796040300}",
		    "nonce: is missing, and a signed request needs it" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world = world_new();

		(void)policy_add_requester(&world.policy, "soc");
		world.facts.signer = "soc";
		world.facts.is_local = false;
		expect_answer(&world, rows[i].text, rows[i].reason[0] == '\0' ? POLICY_ACCEPTED : POLICY_REFUSED, rows[i].reason);
		world_free(&world);
	}
}

/* Until the other clock may have passed it, too. */
static void
test_nonce_until(void **state)
{
	struct world world = world_new();
	struct request request = request_of(STAMPED("1796040000", "1796040300"));
	struct policy_decision decision;

	(void)state;
	(void)policy_add_requester(&world.policy, "soc");
	policy_decide(&request, &world.policy, &world.facts, &decision);
	assert_int_equal(decision.nonce_until_ms, 0);
	assert_null(decision.requester);
	policy_decision_release(&decision);
	world.facts.signer = "soc";
	policy_decide(&request, &world.policy, &world.facts, &decision);
	assert_int_equal(decision.nonce_until_ms, 1796040360000);
	assert_string_equal(decision.requester, "soc");
	policy_decision_release(&decision);
	request_release(&request);
	world_free(&world);
}

static void
test_stranger(void **state)
{
	struct world world = world_new();

	(void)state;
	world.facts.signer = "gone";
	expect_answer(&world, STAMPED("1796040000", "1796040300"), POLICY_REFUSED, "key: is of no [[policy.requester]]");
	world_free(&world);
}

/* Stamps of unsigned requests hold as well. */
static void
test_unsigned_stamp(void **state)
{
	struct world world = world_new();

	(void)state;
	expect_answer(&world, "{" NEEDED ",\"expires\":1796039940}", POLICY_ACCEPTED, "");
	expect_answer(&world, "{" NEEDED ",\"expires\":1796039939}", POLICY_REFUSED, "expires: was 61 s ago");
	expect_answer(&world, "{" NEEDED ",\"expires\":1796049999}", POLICY_ACCEPTED, "");
	expect_answer(&world, "{" NEEDED ",\"issued\":1796040061}", POLICY_REFUSED, "issued: is 61 s in the future");
	world_free(&world);
}

static void
test_age(void **state)
{
	static const struct {
		int64_t sent_ms; /* -1: not known */
		int64_t maxage_ms;
		const char *issued;
		const char *reason;
	} rows[] = { { NOW - 60000, 60000, "1796040000", "" },
		{ NOW - 60001, 60000, "1796040000", "message: is 60 s old, and maxage of [policy] is 60 s" },
		{ NOW - 3600000, 60000, "1796040000", "message: is 3600 s old, and maxage of [policy] is 60 s" },
		{ 0, 0, "1796040000", "" },
		{ NOW + 3600000, 60000, "1796040000", "" },
		/* The transport's clock is nearer than that of who made it. */
		{ NOW, 60000, "1796030000", "" },
		{ -1, 60000, "1796039880", "" },
		{ -1, 60000, "1796039879", "message: is 61 s old, and maxage of [policy] is 60 s" },
		{ -1, 0, "0", "" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world = world_new();
		char text[200];

		world.facts.sent_ms = rows[i].sent_ms;
		world.policy.maxage_ms = rows[i].maxage_ms;
		(void)snprintf(text, sizeof(text), "{" NEEDED ",\"issued\":%s}", rows[i].issued);
		expect_answer(&world, text, rows[i].reason[0] == '\0' ? POLICY_ACCEPTED : POLICY_REFUSED, rows[i].reason);
		world_free(&world);
	}
}

/* Pub/sub tells no time. */
static void
test_age_unknown(void **state)
{
	struct world world = world_new();

	(void)state;
	world.facts.sent_ms = -1;
	expect_answer(&world, "{" NEEDED "}", POLICY_ACCEPTED, "");
	world_free(&world);
}

static void
test_policy(void **state)
{
	struct policy policy;
	struct policy_grant *grant;

	(void)state;
	policy_init(&policy);
	assert_int_equal(policy.maxage_ms, 60000);
	assert_int_equal(policy.allow_unsigned, POLICY_UNSIGNED_UNSET);
	assert_null(policy_requester(&policy, "a"));
	grant = policy_add_requester(&policy, "a");
	policy_list_add(&grant->buckets, "x");
	policy_list_add(&grant->buckets, "y");
	grant->key = (unsigned char *)strdup("secret");
	grant->key_len = 6;
	grant->bpf = strdup("tcp");
	(void)policy_add_requester(&policy, "b");
	assert_string_equal(policy_requester(&policy, "b")->name, "b");
	assert_string_equal(policy_requester(&policy, "a")->buckets.texts[1], "y");
	assert_true(policy_requester(&policy, "a")->buckets.is_set);
	assert_null(policy_requester(&policy, "A"));
	policy_release(&policy);
	assert_int_equal(policy.requester_count, 0);
}

/* As pcapdaemon documents them. */
static void
test_facts(void **state)
{
	struct policy_facts facts;

	(void)state;
	policy_facts_init(&facts);
	assert_int_equal(facts.max.packets, 50000);
	assert_int_equal(facts.max.bytes, 100000000);
	assert_int_equal(facts.max.timeout, 3600);
	assert_int_equal(facts.max.duration, 3600);
	assert_int_equal(facts.snaplen, 500);
	assert_int_equal(facts.timeout, 10);
	assert_int_equal(facts.sent_ms, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_not_ours), cmocka_unit_test(test_ours),
		cmocka_unit_test(test_unsigned), cmocka_unit_test(test_nothing_told), cmocka_unit_test(test_signed),
		cmocka_unit_test(test_nonce_until), cmocka_unit_test(test_stranger), cmocka_unit_test(test_unsigned_stamp),
		cmocka_unit_test(test_age), cmocka_unit_test(test_age_unknown), cmocka_unit_test(test_policy),
		cmocka_unit_test(test_facts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/policy_order.c: interfaces, limits, destinations, and the line that is missing. */
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

/* pcapdaemon's own message, for interfaces and limits that are here. */
static const char sample[] =
    "{\"node\": \"any\", \"interface\": [\"eth0\",\"lo\"], \"tags\": \"blah,tagme,stuff\",\n"
    "\"bpf\": \"dst host\", \"customer\": \"importantcustomer\", \"snap\": 1500, \"packets\": 50,\n"
    "\"alertid\": 655443, \"timeout\": 15, \"duration\": 60, \"bytes\": 1000, \"folder\": \"myfolder\",\n"
    "\"bucket\": \"mybucket\", \"acl\": \"public-read\", \"region\": \"us-east-1\",\n"
    "\"endpoint\": \"s3.amazonaws.com\", \"encryption\": false}";

/* The signed requester with nothing of its own yet. */
static struct policy_grant *
sign(struct world *world)
{
	world->facts.signer = "soc";
	return policy_add_requester(&world->policy, "soc");
}

#define SIGNED(members) "{\"node\":\"any\",\"issued\":1796040000,\"expires\":1796040300,\"nonce\":\"n\"," members "}"

/* "eth0 lo(local) | note", or the reason. */
static void
expect_captures(const struct world *world, const char *members, const char *text)
{
	char message[500], got[2000] = "";
	struct request request;
	struct policy_decision decision;
	size_t used = 0;

	(void)snprintf(message, sizeof(message), SIGNED("\"packets\":1,%s"), members);
	request = request_of(message);
	policy_decide(&request, &world->policy, &world->facts, &decision);
	for (size_t i = 0; i < decision.capture_count && decision.answer == POLICY_ACCEPTED; i++) {
		const struct policy_capture *capture = &decision.captures[i];

		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s%s%s%s", i == 0 ? "" : " ", capture->interface,
		    capture->alias == NULL ? "" : "(", capture->alias == NULL ? "" : capture->alias,
		    capture->alias == NULL ? "" : ")");
	}
	if (decision.answer == POLICY_REFUSED)
		(void)snprintf(got, sizeof(got), "%s", decision.reason);
	else if (decision.note[0] != '\0')
		(void)snprintf(got + used, sizeof(got) - used, " | %s", decision.note);
	if (strcmp(got, text) != 0)
		fail_msg("%s: \"%s\" is not \"%s\"", message, got, text);
	policy_decision_release(&decision);
	request_release(&request);
}

/* Without a list in [policy], those of [[interface]]. */
static void
test_interfaces(void **state)
{
	static const struct {
		const char *members;
		const char *text;
	} rows[] = { { "\"interface\":[\"eth0\"]", "eth0" }, { "\"interface\":[\"lo\",\"eth0\"]", "lo eth0" },
		{ "\"interface\":[\"eth0\",\"eth0\"]", "eth0" },
		{ "\"interface\":[\"eth0\",\"eth7\"]", "eth0 | interface: \"eth7\" is not on this node" },
		{ "\"interface\":[\"eth0\",\"wan\",\"eth7\"]",
		    "eth0 | interface: \"wan\" is not on this node; interface: \"eth7\" is not on this node" },
		{ "\"interface\":[\"wan\"]", "interface: \"wan\" is not on this node" },
		{ "\"interface\":[\"eth7\"]",
		    "interface: \"eth7\" is not on this node; interface: \"eth7\" is not allowed: add interfaces = [\"eth7\"] to "
		    "[policy]" },
		{ "\"interface\":[\"eth1\"]", "interface: \"eth1\" is not allowed: add interfaces = [\"eth1\"] to [policy]" },
		{ "\"interface\":[\"eth0\",\"eth1\"]", "interface: \"eth1\" is not allowed: add interfaces = [\"eth1\"] to [policy]" },
		{ "\"alias\":[\"local\"]", "lo(local)" }, { "\"alias\":[\"main\",\"public\"]", "eth0(main) | interface: \"wan\" is not on this node" },
		{ "\"alias\":[\"public\",\"none\"]",
		    "eth0(public) | interface: \"wan\" is not on this node; alias: no [[interface]] has \"none\"" },
		{ "\"alias\":[\"none\"]", "alias: no [[interface]] has \"none\"" },
		{ "\"alias\":[\"eth0\"]", "alias: no [[interface]] has \"eth0\"" },
		{ "\"interface\":[\"local\"]",
		    "interface: \"local\" is not on this node; interface: \"local\" is not allowed: add interfaces = [\"local\"] to "
		    "[policy]" },
		{ "\"interface\":[\"-w /etc/passwd\"]",
		    "interface: \"-w /etc/passwd\" is not on this node; interface: \"-w /etc/passwd\" is not allowed: add interfaces = "
		    "[\"-w /etc/passwd\"] to [policy]" },
		{ "\"interface\":[\"TCP@192.0.2.1:1\\\"]\"]",
		    "interface: \"TCP@192.0.2.1:1\\\"]\" is not on this node; interface: \"TCP@192.0.2.1:1\\\"]\" is not allowed: add "
		    "interfaces = [\"TCP@192.0.2.1:1\\\"]\"] to [policy]" } };
	struct world world = world_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_captures(&world, rows[i].members, rows[i].text);
	world_free(&world);
}

/* With a list in [policy] no other. */
static void
test_listed_interfaces(void **state)
{
	struct world world = world_new();

	(void)state;
	policy_list_add(&world.policy.own.interfaces, "eth1");
	policy_list_add(&world.policy.own.interfaces, "eth9");
	expect_captures(&world, "\"interface\":[\"eth1\"]", "eth1");
	expect_captures(&world, "\"interface\":[\"eth9\"]", "interface: \"eth9\" is not on this node");
	expect_captures(&world, "\"interface\":[\"eth0\"]",
	    "interface: \"eth0\" is not allowed: add \"eth0\" to interfaces in [policy]");
	expect_captures(&world, "\"alias\":[\"main\"]",
	    "alias: \"eth0\" is not allowed: add \"eth0\" to interfaces in [policy]");
	world_free(&world);
}

/* No list, and no [[interface]]: nothing. */
static void
test_no_interfaces(void **state)
{
	struct world world = world_new();

	(void)state;
	world.facts.interfaces += 3;
	world.facts.interface_count = 1;
	expect_captures(&world, "\"interface\":[\"eth1\"]",
	    "interface: \"eth1\" is not allowed: add interfaces = [\"eth1\"] to [policy]");
	world.policy.own.interfaces.is_set = true;
	expect_captures(&world, "\"interface\":[\"eth1\"]",
	    "interface: \"eth1\" is not allowed: add interfaces = [\"eth1\"] to [policy]");
	world_free(&world);
}

/* A requester's own list in place of that of [policy]; without one that of [policy]. */
static void
test_requester_interfaces(void **state)
{
	struct world world = world_new();
	struct policy_grant *grant = sign(&world);

	(void)state;
	policy_list_add(&world.policy.own.interfaces, "eth0");
	expect_captures(&world, "\"interface\":[\"eth0\"]", "eth0");
	expect_captures(&world, "\"interface\":[\"eth1\"]",
	    "interface: \"eth1\" is not allowed: add \"eth1\" to interfaces in [[policy.requester]] \"soc\"");
	policy_list_add(&grant->interfaces, "eth1");
	expect_captures(&world, "\"interface\":[\"eth1\"]", "eth1");
	expect_captures(&world, "\"interface\":[\"eth0\"]",
	    "interface: \"eth0\" is not allowed: add \"eth0\" to interfaces in [[policy.requester]] \"soc\"");
	world_free(&world);
}

struct wanted {
	int64_t snaplen, packets, bytes, timeout_ms, duration_ms, before_ms;
};

static void
expect_limits(const struct world *world, const char *members, const struct wanted *wanted)
{
	char message[500];
	struct request request;
	struct policy_decision decision;

	(void)snprintf(message, sizeof(message), SIGNED("\"interface\":[\"eth0\"]%s"), members);
	request = request_of(message);
	policy_decide(&request, &world->policy, &world->facts, &decision);
	if (decision.answer != POLICY_ACCEPTED)
		fail_msg("%s: %s", message, decision.reason);
	assert_int_equal(decision.snaplen, wanted->snaplen);
	assert_int_equal(decision.packets, wanted->packets);
	assert_int_equal(decision.bytes, wanted->bytes);
	assert_int_equal(decision.timeout_ms, wanted->timeout_ms);
	assert_int_equal(decision.duration_ms, wanted->duration_ms);
	assert_int_equal(decision.before_ms, wanted->before_ms);
	policy_decision_release(&decision);
	request_release(&request);
}

static void
test_limits(void **state)
{
	struct world world = world_new();

	(void)state;
	expect_limits(&world, ",\"packets\":50", &(struct wanted){ 500, 50, 100000000, 10000, 3600000, 0 });
	expect_limits(&world, ",\"packets\":1,\"snap\":1500,\"bytes\":1000,\"timeout\":15,\"duration\":60,\"before\":30",
	    &(struct wanted){ 1500, 1, 1000, 15000, 60000, 30000 });
	/* Each at its maximum. */
	expect_limits(&world,
	    ",\"packets\":50000,\"snap\":262144,\"bytes\":100000000,\"timeout\":3600,\"duration\":3600,\"before\":3600",
	    &(struct wanted){ 262144, 50000, 100000000, 3600000, 3600000, 3600000 });
	/* Zero is the default. */
	expect_limits(&world, ",\"packets\":1,\"snap\":0,\"bytes\":0,\"timeout\":0,\"duration\":0,\"before\":0",
	    &(struct wanted){ 500, 1, 100000000, 10000, 3600000, 0 });
	/* Defaults that the policy does not allow become what it does. */
	world.policy.own.max = (struct policy_limits){ 96, 10, 2000, 5, 7 };
	expect_limits(&world, ",\"packets\":1", &(struct wanted){ 96, 1, 2000, 5000, 7000, 0 });
	world_free(&world);
}

/* Over the maximum by one: refused, not clamped; and where that stands. */
static void
test_over(void **state)
{
	static const struct {
		const char *members;
		const char *general;
		const char *policy;
		const char *requester;
	} rows[] = { { "\"packets\":50001", "packets: 50001 is over the maximum of 50000, maxpackets of [general]",
			 "packets: 50001 is over the maximum of 100, maxpackets of [policy]",
			 "packets: 50001 is over the maximum of 10, maxpackets of [[policy.requester]] \"soc\"" },
		{ "\"packets\":1,\"bytes\":100000001", "bytes: 100000001 is over the maximum of 100000000, maxbytes of [general]",
		    "bytes: 100000001 is over the maximum of 2000, maxbytes of [policy]",
		    "bytes: 100000001 is over the maximum of 200, maxbytes of [[policy.requester]] \"soc\"" },
		{ "\"packets\":1,\"timeout\":3601", "timeout: 3601 is over the maximum of 3600, maxtimeout of [general]",
		    "timeout: 3601 is over the maximum of 50, maxtimeout of [policy]",
		    "timeout: 3601 is over the maximum of 5, maxtimeout of [[policy.requester]] \"soc\"" },
		{ "\"packets\":1,\"duration\":3601", "duration: 3601 is over the maximum of 3600, maxduration of [general]",
		    "duration: 3601 is over the maximum of 70, maxduration of [policy]",
		    "duration: 3601 is over the maximum of 7, maxduration of [[policy.requester]] \"soc\"" },
		{ "\"packets\":1,\"before\":3601", "before: 3601 is over the maximum of 3600, maxduration of [general]",
		    "before: 3601 is over the maximum of 70, maxduration of [policy]",
		    "before: 3601 is over the maximum of 7, maxduration of [[policy.requester]] \"soc\"" },
		{ "\"packets\":1,\"snap\":262145", "snap: 262145 is over 262144, the most of a packet",
		    "snap: 262145 is over the maximum of 960, snaplen of [policy]; snap: 262145 is over 262144, the most of a packet",
		    "snap: 262145 is over the maximum of 96, snaplen of [[policy.requester]] \"soc\"; snap: 262145 is over 262144, "
		    "the most of a packet" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world = world_new();
		struct policy_grant *grant = sign(&world);
		char text[500];

		(void)snprintf(text, sizeof(text), SIGNED("\"interface\":[\"eth0\"],%s"), rows[i].members);
		expect_answer(&world, text, POLICY_REFUSED, rows[i].general);
		world.policy.own.max = (struct policy_limits){ 960, 100, 2000, 50, 70 };
		expect_answer(&world, text, POLICY_REFUSED, rows[i].policy);
		grant->max = (struct policy_limits){ 96, 10, 200, 5, 7 };
		expect_answer(&world, text, POLICY_REFUSED, rows[i].requester);
		/* What is more than [general] allows allows no more. */
		grant->max = (struct policy_limits){ 0, 99999999, INT64_MAX, 99999, 99999 };
		world.policy.own.max = (struct policy_limits){ 0 };
		expect_answer(&world, text, POLICY_REFUSED, rows[i].general);
		world_free(&world);
	}
}

/* Nothing that a message asks for overflows. */
static void
test_huge(void **state)
{
	struct world world = world_new();

	(void)state;
	expect_answer(&world,
	    "{\"node\":\"any\",\"interface\":[\"eth0\"],\"packets\":2147483647,\"snap\":2147483647,\"bytes\":9223372036854775807,"
	    "\"timeout\":2147483647,\"duration\":2147483647,\"before\":2147483647}",
	    POLICY_REFUSED,
	    "snap: 2147483647 is over 262144, the most of a packet; packets: 2147483647 is over the maximum of 50000, maxpackets of "
	    "[general]; bytes: 9223372036854775807 is over the maximum of 100000000, maxbytes of [general]; timeout: 2147483647 is "
	    "over the maximum of 3600, maxtimeout of [general]; duration: 2147483647 is over the maximum of 3600, maxduration of "
	    "[general]; before: 2147483647 is over the maximum of 3600, maxduration of [general]");
	world_free(&world);
}

static void
test_before(void **state)
{
	struct world world = world_new();

	(void)state;
	expect_answer(&world, "{\"node\":\"any\",\"interface\":[\"eth0\",\"lo\"],\"packets\":1,\"before\":30}", POLICY_REFUSED,
	    "before: nothing is kept of \"lo\": add lookback to its [[interface]]");
	world_free(&world);
}

/* Bits, or 0 with a reason. */
static void
expect_destinations(const struct world *world, const char *members, unsigned destinations, const char *reason)
{
	char message[500];
	struct request request;
	struct policy_decision decision;

	(void)snprintf(message, sizeof(message), SIGNED("\"interface\":[\"eth0\"],\"packets\":1%s"), members);
	request = request_of(message);
	policy_decide(&request, &world->policy, &world->facts, &decision);
	if (strcmp(decision.reason, reason) != 0)
		fail_msg("%s: \"%s\" is not \"%s\"", message, decision.reason, reason);
	if (reason[0] == '\0')
		assert_int_equal(decision.destinations, destinations);
	policy_decision_release(&decision);
	request_release(&request);
}

static void
test_destinations(void **state)
{
	struct world world = world_new();
	struct policy_grant *grant = sign(&world);

	(void)state;
	/* The index only by wish. */
	expect_destinations(&world, "", REQUEST_TO_LOCAL | REQUEST_TO_S3, "");
	expect_destinations(&world, ",\"index\":true", REQUEST_TO_LOCAL | REQUEST_TO_S3 | REQUEST_TO_INDEX, "");
	expect_destinations(&world, ",\"destinations\":[\"index\"]", REQUEST_TO_INDEX, "");
	expect_destinations(&world, ",\"destinations\":[\"local\"],\"index\":true", REQUEST_TO_LOCAL | REQUEST_TO_INDEX, "");
	expect_destinations(&world, ",\"destinations\":[\"cloudshark\"]", 0,
	    "destinations: \"cloudshark\" is not configured on this node");
	world.policy.own.has_destinations = true;
	world.policy.own.destinations = REQUEST_TO_LOCAL;
	expect_destinations(&world, "", REQUEST_TO_LOCAL, "");
	expect_destinations(&world, ",\"index\":true", 0,
	    "destinations: \"index\" is not allowed: add \"index\" to destinations in [policy]");
	expect_destinations(&world, ",\"destinations\":[\"local\",\"s3\"]", 0,
	    "destinations: \"s3\" is not allowed: add \"s3\" to destinations in [policy]");
	grant->has_destinations = true;
	grant->destinations = REQUEST_TO_S3 | REQUEST_TO_CLOUDSHARK;
	expect_destinations(&world, "", REQUEST_TO_S3, "");
	expect_destinations(&world, ",\"destinations\":[\"local\"]", 0,
	    "destinations: \"local\" is not allowed: add \"local\" to destinations in [[policy.requester]] \"soc\"");
	grant->destinations = 0;
	expect_destinations(&world, "", 0,
	    "destinations: there is none: set upload = true in [cloudshark] or [s3], or writelocal = true in [general], and let "
	    "destinations in [policy] allow it");
	world_free(&world);
}

/* Without a line for each of them pcapdaemon's message is refused, and says which; with them it is accepted. */
static void
test_sample(void **state)
{
	struct world world = world_new();

	(void)state;
	expect_answer(&world, sample, POLICY_REFUSED,
	    "bucket: \"mybucket\" is not allowed: add bucket = [\"mybucket\"] to [policy]; endpoint: \"s3.amazonaws.com\" is not "
	    "allowed: add endpoint = [\"s3.amazonaws.com\"] to [policy]; region: \"us-east-1\" is not allowed: add region = "
	    "[\"us-east-1\"] to [policy]; acl: \"public-read\" is not allowed: add acl = [\"public-read\"] to [policy]");
	policy_list_add(&world.policy.own.buckets, "mybucket");
	policy_list_add(&world.policy.own.endpoints, "s3.amazonaws.com");
	policy_list_add(&world.policy.own.regions, "us-east-1");
	policy_list_add(&world.policy.own.acls, "private");
	expect_answer(&world, sample, POLICY_REFUSED,
	    "acl: \"public-read\" is not allowed: add \"public-read\" to acl in [policy]");
	policy_list_add(&world.policy.own.acls, "public-read");
	expect_answer(&world, sample, POLICY_ACCEPTED, "");
	world_free(&world);
}

/* The very name: no other case, no beginning, no other list's. */
static void
test_s3_names(void **state)
{
	static const char *const others[] = { "Mybucket", "mybucke", "mybucket2", "mybucket.evil.example", "us-east-1" };
	struct world world = world_new();
	struct policy_grant *grant = sign(&world);
	char text[300], reason[300];

	(void)state;
	policy_list_add(&world.policy.own.buckets, "mybucket");
	policy_list_add(&world.policy.own.regions, "us-east-1");
	for (size_t i = 0; i < COUNT(others); i++) {
		(void)snprintf(text, sizeof(text), SIGNED("\"interface\":[\"eth0\"],\"packets\":1,\"bucket\":\"%s\""), others[i]);
		(void)snprintf(reason, sizeof(reason),
		    "bucket: \"%s\" is not allowed: add \"%s\" to bucket in [[policy.requester]] \"soc\"", others[i], others[i]);
		expect_answer(&world, text, POLICY_REFUSED, reason);
	}
	(void)snprintf(text, sizeof(text), SIGNED("\"interface\":[\"eth0\"],\"packets\":1,\"bucket\":\"mybucket\""));
	expect_answer(&world, text, POLICY_ACCEPTED, "");
	/* Its own list in place of that of [policy], even an empty one. */
	grant->buckets.is_set = true;
	expect_answer(&world, text, POLICY_REFUSED,
	    "bucket: \"mybucket\" is not allowed: add bucket = [\"mybucket\"] to [[policy.requester]] \"soc\"");
	world_free(&world);
}

/* Each as it is written: nobody can close a parenthesis of somebody else's. */
static void
test_filters(void **state)
{
	struct world world = world_new();
	struct request request = request_of(SIGNED("\"interface\":[\"eth0\"],\"packets\":1,\"bpf\":\"tcp) or (udp\""));
	struct policy_decision decision;
	struct policy_grant *grant;

	(void)state;
	policy_decide(&request, &world.policy, &world.facts, &decision);
	assert_string_equal(decision.filter, "tcp) or (udp");
	assert_null(decision.policy_filter);
	assert_null(decision.requester_filter);
	policy_decision_release(&decision);
	world.policy.own.bpf = strdup("not port 22");
	policy_decide(&request, &world.policy, &world.facts, &decision);
	assert_string_equal(decision.policy_filter, "not port 22");
	assert_null(decision.requester_filter);
	policy_decision_release(&decision);
	grant = sign(&world);
	grant->bpf = strdup("host 192.0.2.1");
	policy_decide(&request, &world.policy, &world.facts, &decision);
	assert_string_equal(decision.filter, "tcp) or (udp");
	assert_string_equal(decision.policy_filter, "not port 22");
	assert_string_equal(decision.requester_filter, "host 192.0.2.1");
	policy_decision_release(&decision);
	request_release(&request);
	world_free(&world);
}

static void
test_format(void **state)
{
	static const struct {
		const char *member;
		bool by_default;
		bool is_pcapng;
	} rows[] = { { "", false, false }, { "", true, true }, { ",\"format\":\"pcap\"", true, false },
		{ ",\"format\":\"pcapng\"", false, true }, { ",\"format\":\"\"", true, true } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world = world_new();
		struct policy_decision decision;
		struct request request;
		char text[200];

		(void)snprintf(text, sizeof(text), "{" NEEDED "%s}", rows[i].member);
		request = request_of(text);
		world.facts.is_pcapng = rows[i].by_default;
		policy_decide(&request, &world.policy, &world.facts, &decision);
		assert_int_equal(decision.is_pcapng, rows[i].is_pcapng);
		policy_decision_release(&decision);
		request_release(&request);
		world_free(&world);
	}
}

/* More mistakes than a reason has room for: it is cut, and still a text. */
static void
test_long_reason(void **state)
{
	struct world world = world_new();
	char text[20000] = "{\"node\":\"any\",\"packets\":1,\"interface\":[";
	size_t used = strlen(text);
	struct request request;
	struct policy_decision decision;

	(void)state;
	for (int i = 0; i < REQUEST_INTERFACES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"%0200d\"", i == 0 ? "" : ",", i);
	(void)snprintf(text + used, sizeof(text) - used, "]}");
	request = request_of(text);
	policy_decide(&request, &world.policy, &world.facts, &decision);
	assert_int_equal(decision.answer, POLICY_REFUSED);
	assert_int_equal(strlen(decision.reason), sizeof(decision.reason) - 1);
	policy_decision_release(&decision);
	request_release(&request);
	world_free(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_interfaces), cmocka_unit_test(test_listed_interfaces),
		cmocka_unit_test(test_no_interfaces), cmocka_unit_test(test_requester_interfaces), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_over), cmocka_unit_test(test_huge), cmocka_unit_test(test_before),
		cmocka_unit_test(test_destinations), cmocka_unit_test(test_sample), cmocka_unit_test(test_s3_names),
		cmocka_unit_test(test_filters), cmocka_unit_test(test_format), cmocka_unit_test(test_long_reason) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/community.c against the vectors of the specification's baselines. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "document/community.h"

#define NO_PORT -1

static const struct vector {
	uint8_t protocol;
	const char *source, *destination;
	int source_port, destination_port;
	const char *id;
} vectors[] = {
	{ 6, "128.232.110.120", "66.35.250.204", 34855, 80,
	    "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
	{ 6, "66.35.250.204", "128.232.110.120", 80, 34855,
	    "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
	{ 17, "192.168.1.52", "8.8.8.8", 54585, 53,
	    "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
	{ 17, "8.8.8.8", "192.168.1.52", 53, 54585,
	    "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
	{ 132, "192.168.170.8", "192.168.170.56", 7, 80,
	    "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=" },
	{ 132, "192.168.170.56", "192.168.170.8", 80, 7,
	    "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=" },
	/* Echo and its answer; type 20 has none, nor has 20 with code 1. */
	{ 1, "192.168.0.89", "192.168.0.1", 8, 0,
	    "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
	{ 1, "192.168.0.1", "192.168.0.89", 0, 0,
	    "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
	{ 1, "192.168.0.89", "192.168.0.1", 20, 0,
	    "1:3o2RFccXzUgjl7zDpqmY7yJi8rI=" },
	{ 1, "192.168.0.89", "192.168.0.1", 20, 1,
	    "1:tz/fHIDUHs19NkixVVoOZywde+I=" },
	/* Neighbour solicitation and advertisement; time exceeded is one-way. */
	{ 58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
	    "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
	{ 58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
	    "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
	{ 58, "3ffe:507:0:1:260:97ff:fe07:69ea",
	    "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
	    "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w=" },
	{ 58, "3ffe:507:0:1:200:86ff:fe05:80da",
	    "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0,
	    "1:/OGBt9BN1ofenrmSPWYicpij2Vc=" },
	/* RSVP: addresses and protocol only. */
	{ 46, "10.1.24.4", "10.1.12.1", NO_PORT, NO_PORT,
	    "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=" },
	{ 46, "10.1.12.1", "10.1.24.4", NO_PORT, NO_PORT,
	    "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=" }
};

static void
fill(struct community_flow *flow, const struct vector *vector)
{
	int family = strchr(vector->source, ':') != NULL ? AF_INET6 : AF_INET;

	memset(flow, 0, sizeof(*flow));
	assert_int_equal(inet_pton(family, vector->source, flow->source), 1);
	assert_int_equal(
	    inet_pton(family, vector->destination,
		flow->destination),
	    1);
	flow->address_len = family == AF_INET ? 4 : 16;
	flow->protocol = vector->protocol;
	flow->has_ports = vector->source_port != NO_PORT;
	if (flow->has_ports) {
		flow->source_port = (uint16_t)vector->source_port;
		flow->destination_port = (uint16_t)vector->destination_port;
	}
}

static void
test_vectors(void **state)
{
	struct community *community = community_new();
	struct community_flow flow;
	char id[COMMUNITY_LEN];

	(void)state;
	assert_non_null(community);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		fill(&flow, &vectors[i]);
		assert_int_equal(community_id(community, &flow, id), 0);
		assert_string_equal(id, vectors[i].id);
	}
	community_free(community);
	community_free(NULL);
}

static void
id_of(struct community *community, const struct vector *vector,
    char id[COMMUNITY_LEN])
{
	struct community_flow flow;

	fill(&flow, vector);
	assert_int_equal(community_id(community, &flow, id), 0);
}

/* What was met is remembered: asked for again and again, in any order, all have their own. */
static void
test_many_flows(void **state)
{
	struct community *community = community_new(), *fresh = community_new();
	char first[COMMUNITY_LEN], again[COMMUNITY_LEN];
	struct community_flow flow;

	(void)state;
	assert_non_null(community);
	assert_non_null(fresh);
	memset(&flow, 0, sizeof(flow));
	flow.address_len = 4;
	flow.protocol = 6;
	flow.has_ports = true;
	for (unsigned i = 0; i < 20000; i++) {
		/* 1,000 flows, of which few come in the order in which they came before. */
		unsigned number = i * 7919 % 1000;

		flow.source[3] = (uint8_t)number;
		flow.source_port = (uint16_t)(number >> 8);
		flow.destination_port = (uint16_t)(number % 7);
		assert_int_equal(community_id(community, &flow, first), 0);
		assert_int_equal(community_id(community, &flow, again), 0);
		assert_string_equal(first, again);
		community_free(fresh);
		fresh = community_new();
		assert_int_equal(community_id(fresh, &flow, again), 0);
		assert_string_equal(first, again);
	}
	community_free(community);
	community_free(fresh);
}

/* Each pair that asks and answers has one id for both directions. */
static void
test_icmp_pairs(void **state)
{
	static const int pairs[][3] = { { 1, 8, 0 }, { 1, 13, 14 },
		{ 1, 15, 16 }, { 1, 10, 9 }, { 1, 17, 18 }, { 58, 128, 129 },
		{ 58, 130, 131 }, { 58, 133, 134 }, { 58, 135, 136 },
		{ 58, 139, 140 }, { 58, 144, 145 } };
	struct community *community = community_new();

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		bool v6 = pairs[i][0] == 58;
		const char *a = v6 ? "fe80::1" : "10.0.0.1";
		const char *b = v6 ? "fe80::2" : "10.0.0.2";
		struct vector ask = { (uint8_t)pairs[i][0], a, b, pairs[i][1],
			0, NULL };
		struct vector answer = { ask.protocol, b, a, pairs[i][2], 0,
			NULL };
		char one[COMMUNITY_LEN], two[COMMUNITY_LEN];

		id_of(community, &ask, one);
		id_of(community, &answer, two);
		assert_string_equal(one, two);
		/* One type in both directions is two flows. */
		answer.source_port = ask.source_port;
		id_of(community, &answer, two);
		assert_string_not_equal(one, two);
	}
	community_free(community);
}

static void
test_equal_addresses_are_ordered_by_port(void **state)
{
	static const struct vector one = { 6, "127.0.0.1", "127.0.0.1", 80, 4000,
		NULL };
	static const struct vector two = { 6, "127.0.0.1", "127.0.0.1", 4000, 80,
		NULL };
	struct community *community = community_new();
	char a[COMMUNITY_LEN], b[COMMUNITY_LEN];

	(void)state;
	id_of(community, &one, a);
	id_of(community, &two, b);
	assert_string_equal(a, b);
	community_free(community);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_many_flows),
		cmocka_unit_test(test_icmp_pairs),
		cmocka_unit_test(test_equal_addresses_are_ordered_by_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Community ID flow hash, version 1. */
#include "document/community.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* The longest of what is hashed: a seed, two IPv6 addresses, protocol, padding, ports. */
#define FLOW_LEN 40

/* A flow that was met, by what is hashed of it: packets of one follow each other. */
struct met {
	uint8_t len; /* 0: free */
	uint8_t flow[FLOW_LEN];
	char text[COMMUNITY_LEN];
};
#define MET_COUNT 256 /* a power of two */

struct community {
	EVP_MD *sha1;
	EVP_MD_CTX *context;
	struct met met[MET_COUNT];
};

struct community *
community_new(void)
{
	struct community *community = xcalloc(1, sizeof(*community));

	community->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	community->context = EVP_MD_CTX_new();
	if (community->sha1 == NULL || community->context == NULL) {
		community_free(community);
		return NULL;
	}
	return community;
}

void
community_free(struct community *community)
{
	if (community == NULL)
		return;
	EVP_MD_CTX_free(community->context);
	EVP_MD_free(community->sha1);
	free(community);
}

/*
 * The pairs of ICMP messages that ask and answer, from the specification's
 * reference: the answer's type takes the other port's place, so that both
 * directions hash alike. Other types are one-way.
 */
static bool
icmp_counterpart(uint8_t protocol, uint16_t type, uint16_t *other)
{
	static const struct {
		uint8_t protocol;
		uint8_t a, b;
	} pairs[] = {
		{ 1, 8, 0 }, { 1, 13, 14 }, { 1, 15, 16 }, { 1, 10, 9 },
		{ 1, 17, 18 },
		{ 58, 128, 129 }, { 58, 133, 134 }, { 58, 135, 136 },
		{ 58, 130, 131 }, { 58, 139, 140 }, { 58, 144, 145 }
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i].protocol != protocol)
			continue;
		if (pairs[i].a == type || pairs[i].b == type) {
			*other = pairs[i].a == type ? pairs[i].b : pairs[i].a;
			return true;
		}
	}
	return false;
}

/* The smaller end of the flow stands first; a one-way flow stays as it is. */
static bool
must_swap(const struct community_flow *flow, uint16_t source,
    uint16_t destination, bool one_way)
{
	int order = memcmp(flow->source, flow->destination, flow->address_len);

	if (one_way)
		return false;
	return order > 0 || (order == 0 && source > destination);
}

static size_t
put_flow(const struct community_flow *flow, uint8_t out[FLOW_LEN])
{
	uint16_t ports[2] = { flow->source_port, flow->destination_port };
	bool icmp = flow->has_ports &&
	    (flow->protocol == 1 || flow->protocol == 58);
	bool one_way = false, swap;
	size_t len = 2, n = flow->address_len;

	if (icmp)
		one_way = !icmp_counterpart(flow->protocol, flow->source_port,
		    &ports[1]);
	swap = must_swap(flow, flow->has_ports ? ports[0] : 0,
	    flow->has_ports ? ports[1] : 0, one_way);
	memset(out, 0, 2); /* the seed */
	memcpy(out + len, swap ? flow->destination : flow->source, n);
	memcpy(out + len + n, swap ? flow->source : flow->destination, n);
	len += 2 * n;
	out[len++] = flow->protocol;
	out[len++] = 0;
	for (int i = 0; flow->has_ports && i < 2; i++) {
		uint16_t port = ports[swap ? 1 - i : i];

		out[len++] = (uint8_t)(port >> 8);
		out[len++] = (uint8_t)port;
	}
	return len;
}

static struct met *
find_met(struct community *community, const uint8_t *flow, size_t len)
{
	uint32_t hash = 0;

	for (size_t i = 2; i < len; i++)
		hash = (hash ^ flow[i]) * 0x01000193;
	return &community->met[(hash >> 16 ^ hash) & (MET_COUNT - 1)];
}

static int
hash_flow(struct community *community, const uint8_t *flow, size_t len,
    char text[COMMUNITY_LEN])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;

	if (EVP_DigestInit_ex2(community->context, community->sha1, NULL) != 1 ||
	    EVP_DigestUpdate(community->context, flow, len) != 1 ||
	    EVP_DigestFinal_ex(community->context, digest, &digest_len) != 1 ||
	    digest_len != 20)
		return -1;
	memcpy(text, "1:", 2);
	EVP_EncodeBlock((unsigned char *)text + 2, digest, 20);
	return 0;
}

int
community_id(struct community *community, const struct community_flow *flow,
    char text[COMMUNITY_LEN])
{
	uint8_t bytes[FLOW_LEN];
	size_t len = put_flow(flow, bytes);
	struct met *met = find_met(community, bytes, len);

	if (met->len != len || memcmp(met->flow, bytes, len) != 0) {
		met->len = 0;
		if (hash_flow(community, bytes, len, met->text) != 0)
			return -1;
		met->len = (uint8_t)len;
		memcpy(met->flow, bytes, len);
	}
	memcpy(text, met->text, COMMUNITY_LEN);
	return 0;
}

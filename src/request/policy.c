/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request may have: the policy as it is configured. */
#include "request/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
policy_init(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	policy->maxage_ms = POLICY_MAXAGE_MS;
}

static void
release_list(struct policy_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->texts[i]);
	free(list->texts);
}

static void
release_grant(struct policy_grant *grant)
{
	free(grant->name);
	if (grant->key != NULL)
		explicit_bzero(grant->key, grant->key_len);
	free(grant->key);
	free(grant->bpf);
	release_list(&grant->interfaces);
	release_list(&grant->buckets);
	release_list(&grant->endpoints);
	release_list(&grant->regions);
	release_list(&grant->acls);
}

void
policy_release(struct policy *policy)
{
	release_grant(&policy->own);
	for (size_t i = 0; i < policy->requester_count; i++)
		release_grant(&policy->requesters[i]);
	free(policy->requesters);
	memset(policy, 0, sizeof(*policy));
}

struct policy_grant *
policy_add_requester(struct policy *policy, const char *name)
{
	struct policy_grant *grant;

	policy->requesters = xreallocarray(policy->requesters,
	    policy->requester_count + 1, sizeof(*policy->requesters));
	grant = &policy->requesters[policy->requester_count++];
	memset(grant, 0, sizeof(*grant));
	grant->name = xstrdup(name);
	return grant;
}

const struct policy_grant *
policy_requester(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->requester_count; i++)
		if (strcmp(policy->requesters[i].name, name) == 0)
			return &policy->requesters[i];
	return NULL;
}

void
policy_list_add(struct policy_list *list, const char *text)
{
	list->texts = xreallocarray(list->texts, list->count + 1,
	    sizeof(*list->texts));
	list->texts[list->count++] = xstrdup(text);
	list->is_set = true;
}

void
policy_facts_init(struct policy_facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->sent_ms = -1;
	facts->max = (struct policy_limits){ .packets = POLICY_MAXPACKETS,
		.bytes = POLICY_MAXBYTES,
		.timeout = POLICY_MAXTIMEOUT,
		.duration = POLICY_MAXDURATION };
	facts->snaplen = POLICY_SNAPLENGTH;
	facts->timeout = POLICY_DEFAULTTIMEOUT;
}

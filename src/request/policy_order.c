/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a request the policy allows: interfaces, limits, destinations. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "request/policy_private.h"

/* The most that libpcap captures of a packet. */
#define SNAPLEN_MAX 262144
/* A name with quotes, in a reason. */
#define QUOTED_SIZE 600

/* As TOML writes a text, which is as JSON does. */
static const char *
quote(char out[QUOTED_SIZE], const char *text)
{
	struct buffer buffer;

	buffer_init(&buffer, QUOTED_SIZE - 1);
	if (json_string(&buffer, text, strlen(text)) != 0) {
		buffer_clear(&buffer);
		(void)buffer_puts(&buffer, "\"...\"");
	}
	memcpy(out, buffer.data, buffer.len);
	out[buffer.len] = '\0';
	buffer_release(&buffer);
	return out;
}

/* The name of the table that speaks of who asks. */
static const char *
table_of(const struct policy_grant *grant, char out[QUOTED_SIZE + 40])
{
	char name[QUOTED_SIZE];

	if (grant->name == NULL)
		return "[policy]";
	(void)snprintf(out, QUOTED_SIZE + 40, "[[policy.requester]] %s",
	    quote(name, grant->name));
	return out;
}

/* What `member` asks for is not in the list of this key. */
static void
complain_of_list(const struct policy_deciding *deciding, const char *member,
    const char *key, const struct policy_list *list, const char *text)
{
	char quoted[QUOTED_SIZE], table[QUOTED_SIZE + 40];
	const char *name = table_of(deciding->grant, table);

	(void)quote(quoted, text);
	if (list->is_set && list->count > 0)
		policy_complain(deciding->decision,
		    "%s: %s is not allowed: add %s to %s in %s", member, quoted,
		    quoted, key, name);
	else
		policy_complain(deciding->decision,
		    "%s: %s is not allowed: add %s = [%s] to %s", member,
		    quoted, key, quoted, name);
}

static bool
has(const struct policy_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->texts[i], text) == 0)
			return true;
	return false;
}

/* --- Interfaces ----------------------------------------------------------- */

/* The list that holds for who asks. */
static const struct policy_list *
effective(const struct policy_list *own, const struct policy_list *all)
{
	return own->is_set ? own : all;
}

static const struct policy_interface *
find_interface(const struct policy_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->interface_count; i++)
		if (strcmp(facts->interfaces[i].name, name) == 0)
			return &facts->interfaces[i];
	return NULL;
}

static bool
has_alias(const struct policy_interface *interface, const char *alias)
{
	for (size_t i = 0; i < interface->alias_count; i++)
		if (strcmp(interface->aliases[i], alias) == 0)
			return true;
	return false;
}

/* By name, or if no list says so, because an [[interface]] has it. */
static bool
is_allowed(const struct policy_list *list, const char *name,
    const struct policy_interface *interface)
{
	if (list->is_set)
		return has(list, name);
	return interface != NULL && interface->is_configured;
}

/* One capture for each interface, however often it is named. */
static void
add_capture(struct policy_decision *decision, const char *interface,
    const char *alias)
{
	for (size_t i = 0; i < decision->capture_count; i++)
		if (strcmp(decision->captures[i].interface, interface) == 0)
			return;
	decision->captures = xreallocarray(decision->captures,
	    decision->capture_count + 1, sizeof(*decision->captures));
	decision->captures[decision->capture_count++] =
	    (struct policy_capture){ .interface = interface, .alias = alias };
}

/*
 * A message to several nodes may name interfaces that only some of them have: those that are not here are left out.
 * One that is here must be allowed.
 */
static void
take_interface(struct policy_deciding *deciding, const char *name, const char *alias)
{
	const struct policy_interface *interface =
	    find_interface(deciding->facts, name);
	const struct policy_list *list =
	    effective(&deciding->grant->interfaces,
		&deciding->policy->own.interfaces);
	bool is_present = interface != NULL && interface->is_present;
	char quoted[QUOTED_SIZE];

	if (!is_allowed(list, name, interface) && is_present)
		complain_of_list(deciding, alias == NULL ? "interface" : "alias",
		    "interfaces", list, name);
	else if (!is_present)
		policy_note(deciding->decision, "interface: %s is not on this node",
		    quote(quoted, name));
	else
		add_capture(deciding->decision, interface->name, alias);
}

static void
take_alias(struct policy_deciding *deciding, const char *alias)
{
	const struct policy_facts *facts = deciding->facts;
	bool is_known = false;
	char quoted[QUOTED_SIZE];

	for (size_t i = 0; i < facts->interface_count; i++)
		if (facts->interfaces[i].is_configured &&
		    has_alias(&facts->interfaces[i], alias)) {
			is_known = true;
			take_interface(deciding, facts->interfaces[i].name,
			    alias);
		}
	if (!is_known)
		policy_note(deciding->decision, "alias: no [[interface]] has %s",
		    quote(quoted, alias));
}

/* Without anything to capture on: what would have to be added first. */
static void
complain_of_none(struct policy_deciding *deciding)
{
	const struct request *request = deciding->request;
	const struct policy_list *list =
	    effective(&deciding->grant->interfaces,
		&deciding->policy->own.interfaces);

	policy_complain(deciding->decision, "%s", deciding->decision->note);
	deciding->decision->note[0] = '\0';
	for (size_t i = 0; i < request->interfaces.count; i++) {
		const char *name = request->interfaces.texts[i];

		if (!is_allowed(list, name,
			find_interface(deciding->facts, name)))
			complain_of_list(deciding, "interface", "interfaces",
			    list, name);
	}
}

static void
check_interfaces(struct policy_deciding *deciding)
{
	const struct request *request = deciding->request;
	struct policy_decision *decision = deciding->decision;

	for (size_t i = 0; i < request->interfaces.count; i++)
		take_interface(deciding, request->interfaces.texts[i], NULL);
	for (size_t i = 0; i < request->aliases.count; i++)
		take_alias(deciding, request->aliases.texts[i]);
	if (decision->capture_count == 0 && decision->reason[0] == '\0')
		complain_of_none(deciding);
}

/* --- Limits --------------------------------------------------------------- */

/* A maximum, and where it stands. */
struct bound {
	int64_t max;
	const char *key;
	const struct policy_grant *grant; /* NULL: [general] */
};

/* The smaller of what [general] says, and of what the requester has, or if that has none, [policy]. */
static struct bound
bound_of(const struct policy_deciding *deciding, size_t offset, const char *key)
{
	const struct policy_grant *grant = deciding->grant;
	int64_t own;
	struct bound bound = { .key = key };

	memcpy(&bound.max, (const char *)&deciding->facts->max + offset,
	    sizeof(bound.max));
	memcpy(&own, (const char *)&grant->max + offset, sizeof(own));
	if (own == 0) {
		grant = &deciding->policy->own;
		memcpy(&own, (const char *)&grant->max + offset, sizeof(own));
	}
	if (own > 0 && (bound.max == 0 || own < bound.max)) {
		bound.max = own;
		bound.grant = grant;
	}
	return bound;
}

/* What is asked for, or otherwise, which is never over the maximum. */
static int64_t
limited(const struct policy_deciding *deciding, const char *member,
    const struct request_number *number, int64_t otherwise,
    const struct bound *bound)
{
	char table[QUOTED_SIZE + 40];

	if (!number->is_set)
		return bound->max > 0 && otherwise > bound->max ? bound->max :
								  otherwise;
	if (bound->max > 0 && number->value > bound->max)
		policy_complain(deciding->decision,
		    "%s: %lld is over the maximum of %lld, %s of %s", member,
		    (long long)number->value, (long long)bound->max, bound->key,
		    bound->grant == NULL ? "[general]" :
					   table_of(bound->grant, table));
	return number->value;
}

#define BOUND(member, key) \
	bound_of(deciding, offsetof(struct policy_limits, member), key)

static void
check_before(struct policy_deciding *deciding)
{
	struct policy_decision *decision = deciding->decision;
	char quoted[QUOTED_SIZE];

	for (size_t i = 0; i < decision->capture_count; i++) {
		const char *name = decision->captures[i].interface;

		if (!find_interface(deciding->facts, name)->has_lookback)
			policy_complain(decision,
			    "before: nothing is kept of %s: add lookback to its [[interface]]",
			    quote(quoted, name));
	}
}

static void
check_limits(struct policy_deciding *deciding)
{
	const struct request_limits *limits = &deciding->request->limits;
	const struct policy_facts *facts = deciding->facts;
	struct policy_decision *decision = deciding->decision;
	struct bound snaplen = BOUND(snaplen, "snaplen");
	struct bound packets = BOUND(packets, "maxpackets");
	struct bound bytes = BOUND(bytes, "maxbytes");
	struct bound timeout = BOUND(timeout, "maxtimeout");
	struct bound duration = BOUND(duration, "maxduration");

	decision->snaplen = limited(deciding, "snap", &limits->snap,
	    facts->snaplen, &snaplen);
	if (decision->snaplen > SNAPLEN_MAX)
		policy_complain(decision, "snap: %lld is over %d, the most of a packet",
		    (long long)decision->snaplen, SNAPLEN_MAX);
	decision->packets = limited(deciding, "packets", &limits->packets,
	    packets.max, &packets);
	decision->bytes = limited(deciding, "bytes", &limits->bytes, bytes.max,
	    &bytes);
	decision->timeout_ms = 1000 *
	    limited(deciding, "timeout", &limits->timeout, facts->timeout,
		&timeout);
	decision->duration_ms = 1000 *
	    limited(deciding, "duration", &limits->duration, duration.max,
		&duration);
	if (limits->before.is_set) {
		decision->before_ms = 1000 *
		    limited(deciding, "before", &limits->before, 0, &duration);
		check_before(deciding);
	}
}

/* --- Where it goes -------------------------------------------------------- */

static void
complain_of_destination(struct policy_deciding *deciding, const char *name)
{
	const struct policy_grant *grant = deciding->grant;
	char table[QUOTED_SIZE + 40];

	if (!grant->has_destinations)
		grant = &deciding->policy->own;
	policy_complain(deciding->decision,
	    "destinations: \"%s\" is not allowed: add \"%s\" to destinations in %s",
	    name, name, table_of(grant, table));
}

static void
check_destinations(struct policy_deciding *deciding)
{
	const struct request *request = deciding->request;
	unsigned configured = deciding->facts->destinations;
	unsigned allowed = deciding->grant->has_destinations ?
	    deciding->grant->destinations :
	    deciding->policy->own.has_destinations ?
	    deciding->policy->own.destinations :
	    configured;
	unsigned wanted = request->destinations != 0 ?
	    request->destinations :
	    configured & allowed & ~(unsigned)REQUEST_TO_INDEX;

	if (request->index)
		wanted |= REQUEST_TO_INDEX;
	for (unsigned bit = 1; bit < 1U << REQUEST_DESTINATIONS; bit <<= 1) {
		const char *name =
		    request_destination_name((enum request_destination)bit);

		if ((wanted & bit) == 0)
			continue;
		if ((configured & bit) == 0)
			policy_complain(deciding->decision,
			    "destinations: \"%s\" is not configured on this node",
			    name);
		else if ((allowed & bit) == 0)
			complain_of_destination(deciding, name);
	}
	if (wanted == 0)
		policy_complain(deciding->decision,
		    "destinations: there is none: set upload = true in [cloudshark] or [s3], or writelocal = true in [general], and let destinations in [policy] allow it");
	deciding->decision->destinations = wanted;
}

static void
check_s3(struct policy_deciding *deciding)
{
	const struct request_s3 *s3 = &deciding->request->s3;
	const struct policy_grant *own = deciding->grant;
	const struct policy_grant *all = &deciding->policy->own;
	const struct {
		const char *name;
		const char *text;
		const struct policy_list *list;
	} rows[] = {
		{ "bucket", s3->bucket, effective(&own->buckets, &all->buckets) },
		{ "endpoint", s3->endpoint,
		    effective(&own->endpoints, &all->endpoints) },
		{ "region", s3->region, effective(&own->regions, &all->regions) },
		{ "acl", s3->acl, effective(&own->acls, &all->acls) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].text != NULL && !has(rows[i].list, rows[i].text))
			complain_of_list(deciding, rows[i].name, rows[i].name,
			    rows[i].list, rows[i].text);
}

static void
set_filters(struct policy_deciding *deciding)
{
	struct policy_decision *decision = deciding->decision;

	decision->filter = deciding->request->bpf;
	decision->policy_filter = deciding->policy->own.bpf;
	if (deciding->grant != &deciding->policy->own)
		decision->requester_filter = deciding->grant->bpf;
}

/* --- All of it ------------------------------------------------------------ */

void
policy_order(struct policy_deciding *deciding)
{
	const struct request *request = deciding->request;

	check_interfaces(deciding);
	check_limits(deciding);
	check_destinations(deciding);
	check_s3(deciding);
	set_filters(deciding);
	deciding->decision->is_pcapng =
	    request->format == REQUEST_FORMAT_DEFAULT ?
	    deciding->facts->is_pcapng :
	    request->format == REQUEST_FORMAT_PCAPNG;
}

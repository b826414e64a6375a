/* SPDX-License-Identifier: BSD-2-Clause */
/* One decision for each message: whose it is, who sends it, how old it is. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request/policy_private.h"
#include "request/target.h"

static void add(char *out, size_t size, const char *format, va_list ap) __attribute__((format(printf, 3, 0)));

/* Adds text to out, after "; " if there is some already. */
static void
add(char *out, size_t size, const char *format, va_list ap)
{
	size_t used = strlen(out);

	if (used > 0 && used + 3 < size) {
		memcpy(out + used, "; ", 3);
		used += 2;
	}
	(void)vsnprintf(out + used, size - used, format, ap);
}

void
policy_complain(struct policy_decision *decision, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(decision->reason, sizeof(decision->reason), format, ap);
	va_end(ap);
}

void
policy_note(struct policy_decision *decision, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(decision->note, sizeof(decision->note), format, ap);
	va_end(ap);
}

/* --- Who sends it, and when ----------------------------------------------- */

static bool
is_sender_allowed(struct policy_deciding *deciding)
{
	const struct policy *policy = deciding->policy;
	const struct policy_facts *facts = deciding->facts;

	deciding->grant = &policy->own;
	if (facts->signer != NULL) {
		deciding->grant = policy_requester(policy, facts->signer);
		if (deciding->grant == NULL) {
			policy_complain(deciding->decision,
			    "key: is of no [[policy.requester]]");
			return false;
		}
		deciding->decision->requester = deciding->grant->name;
		return true;
	}
	if (policy->allow_unsigned == POLICY_UNSIGNED_ALLOWED ||
	    (policy->allow_unsigned == POLICY_UNSIGNED_UNSET &&
		facts->is_local))
		return true;
	policy_complain(deciding->decision,
	    "message: is not signed: sign it, or set allow_unsigned = true in [policy]");
	return false;
}

static long long
seconds(int64_t ms)
{
	return (long long)(ms / 1000);
}

/* What its own stamp says. Times are of the years 1970 to 9999: nothing overflows. */
static void
check_stamp(struct policy_deciding *deciding)
{
	const struct request_stamp *stamp = &deciding->request->stamp;
	int64_t issued = stamp->issued.value, expires = stamp->expires.value;
	int64_t now = deciding->facts->now_ms;
	struct policy_decision *decision = deciding->decision;

	if (stamp->issued.is_set && issued > now + POLICY_SKEW_MS)
		policy_complain(decision, "issued: is %lld s in the future",
		    seconds(issued - now));
	if (!stamp->expires.is_set)
		return;
	if (now > expires + POLICY_SKEW_MS)
		policy_complain(decision, "expires: was %lld s ago",
		    seconds(now - expires));
	if (stamp->issued.is_set && expires < issued)
		policy_complain(decision, "expires: is before issued");
	if (stamp->issued.is_set && expires - issued > POLICY_LIFETIME_MAX_MS)
		policy_complain(decision,
		    "expires: is %lld s after issued, and %d s is the maximum",
		    seconds(expires - issued), POLICY_LIFETIME_MAX_MS / 1000);
}

static void
check_signed(struct policy_deciding *deciding)
{
	const struct request_stamp *stamp = &deciding->request->stamp;

	if (deciding->facts->signer == NULL)
		return;
	if (!stamp->issued.is_set)
		policy_complain(deciding->decision,
		    "issued: is missing, and a signed request needs it");
	if (!stamp->expires.is_set)
		policy_complain(deciding->decision,
		    "expires: is missing, and a signed request needs it");
	else
		deciding->decision->nonce_until_ms = stamp->expires.value +
		    POLICY_SKEW_MS;
	if (stamp->nonce == NULL)
		policy_complain(deciding->decision,
		    "nonce: is missing, and a signed request needs it");
}

/* By the transport's clock, or if that does not tell, by that of who made it. */
static void
check_age(struct policy_deciding *deciding)
{
	const struct policy_facts *facts = deciding->facts;
	const struct request_number *issued = &deciding->request->stamp.issued;
	int64_t maxage = deciding->policy->maxage_ms;
	int64_t age;

	if (facts->sent_ms >= 0)
		age = facts->now_ms - facts->sent_ms;
	else if (issued->is_set)
		age = facts->now_ms - issued->value - POLICY_SKEW_MS;
	else
		return;
	if (maxage > 0 && age > maxage)
		policy_complain(deciding->decision,
		    "message: is %lld s old, and maxage of [policy] is %lld s",
		    seconds(age), seconds(maxage));
}

/* --- The decision --------------------------------------------------------- */

/* False, with a reason, if who sends it has no right to hear more. */
static bool
is_welcome(struct policy_deciding *deciding)
{
	if (!is_sender_allowed(deciding))
		return false;
	check_signed(deciding);
	check_stamp(deciding);
	check_age(deciding);
	return deciding->decision->reason[0] == '\0';
}

void
policy_decide(const struct request *request, const struct policy *policy,
    const struct policy_facts *facts, struct policy_decision *decision)
{
	struct policy_deciding deciding = { .request = request,
		.policy = policy,
		.facts = facts,
		.decision = decision };
	struct error error;
	int match = target_matches(request, facts->node, &error);

	memset(decision, 0, sizeof(*decision));
	if (match == 0) {
		decision->answer = POLICY_NOT_OURS;
		return;
	}
	if (match < 0)
		policy_complain(decision, "%s", error.text);
	else if (is_welcome(&deciding) && request->kind == REQUEST_CAPTURE)
		policy_order(&deciding);
	decision->answer = decision->reason[0] == '\0' ? POLICY_ACCEPTED :
							 POLICY_REFUSED;
}

void
policy_decision_release(struct policy_decision *decision)
{
	free(decision->captures);
	memset(decision, 0, sizeof(*decision));
}

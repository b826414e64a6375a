/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of all listeners. */
#include "daemon/hub.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "request/signature.h"
#include "request/target.h"

#define STATUS_MAX ((size_t)512 << 10)

struct hub {
	const struct hub_config *config;
	struct hub_counts counts;
	uint64_t unnamed; /* messages that came without any id */
	LIST_HEAD(, ticket)
	tickets;
};

/* A message that was accepted, until its captures are durable. */
struct ticket {
	struct listener *listener; /* NULL: gone; its transport may give the message again, which is already known then */
	uint64_t number;
	LIST_ENTRY(ticket)
	next;
};

/* One message while it is decided. */
struct matter {
	struct hub *hub;
	struct listener *listener;
	const struct listener_message *message;
	struct signature signature;
	bool is_open; /* signature is to be released */
	struct request request;
	bool is_read;
	struct policy_decision decision;
	bool is_decided;
	char id[LEDGER_TEXT_MAX + 1]; /* of the request, of the transport, or ours */
	struct request_number alertid;
	char text[1024]; /* why not */
};

struct hub *
hub_new(const struct hub_config *config)
{
	struct hub *hub = xcalloc(1, sizeof(*hub));

	hub->config = config;
	LIST_INIT(&hub->tickets);
	return hub;
}

void
hub_free(struct hub *hub)
{
	struct ticket *ticket;

	if (hub == NULL)
		return;
	while ((ticket = LIST_FIRST(&hub->tickets)) != NULL) {
		LIST_REMOVE(ticket, next);
		free(ticket);
	}
	free(hub);
}

struct hub_counts
hub_counts(const struct hub *hub)
{
	return hub->counts;
}

void
hub_on_settled(void *ctx, void *tag)
{
	struct ticket *ticket = tag;

	(void)ctx;
	if (ticket->listener != NULL)
		listener_settle(ticket->listener, ticket->number, LISTENER_DONE);
	LIST_REMOVE(ticket, next);
	free(ticket);
}

void
hub_on_gone(void *ctx, struct listener *listener)
{
	struct hub *hub = ctx;
	struct ticket *ticket;

	LIST_FOREACH(ticket, &hub->tickets, next)
	if (ticket->listener == listener)
		ticket->listener = NULL;
}

/* What it is called in results: by itself, by its transport, or by a name that no other message has. */
static void
name_matter(struct matter *matter)
{
	const struct hub_config *config = matter->hub->config;
	const char *id = matter->request.id != NULL ? matter->request.id : matter->message->id;

	if (id != NULL)
		(void)snprintf(matter->id, sizeof(matter->id), "%s", id);
	else
		(void)snprintf(matter->id, sizeof(matter->id), "%.200s-%" PRIu64 "-%" PRIu64, config->node, clock_of_day(),
		    ++matter->hub->unnamed);
	matter->alertid = matter->request.alertid;
}

static void
audit(const struct matter *matter, const char *decision, const char *reason)
{
	const struct results_audit line = { .listener = listener_name(matter->listener),
		.message = matter->message->id,
		.id = matter->id,
		.signer = matter->is_open ? matter->signature.signer : NULL,
		.decision = decision,
		.reason = reason,
		.request = matter->is_read ? &matter->request : NULL,
		.order = matter->is_decided ? &matter->decision : NULL };

	report_audit(matter->hub->config->report, &line);
}

static void
report(const struct matter *matter, enum results_kind kind, const char *reason, const char *more)
{
	const struct results_line line = {
		.kind = kind, .id = matter->id, .alertid = matter->alertid, .reason = reason, .more = more
	};

	report_result(matter->hub->config->report, &line);
}

static void
settle(const struct matter *matter, enum listener_outcome outcome)
{
	if (matter->message->ticket != 0)
		listener_settle(matter->listener, matter->message->ticket, outcome);
}

static void
refuse(struct matter *matter, const char *reason)
{
	matter->hub->counts.refused++;
	audit(matter, "refused", reason);
	report(matter, RESULTS_REFUSED, reason, NULL);
	settle(matter, LISTENER_DONE);
}

/* Every node hears the messages for all others: those are no news. */
static void
leave(struct matter *matter)
{
	matter->hub->counts.not_ours++;
	log_verbose(matter->hub->config->log, "%s: request %s is for another node", listener_name(matter->listener),
	    matter->id);
	settle(matter, LISTENER_NOT_OURS);
}

/* What is known of this machine. */

static bool
is_listed(const struct policy_interface *interfaces, size_t count, const char *name, size_t *at)
{
	for (*at = 0; *at < count; ++*at)
		if (strcmp(interfaces[*at].name, name) == 0)
			return true;
	return false;
}

/* The configured interfaces, and those that are there. *present keeps the names; both are the caller's to free. */
static struct policy_interface *
list_interfaces(const struct hub_config *config, size_t *count, struct if_nameindex **present)
{
	struct policy_interface *list;
	size_t max = config->interface_count + 1, at;

	*present = if_nameindex();
	for (const struct if_nameindex *one = *present; one != NULL && one->if_index != 0; one++)
		max++;
	list = xcalloc(max, sizeof(*list));
	if (config->interface_count > 0)
		memcpy(list, config->interfaces, config->interface_count * sizeof(*list));
	*count = config->interface_count;
	for (const struct if_nameindex *one = *present; one != NULL && one->if_index != 0; one++) {
		if (!is_listed(list, *count, one->if_name, &at))
			list[(*count)++] = (struct policy_interface){ .name = one->if_name };
		list[at].is_present = true;
	}
	/* libpcap's device of all interfaces. */
	if (!is_listed(list, *count, "any", &at))
		list[(*count)++] = (struct policy_interface){ .name = "any" };
	list[at].is_present = true;
	return list;
}

static uint32_t
grant_of(const struct policy *policy, const char *requester)
{
	for (size_t i = 0; requester != NULL && i < policy->requester_count; i++)
		if (strcmp(policy->requesters[i].name, requester) == 0)
			return (uint32_t)i;
	return CAPTURE_NO_GRANT;
}

/* The three kinds of a request. */

/* False if the jobs have not taken it: that was answered. */
static bool
is_taken(struct matter *matter, enum jobs_answer answer)
{
	struct hub *hub = matter->hub;

	switch (answer) {
	case JOBS_ACCEPTED:
		return true;
	case JOBS_BUSY:
		hub->counts.busy++;
		audit(matter, "busy", matter->text);
		report(matter, RESULTS_BUSY, matter->text, NULL);
		settle(matter, LISTENER_DONE);
		return false;
	case JOBS_ALREADY:
		hub->counts.already++;
		audit(matter, "already", matter->text);
		report(matter, RESULTS_ALREADY, matter->text, NULL);
		settle(matter, LISTENER_DONE);
		return false;
	case JOBS_REFUSED:
		refuse(matter, matter->text);
		return false;
	case JOBS_FAILED:
		log_error(hub->config->log, "request %s: %s", matter->id, matter->text);
		audit(matter, "failed", matter->text);
		if (matter->message->ticket == 0)
			report(matter, RESULTS_FAILED, matter->text, NULL);
		settle(matter, LISTENER_RETRY);
		return false;
	}
	abort();
}

static void
capture(struct matter *matter)
{
	struct hub *hub = matter->hub;
	struct ticket *ticket = xcalloc(1, sizeof(*ticket));

	*ticket = (struct ticket){ .listener = matter->listener, .number = matter->message->ticket };
	LIST_INSERT_HEAD(&hub->tickets, ticket, next);
	if (!is_taken(matter,
		jobs_accept(hub->config->jobs, &matter->request, &matter->decision, matter->id,
		    grant_of(hub->config->policy, matter->decision.requester), ticket, matter->text,
		    sizeof(matter->text)))) {
		LIST_REMOVE(ticket, next);
		free(ticket);
		return;
	}
	hub->counts.accepted++;
	audit(matter, "accepted", *matter->decision.note != '\0' ? matter->decision.note : NULL);
}

static void
cancel(struct matter *matter)
{
	struct error error;

	if (jobs_cancel(matter->hub->config->jobs, matter->request.cancel, matter->decision.requester, &error) != 0) {
		refuse(matter, error.text);
		return;
	}
	matter->hub->counts.cancelled++;
	audit(matter, "accepted", NULL);
	report(matter, RESULTS_ACCEPTED, NULL, NULL);
	settle(matter, LISTENER_DONE);
}

static void
status(struct matter *matter)
{
	struct buffer more;

	buffer_init(&more, STATUS_MAX);
	if (jobs_status(matter->hub->config->jobs, &more) != 0 || buffer_append(&more, "", 1) != 0)
		refuse(matter, "status: there is more to tell than a result can hold");
	else {
		matter->hub->counts.status++;
		audit(matter, "accepted", NULL);
		report(matter, RESULTS_STATUS, NULL, more.data);
		settle(matter, LISTENER_DONE);
	}
	buffer_release(&more);
}

/* What asks for no capture has a nonce that must not come again, too. */
static bool
is_new(struct matter *matter)
{
	return is_taken(matter,
	    jobs_note(matter->hub->config->jobs, &matter->request, &matter->decision, matter->text,
		sizeof(matter->text)));
}

/* Decisions. */

static void
log_request(const struct matter *matter)
{
	log_note(matter->hub->config->log, "request %s: %.*s", matter->id, (int)matter->signature.len,
	    matter->signature.text);
}

static void
carry_out(struct matter *matter)
{
	switch (matter->decision.answer) {
	case POLICY_NOT_OURS:
		leave(matter);
		return;
	case POLICY_REFUSED:
		refuse(matter, matter->decision.reason);
		return;
	case POLICY_ACCEPTED:
		break;
	}
	/* Who may not ask fills no log. */
	if (matter->request.logrequest && !matter->hub->config->logs_requests)
		log_request(matter);
	switch (matter->request.kind) {
	case REQUEST_CAPTURE:
		capture(matter);
		break;
	case REQUEST_CANCEL:
		if (is_new(matter))
			cancel(matter);
		break;
	case REQUEST_STATUS:
		if (is_new(matter))
			status(matter);
		break;
	}
}

static void
decide(struct matter *matter)
{
	const struct hub_config *config = matter->hub->config;
	struct policy_facts facts = *config->facts;
	struct if_nameindex *present;
	struct policy_interface *list = list_interfaces(config, &facts.interface_count, &present);

	facts.interfaces = list;
	facts.signer = matter->signature.signer;
	facts.is_local = matter->message->is_local;
	facts.sent_ms = matter->message->sent_ms;
	facts.now_ms = (int64_t)clock_of_day();
	facts.node = config->node;
	policy_decide(&matter->request, config->policy, &facts, &matter->decision);
	matter->is_decided = true;
	carry_out(matter);
	policy_decision_release(&matter->decision);
	free(list);
	if (present != NULL)
		if_freenameindex(present);
}

/* False with a reason in text. */
static bool
read_matter(struct matter *matter)
{
	const struct listener_message *message = matter->message;
	struct error error;

	matter->is_open = signature_open(message->bytes, message->len, matter->hub->config->policy, &matter->signature,
			      &error) == 0;
	if (!matter->is_open)
		goto refused;
	matter->is_read = request_read(matter->signature.text, matter->signature.len, &matter->request, &error) == 0;
	if (matter->is_read)
		return true;
refused:
	(void)snprintf(matter->text, sizeof(matter->text), "%s", error.text);
	return false;
}

void
hub_on_message(void *ctx, struct listener *listener, const struct listener_message *message)
{
	struct matter matter = { .hub = ctx, .listener = listener, .message = message };
	bool is_read = read_matter(&matter);
	struct error error;
	int is_ours = 1;

	name_matter(&matter);
	/* Also of one that is wrong: what it says of nodes was read, or there was nothing. */
	if (is_read || (matter.request.node != NULL) != (matter.request.nodere != NULL))
		is_ours = target_matches(&matter.request, matter.hub->config->node, &error);
	if (is_ours == 0)
		leave(&matter);
	else if (!is_read)
		refuse(&matter, matter.text);
	else if (is_ours < 0)
		refuse(&matter, error.text);
	else {
		if (matter.hub->config->logs_requests)
			log_request(&matter);
		if (*matter.request.ignored != '\0')
			log_verbose(matter.hub->config->log, "request %s: unknown members are ignored: %s", matter.id,
			    matter.request.ignored);
		decide(&matter);
	}
	request_release(&matter.request);
	if (matter.is_open)
		signature_release(&matter.signature);
}

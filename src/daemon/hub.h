/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of all listeners: each is decided once, answered, written to the audit, and settled. */
#ifndef ESPCAP_DAEMON_HUB_H
#define ESPCAP_DAEMON_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "daemon/jobs.h"
#include "daemon/report.h"
#include "listen/listener.h"
#include "request/policy.h"

struct hub;

/* Borrowed for the life of the hub; what policy, facts and interfaces point to may change between two messages. */
struct hub_config {
	const char *node;
	const struct policy *policy;
	/* Limits, defaults and destinations; the rest is filled in for each message. */
	const struct policy_facts *facts;
	/* Those of the configuration: names, aliases, look-back. */
	const struct policy_interface *interfaces;
	size_t interface_count;
	bool logs_requests; /* each request is logged, as with its member logrequest */
	struct jobs *jobs;
	struct report *report;
	struct log *log;
};

/* Free with hub_free, after the listeners. */
struct hub *hub_new(const struct hub_config *config);
void hub_free(struct hub *hub);

/* A message of a listener; ctx: the hub. */
void hub_on_message(void *ctx, struct listener *listener, const struct listener_message *message);

/* A listener is to be freed: what was accepted from it goes on without being acknowledged. */
void hub_on_gone(void *ctx, struct listener *listener);

/* For struct jobs_config: tags of jobs are made here. ctx: a pointer to the pointer to the hub. */
void hub_on_settled(void *ctx, void *tag);

struct hub_counts {
	uint64_t accepted, refused, busy, already, not_ours, cancelled, status;
};
struct hub_counts hub_counts(const struct hub *hub);

#endif

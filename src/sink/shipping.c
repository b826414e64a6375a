/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows from the answers of the server to bulk requests. */
#include "sink/shipping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ack.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "server/bulk_reply.h"
#include "server/log_limit.h"
#include "server/verdict.h"
#include "sink/item_verdicts.h"
#include "sink/shipment.h"

/* The same request without a readable answer so often: something in it may be the cause. */
#define UNKNOWN_MAX 3
#define FORBIDDEN_MAX 3
/* The server stumbled over the same document so often, while it took others: with growing waits half a minute. */
#define STUMBLED_MAX 6
/* Names of indices that go into one question for their mappings. */
#define NAMES_MAX 3000
#define GONE_MAX 3

struct shipping {
	struct log *log;
	struct shipping_config config;
	struct cluster *cluster;
	struct rejects *rejects;
	struct mapping_check *guard; /* NULL while there is nothing to guard */
	struct shipping_handler handler;
	struct shipments shipments;
	uint64_t answered;         /* bulk requests with a readable answer */
	uint64_t answered_before;  /* that at the last document given up without one */
	struct sink_counts counts; /* but for those of the requests */
	struct log_limit log_limit;
};

static struct shipping *
owner_of(const struct shipment *shipment)
{
	return shipment->shipments->handler.ctx;
}

static void
fail(struct shipping *shipping, enum outcome outcome, const char *text)
{
	shipping->handler.on_fail(shipping->handler.ctx, outcome, text);
}

/* kind: the text without what varies from time to time. */
static void
say(struct shipping *shipping, const char *kind, const char *text)
{
	log_limit_tell(&shipping->log_limit, shipping->log, clock_seconds(),
	    kind, text);
}

/* In two halves, each of which begins anew. */
static void
halve(struct shipment *shipment)
{
	struct shipment *other = shipment_halve(shipment);

	shipment->past.unknown = shipment->past.attempt = 0;
	other->past.suspect = shipment->past.suspect;
	other->past.answered = shipment->past.answered;
	shipment_now(shipment);
}

/* Takes the items that are not kept off the batch. */
static void
keep_items(struct shipment *shipment, const bool *keep)
{
	struct shipping *shipping = owner_of(shipment);
	size_t bytes = shipment->batch->body.len,
	       count = shipment->batch->count;

	batch_keep(shipment->batch, keep);
	if (shipment->batch->count < count)
		shipping->handler.on_resolved(shipping->handler.ctx,
		    count - shipment->batch->count,
		    bytes - shipment->batch->body.len);
}

static int
reject_done(struct shipping *shipping, uint64_t count)
{
	struct error error;

	if (rejects_sync(shipping->rejects, count, &error) == 0)
		return 0;
	fail(shipping, error.outcome, error.text);
	return -1;
}

/* The one document of the batch is not to be had into the server. */
static void
reject_single(struct shipment *shipment, long status, const char *type, const char *reason)
{
	struct shipping *shipping = owner_of(shipment);
	const bool keep = false;

	item_verdicts_reject(shipping->rejects, shipment->batch, 0, status, type, reason);
	if (reject_done(shipping, 1) != 0)
		return;
	ack_reject(shipment->batch->items[0].ack);
	keep_items(shipment, &keep);
	shipment_free(shipment);
}

static uint64_t
taken(const struct shipping *shipping)
{
	return shipping->counts.delivered + shipping->counts.duplicate;
}

/* The first time that this document, or others with it, got no readable answer. */
static void
suspect(struct shipment *shipment)
{
	if (shipment->past.suspect)
		return;
	shipment->past.suspect = true;
	shipment->past.answered = owner_of(shipment)->answered;
}

/*
 * A single document is the culprit only if other requests were answered
 * meanwhile: else it is the server that answers none, and all documents would
 * end in the dead letter file.
 */
static void
accuse_single(struct shipment *shipment, long status, const char *type, const char *reason)
{
	struct shipping *shipping = owner_of(shipment);

	if (shipping->answered <= shipment->past.answered ||
	    shipping->answered <= shipping->answered_before) {
		say(shipping, type, reason);
		shipment_later(shipment, shipment->past.attempt++);
		/* Such as the other half of its batch. */
		shipments_pump(&shipping->shipments);
		return;
	}
	shipping->answered_before = shipping->answered;
	reject_single(shipment, status, type, reason);
}

/* The answer cannot be used: what became of the documents is not known. */
static void
take_unknown(struct shipment *shipment, const char *why)
{
	struct shipping *shipping = owner_of(shipment);

	shipment->past.unknown++;
	suspect(shipment);
	if (shipping->config.auto_id)
		shipping->counts.maybe_duplicate += shipment->batch->count;
	if (shipment->past.unknown < UNKNOWN_MAX)
		shipment_later(shipment, shipment->past.unknown - 1);
	else if (shipment->batch->count > 1)
		halve(shipment);
	else
		accuse_single(shipment, 0, "no_answer", why);
}

/* Credentials that never did anything are wrong; those that did may be in the middle of a change. */
static bool
give_up(struct shipment *shipment, const char *why)
{
	char text[1000];

	if (++shipment->past.forbidden < FORBIDDEN_MAX ||
	    taken(owner_of(shipment)) > 0)
		return false;
	(void)snprintf(text, sizeof(text),
	    "%.800s: see --user, --password-file and --api-key-file",
	    why);
	fail(owner_of(shipment), OUTCOME_OUTPUT, text);
	return true;
}

static void
say_remedy(struct shipping *shipping, const char *kind, const char *why)
{
	char text[1200];

	(void)snprintf(text, sizeof(text), "%.1000s; %s", why,
	    shipping->config.remedy);
	say(shipping, kind, text);
	log_limit_note(&shipping->log_limit, why);
}

static void
on_examined(void *ctx, enum mapping_check_finding finding, const char *text)
{
	struct shipment *shipment = ctx;
	struct shipping *shipping = owner_of(shipment);
	char why[2200];

	if (shipping->shipments.stopped)
		return;
	(void)snprintf(why, sizeof(why), "%s (%.500s)", text, shipment->verdicts.why);
	switch (finding) {
	case GUARD_BLIND:
		shipping->guard = NULL;
		__attribute__((fallthrough));
	case GUARD_OURS:
		shipment->past.examined = true;
		shipment_now(shipment);
		return;
	case GUARD_GONE:
		/* By another name (an alias) an index is never found as it was asked for. */
		shipment->past.examined = ++shipment->past.gone >= GONE_MAX;
		break;
	case GUARD_WRONG:
		if (!shipping->config.is_patient) {
			fail(shipping, OUTCOME_OUTPUT, why);
			return;
		}
		say(shipping, "mapping", why);
		if (shipment->past.attempt < 2)
			shipment->past.attempt = 2;
		break;
	case GUARD_NO_ANSWER:
		break;
	}
	shipment_later(shipment, shipment->past.attempt++);
}

/* Documents do not fit: they wait in the batch until it is known whose fault that is, and are sent again then. */
static void
examine(struct shipment *shipment)
{
	struct buffer names;
	size_t count;

	buffer_init(&names, NAMES_MAX);
	count = batch_indices(shipment->batch, &names);
	if (count > 0)
		mapping_check_examine(owner_of(shipment)->guard, names.data, count,
		    on_examined, shipment);
	else
		halve(shipment);
	buffer_release(&names);
}

static void
resolve(struct shipment *shipment)
{
	struct shipping *shipping = owner_of(shipment);
	size_t count = shipment->batch->count;
	const uint64_t *of = shipment->verdicts.documents;
	bool rejected;

	shipping->answered++;
	if (of[VERDICT_STUMBLED] == 0)
		shipment->past.stumbled = 0;
	else if (shipment->past.stumbled++ == 0)
		shipment->past.taken_before = taken(shipping);
	shipping->counts.delivered += of[VERDICT_INDEXED];
	shipping->counts.discarded += of[VERDICT_DISCARDED];
	shipping->counts.duplicate += of[VERDICT_DUPLICATE];
	/* If they cannot be kept they are not resolved: unsent, and the end. */
	rejected = reject_done(shipping, of[VERDICT_REJECTED]) == 0;
	item_verdicts_tell(&shipment->verdicts, shipment->batch, rejected);
	if (!rejected)
		return;
	keep_items(shipment, shipment->verdicts.keep);
	if (shipment->batch->count == 0) {
		shipment_free(shipment);
		return;
	}
	if (shipment->batch->count < count)
		shipment->past.attempt = 0;
	shipment->past.unknown = 0;
	shipment->past.suspect = shipment->past.examined = false;
	if (of[VERDICT_FORBIDDEN] > 0 && give_up(shipment, shipment->verdicts.why))
		return;
	if (of[VERDICT_MISFIT] > 0) {
		examine(shipment);
		return;
	}
	if (of[VERDICT_FORBIDDEN] > 0)
		say_remedy(shipping, shipment->verdicts.kind, shipment->verdicts.why);
	else
		say(shipping, shipment->verdicts.kind, shipment->verdicts.why);
	if (of[VERDICT_CLUSTER] > 0 && shipment->past.attempt < 2)
		shipment->past.attempt = 2;
	shipment_later(shipment, shipment->past.attempt++);
}

static void
take_items(struct shipment *shipment, size_t node, const struct http_reply *reply)
{
	struct shipping *shipping = owner_of(shipment);
	const struct item_verdicts_known known = {
		.has_ids = !shipping->config.auto_id,
		.misfit_is_final = shipping->guard == NULL || shipment->past.examined,
		.stumbling_is_final = shipment->past.stumbled >= STUMBLED_MAX &&
		    taken(shipping) > shipment->past.taken_before
	};
	size_t count = shipment->batch->count;
	char why[400];
	long told;

	/* What is forgotten below must be the reply's only. */
	shipping->handler.on_reply(shipping->handler.ctx);
	told = item_verdicts_read(&shipment->verdicts, shipment->batch, &known,
	    reply->body, reply->len, shipping->rejects);
	if (told >= 0 && (size_t)told == count) {
		cluster_praise(shipping->cluster, node);
		resolve(shipment);
		return;
	}
	rejects_forget(shipping->rejects);
	if (told >= 0)
		(void)snprintf(why, sizeof(why),
		    "%s: the reply is about %ld documents, but %zu were sent",
		    cluster_url(shipping->cluster, node), told, count);
	else
		(void)snprintf(why, sizeof(why),
		    "%s: the reply cannot be read: %.*s",
		    cluster_url(shipping->cluster, node),
		    (int)(reply->len < 200 ? reply->len : 200), reply->body);
	say(shipping, told >= 0 ? "count" : "unreadable", why);
	take_unknown(shipment, why);
}

static void
take_forbidden(struct shipment *shipment, const char *kind, const char *why)
{
	if (give_up(shipment, why))
		return;
	say_remedy(owner_of(shipment), kind, why);
	shipment_later(shipment, shipment->past.forbidden);
}

static void
fail_redirected(struct shipping *shipping, size_t node,
    const struct http_reply *reply)
{
	char why[1000];

	(void)snprintf(why, sizeof(why),
	    "%s redirects to %s, which is not followed: give that address to --node",
	    cluster_url(shipping->cluster, node),
	    reply->location[0] != '\0' ? reply->location : "nowhere");
	fail(shipping, OUTCOME_OUTPUT, why);
}

/* A whole request that was answered with an error. */
static void
take_refusal(struct shipment *shipment, size_t node, const struct http_reply *reply)
{
	struct shipping *shipping = owner_of(shipment);
	struct bulk_reply_item item;
	char why[1000], kind[LOG_LIMIT_KIND_LEN];

	(void)bulk_reply_error(reply->body, reply->len, &item);
	(void)snprintf(why, sizeof(why), "%s: HTTP status %ld%s%s: %.600s",
	    cluster_url(shipping->cluster, node), reply->status,
	    item.type[0] != '\0' ? " " : "", item.type, item.reason);
	(void)snprintf(kind, sizeof(kind), "whole %ld %s", reply->status,
	    item.type);
	switch (verdict_of_request(reply->status, item.type,
	    strlen(item.type), item.reason, strlen(item.reason))) {
	case VERDICT_REQUEST_NODE:
		cluster_blame(shipping->cluster, node,
		    why + strlen(cluster_url(shipping->cluster, node)) + 2);
		log_limit_note(&shipping->log_limit, why);
		shipment_later(shipment, shipment->past.attempt++);
		break;
	case VERDICT_REQUEST_TOO_LARGE:
		if (shipment->batch->count > 1)
			halve(shipment);
		else
			reject_single(shipment, reply->status,
			    "request_too_large",
			    "the document is larger than the server takes: --max-doc cuts it");
		break;
	case VERDICT_REQUEST_FORBIDDEN:
		take_forbidden(shipment, kind, why);
		break;
	case VERDICT_REQUEST_POISON:
		suspect(shipment);
		if (shipment->batch->count > 1)
			halve(shipment);
		else
			accuse_single(shipment, reply->status, item.type,
			    item.reason);
		break;
	case VERDICT_REQUEST_CONFIG:
		if (reply->status >= 300 && reply->status < 400) {
			fail_redirected(shipping, node, reply);
			break;
		}
		if (shipment->past.attempt < 2)
			shipment->past.attempt = 2;
		__attribute__((fallthrough));
	case VERDICT_REQUEST_BUSY:
	case VERDICT_REQUEST_BLOCKED:
	case VERDICT_REQUEST_ITEMS:
		say(shipping, kind, why);
		shipment_later(shipment, shipment->past.attempt++);
		break;
	}
}

static void
on_reply(void *ctx, struct shipment *shipment, size_t node,
    const struct http_reply *reply)
{
	struct shipping *shipping = ctx;
	char why[600];

	/* What was seen before holds for this reply only. */
	if (reply->fault != HTTP_ANSWERED || reply->status != 200)
		shipment->past.examined = false;
	if (reply->fault != HTTP_ANSWERED) {
		/* The cluster has said it already. */
		(void)snprintf(why, sizeof(why), "%s: %s",
		    cluster_url(shipping->cluster, node), reply->text);
		log_limit_note(&shipping->log_limit, why);
		take_unknown(shipment, why);
	} else if (reply->status == 200)
		take_items(shipment, node, reply);
	else
		take_refusal(shipment, node, reply);
}

struct shipping *
shipping_new(struct loop *loop, struct log *log,
    const struct shipping_config *config, struct cluster *cluster,
    struct rejects *rejects, const struct shipping_handler *handler)
{
	struct shipping *shipping = xcalloc(1, sizeof(*shipping));
	const struct shipments_config requests = { .pipeline = config->pipeline,
		.backoff = config->backoff,
		.compress = config->compress };
	const struct shipments_handler answers = { on_reply, shipping };

	shipping->log = log;
	shipping->config = *config;
	shipping->cluster = cluster;
	shipping->rejects = rejects;
	shipping->handler = *handler;
	shipments_init(&shipping->shipments, loop, cluster, &requests, &answers);
	return shipping;
}

void
shipping_free(struct shipping *shipping)
{
	if (shipping == NULL)
		return;
	shipments_release(&shipping->shipments);
	free(shipping);
}

void
shipping_start(struct shipping *shipping)
{
	shipments_start(&shipping->shipments);
}

void
shipping_mapping_check(struct shipping *shipping, struct mapping_check *guard)
{
	shipping->guard = guard;
}

void
shipping_stop(struct shipping *shipping)
{
	shipments_stop(&shipping->shipments);
}

void
shipping_add(struct shipping *shipping, struct batch *batch)
{
	shipments_add(&shipping->shipments, batch);
}

struct sink_counts
shipping_counts(const struct shipping *shipping)
{
	struct sink_counts counts = shipping->counts;

	counts.retries = shipping->shipments.retries;
	counts.in_flight = shipping->shipments.in_flight;
	return counts;
}

const char *
shipping_trouble(const struct shipping *shipping)
{
	return shipping->log_limit.text;
}

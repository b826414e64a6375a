/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches on their way to the server, and what follows from its answers. */
#include "sink/shipping.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/ack.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "server/backoff.h"
#include "server/bulk_reply.h"
#include "server/log_limit.h"
#include "server/verdict.h"
#include "sink/compress.h"

/* Bulk requests that are not resolved at the same time, those that wait for another try among them. */
#define SLOTS 4
#define REPLY_MAX ((size_t)64 << 20)
/* The same request without a readable answer so often: something in it may be the cause. */
#define UNKNOWN_MAX 3
#define FORBIDDEN_MAX 3
/* The server stumbled over the same document so often, while it took others: with growing waits half a minute. */
#define STUMBLED_MAX 6
/* Names of indices that go into one question for their mappings. */
#define NAMES_MAX 3000
#define GONE_MAX 3

struct shipment {
	struct shipping *shipping;
	struct batch *batch;
	struct buffer zipped;
	struct event *again;
	unsigned attempt, unknown, forbidden;
	unsigned stumbled;     /* replies in a row in which the server stumbled over a document */
	uint64_t taken_before; /* documents that it had taken when it first did */
	bool held;             /* this reply: documents do not fit into the mapping of their index */
	unsigned gone;         /* times that an index was not there */
	bool examined;         /* those mappings were looked at since the last reply, and are espcap's */
	bool suspect;          /* it, or what it was halved from, got no readable answer */
	uint64_t answered;     /* shipping->answered when that was first so */
	bool *keep;
	enum verdict *verdicts;
	size_t told; /* items of the reply */
	long retry_after;
	char why[600];                 /* what the last item kept was answered */
	char kind[LOG_LIMIT_KIND_LEN]; /* the same without what varies */
	TAILQ_ENTRY(shipment) next;
};

TAILQ_HEAD(shipments, shipment);

struct shipping {
	struct loop *loop;
	struct log *log;
	struct shipping_config config;
	struct cluster *cluster;
	struct rejects *rejects;
	struct mapping_check *guard; /* NULL while there is nothing to guard */
	struct shipping_handler handler;
	bool started, stopped;
	struct shipments queue, slots;
	size_t slot_count;
	uint64_t answered;        /* bulk requests with a readable answer */
	uint64_t answered_before; /* that at the last document given up without one */
	struct sink_counts counts;
	struct log_limit log_limit;
};

static void ship(struct shipment *shipment);
static void pump(struct shipping *shipping);

/* Failing, and saying what is wrong. */

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

/* Batches. */

static void
shipment_free(struct shipment *shipment)
{
	event_free(shipment->again);
	batch_free(shipment->batch);
	buffer_release(&shipment->zipped);
	free(shipment->keep);
	free(shipment->verdicts);
	free(shipment);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	ship(ctx);
}

static struct shipment *
shipment_new(struct shipping *shipping, struct batch *batch)
{
	struct shipment *shipment = xcalloc(1, sizeof(*shipment));

	shipment->shipping = shipping;
	shipment->batch = batch;
	buffer_init(&shipment->zipped, BATCH_MAX);
	shipment->again = evtimer_new(loop_base(shipping->loop), on_again,
	    shipment);
	if (shipment->again == NULL)
		abort(); /* out of memory */
	return shipment;
}

static void
release_slot(struct shipment *shipment)
{
	struct shipping *shipping = shipment->shipping;

	TAILQ_REMOVE(&shipping->slots, shipment, next);
	shipping->slot_count--;
	shipment_free(shipment);
	pump(shipping);
}

static void
pump(struct shipping *shipping)
{
	struct shipment *shipment;

	while (shipping->started && !shipping->stopped &&
	    shipping->slot_count < SLOTS &&
	    (shipment = TAILQ_FIRST(&shipping->queue)) != NULL) {
		TAILQ_REMOVE(&shipping->queue, shipment, next);
		TAILQ_INSERT_TAIL(&shipping->slots, shipment, next);
		shipping->slot_count++;
		ship(shipment);
	}
}

static void
ship_later(struct shipment *shipment, unsigned attempt)
{
	uint64_t ms = backoff_delay(shipment->shipping->config.backoff, attempt);

	shipment->shipping->counts.retries++;
	if (ms < (uint64_t)shipment->retry_after * 1000)
		ms = (uint64_t)shipment->retry_after * 1000;
	loop_start_timer(shipment->again, ms);
}

static void
ship_now(struct shipment *shipment)
{
	shipment->shipping->counts.retries++;
	loop_start_timer(shipment->again, 0);
}

/* In two halves, each of which begins anew. */
static void
halve(struct shipment *shipment)
{
	struct shipping *shipping = shipment->shipping;
	struct shipment *other = shipment_new(shipping,
	    batch_split(shipment->batch));

	shipment->unknown = shipment->attempt = 0;
	other->suspect = shipment->suspect;
	other->answered = shipment->answered;
	TAILQ_INSERT_HEAD(&shipping->queue, other, next);
	ship_now(shipment);
}

/* Answers. */

/* Takes the items that are not kept off the batch. */
static void
keep_items(struct shipment *shipment)
{
	struct shipping *shipping = shipment->shipping;
	size_t bytes = shipment->batch->body.len,
	       count = shipment->batch->count;

	batch_keep(shipment->batch, shipment->keep);
	if (shipment->batch->count < count)
		shipping->handler.on_resolved(shipping->handler.ctx,
		    count - shipment->batch->count,
		    bytes - shipment->batch->body.len);
}

static void
reject_item(struct shipment *shipment, size_t i, long status, const char *type,
    const char *reason)
{
	struct dead_letter_entry entry = {
		.status = status, .type = type, .reason = reason
	};

	entry.index = batch_index(shipment->batch, i, &entry.index_len);
	entry.id = batch_id(shipment->batch, i, &entry.id_len);
	entry.document = batch_document(shipment->batch, i,
	    &entry.document_len);
	rejects_add(shipment->shipping->rejects, &entry);
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
reject_single(struct shipment *shipment, long status, const char *type,
    const char *reason)
{
	struct shipping *shipping = shipment->shipping;

	reject_item(shipment, 0, status, type, reason);
	if (reject_done(shipping, 1) != 0)
		return;
	shipment->keep = xreallocarray(shipment->keep, 1,
	    sizeof(*shipment->keep));
	shipment->keep[0] = false;
	ack_reject(shipment->batch->items[0].ack);
	keep_items(shipment);
	release_slot(shipment);
}

static uint64_t
taken(const struct shipping *shipping)
{
	return shipping->counts.delivered + shipping->counts.duplicate;
}

/* The verdict on an item, with what is known of the server and of what was asked before. */
static enum verdict
judge(const struct shipment *shipment, const struct bulk_reply_item *item)
{
	const struct shipping *shipping = shipment->shipping;
	enum verdict verdict = verdict_of_item(item->status, item->type,
	    strlen(item->type), item->reason, strlen(item->reason),
	    !shipping->config.auto_id);

	if (item->in_failure_store &&
	    (verdict == VERDICT_INDEXED || verdict == VERDICT_DISCARDED))
		return VERDICT_REJECTED;
	if (verdict == VERDICT_MISFIT &&
	    (shipping->guard == NULL || shipment->examined))
		return VERDICT_REJECTED;
	if (verdict == VERDICT_STUMBLED &&
	    shipment->stumbled >= STUMBLED_MAX &&
	    taken(shipping) > shipment->taken_before)
		return VERDICT_REJECTED;
	return verdict;
}

static void
note_why(struct shipment *shipment, size_t i,
    const struct bulk_reply_item *item)
{
	size_t len;
	const char *name = batch_index(shipment->batch, i, &len);

	(void)snprintf(shipment->kind, sizeof(shipment->kind), "%ld %s",
	    item->status, item->type);
	(void)snprintf(shipment->why, sizeof(shipment->why),
	    "index %.*s: %ld %s: %.300s", (int)len, name, item->status,
	    item->type, item->reason);
}

static void
on_item(void *ctx, size_t i, const struct bulk_reply_item *item)
{
	struct shipment *shipment = ctx;
	enum verdict verdict;

	shipment->told = i + 1;
	if (i >= shipment->batch->count)
		return;
	verdict = shipment->verdicts[i] = judge(shipment, item);
	switch (verdict) {
	case VERDICT_REJECTED:
		if (item->in_failure_store && item->type[0] == '\0')
			reject_item(shipment, i, item->status, "failure_store",
			    "the "
			    "server put it into the failure store of the data "
			    "stream");
		else
			reject_item(shipment, i, item->status, item->type,
			    item->reason);
		break;
	case VERDICT_RETRY:
	case VERDICT_STUMBLED:
	case VERDICT_CLUSTER:
	case VERDICT_FORBIDDEN:
	case VERDICT_MISFIT:
		note_why(shipment, i, item);
		break;
	case VERDICT_INDEXED:
	case VERDICT_DISCARDED:
	case VERDICT_DUPLICATE:
		break;
	}
}

/* The first time that this document, or others with it, got no readable answer. */
static void
suspect(struct shipment *shipment)
{
	if (shipment->suspect)
		return;
	shipment->suspect = true;
	shipment->answered = shipment->shipping->answered;
}

/*
 * A single document is the culprit only if other requests were answered
 * meanwhile: else it is the server that answers none, and all documents would
 * end in the dead letter file.
 */
static void
accuse_single(struct shipment *shipment, long status, const char *type,
    const char *reason)
{
	struct shipping *shipping = shipment->shipping;

	if (shipping->answered <= shipment->answered ||
	    shipping->answered <= shipping->answered_before) {
		say(shipping, type, reason);
		ship_later(shipment, shipment->attempt++);
		/* Such as the other half of its batch. */
		pump(shipping);
		return;
	}
	shipping->answered_before = shipping->answered;
	reject_single(shipment, status, type, reason);
}

/* The answer cannot be used: what became of the documents is not known. */
static void
take_unknown(struct shipment *shipment, const char *why)
{
	struct shipping *shipping = shipment->shipping;

	shipment->unknown++;
	suspect(shipment);
	if (shipping->config.auto_id)
		shipping->counts.maybe_duplicate += shipment->batch->count;
	if (shipment->unknown < UNKNOWN_MAX)
		ship_later(shipment, shipment->unknown - 1);
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

	if (++shipment->forbidden < FORBIDDEN_MAX ||
	    taken(shipment->shipping) > 0)
		return false;
	(void)snprintf(text, sizeof(text),
	    "%.800s: see --user, "
	    "--password-file and --api-key-file",
	    why);
	fail(shipment->shipping, OUTCOME_OUTPUT, text);
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

/* The inputs of the documents that have reached their final place learn it. */
static void
tell_inputs(const struct shipment *shipment)
{
	for (size_t i = 0; i < shipment->batch->count; i++) {
		struct ack *ack = shipment->batch->items[i].ack;

		if (shipment->verdicts[i] == VERDICT_REJECTED)
			ack_reject(ack);
		else if (!shipment->keep[i])
			ack_deliver(ack);
	}
}

/* Whether one of the names, which are separated by commas, is this. */
static bool
is_listed(const struct buffer *names, const char *name, size_t len)
{
	const char *at = names->data, *end = at + names->len;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t n = (size_t)((comma != NULL ? comma : end) - at);

		if (n == len && memcmp(at, name, len) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

/* The distinct indices of the batch, separated by commas, into names; their number, or 0 if they do not fit. */
static size_t
list_indices(const struct batch *batch, struct buffer *names)
{
	size_t count = 0, len;

	for (size_t i = 0; i < batch->count; i++) {
		const char *name = batch_index(batch, i, &len);

		if (count > 0 && is_listed(names, name, len))
			continue;
		if ((count > 0 && buffer_puts(names, ",") != 0) ||
		    buffer_append(names, name, len) != 0)
			return 0;
		count++;
	}
	return buffer_append(names, "", 1) == 0 ? count : 0;
}

static void
on_examined(void *ctx, enum mapping_check_finding finding, const char *text)
{
	struct shipment *shipment = ctx;
	struct shipping *shipping = shipment->shipping;
	char why[2200];

	if (shipping->stopped)
		return;
	(void)snprintf(why, sizeof(why), "%s (%.500s)", text, shipment->why);
	switch (finding) {
	case GUARD_BLIND:
		shipping->guard = NULL;
		__attribute__((fallthrough));
	case GUARD_OURS:
		shipment->examined = true;
		ship_now(shipment);
		return;
	case GUARD_GONE:
		/* By another name (an alias) an index is never found as it was asked for. */
		shipment->examined = ++shipment->gone >= GONE_MAX;
		break;
	case GUARD_WRONG:
		if (!shipping->config.is_patient) {
			fail(shipping, OUTCOME_OUTPUT, why);
			return;
		}
		say(shipping, "mapping", why);
		if (shipment->attempt < 2)
			shipment->attempt = 2;
		break;
	case GUARD_NO_ANSWER:
		break;
	}
	ship_later(shipment, shipment->attempt++);
}

/* Documents do not fit: they wait in the batch until it is known whose fault that is, and are sent again then. */
static void
examine(struct shipment *shipment)
{
	struct buffer names;
	size_t count;

	buffer_init(&names, NAMES_MAX);
	count = list_indices(shipment->batch, &names);
	if (count > 0)
		mapping_check_examine(shipment->shipping->guard, names.data, count,
		    on_examined, shipment);
	else
		halve(shipment);
	buffer_release(&names);
}

static void
resolve(struct shipment *shipment)
{
	struct shipping *shipping = shipment->shipping;
	size_t count = shipment->batch->count;
	uint64_t of[VERDICT_REJECTED + 1] = { 0 };

	for (size_t i = 0; i < count; i++) {
		enum verdict verdict = shipment->verdicts[i];

		of[verdict]++;
		shipment->keep[i] = verdict != VERDICT_INDEXED &&
		    verdict != VERDICT_DISCARDED &&
		    verdict != VERDICT_DUPLICATE && verdict != VERDICT_REJECTED;
	}
	shipping->answered++;
	if (of[VERDICT_STUMBLED] == 0)
		shipment->stumbled = 0;
	else if (shipment->stumbled++ == 0)
		shipment->taken_before = taken(shipping);
	shipping->counts.delivered += of[VERDICT_INDEXED];
	shipping->counts.discarded += of[VERDICT_DISCARDED];
	shipping->counts.duplicate += of[VERDICT_DUPLICATE];
	shipment->held = of[VERDICT_MISFIT] > 0;
	/* If they cannot be kept they are not resolved: unsent, and the end. */
	if (reject_done(shipping, of[VERDICT_REJECTED]) != 0)
		return;
	tell_inputs(shipment);
	keep_items(shipment);
	if (shipment->batch->count == 0) {
		release_slot(shipment);
		return;
	}
	if (shipment->batch->count < count)
		shipment->attempt = 0;
	shipment->unknown = 0;
	shipment->suspect = shipment->examined = false;
	if (of[VERDICT_FORBIDDEN] > 0 && give_up(shipment, shipment->why))
		return;
	if (shipment->held) {
		examine(shipment);
		return;
	}
	if (of[VERDICT_FORBIDDEN] > 0)
		say_remedy(shipping, shipment->kind, shipment->why);
	else
		say(shipping, shipment->kind, shipment->why);
	if (of[VERDICT_CLUSTER] > 0 && shipment->attempt < 2)
		shipment->attempt = 2;
	ship_later(shipment, shipment->attempt++);
}

static void
take_items(struct shipment *shipment, size_t node,
    const struct http_reply *reply)
{
	struct shipping *shipping = shipment->shipping;
	struct bulk_reply_handler handler = { on_item, shipment };
	size_t count = shipment->batch->count;
	char why[400];
	long told;

	shipment->keep = xreallocarray(shipment->keep, count,
	    sizeof(*shipment->keep));
	shipment->verdicts = xreallocarray(shipment->verdicts, count,
	    sizeof(*shipment->verdicts));
	shipment->told = 0;
	/* What is forgotten below must be the reply's only. */
	shipping->handler.on_reply(shipping->handler.ctx);
	told = bulk_reply_parse(reply->body, reply->len, &handler);
	if (told >= 0 && (size_t)told == count) {
		cluster_praise(shipping->cluster, node);
		resolve(shipment);
		return;
	}
	rejects_forget(shipping->rejects);
	if (told >= 0)
		(void)snprintf(why, sizeof(why),
		    "%s: the reply tells of %ld "
		    "documents where %zu were sent",
		    cluster_url(shipping->cluster, node), told, count);
	else
		(void)snprintf(why, sizeof(why),
		    "%s: the reply cannot be "
		    "read: %.*s",
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
	say_remedy(shipment->shipping, kind, why);
	ship_later(shipment, shipment->forbidden);
}

static void
fail_redirected(struct shipping *shipping, size_t node,
    const struct http_reply *reply)
{
	char why[1000];

	(void)snprintf(why, sizeof(why),
	    "%s redirects to %s, "
	    "which is not followed: give that address to "
	    "--node",
	    cluster_url(shipping->cluster, node),
	    reply->location[0] != '\0' ?
		reply->location :
		"nowhere");
	fail(shipping, OUTCOME_OUTPUT, why);
}

/* A whole request that was answered with an error. */
static void
take_refusal(struct shipment *shipment, size_t node,
    const struct http_reply *reply)
{
	struct shipping *shipping = shipment->shipping;
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
		ship_later(shipment, shipment->attempt++);
		break;
	case VERDICT_REQUEST_TOO_LARGE:
		if (shipment->batch->count > 1)
			halve(shipment);
		else
			reject_single(shipment, reply->status,
			    "request_too_large",
			    "the document is larger than "
			    "the server takes: --max-doc cuts it");
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
		if (shipment->attempt < 2)
			shipment->attempt = 2;
		__attribute__((fallthrough));
	case VERDICT_REQUEST_BUSY:
	case VERDICT_REQUEST_BLOCKED:
	case VERDICT_REQUEST_ITEMS:
		say(shipping, kind, why);
		ship_later(shipment, shipment->attempt++);
		break;
	}
}

static void
on_reply(void *ctx, size_t node, const struct http_reply *reply)
{
	struct shipment *shipment = ctx;
	struct shipping *shipping = shipment->shipping;
	char why[600];

	shipping->counts.in_flight -= shipment->batch->count;
	buffer_release(&shipment->zipped);
	if (shipping->stopped)
		return;
	shipment->retry_after = reply->retry_after;
	/* What was seen before holds for this reply only. */
	if (reply->fault != HTTP_ANSWERED || reply->status != 200)
		shipment->examined = false;
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

/* Sending. */

static void
ship(struct shipment *shipment)
{
	struct shipping *shipping = shipment->shipping;
	const struct shipping_config *config = &shipping->config;
	struct cluster_request request = { .method = "POST",
		.content_type = "application/x-ndjson",
		.body = shipment->batch->body.data,
		.len = shipment->batch->body.len,
		.reply_max = REPLY_MAX };
	char *path;

	if (shipping->stopped)
		return;
	if (config->compress &&
	    compress_gzip(&shipment->batch->body, &shipment->zipped) == 0) {
		request.body = shipment->zipped.data;
		request.len = shipment->zipped.len;
		request.is_gzip = true;
	}
	path = xasprintf(
	    "/_bulk?filter_path=errors,items.*.status,"
	    "items.*.error,items.*.failure_store%s%s",
	    config->pipeline != NULL ? "&pipeline=" : "",
	    config->pipeline != NULL ? config->pipeline : "");
	request.path = path;
	shipping->counts.in_flight += shipment->batch->count;
	cluster_send(shipping->cluster, &request, on_reply, shipment);
	free(path);
}

static void
free_shipments(struct shipments *shipments)
{
	struct shipment *shipment;

	while ((shipment = TAILQ_FIRST(shipments)) != NULL) {
		TAILQ_REMOVE(shipments, shipment, next);
		shipment_free(shipment);
	}
}

struct shipping *
shipping_new(struct loop *loop, struct log *log,
    const struct shipping_config *config, struct cluster *cluster,
    struct rejects *rejects, const struct shipping_handler *handler)
{
	struct shipping *shipping = xcalloc(1, sizeof(*shipping));

	shipping->loop = loop;
	shipping->log = log;
	shipping->config = *config;
	shipping->cluster = cluster;
	shipping->rejects = rejects;
	shipping->handler = *handler;
	TAILQ_INIT(&shipping->queue);
	TAILQ_INIT(&shipping->slots);
	return shipping;
}

void
shipping_free(struct shipping *shipping)
{
	if (shipping == NULL)
		return;
	free_shipments(&shipping->queue);
	free_shipments(&shipping->slots);
	free(shipping);
}

void
shipping_start(struct shipping *shipping)
{
	shipping->started = true;
	pump(shipping);
}

void
shipping_mapping_check(struct shipping *shipping, struct mapping_check *guard)
{
	shipping->guard = guard;
}

void
shipping_stop(struct shipping *shipping)
{
	shipping->stopped = true;
}

void
shipping_add(struct shipping *shipping, struct batch *batch)
{
	struct shipment *shipment = shipment_new(shipping, batch);

	TAILQ_INSERT_TAIL(&shipping->queue, shipment, next);
	pump(shipping);
}

struct sink_counts
shipping_counts(const struct shipping *shipping)
{
	return shipping->counts;
}

const char *
shipping_trouble(const struct shipping *shipping)
{
	return shipping->log_limit.text;
}

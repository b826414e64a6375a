/* Documents to Elasticsearch or OpenSearch: batches, a few in flight, each settled item by item. */
#include "sink/sink_server.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/xalloc.h"
#include "sink/backoff.h"
#include "sink/batch.h"
#include "sink/bulk_reply.h"
#include "sink/day.h"
#include "sink/verdict.h"
#include "sink/zip.h"

/* Bulk requests that are not settled at the same time, those that wait for another try among them. */
#define SLOTS 4
#define REPLY_MAX ((size_t)64 << 20)
/* A batch waits so long for more documents. */
#define FLUSH_MS 1000
/* The same request without a readable answer so often: something in it may be the cause. */
#define UNKNOWN_MAX 3
#define FORBIDDEN_MAX 3
/* Documents rejected for their day that may wait to be synced together. */
#define UNSYNCED_MAX 1000
/* What does not change is said once in so many seconds. */
#define SAY_SECONDS 60
/* flat_object keeps a value with its path in one Lucene term of 32,766 bytes. */
#define FLAT_OBJECT_VALUE 32000

struct shipment {
	struct server *server;
	struct batch *batch;
	struct buffer zipped;
	struct event *again;
	unsigned attempt, unknown, forbidden;
	bool suspect;		/* it, or what it was halved from, got no readable answer */
	uint64_t answered;	/* server->answered when that was first so */
	bool *keep;
	enum verdict *verdicts;
	size_t told;		/* items of the reply */
	long retry_after;
	char why[512];		/* what the last item kept was answered */
	TAILQ_ENTRY(shipment) next;
};

TAILQ_HEAD(shipments, shipment);

struct server {
	struct sink sink;
	struct loop *loop;
	struct log *log;
	const struct sink_server_rules *rules;
	struct sink_handler handler;
	struct cluster *cluster;
	struct setup *setup;
	enum template_engine engine;
	bool ready, ended;

	struct batch *open;
	struct event *flush;
	struct shipments queue, slots;
	size_t slot_count;
	size_t bytes;		/* of all batches */
	uint64_t documents;	/* in all batches */
	bool was_full;

	struct event *watch;
	time_t settled_at;	/* monotonic seconds */
	uint64_t answered;	/* bulk requests with a readable answer */
	uint64_t answered_before;	/* that at the last document given up without one */
	char first_reason[600];	/* why the first document was rejected */
	char trouble[600];
	time_t said;
	char said_text[600];

	uint8_t days[DAY_UNDATED / 8 + 1];
	uint64_t day_count;
	uint64_t unsynced;	/* in the dead letter file for their day, and not safe there yet */
	char *index;
	struct sink_counts counts;
	bool failed;
	struct error error;
};

static void ship(struct shipment *shipment);
static void sync_days(void *ctx);
static void pump(struct server *server);

static struct server *
self(struct sink *sink)
{
	return (struct server *)sink;
}

static const struct server *
const_self(const struct sink *sink)
{
	return (const struct server *)sink;
}

static time_t
seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Failing, and saying what is wrong. */

static void
tell_failure(void *ctx)
{
	struct server *server = ctx;

	server->handler.on_fail(server->handler.ctx);
}

static void
fail(struct server *server, enum outcome outcome, const char *text)
{
	if (server->failed)
		return;
	server->failed = true;
	(void)error_set(&server->error, outcome, "%s", text);
	event_del(server->watch);
	loop_defer(server->loop, tell_failure, server);
}

static void
say(struct server *server, const char *text)
{
	size_t len;

	(void)snprintf(server->trouble, sizeof(server->trouble), "%s", text);
	if (strcmp(server->said_text, text) == 0 &&
	    seconds() - server->said < SAY_SECONDS)
		return;
	/* Different texts in turn would be no better than the same one. */
	if (server->said_text[0] != '\0' && seconds() == server->said)
		return;
	(void)snprintf(server->said_text, sizeof(server->said_text), "%s", text);
	server->said = seconds();
	/* Reasons of the server end in a semicolon or a full stop, or in neither. */
	for (len = strlen(text); len > 0 && strchr(";. ", text[len - 1]) != NULL;)
		len--;
	log_note(server->log, "%.*s; trying again", (int)len, text);
}

static void
on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct server *server = ctx;
	uint64_t ms = (uint64_t)(seconds() - server->settled_at) * 1000;
	const char *trouble = server->trouble[0] != '\0' ? server->trouble :
	    cluster_trouble(server->cluster);
	char text[900];

	(void)fd;
	(void)what;
	/* With nothing to deliver there is nothing to wait for. */
	if (server->ready && server->documents == 0)
		server->settled_at = seconds();
	else if (server->rules->retry_for > 0 &&
	    ms >= server->rules->retry_for) {
		(void)snprintf(text, sizeof(text), "gave up after %llu s "
		    "without any progress (--retry-for): %.700s",
		    (unsigned long long)(ms / 1000),
		    trouble[0] != '\0' ? trouble : "the server is too slow");
		fail(server, OUTCOME_OUTPUT, text);
	}
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
shipment_new(struct server *server, struct batch *batch)
{
	struct shipment *shipment = xcalloc(1, sizeof(*shipment));

	shipment->server = server;
	shipment->batch = batch;
	buffer_init(&shipment->zipped, BATCH_MAX);
	shipment->again = evtimer_new(loop_base(server->loop), on_again,
	    shipment);
	if (shipment->again == NULL)
		abort();	/* out of memory */
	return shipment;
}

static bool
is_full(const struct server *server)
{
	return server->bytes >= server->rules->memory / 2;
}

static void
tell_drain(void *ctx)
{
	struct server *server = ctx;

	server->handler.on_drain(server->handler.ctx);
}

static void
check_drain(struct server *server)
{
	bool all = server->ended && server->documents == 0;

	if (!all && !(server->was_full &&
	    server->bytes < server->rules->memory / 4))
		return;
	server->was_full = false;
	loop_defer(server->loop, tell_drain, server);
}

/* The batch that is being filled goes to the queue. */
static void
close_batch(struct server *server)
{
	struct shipment *shipment;

	event_del(server->flush);
	if (server->open->count == 0)
		return;
	shipment = shipment_new(server, server->open);
	TAILQ_INSERT_TAIL(&server->queue, shipment, next);
	server->open = batch_new();
	pump(server);
}

static void
on_flush(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	close_batch(ctx);
}

static void
release_slot(struct shipment *shipment)
{
	struct server *server = shipment->server;

	TAILQ_REMOVE(&server->slots, shipment, next);
	server->slot_count--;
	shipment_free(shipment);
	pump(server);
	check_drain(server);
}

static void
pump(struct server *server)
{
	struct shipment *shipment;

	while (server->ready && !server->failed &&
	    server->slot_count < SLOTS &&
	    (shipment = TAILQ_FIRST(&server->queue)) != NULL) {
		TAILQ_REMOVE(&server->queue, shipment, next);
		TAILQ_INSERT_TAIL(&server->slots, shipment, next);
		server->slot_count++;
		ship(shipment);
	}
}

static void
ship_later(struct shipment *shipment, unsigned attempt)
{
	uint64_t ms = backoff_delay(shipment->server->rules->backoff, attempt);

	shipment->server->counts.retries++;
	if (ms < (uint64_t)shipment->retry_after * 1000)
		ms = (uint64_t)shipment->retry_after * 1000;
	loop_start_timer(shipment->again, ms);
}

static void
ship_now(struct shipment *shipment)
{
	shipment->server->counts.retries++;
	loop_start_timer(shipment->again, 0);
}

/* In two halves, each of which begins anew. */
static void
halve(struct shipment *shipment)
{
	struct server *server = shipment->server;
	struct shipment *other = shipment_new(server,
	    batch_split(shipment->batch));

	shipment->unknown = shipment->attempt = 0;
	other->suspect = shipment->suspect;
	other->answered = shipment->answered;
	TAILQ_INSERT_HEAD(&server->queue, other, next);
	ship_now(shipment);
}

/* Answers. */

/* Takes the items that are not kept off the batch. */
static void
keep_items(struct shipment *shipment)
{
	struct server *server = shipment->server;
	size_t bytes = shipment->batch->body.len,
	    count = shipment->batch->count;

	batch_keep(shipment->batch, shipment->keep);
	server->bytes -= bytes - shipment->batch->body.len;
	server->documents -= count - shipment->batch->count;
}

static void
bury(struct shipment *shipment, size_t i, long status, const char *type,
    const char *reason)
{
	struct dead_letter_entry entry = { .status = status, .type = type,
		.reason = reason };

	if (shipment->server->first_reason[0] == '\0')
		(void)snprintf(shipment->server->first_reason,
		    sizeof(shipment->server->first_reason),
		    "%ld %s: %.400s", status, type, reason);
	entry.index = batch_index(shipment->batch, i, &entry.index_len);
	entry.id = batch_id(shipment->batch, i, &entry.id_len);
	entry.document = batch_document(shipment->batch, i,
	    &entry.document_len);
	dead_letter_add(shipment->server->rules->dead_letter, &entry);
}

static int
bury_done(struct server *server, uint64_t count)
{
	struct error error;

	if (count == 0)
		return 0;
	if (dead_letter_sync(server->rules->dead_letter, &error) != 0) {
		fail(server, error.outcome, error.text);
		return -1;
	}
	if (server->counts.rejected == 0)
		log_error(server->log, "documents were rejected: they are in "
		    "%.300s with the reasons, the first of them: %s",
		    dead_letter_name(server->rules->dead_letter),
		    server->first_reason);
	server->counts.rejected += count;
	return 0;
}

/* The one document of the batch is not to be had into the server. */
static void
reject_single(struct shipment *shipment, long status, const char *type,
    const char *reason)
{
	struct server *server = shipment->server;

	bury(shipment, 0, status, type, reason);
	if (bury_done(server, 1) != 0)
		return;
	shipment->keep = xreallocarray(shipment->keep, 1,
	    sizeof(*shipment->keep));
	shipment->keep[0] = false;
	keep_items(shipment);
	release_slot(shipment);
}

static void
on_item(void *ctx, size_t i, const struct bulk_reply_item *item)
{
	struct shipment *shipment = ctx;
	const struct sink_server_rules *rules = shipment->server->rules;
	const char *name;
	size_t len;

	shipment->told = i + 1;
	if (i >= shipment->batch->count)
		return;
	shipment->verdicts[i] = verdict_of_item(item->status, item->type,
	    strlen(item->type), item->reason, strlen(item->reason),
	    !rules->auto_id);
	switch (shipment->verdicts[i]) {
	case VERDICT_REJECTED:
		bury(shipment, i, item->status, item->type, item->reason);
		break;
	case VERDICT_RETRY:
	case VERDICT_CLUSTER:
	case VERDICT_FORBIDDEN:
		name = batch_index(shipment->batch, i, &len);
		(void)snprintf(shipment->why, sizeof(shipment->why),
		    "index %.*s: %ld %s: %.300s", (int)len, name, item->status,
		    item->type, item->reason);
		break;
	case VERDICT_INDEXED:
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
	shipment->answered = shipment->server->answered;
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
	struct server *server = shipment->server;

	if (server->answered <= shipment->answered ||
	    server->answered <= server->answered_before) {
		say(server, reason);
		ship_later(shipment, shipment->attempt++);
		return;
	}
	server->answered_before = server->answered;
	reject_single(shipment, status, type, reason);
}

/* The answer cannot be used: what became of the documents is not known. */
static void
take_unknown(struct shipment *shipment, const char *why)
{
	struct server *server = shipment->server;

	shipment->unknown++;
	suspect(shipment);
	if (server->rules->auto_id)
		server->counts.maybe_duplicate += shipment->batch->count;
	if (shipment->unknown < UNKNOWN_MAX)
		ship_later(shipment, shipment->unknown - 1);
	else if (shipment->batch->count > 1)
		halve(shipment);
	else
		accuse_single(shipment, 0, "no_answer", why);
}

/* Credentials that never did anything are wrong; those that did may be in the middle of a change. */
static bool
is_hopeless(struct shipment *shipment)
{
	const struct sink_counts *counts = &shipment->server->counts;

	return ++shipment->forbidden >= FORBIDDEN_MAX &&
	    counts->delivered + counts->duplicate == 0;
}

static void
settle(struct shipment *shipment)
{
	struct server *server = shipment->server;
	size_t count = shipment->batch->count;
	uint64_t indexed = 0, duplicate = 0, rejected = 0;
	bool slow = false, forbidden = false;

	for (size_t i = 0; i < count; i++) {
		enum verdict verdict = shipment->verdicts[i];

		indexed += verdict == VERDICT_INDEXED;
		duplicate += verdict == VERDICT_DUPLICATE;
		rejected += verdict == VERDICT_REJECTED;
		slow |= verdict == VERDICT_CLUSTER;
		forbidden |= verdict == VERDICT_FORBIDDEN;
		shipment->keep[i] = verdict == VERDICT_RETRY ||
		    verdict == VERDICT_CLUSTER || verdict == VERDICT_FORBIDDEN;
	}
	server->answered++;
	server->counts.delivered += indexed;
	server->counts.duplicate += duplicate;
	/* If they cannot be kept they are not settled: unsent, and the end. */
	if (bury_done(server, rejected) != 0)
		return;
	keep_items(shipment);
	if (shipment->batch->count < count)
		server->settled_at = seconds();
	if (shipment->batch->count == 0) {
		release_slot(shipment);
		return;
	}
	if (shipment->batch->count < count)
		shipment->attempt = 0;
	shipment->unknown = 0;
	shipment->suspect = false;
	say(server, shipment->why);
	if (forbidden && is_hopeless(shipment)) {
		fail(server, OUTCOME_OUTPUT, shipment->why);
		return;
	}
	if (slow && shipment->attempt < 2)
		shipment->attempt = 2;
	ship_later(shipment, shipment->attempt++);
	check_drain(server);
}

static void
take_items(struct shipment *shipment, size_t node,
    const struct http_reply *reply)
{
	struct server *server = shipment->server;
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
	sync_days(server);
	told = bulk_reply_parse(reply->body, reply->len, &handler);
	if (told >= 0 && (size_t)told == count) {
		cluster_praise(server->cluster, node);
		settle(shipment);
		return;
	}
	dead_letter_forget(server->rules->dead_letter);
	if (server->counts.rejected == 0)
		server->first_reason[0] = '\0';
	if (told >= 0)
		(void)snprintf(why, sizeof(why), "%s: the reply tells of %ld "
		    "documents where %zu were sent",
		    cluster_url(server->cluster, node), told, count);
	else
		(void)snprintf(why, sizeof(why), "%s: the reply cannot be "
		    "read: %.*s", cluster_url(server->cluster, node),
		    (int)(reply->len < 200 ? reply->len : 200), reply->body);
	say(server, why);
	take_unknown(shipment, why);
}

static void
take_forbidden(struct shipment *shipment, const char *why)
{
	if (is_hopeless(shipment)) {
		fail(shipment->server, OUTCOME_OUTPUT, why);
		return;
	}
	say(shipment->server, why);
	ship_later(shipment, shipment->forbidden);
}

/* A whole request that was answered with an error. */
static void
take_refusal(struct shipment *shipment, size_t node,
    const struct http_reply *reply)
{
	struct server *server = shipment->server;
	struct bulk_reply_item item;
	char why[1000];

	(void)bulk_reply_error(reply->body, reply->len, &item);
	(void)snprintf(why, sizeof(why), "%s: HTTP status %ld%s%s: %.600s",
	    cluster_url(server->cluster, node), reply->status,
	    item.type[0] != '\0' ? " " : "", item.type, item.reason);
	switch (verdict_of_request(reply->status, item.type,
	    strlen(item.type), item.reason, strlen(item.reason))) {
	case VERDICT_REQUEST_NODE:
		cluster_blame(server->cluster, node, why +
		    strlen(cluster_url(server->cluster, node)) + 2);
		(void)snprintf(server->trouble, sizeof(server->trouble),
		    "%.590s", why);
		ship_later(shipment, shipment->attempt++);
		break;
	case VERDICT_REQUEST_TOO_LARGE:
		if (shipment->batch->count > 1)
			halve(shipment);
		else
			reject_single(shipment, reply->status,
			    "request_too_large", "the document is larger than "
			    "the server takes: --max-doc cuts it");
		break;
	case VERDICT_REQUEST_FORBIDDEN:
		take_forbidden(shipment, why);
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
			(void)snprintf(why, sizeof(why), "%s redirects to %s, "
			    "which is not followed: give that address to "
			    "--node", cluster_url(server->cluster, node),
			    reply->location);
			fail(server, OUTCOME_OUTPUT, why);
			break;
		}
		if (shipment->attempt < 2)
			shipment->attempt = 2;
		__attribute__((fallthrough));
	case VERDICT_REQUEST_BUSY:
	case VERDICT_REQUEST_BLOCKED:
	case VERDICT_REQUEST_ITEMS:
		say(server, why);
		ship_later(shipment, shipment->attempt++);
		break;
	}
}

static void
on_reply(void *ctx, size_t node, const struct http_reply *reply)
{
	struct shipment *shipment = ctx;
	struct server *server = shipment->server;
	char why[600];

	server->counts.in_flight -= shipment->batch->count;
	buffer_release(&shipment->zipped);
	if (server->failed)
		return;
	shipment->retry_after = reply->retry_after;
	if (reply->fault != HTTP_ANSWERED) {
		/* The cluster has said it already. */
		(void)snprintf(why, sizeof(why), "%s: %s",
		    cluster_url(server->cluster, node), reply->text);
		(void)snprintf(server->trouble, sizeof(server->trouble), "%s",
		    why);
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
	struct server *server = shipment->server;
	const struct sink_server_rules *rules = server->rules;
	struct cluster_request request = { .method = "POST",
		.content_type = "application/x-ndjson",
		.body = shipment->batch->body.data,
		.len = shipment->batch->body.len, .reply_max = REPLY_MAX };
	char *path;

	if (server->failed)
		return;
	if (rules->compress && zip_gzip(&shipment->batch->body,
	    &shipment->zipped) == 0) {
		request.body = shipment->zipped.data;
		request.len = shipment->zipped.len;
		request.is_gzip = true;
	}
	path = xasprintf("/_bulk?filter_path=errors,items.*.status,"
	    "items.*.error%s%s", rules->setup.pipeline != NULL ? "&pipeline=" :
	    "", rules->setup.pipeline != NULL ? rules->setup.pipeline : "");
	request.path = path;
	server->counts.in_flight += shipment->batch->count;
	cluster_send(server->cluster, &request, on_reply, shipment);
	free(path);
}

/* What the owner gives. */

static void
added(struct server *server, size_t bytes)
{
	server->bytes += bytes;
	server->documents++;
	if (server->open->count == 1)
		loop_start_timer(server->flush, FLUSH_MS);
	if (is_full(server))
		server->was_full = true;
	/* Nothing more comes while it is full: waiting for more would be idle. */
	if (server->open->count >= server->rules->chunk ||
	    server->open->body.len >= server->rules->chunk_bytes ||
	    is_full(server))
		close_batch(server);
}

int
sink_server_write_as(struct sink *sink, const char *index, size_t index_len,
    const char *id, size_t id_len, const char *json, size_t len)
{
	struct server *server = self(sink);
	size_t before = server->open->body.len;

	if (server->failed)
		return 0;
	if (server->open->count > 0 && before + len + 128 + index_len + id_len >
	    server->rules->chunk_bytes) {
		close_batch(server);
		before = 0;
	}
	if (batch_add(server->open, index, index_len, id, id_len, json,
	    len) != 0)
		return -1;
	added(server, server->open->body.len - before);
	return 0;
}

/* Whether the index of this day may be written to in this run. */
static bool
open_day(struct server *server, uint32_t day)
{
	uint8_t bit = (uint8_t)(1 << (day % 8)), *byte = &server->days[day / 8];

	if ((*byte & bit) != 0)
		return true;
	if (server->day_count >= server->rules->max_indices)
		return false;
	*byte |= bit;
	server->day_count++;
	return true;
}

/* Many at a time: each sync takes the disk as long as hundreds of documents. */
static void
sync_days(void *ctx)
{
	struct server *server = ctx;
	uint64_t count = server->unsynced;

	if (count == 0 || server->failed)
		return;
	server->unsynced = 0;
	if (bury_done(server, count) != 0)
		return;
	server->documents -= count;
	server->settled_at = seconds();
	check_drain(server);
}

static void
reject_day(struct server *server, const struct document_ready *ready,
    const char *id)
{
	struct dead_letter_entry entry = { .index = server->index,
		.index_len = strlen(server->index), .id = id,
		.id_len = id == NULL ? 0 : strlen(id),
		.type = "espcap_max_indices", .reason = "the packets of this "
		"run are of more days than --max-indices allows",
		.document = ready->json, .document_len = ready->len };

	if (server->first_reason[0] == '\0')
		(void)snprintf(server->first_reason,
		    sizeof(server->first_reason), "%s", entry.reason);
	dead_letter_add(server->rules->dead_letter, &entry);
	server->documents++;
	if (server->unsynced++ == 0)
		loop_defer(server->loop, sync_days, server);
	/* They take memory until then. */
	if (server->unsynced == UNSYNCED_MAX)
		sync_days(server);
}

static void
server_write(struct sink *sink, const struct document_ready *ready)
{
	struct server *server = self(sink);
	size_t prefix = strlen(server->rules->setup.template.prefix);
	uint32_t day = day_of(ready->has_time, ready->sec);
	char id[BATCH_ID_LEN];
	const char *given = server->rules->auto_id ? NULL : id;

	if (server->failed)
		return;
	day_suffix(day, server->index + prefix);
	batch_id_text(ready->id, id);
	if (!open_day(server, day))
		reject_day(server, ready, given);
	else if (sink_server_write_as(sink, server->index,
	    strlen(server->index), given, given == NULL ? 0 : strlen(id),
	    ready->json, ready->len) != 0)
		fail(server, OUTCOME_INTERNAL,
		    "a document does not fit into any request");
}

static void
server_end(struct sink *sink)
{
	struct server *server = self(sink);

	server->ended = true;
	close_batch(server);
	check_drain(server);
}

static bool
server_is_full(const struct sink *sink)
{
	return is_full(const_self(sink));
}

static bool
server_is_empty(const struct sink *sink)
{
	return const_self(sink)->documents == 0;
}

static size_t
server_value_max(const struct sink *sink)
{
	return const_self(sink)->engine == TEMPLATE_OPENSEARCH ?
	    FLAT_OBJECT_VALUE : 0;
}

static struct sink_counts
server_counts(const struct sink *sink)
{
	return const_self(sink)->counts;
}

static enum outcome
server_failure(const struct sink *sink, struct error *error)
{
	*error = const_self(sink)->error;
	return const_self(sink)->error.outcome;
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

static void
server_free(struct sink *sink)
{
	struct server *server = self(sink);

	cluster_free(server->cluster);
	setup_free(server->setup);
	free_shipments(&server->queue);
	free_shipments(&server->slots);
	batch_free(server->open);
	event_free(server->flush);
	event_free(server->watch);
	free(server->index);
	free(server);
}

static const struct sink_type sink_server_type = {
	.write = server_write,
	.end = server_end,
	.is_full = server_is_full,
	.is_empty = server_is_empty,
	.value_max = server_value_max,
	.counts = server_counts,
	.failure = server_failure,
	.free = server_free
};

static void
on_setup(void *ctx, enum template_engine engine)
{
	struct server *server = ctx;

	server->engine = engine;
	server->ready = true;
	server->settled_at = seconds();
	server->handler.on_ready(server->handler.ctx);
	pump(server);
}

static void
on_setup_failed(void *ctx, const struct error *error)
{
	fail(ctx, error->outcome, error->text);
}

void
sink_server_authorize(struct sink *sink, const char *authorization)
{
	cluster_authorize(self(sink)->cluster, authorization);
}

struct sink *
sink_server_new(struct loop *loop, struct log *log,
    const struct sink_server_rules *rules, const struct sink_handler *handler,
    struct error *error)
{
	static const struct timeval tick = { 0, 250000 };
	struct server *server = xcalloc(1, sizeof(*server));
	struct setup_handler setup = { on_setup, on_setup_failed, server };

	server->sink.type = &sink_server_type;
	server->loop = loop;
	server->log = log;
	server->rules = rules;
	server->handler = *handler;
	server->settled_at = seconds();
	TAILQ_INIT(&server->queue);
	TAILQ_INIT(&server->slots);
	server->cluster = cluster_new(loop, log, &rules->cluster, error);
	if (server->cluster == NULL) {
		free(server);
		return NULL;
	}
	server->index = xasprintf("%s-2000-01-01",
	    rules->setup.template.prefix);
	server->open = batch_new();
	server->flush = evtimer_new(loop_base(loop), on_flush, server);
	server->watch = event_new(loop_base(loop), -1, EV_PERSIST, on_watch,
	    server);
	if (server->flush == NULL || server->watch == NULL ||
	    event_add(server->watch, &tick) != 0)
		abort();	/* out of memory */
	server->setup = setup_new(loop, log, server->cluster, &rules->setup,
	    &setup);
	return &server->sink;
}

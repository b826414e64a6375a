/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents to Elasticsearch or OpenSearch: each joins a batch, and what is full goes on its way. */
#include "sink/sink_server.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ack.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "server/day.h"
#include "sink/batch.h"
#include "sink/mapping_check.h"
#include "sink/refresh.h"
#include "sink/rejects.h"
#include "sink/shipping.h"

/* Documents rejected for their day that may wait to be synced together. */
#define UNSYNCED_MAX 1000
/* flat_object keeps a value with its path in one Lucene term of 32,766 bytes. */
#define FLAT_OBJECT_VALUE 32000

struct server {
	struct sink sink;
	struct loop *loop;
	struct log *log;
	const struct sink_server_config *config;
	struct sink_handler handler;
	struct cluster *cluster;
	struct setup *setup;
	enum template_engine engine;
	bool ready, ended;

	struct batch *open;
	struct event *flush;
	struct shipping *shipping;
	struct mapping_check *guard; /* NULL if the template is none of espcap's */
	size_t bytes;                /* of all batches */
	uint64_t documents;          /* in all batches */
	bool was_full;
	struct refresh *refresh;  /* NULL if there is none at the end */
	bool is_closing, is_over; /* all documents are resolved after the end; the refresh is over, too */

	struct event *watch;
	uint64_t resolved_at; /* clock_seconds; or when there was last nothing to deliver */
	uint64_t last;        /* clock_ms when a document was resolved; 0: never */
	uint64_t retry_for;   /* as in rules, until it is changed */

	struct day_set days; /* whose indices this run writes to */
	struct rejects rejects;
	uint64_t unsynced; /* rejected for their day, and not safe in the dead letter file yet */
	struct ack *unsynced_of[UNSYNCED_MAX];
	char *index;
	bool failed;
	struct error error;
};

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

/* Failing. */

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
	shipping_stop(server->shipping);
	event_del(server->watch);
	loop_defer(server->loop, tell_failure, server);
}

static void
on_ship_failed(void *ctx, enum outcome outcome, const char *text)
{
	fail(ctx, outcome, text);
}

static void
on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct server *server = ctx;
	uint64_t ms = (clock_seconds() - server->resolved_at) * 1000;
	const char *trouble = shipping_trouble(server->shipping);
	char text[900];

	if (trouble[0] == '\0')
		trouble = cluster_trouble(server->cluster);
	(void)fd;
	(void)what;
	/* With nothing to deliver there is nothing to wait for. */
	if (server->ready && server->documents == 0)
		server->resolved_at = clock_seconds();
	else if (server->retry_for > 0 && ms >= server->retry_for) {
		(void)snprintf(text, sizeof(text),
		    "gave up after %llu s "
		    "without any progress (--retry-for): %.700s",
		    (unsigned long long)(ms / 1000),
		    trouble[0] != '\0' ? trouble : "the server is too slow");
		fail(server, OUTCOME_OUTPUT, text);
	}
}

/* Batches. */

static bool
is_full(const struct server *server)
{
	return server->bytes >= server->config->memory / 2;
}

static void
tell_drain(void *ctx)
{
	struct server *server = ctx;

	server->handler.on_drain(server->handler.ctx);
}

static void
on_refreshed(void *ctx)
{
	struct server *server = ctx;

	server->is_over = true;
	loop_defer(server->loop, tell_drain, server);
}

/* All documents are resolved. If the server has none of them there is nothing to see. */
static void
close_up(struct server *server)
{
	struct sink_counts counts = shipping_counts(server->shipping);

	if (server->is_closing)
		return;
	server->is_closing = true;
	if (server->refresh != NULL && counts.delivered + counts.duplicate > 0)
		refresh_start(server->refresh);
	else
		on_refreshed(server);
}

static void
check_drain(struct server *server)
{
	if (server->ended && server->documents == 0) {
		close_up(server);
		return;
	}
	if (!(server->was_full && server->bytes < server->config->memory / 4))
		return;
	server->was_full = false;
	loop_defer(server->loop, tell_drain, server);
}

/* The batch that is being filled goes to the queue. */
static void
close_batch(struct server *server)
{
	struct batch *full = server->open;

	event_del(server->flush);
	if (full->count == 0)
		return;
	server->open = batch_new();
	shipping_add(server->shipping, full);
}

static void
on_flush(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	close_batch(ctx);
}

static void
resolved(struct server *server, uint64_t documents)
{
	server->documents -= documents;
	server->last = clock_ms();
	server->resolved_at = server->last / 1000;
	check_drain(server);
}

static void
on_resolved(void *ctx, uint64_t documents, size_t bytes)
{
	struct server *server = ctx;

	server->bytes -= bytes;
	resolved(server, documents);
}

/* What the owner gives. */

static void
added(struct server *server, size_t bytes)
{
	server->bytes += bytes;
	server->documents++;
	if (server->open->count == 1)
		loop_start_timer(server->flush, server->config->latency);
	if (is_full(server))
		server->was_full = true;
	/* Nothing more comes while it is full: waiting for more would be idle. */
	if (server->open->count >= server->config->chunk ||
	    server->open->body.len >= server->config->chunk_bytes ||
	    is_full(server))
		close_batch(server);
}

static int
write_as(struct server *server, const char *index, size_t index_len,
    const char *id, size_t id_len, const struct document_ready *ready)
{
	size_t len = ready->len;
	size_t before = server->open->body.len;

	if (server->failed)
		return 0;
	if (server->open->count > 0 &&
	    before + len + 128 + index_len + id_len >
		server->config->chunk_bytes) {
		close_batch(server);
		before = 0;
	}
	if (batch_add(server->open, index, index_len, id, id_len, ready->json,
		len) != 0)
		return -1;
	batch_set_ack(server->open, ready->ack);
	if (server->refresh != NULL)
		refresh_note(server->refresh, index, index_len);
	added(server, server->open->body.len - before);
	return 0;
}

static int
server_write_as(struct sink *sink, const struct sink_place *place,
    const char *json, size_t len)
{
	const struct document_ready ready = { .json = json, .len = len };

	return write_as(self(sink), place->index, place->index_len, place->id,
	    place->id_len, &ready);
}

/* Many at a time: each sync takes the disk as long as hundreds of documents. */
static void
sync_days(void *ctx)
{
	struct server *server = ctx;
	uint64_t count = server->unsynced;
	struct error error;

	if (count == 0 || server->failed)
		return;
	server->unsynced = 0;
	if (rejects_sync(&server->rejects, count, &error) != 0) {
		fail(server, error.outcome, error.text);
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		ack_reject(server->unsynced_of[i]);
	resolved(server, count);
}

static void
reject_day(struct server *server, const struct document_ready *ready,
    const char *id)
{
	struct dead_letter_entry entry = { .index = server->index,
		.index_len = strlen(server->index),
		.id = id,
		.id_len = id == NULL ? 0 : strlen(id),
		.type = "espcap_max_indices",
		.reason =
		    "the packets of this "
		    "run are of more days than --max-indices allows",
		.document = ready->json,
		.document_len = ready->len };

	rejects_add(&server->rejects, &entry);
	server->documents++;
	server->unsynced_of[server->unsynced] = ready->ack;
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
	size_t prefix = strlen(server->config->setup.template.prefix);
	uint32_t day = day_of(ready->has_time, ready->sec);
	char id[BATCH_ID_LEN];
	const char *given = server->config->auto_id ? NULL : id;

	if (server->failed)
		return;
	day_suffix(day, server->index + prefix);
	batch_id_text(ready->id, id);
	if (!day_open(&server->days, day, server->config->max_indices))
		reject_day(server, ready, given);
	else if (write_as(server, server->index, strlen(server->index), given,
		     given == NULL ? 0 : strlen(id), ready) != 0)
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
	const struct server *server = const_self(sink);

	return server->documents == 0 && (!server->ended || server->is_over);
}

static size_t
server_value_max(const struct sink *sink)
{
	return const_self(sink)->engine == TEMPLATE_OPENSEARCH ?
	    FLAT_OBJECT_VALUE :
	    0;
}

static struct sink_counts
server_counts(const struct sink *sink)
{
	struct sink_counts counts = shipping_counts(const_self(sink)->shipping);

	counts.rejected = const_self(sink)->rejects.count;
	counts.queued = const_self(sink)->bytes;
	counts.resolved_at = const_self(sink)->last;
	counts.is_down = cluster_is_down(const_self(sink)->cluster);
	return counts;
}

static enum outcome
server_failure(const struct sink *sink, struct error *error)
{
	*error = const_self(sink)->error;
	return const_self(sink)->error.outcome;
}

static void
server_free(struct sink *sink)
{
	struct server *server = self(sink);

	cluster_free(server->cluster);
	mapping_check_free(server->guard);
	refresh_free(server->refresh);
	setup_free(server->setup);
	shipping_free(server->shipping);
	batch_free(server->open);
	event_free(server->flush);
	event_free(server->watch);
	free(server->index);
	free(server);
}

static void
server_authorize(struct sink *sink, const char *authorization)
{
	cluster_authorize(self(sink)->cluster, authorization);
}

static void
server_give_up_after(struct sink *sink, uint64_t ms)
{
	self(sink)->retry_for = ms;
	self(sink)->resolved_at = clock_seconds();
}

static bool
server_hurry(struct sink *sink)
{
	return self(sink)->refresh != NULL && refresh_cut(self(sink)->refresh);
}

static const struct sink_type sink_server_type = {
	.write = server_write,
	.end = server_end,
	.is_full = server_is_full,
	.is_empty = server_is_empty,
	.value_max = server_value_max,
	.counts = server_counts,
	.failure = server_failure,
	.free = server_free,
	.write_as = server_write_as,
	.authorize = server_authorize,
	.give_up_after = server_give_up_after,
	.hurry = server_hurry
};

static void
on_setup(void *ctx, enum template_engine engine, enum setup_found found)
{
	struct server *server = ctx;

	if (found == SETUP_FOUND_OURS || found == SETUP_FOUND_PUT) {
		server->guard = mapping_check_new(server->loop, server->log,
		    server->cluster, &server->config->setup, engine);
		shipping_mapping_check(server->shipping, server->guard);
	}
	server->engine = engine;
	server->ready = true;
	server->resolved_at = clock_seconds();
	server->handler.on_ready(server->handler.ctx);
	shipping_start(server->shipping);
}

static void
on_setup_failed(void *ctx, const struct error *error)
{
	fail(ctx, error->outcome, error->text);
}

struct sink *
sink_server_new(struct loop *loop, struct log *log,
    const struct sink_server_config *config, const struct sink_handler *handler,
    struct error *error)
{
	static const struct timeval tick = { 0, 250000 };
	struct server *server = xcalloc(1, sizeof(*server));
	struct setup_handler setup = { on_setup, on_setup_failed, server };
	struct shipping_handler shipping = { on_resolved, sync_days,
		on_ship_failed, server };
	struct shipping_config how = { config->setup.pipeline, config->backoff,
		config->auto_id, config->compress, config->remedy,
		config->is_patient };

	server->sink.type = &sink_server_type;
	server->loop = loop;
	server->log = log;
	server->config = config;
	server->retry_for = config->retry_for;
	server->handler = *handler;
	server->resolved_at = clock_seconds();
	server->rejects.letter = config->dead_letter;
	server->rejects.log = log;
	server->cluster = cluster_new(loop, log, &config->cluster, error);
	if (server->cluster == NULL) {
		free(server);
		return NULL;
	}
	if (config->refresh)
		server->refresh = refresh_new(loop, log, server->cluster, on_refreshed,
		    server);
	server->shipping = shipping_new(loop, log, &how, server->cluster,
	    &server->rejects, &shipping);
	server->index = xasprintf("%s-2000-01-01",
	    config->setup.template.prefix);
	server->open = batch_new();
	server->flush = evtimer_new(loop_base(loop), on_flush, server);
	server->watch = event_new(loop_base(loop), -1, EV_PERSIST, on_watch,
	    server);
	if (server->flush == NULL || server->watch == NULL ||
	    event_add(server->watch, &tick) != 0)
		abort(); /* out of memory */
	server->setup = setup_new(loop, log, server->cluster, &config->setup,
	    &setup);
	return &server->sink;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Bulk requests and their slots. */
#include "sink/shipment.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "server/backoff.h"
#include "sink/compress.h"

/* Bulk requests that are not resolved at the same time, those that wait for another try among them. */
#define SLOTS 4
#define REPLY_MAX ((size_t)64 << 20)

static void
on_reply(void *ctx, size_t node, const struct http_reply *reply)
{
	struct shipment *shipment = ctx;
	struct shipments *shipments = shipment->shipments;

	shipments->in_flight -= shipment->batch->count;
	buffer_release(&shipment->zipped);
	if (shipments->stopped)
		return;
	shipment->retry_after = reply->retry_after;
	shipments->handler.on_reply(shipments->handler.ctx, shipment, node, reply);
}

static void
ship(struct shipment *shipment)
{
	struct shipments *shipments = shipment->shipments;
	const struct shipments_config *config = &shipments->config;
	struct cluster_request request = { .method = "POST",
		.content_type = "application/x-ndjson",
		.body = shipment->batch->body.data,
		.len = shipment->batch->body.len,
		.reply_max = REPLY_MAX };
	char *path;

	if (shipments->stopped)
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
	shipments->in_flight += shipment->batch->count;
	cluster_send(shipments->cluster, &request, on_reply, shipment);
	free(path);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	ship(ctx);
}

static struct shipment *
shipment_new(struct shipments *shipments, struct batch *batch)
{
	struct shipment *shipment = xcalloc(1, sizeof(*shipment));

	shipment->shipments = shipments;
	shipment->batch = batch;
	buffer_init(&shipment->zipped, BATCH_MAX);
	shipment->again = evtimer_new(loop_base(shipments->loop), on_again,
	    shipment);
	if (shipment->again == NULL)
		abort(); /* out of memory */
	return shipment;
}

static void
destroy(struct shipment *shipment)
{
	event_free(shipment->again);
	batch_free(shipment->batch);
	buffer_release(&shipment->zipped);
	item_verdicts_release(&shipment->verdicts);
	free(shipment);
}

void
shipment_free(struct shipment *shipment)
{
	struct shipments *shipments = shipment->shipments;

	TAILQ_REMOVE(&shipments->slots, shipment, next);
	shipments->slot_count--;
	destroy(shipment);
	shipments_pump(shipments);
}

void
shipments_pump(struct shipments *shipments)
{
	struct shipment *shipment;

	while (shipments->started && !shipments->stopped &&
	    shipments->slot_count < SLOTS &&
	    (shipment = TAILQ_FIRST(&shipments->queue)) != NULL) {
		TAILQ_REMOVE(&shipments->queue, shipment, next);
		TAILQ_INSERT_TAIL(&shipments->slots, shipment, next);
		shipments->slot_count++;
		ship(shipment);
	}
}

void
shipment_later(struct shipment *shipment, unsigned attempt)
{
	uint64_t ms = backoff_delay(shipment->shipments->config.backoff, attempt);

	shipment->shipments->retries++;
	if (ms < (uint64_t)shipment->retry_after * 1000)
		ms = (uint64_t)shipment->retry_after * 1000;
	loop_start_timer(shipment->again, ms);
}

void
shipment_now(struct shipment *shipment)
{
	shipment->shipments->retries++;
	loop_start_timer(shipment->again, 0);
}

struct shipment *
shipment_halve(struct shipment *shipment)
{
	struct shipment *other = shipment_new(shipment->shipments,
	    batch_split(shipment->batch));

	TAILQ_INSERT_HEAD(&shipment->shipments->queue, other, next);
	return other;
}

void
shipments_init(struct shipments *shipments, struct loop *loop, struct cluster *cluster,
    const struct shipments_config *config, const struct shipments_handler *handler)
{
	memset(shipments, 0, sizeof(*shipments));
	shipments->loop = loop;
	shipments->cluster = cluster;
	shipments->config = *config;
	shipments->handler = *handler;
	TAILQ_INIT(&shipments->queue);
	TAILQ_INIT(&shipments->slots);
}

static void
destroy_all(struct shipment_list *list)
{
	struct shipment *shipment;

	while ((shipment = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, shipment, next);
		destroy(shipment);
	}
}

void
shipments_release(struct shipments *shipments)
{
	destroy_all(&shipments->queue);
	destroy_all(&shipments->slots);
}

void
shipments_start(struct shipments *shipments)
{
	shipments->started = true;
	shipments_pump(shipments);
}

void
shipments_stop(struct shipments *shipments)
{
	shipments->stopped = true;
}

void
shipments_add(struct shipments *shipments, struct batch *batch)
{
	struct shipment *shipment = shipment_new(shipments, batch);

	TAILQ_INSERT_TAIL(&shipments->queue, shipment, next);
	shipments_pump(shipments);
}

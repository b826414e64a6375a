/* SPDX-License-Identifier: BSD-2-Clause */
/* Publishes results: to each outlet there is. */
#include "listen/publisher.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/exposition.h"
#include "base/xalloc.h"
#include "listen/outlet.h"
#ifdef HAVE_KAFKA
#include "listen/outlet_kafka.h"
#endif
#include "listen/outlet_redis.h"
#include "listen/outlet_sqs.h"

#define OUTLETS_MAX 3
#define STREAM_MAX 10000

struct publisher {
	struct outlet *outlets[OUTLETS_MAX];
	size_t count;
	struct publisher_handler handler;
	struct event *look, *stop_late; /* NULL until it has started */
	bool is_stopping, has_stopped;
};

static uint64_t
waiting_of(const struct publisher *publisher)
{
	uint64_t waiting = 0;

	for (size_t i = 0; i < publisher->count; i++)
		waiting += publisher->outlets[i]->count;
	return waiting;
}

static void
tell_stopped(struct publisher *publisher)
{
	if (publisher->has_stopped)
		return;
	publisher->has_stopped = true;
	event_del(publisher->stop_late);
	publisher->handler.on_stopped(publisher->handler.ctx);
}

static void
on_look(evutil_socket_t fd, short what, void *ctx)
{
	struct publisher *publisher = ctx;

	(void)fd;
	(void)what;
	if (publisher->is_stopping && waiting_of(publisher) == 0)
		tell_stopped(publisher);
}

static void
on_stop_late(evutil_socket_t fd, short what, void *ctx)
{
	struct publisher *publisher = ctx;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < publisher->count; i++)
		outlet_give_up(publisher->outlets[i]);
	tell_stopped(publisher);
}

static void
on_empty(void *ctx)
{
	struct publisher *publisher = ctx;

	if (publisher->is_stopping)
		loop_start_timer(publisher->look, 0);
}

static void
on_state(void *ctx, const char *name, bool is_connected, const char *text)
{
	struct publisher *publisher = ctx;

	publisher->handler.on_state(publisher->handler.ctx, name, is_connected, text);
}

static void
on_note(void *ctx, const char *name, const char *text)
{
	struct publisher *publisher = ctx;

	publisher->handler.on_note(publisher->handler.ctx, name, text);
}

static void
add(struct publisher *publisher, struct outlet *outlet)
{
	publisher->outlets[publisher->count++] = outlet;
}

static int
add_kafka(struct publisher *publisher, const struct publisher_config *config, struct error *error)
{
#ifdef HAVE_KAFKA
	const struct sender_config sender = {
		.properties = config->kafka, .topic = config->kafka_topic, .forget = config->forget, .ctx = config->forget_ctx
	};
	struct outlet *outlet = outlet_kafka_new(&sender, error);

	if (outlet == NULL)
		return -1;
	add(publisher, outlet);
	return 0;
#else
	(void)publisher;
	(void)config;
	return error_set(error, OUTCOME_USAGE, "[results] kafka_topic: this espcapd was built without librdkafka");
#endif
}

struct publisher *
publisher_new(const struct publisher_config *config, struct error *error)
{
	struct publisher *publisher = xcalloc(1, sizeof(*publisher));

	if (config->redis != NULL && (config->redis_channel != NULL || config->redis_stream != NULL))
		add(publisher, outlet_redis_new(config->redis, config->redis_channel, config->redis_stream, config->stream_max > 0 ? config->stream_max : STREAM_MAX));
	if (config->sqs != NULL)
		add(publisher, outlet_sqs_new(config->sqs));
	if (config->kafka == NULL || add_kafka(publisher, config, error) == 0)
		return publisher;
	publisher_free(publisher);
	return NULL;
}

void
publisher_start(struct publisher *publisher, const struct listen_context *context,
    const struct publisher_handler *handler)
{
	const struct outlet_handler outlet_handler = { on_state, on_note, on_empty, publisher };

	publisher->handler = *handler;
	publisher->look = evtimer_new(loop_base(context->loop), on_look, publisher);
	publisher->stop_late = evtimer_new(loop_base(context->loop), on_stop_late, publisher);
	if (publisher->look == NULL || publisher->stop_late == NULL)
		abort(); /* out of memory */
	for (size_t i = 0; i < publisher->count; i++)
		outlet_start(publisher->outlets[i], context, &outlet_handler);
}

void
publisher_send(struct publisher *publisher, const char *json, size_t len)
{
	for (size_t i = 0; i < publisher->count; i++)
		outlet_put(publisher->outlets[i], json, len);
}

void
publisher_stop(struct publisher *publisher, uint64_t grace)
{
	if (publisher->is_stopping)
		return;
	publisher->is_stopping = true;
	loop_start_timer(publisher->stop_late, grace);
	on_empty(publisher);
}

void
publisher_free(struct publisher *publisher)
{
	if (publisher == NULL)
		return;
	for (size_t i = 0; i < publisher->count; i++)
		outlet_free(publisher->outlets[i]);
	if (publisher->look != NULL)
		event_free(publisher->look);
	if (publisher->stop_late != NULL)
		event_free(publisher->stop_late);
	free(publisher);
}

struct publisher_counts
publisher_counts(const struct publisher *publisher)
{
	struct publisher_counts counts = { 0, 0, waiting_of(publisher) };

	for (size_t i = 0; i < publisher->count; i++) {
		counts.published += publisher->outlets[i]->published;
		counts.lost += publisher->outlets[i]->lost;
	}
	return counts;
}

int
publisher_metrics(const struct publisher *publisher, struct buffer *out)
{
	struct publisher_counts counts = publisher_counts(publisher);
	struct exposition exposition = { .out = out };

	exposition_single(&exposition, "espcapd_results_published_total", "counter", "Results that were published.",
	    counts.published);
	exposition_single(&exposition, "espcapd_results_lost_total", "counter", "Results that could not be published.",
	    counts.lost);
	exposition_single(&exposition, "espcapd_results_waiting", "gauge", "Results that wait to be published.",
	    counts.waiting);
	return exposition.rv;
}

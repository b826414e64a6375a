/* SPDX-License-Identifier: BSD-2-Clause */
/* Results to a Kafka topic, one at a time. */
#include "listen/outlet_kafka.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "server/backoff.h"

#define RETRY_FIRST 500
#define RETRY_DOUBLED 5

struct outlet_kafka {
	struct outlet outlet;
	struct sender_config config;
	struct sender *sender; /* NULL: its process has ended */
	struct event *retry;   /* NULL until it has started */
	unsigned attempt;
	bool has_ended;
};

static void
work(struct outlet *outlet)
{
	struct outlet_kafka *kafka = (struct outlet_kafka *)outlet;
	const struct outlet_item *item;

	if (kafka->retry == NULL || kafka->has_ended || outlet->sent > 0 || evtimer_pending(kafka->retry, NULL) != 0)
		return;
	while ((item = outlet_next(outlet, 1)) != NULL && !sender_put(kafka->sender, item->bytes, item->len)) {
		outlet_note(outlet, "a result is too large for the Kafka process");
		outlet_answered(outlet, false);
	}
}

static void
on_delivered(void *ctx)
{
	struct outlet_kafka *kafka = ctx;

	kafka->attempt = 0;
	outlet_state(&kafka->outlet, true, "connected");
	outlet_answered(&kafka->outlet, true);
	work(&kafka->outlet);
}

static void
plan_retry(struct outlet_kafka *kafka, const char *text)
{
	outlet_again(&kafka->outlet);
	outlet_state(&kafka->outlet, false, text);
	loop_start_timer(kafka->retry, backoff_delay(RETRY_FIRST, kafka->attempt));
	if (kafka->attempt < RETRY_DOUBLED)
		kafka->attempt++;
}

static void
on_refused(void *ctx, bool is_final, const char *text)
{
	struct outlet_kafka *kafka = ctx;

	if (!is_final) {
		plan_retry(kafka, text);
		return;
	}
	outlet_note(&kafka->outlet, text);
	outlet_answered(&kafka->outlet, false);
	work(&kafka->outlet);
}

static void
on_cut_off(void *ctx, const char *text)
{
	struct outlet_kafka *kafka = ctx;

	outlet_state(&kafka->outlet, false, text);
}

static void
on_note(void *ctx, const char *text)
{
	struct outlet_kafka *kafka = ctx;

	outlet_note(&kafka->outlet, text);
}

static void
on_end(void *ctx, const char *text)
{
	struct outlet_kafka *kafka = ctx;

	kafka->has_ended = true;
	plan_retry(kafka, text);
}

static void
listen_to_sender(struct outlet_kafka *kafka)
{
	const struct sender_handler handler = { .on_delivered = on_delivered,
		.on_refused = on_refused,
		.on_cut_off = on_cut_off,
		.on_note = on_note,
		.on_end = on_end,
		.ctx = kafka,
		.on_connect = kafka->outlet.context->on_connect,
		.connect_ctx = kafka->outlet.context->ctx };

	kafka->has_ended = false;
	sender_listen(kafka->sender, kafka->outlet.context->loop, &handler);
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	struct outlet_kafka *kafka = ctx;
	struct error error;

	(void)fd;
	(void)what;
	if (kafka->has_ended) {
		sender_free(kafka->sender);
		kafka->sender = sender_start(&kafka->config, &error);
		if (kafka->sender == NULL) {
			plan_retry(kafka, error.text);
			return;
		}
		listen_to_sender(kafka);
	}
	work(&kafka->outlet);
}

static void
start(struct outlet *outlet)
{
	struct outlet_kafka *kafka = (struct outlet_kafka *)outlet;

	kafka->retry = evtimer_new(loop_base(outlet->context->loop), on_retry, kafka);
	if (kafka->retry == NULL)
		abort(); /* out of memory */
	listen_to_sender(kafka);
	work(outlet);
}

static void
kafka_free(struct outlet *outlet)
{
	struct outlet_kafka *kafka = (struct outlet_kafka *)outlet;

	sender_free(kafka->sender);
	if (kafka->retry != NULL)
		event_free(kafka->retry);
	free(kafka);
}

struct outlet *
outlet_kafka_new(const struct sender_config *config, struct error *error)
{
	static const struct outlet_methods methods = { start, work, kafka_free };
	struct outlet_kafka *kafka = xcalloc(1, sizeof(*kafka));
	const char *brokers = properties_get(config->properties, "bootstrap.servers");

	kafka->config = *config;
	kafka->config.is_gated = true;
	kafka->sender = sender_start(&kafka->config, error);
	if (kafka->sender == NULL) {
		free(kafka);
		return NULL;
	}
	outlet_init(&kafka->outlet, &methods,
	    xasprintf("Kafka topic %s at %s", config->topic, brokers != NULL ? brokers : "no broker"));
	return &kafka->outlet;
}

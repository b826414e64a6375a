/* SPDX-License-Identifier: BSD-2-Clause */
/* The listeners and the publisher, and their change. */
#include "daemon/transports.h"

#include "config.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/xalloc.h"
#include "daemon/configuration_compare.h"
#include "listen/redis_channel.h"
#include "listen/redis_stream.h"
#include "listen/sqs.h"
#ifdef HAVE_KAFKA
#include "listen/kafka_requests.h"
#endif

/* Acknowledgements and results that are on their way when it ends. */
#define GRACE_MS 5000

/* In the order in which they are made: what is made later has secrets and descriptors that Kafka's need not have. */
enum kind {
	KIND_KAFKA,
	KIND_CHANNEL,
	KIND_STREAM,
	KIND_SQS,
	KIND_RESULTS
};
#define KINDS 5

/* A listener or a publisher, and what it was made with. */
struct transport {
	struct transports *transports;
	enum kind kind;
	struct reading *reading;
	struct listener *listener;
	struct publisher *publisher;
	struct publisher_config publisher_config;
	bool is_over; /* one of before, which can be freed */
	LIST_ENTRY(transport)
	next;
};

struct transports {
	struct loop *loop;
	struct log *log;
	struct transport *now[KINDS], *new[KINDS];
	struct reading *prepared; /* NULL: nothing is */
	bool changes[KINDS];      /* what is prepared, which may be nothing */
	LIST_HEAD(, transport)
	old;
	struct event *sweep;
	const struct listen_context *context; /* NULL until it starts */
	struct transports_handler handler;
	size_t stopping; /* listeners that have not stopped yet */
	bool is_stopping;
};

/* What they tell. */

static void
on_state(void *ctx, struct listener *listener, bool is_connected, const char *text)
{
	const struct transport *transport = ctx;

	if (is_connected)
		log_note(transport->transports->log, "%s: requests are heard", listener_name(listener));
	else
		log_error(transport->transports->log, "%s: %s", listener_name(listener), text);
}

static void
on_note(void *ctx, struct listener *listener, const char *text)
{
	const struct transport *transport = ctx;

	log_note(transport->transports->log, "%s: %s", listener_name(listener), text);
}

static void
on_message(void *ctx, struct listener *listener, const struct listener_message *message)
{
	const struct transport *transport = ctx;
	const struct transports_handler *handler = &transport->transports->handler;

	handler->on_message(handler->ctx, listener, message);
}

static void
on_place_state(void *ctx, const char *place, bool is_connected, const char *text)
{
	const struct transport *transport = ctx;

	if (is_connected)
		log_verbose(transport->transports->log, "results: %s is reached", place);
	else
		log_error(transport->transports->log, "results: %s: %s", place, text);
}

static void
on_place_note(void *ctx, const char *place, const char *text)
{
	const struct transport *transport = ctx;

	log_note(transport->transports->log, "results: %s: %s", place, text);
}

/* Ends. */

static void
transport_free(struct transport *transport)
{
	if (transport == NULL)
		return;
	if (transport->listener != NULL && transport->transports->handler.on_gone != NULL)
		transport->transports->handler.on_gone(transport->transports->handler.ctx, transport->listener);
	listener_free(transport->listener);
	publisher_free(transport->publisher);
	reading_drop(transport->reading);
	free(transport);
}

static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct transports *transports = ctx;
	struct transport *transport, *next;

	(void)fd;
	(void)what;
	for (transport = LIST_FIRST(&transports->old); transport != NULL; transport = next) {
		next = LIST_NEXT(transport, next);
		if (!transport->is_over)
			continue;
		LIST_REMOVE(transport, next);
		transport_free(transport);
	}
}

static bool
is_of_now(const struct transport *transport)
{
	return transport->transports->now[transport->kind] == transport;
}

/* Not from inside one of its own calls. */
static void
free_later(struct transport *transport)
{
	transport->is_over = true;
	loop_start_timer(transport->transports->sweep, 0);
}

static void
stop_results(struct transports *transports)
{
	struct transport *results = transports->now[KIND_RESULTS];

	if (results != NULL)
		publisher_stop(results->publisher, GRACE_MS);
	else
		transports->handler.on_stopped(transports->handler.ctx);
}

static void
on_stopped(void *ctx, struct listener *listener)
{
	struct transport *transport = ctx;
	struct transports *transports = transport->transports;

	(void)listener;
	if (!is_of_now(transport))
		free_later(transport);
	else if (--transports->stopping == 0)
		stop_results(transports);
}

static void
on_published(void *ctx)
{
	struct transport *transport = ctx;
	struct transports *transports = transport->transports;

	if (is_of_now(transport))
		transports->handler.on_stopped(transports->handler.ctx);
	else
		free_later(transport);
}

/* Making. */

static int
make_kafka(struct transport *transport, struct error *error)
{
#ifdef HAVE_KAFKA
	const struct configuration_kafka *kafka = &transport->reading->configuration->kafka;
	const struct kafka_requests_config config = { .properties = &transport->reading->assembly.kafka_requests,
		.topics = (const char *const *)kafka->topic.items,
		.topic_count = kafka->topic.count };

	transport->listener = kafka_requests_new(&config, error);
	return transport->listener != NULL ? 0 : -1;
#else
	(void)transport;
	return error_set(error, OUTCOME_USAGE,
	    "[kafka] listen: this espcapd was built without librdkafka: configure it with --enable-kafka");
#endif
}

static int
make_results(struct transport *transport, struct error *error)
{
	const struct configuration_results *results = &transport->reading->configuration->results;
	const struct assembly *assembly = &transport->reading->assembly;

	transport->publisher_config = (struct publisher_config){ .redis_channel = results->redis_channel,
		.redis_stream = results->redis_stream,
		.stream_max = results->streammax,
		.kafka_topic = results->kafka_topic };
	if (results->redis_channel != NULL || results->redis_stream != NULL)
		transport->publisher_config.redis = &assembly->redis;
	if (results->sqs_url != NULL)
		transport->publisher_config.sqs = &assembly->sqs_results;
	if (results->kafka_topic != NULL)
		transport->publisher_config.kafka = &assembly->kafka_results;
	if (results->sqs_url != NULL && sqs_config_check(&assembly->sqs_results, error) != 0)
		return -1;
	transport->publisher = publisher_new(&transport->publisher_config, error);
	return transport->publisher != NULL ? 0 : -1;
}

static int
make(struct transport *transport, struct error *error)
{
	const struct configuration *configuration = transport->reading->configuration;
	const struct assembly *assembly = &transport->reading->assembly;

	switch (transport->kind) {
	case KIND_KAFKA:
		return make_kafka(transport, error);
	case KIND_CHANNEL:
		transport->listener = redis_channel_new(&assembly->redis, configuration->redis.channel);
		break;
	case KIND_STREAM:
		transport->listener = redis_stream_new(&assembly->redis, &assembly->stream);
		break;
	case KIND_SQS:
		if (sqs_config_check(&assembly->sqs, error) != 0)
			return -1;
		transport->listener = sqs_new(&assembly->sqs);
		break;
	case KIND_RESULTS:
		return make_results(transport, error);
	}
	return 0;
}

static bool
is_wanted(const struct configuration *configuration, enum kind kind)
{
	const struct configuration_results *results = &configuration->results;

	switch (kind) {
	case KIND_KAFKA:
		return configuration->kafka.listen;
	case KIND_CHANNEL:
		return configuration->redis.listen && configuration->redis.channel != NULL;
	case KIND_STREAM:
		return configuration->redis.listen && configuration->redis.stream != NULL;
	case KIND_SQS:
		return configuration->sqs.listen;
	case KIND_RESULTS:
		return results->redis_channel != NULL || results->redis_stream != NULL || results->kafka_topic != NULL ||
		    results->sqs_url != NULL;
	}
	return false;
}

/* Whether what one is made with is the same. */
static bool
is_same(const struct configuration *a, const struct configuration *b, enum kind kind)
{
	switch (kind) {
	case KIND_KAFKA:
		return configuration_is_same(a, b, CONFIGURATION_KAFKA);
	case KIND_CHANNEL:
	case KIND_STREAM:
		return configuration_is_same(a, b, CONFIGURATION_REDIS);
	case KIND_SQS:
		return configuration_is_same(a, b, CONFIGURATION_SQS);
	case KIND_RESULTS:
		return configuration_is_same(a, b, CONFIGURATION_RESULTS) &&
		    (a->results.kafka_topic == NULL || configuration_is_same(a, b, CONFIGURATION_KAFKA)) &&
		    (a->results.sqs_url == NULL || configuration_is_same(a, b, CONFIGURATION_SQS)) &&
		    ((a->results.redis_channel == NULL && a->results.redis_stream == NULL) ||
			configuration_is_same(a, b, CONFIGURATION_REDIS));
	}
	return false;
}

static int
prepare_one(struct transports *transports, enum kind kind, struct error *error)
{
	const struct transport *now = transports->now[kind];
	struct reading *reading = transports->prepared;
	bool wanted = is_wanted(reading->configuration, kind);
	struct transport *new;

	transports->changes[kind] = now == NULL ? wanted :
						  !wanted || !is_same(now->reading->configuration, reading->configuration, kind);
	if (!transports->changes[kind] || !wanted)
		return 0;
	new = xcalloc(1, sizeof(*new));
	new->transports = transports;
	new->kind = kind;
	new->reading = reading_use(reading);
	transports->new[kind] = new;
	return make(new, error);
}

int
transports_prepare(struct transports *transports, struct reading *reading, struct error *error)
{
	transports_dismiss(transports);
	transports->prepared = reading_use(reading);
	for (unsigned i = 0; i < KINDS; i++)
		if (prepare_one(transports, (enum kind)i, error) != 0) {
			transports_dismiss(transports);
			return -1;
		}
	return 0;
}

static void
forget_prepared(struct transports *transports)
{
	memset(transports->new, 0, sizeof(transports->new));
	memset(transports->changes, 0, sizeof(transports->changes));
	reading_drop(transports->prepared);
	transports->prepared = NULL;
}

void
transports_dismiss(struct transports *transports)
{
	for (unsigned i = 0; i < KINDS; i++)
		transport_free(transports->new[i]);
	forget_prepared(transports);
}

/* Going on. */

static void
start(struct transport *transport)
{
	const struct transports *transports = transport->transports;
	const struct listener_handler listening = { .on_message = on_message,
		.on_state = on_state,
		.on_note = on_note,
		.on_stopped = on_stopped,
		.ctx = transport };
	const struct publisher_handler publishing = {
		.on_state = on_place_state, .on_note = on_place_note, .on_stopped = on_published, .ctx = transport
	};

	if (transport->publisher != NULL)
		publisher_start(transport->publisher, transports->context, &publishing);
	else
		listener_start(transport->listener, transports->context, &listening);
}

/* It is heard no more; what it has on its way has some seconds. */
static void
retire(struct transport *transport)
{
	struct transports *transports = transport->transports;

	LIST_INSERT_HEAD(&transports->old, transport, next);
	if (transports->context == NULL)
		free_later(transport);
	else if (transport->publisher != NULL)
		publisher_stop(transport->publisher, GRACE_MS);
	else
		listener_stop(transport->listener, GRACE_MS);
}

void
transports_adopt(struct transports *transports)
{
	for (unsigned i = 0; i < KINDS; i++) {
		struct transport *old = transports->now[i];

		if (!transports->changes[i])
			continue;
		transports->now[i] = transports->new[i];
		if (old != NULL)
			retire(old);
		if (transports->now[i] != NULL && transports->context != NULL)
			start(transports->now[i]);
	}
	forget_prepared(transports);
}

struct transports *
transports_new(struct loop *loop, struct log *log)
{
	struct transports *transports = xcalloc(1, sizeof(*transports));

	transports->loop = loop;
	transports->log = log;
	LIST_INIT(&transports->old);
	transports->sweep = evtimer_new(loop_base(loop), on_sweep, transports);
	if (transports->sweep == NULL)
		abort(); /* out of memory */
	return transports;
}

void
transports_free(struct transports *transports)
{
	if (transports == NULL)
		return;
	transports_dismiss(transports);
	while (!LIST_EMPTY(&transports->old)) {
		struct transport *old = LIST_FIRST(&transports->old);

		LIST_REMOVE(old, next);
		transport_free(old);
	}
	for (unsigned i = 0; i < KINDS; i++)
		transport_free(transports->now[i]);
	event_free(transports->sweep);
	free(transports);
}

void
transports_start(struct transports *transports, const struct listen_context *context,
    const struct transports_handler *handler)
{
	transports->context = context;
	transports->handler = *handler;
	/* Results have somewhere to go before there is the first one. */
	for (unsigned i = KINDS; i-- > 0;)
		if (transports->now[i] != NULL)
			start(transports->now[i]);
}

void
transports_stop(struct transports *transports)
{
	if (transports->is_stopping)
		return;
	transports->is_stopping = true;
	for (unsigned i = 0; i < KIND_RESULTS; i++)
		transports->stopping += transports->now[i] != NULL;
	for (unsigned i = 0; i < KIND_RESULTS; i++)
		if (transports->now[i] != NULL)
			listener_stop(transports->now[i]->listener, GRACE_MS);
	if (transports->stopping == 0)
		stop_results(transports);
}

size_t
transports_listeners(const struct transports *transports, struct listener *listeners[TRANSPORTS_MAX])
{
	size_t count = 0;

	for (unsigned i = 0; i < KIND_RESULTS; i++)
		if (transports->now[i] != NULL)
			listeners[count++] = transports->now[i]->listener;
	return count;
}

struct publisher *
transports_publisher(const struct transports *transports)
{
	const struct transport *results = transports->now[KIND_RESULTS];

	return results != NULL ? results->publisher : NULL;
}

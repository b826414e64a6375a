/* SPDX-License-Identifier: BSD-2-Clause */
/* Through a Kafka topic. */
#include "ask/way_kafka.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "kafka/asker.h"
#include "kafka/client.h"

/* ms until a message that no broker confirms is given up. */
#define SEND_MS "30000"

struct way_kafka {
	struct way way;
	struct properties properties;
	struct root_log log;
	struct client *sender, *hearer;
	struct asker *asker;
	bool is_sent;
};

static void
fail(struct way_kafka *kafka, const char *what, const char *text)
{
	const struct way_handler *handler = &kafka->way.config->handler;
	char *whole;

	if (kafka->is_sent)
		return;
	kafka->is_sent = true;
	whole = xasprintf("Kafka: %s: %s", what, text);
	handler->on_failed(handler->ctx, OUTCOME_OUTPUT, whole);
	free(whole);
}

static void
on_served(void *ctx)
{
	(void)ctx;
}

/* Brokers that are away for a moment are no failure: the message waits for SEND_MS. */
static void
on_trouble(void *ctx, enum client_trouble trouble, const char *text)
{
	struct way_kafka *kafka = ctx;
	const struct way_handler *handler = &kafka->way.config->handler;

	if (trouble == CLIENT_REFUSED || trouble == CLIENT_FATAL || trouble == CLIENT_FATAL_REFUSED)
		fail(kafka, "refused", text);
	else
		handler->on_note(handler->ctx, text);
}

/* Sending. */

static void
on_delivered(struct way_kafka *kafka, const rd_kafka_message_t *message)
{
	const struct way_handler *handler = &kafka->way.config->handler;

	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(kafka, kafka->way.config->options->kafka.topic, rd_kafka_err2str(message->err));
	else if (!kafka->is_sent) {
		kafka->is_sent = true;
		handler->on_sent(handler->ctx, -1);
	}
}

static void
on_sender_event(void *ctx, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;

	if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DR)
		return;
	while ((message = rd_kafka_event_message_next(event)) != NULL)
		on_delivered(ctx, message);
}

static int
start_sender(struct way_kafka *kafka, struct error *error)
{
	static const struct client_preset presets[] = { { "message.timeout.ms", SEND_MS }, { "linger.ms", "0" } };
	const struct way_config *way = kafka->way.config;
	const struct client_config config = { .loop = way->loop,
		.log = &kafka->log,
		.type = RD_KAFKA_PRODUCER,
		.properties = &kafka->properties,
		.presets = presets,
		.preset_count = sizeof(presets) / sizeof(presets[0]),
		.handler = { on_sender_event, on_served, on_trouble, kafka } };
	rd_kafka_resp_err_t code;

	kafka->sender = client_new(&config, error);
	if (kafka->sender == NULL)
		return -1;
	code = rd_kafka_producev(client_handle(kafka->sender), RD_KAFKA_V_TOPIC(way->options->kafka.topic),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)way->message, way->len), RD_KAFKA_V_END);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return error_set(error, OUTCOME_OUTPUT, "Kafka: %.200s: %s", way->options->kafka.topic, rd_kafka_err2str(code));
	return 0;
}

/* Hearing. */

static void
on_hearer_event(void *ctx, rd_kafka_event_t *event)
{
	const struct way_kafka *kafka = ctx;
	const struct way_handler *handler = &kafka->way.config->handler;
	const rd_kafka_message_t *message;

	if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_FETCH)
		return;
	while ((message = rd_kafka_event_message_next(event)) != NULL)
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->len > 0)
			handler->on_result(handler->ctx, message->payload, message->len);
}

/* Results are read from where their topic ends now, so the request goes out only then. */
static void
on_ends(void *ctx, const struct asker_answer *answer)
{
	struct way_kafka *kafka = ctx;
	const char *topic = kafka->way.config->options->kafka.results_topic;
	rd_kafka_topic_partition_list_t *list;
	struct error error;

	if (answer->code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		fail(kafka, topic, rd_kafka_err2str(answer->code));
		return;
	}
	list = rd_kafka_topic_partition_list_new((int)answer->count);
	for (size_t i = 0; i < answer->count; i++)
		rd_kafka_topic_partition_list_add(list, topic, answer->places[i].partition)->offset = answer->places[i].high;
	(void)rd_kafka_assign(client_handle(kafka->hearer), list);
	rd_kafka_topic_partition_list_destroy(list);
	if (kafka->sender == NULL && start_sender(kafka, &error) != 0)
		fail(kafka, "send", error.text);
}

static int
start_hearer(struct way_kafka *kafka, struct error *error)
{
	static const struct client_preset presets[] = { { "group.id", "espcapd-request" },
		{ "enable.auto.commit", "false" },
		{ "fetch.wait.max.ms", "100" } };
	static const struct asker_question question = { .first = 0 };
	const struct way_config *way = kafka->way.config;
	const struct client_config config = { .loop = way->loop,
		.log = &kafka->log,
		.type = RD_KAFKA_CONSUMER,
		.properties = &kafka->properties,
		.presets = presets,
		.preset_count = sizeof(presets) / sizeof(presets[0]),
		.handler = { on_hearer_event, on_served, on_trouble, kafka } };

	kafka->hearer = client_new(&config, error);
	if (kafka->hearer == NULL)
		return -1;
	kafka->asker = asker_new(way->loop, client_handle(kafka->hearer), way->options->kafka.results_topic, on_ends, kafka);
	asker_ask(kafka->asker, &question);
	return 0;
}

static void
on_log(void *ctx, const char *text)
{
	const struct way_handler *handler = ctx;

	handler->on_note(handler->ctx, text);
}

static void
free_kafka(struct way *way)
{
	struct way_kafka *kafka = (struct way_kafka *)way;

	asker_free(kafka->asker);
	client_free(kafka->sender);
	client_free(kafka->hearer);
	properties_release(&kafka->properties);
	free(kafka);
}

struct way *
way_kafka_new(const struct way_config *config, struct error *error)
{
	static const struct way_methods methods = { free_kafka };
	const struct request_options_kafka *options = &config->options->kafka;
	struct way_kafka *kafka = xcalloc(1, sizeof(*kafka));

	kafka->way = (struct way){ &methods, config };
	kafka->log = (struct root_log){ .level = ROOT_ERROR, .on_text = on_log, .ctx = (void *)(uintptr_t)&config->handler };
	if (properties_take(&kafka->properties, options->brokers, options->properties.items, options->properties.count,
		error) == 0 &&
	    (config->options->wait ? start_hearer(kafka, error) : start_sender(kafka, error)) == 0)
		return &kafka->way;
	free_kafka(&kafka->way);
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets into a topic. */
#include "kafka/producer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "kafka/client.h"
#include "kafka/held.h"
#include "kafka/topic_limits.h"
#include "kafka/trouble.h"

/* How often what does not go by itself is looked at, and how long an answer about the topic may take, ms. */
#define TICK_MS 1000
#define ASK_MS 5000
/* How often a topic may be unknown before a message says so. */
#define UNKNOWN_MIN 2
/* librdkafka's own limit of message.max.bytes. */
#define MESSAGE_BYTES_MIN 1000

struct producer {
	struct producer_config config;
	struct producer_handler handler;
	struct client *client;
	rd_kafka_topic_t *topic;
	struct event *tick;
	struct producer_counts counts;
	uint64_t limit;                  /* bytes of a batch, 0 for not known */
	uint64_t message_max, batch_max; /* the properties that follow from that, 0 for the defaults */
	/*
	 * Packets that were refused, as long as that is borne: held go out again, returned came back since, and precede
	 * them. While there are any, no other is sent.
	 */
	struct held held, returned;
	struct trouble trouble;
	unsigned unknown; /* how often the topic was not known */
	bool is_ready, is_asking, has_failed, is_given_up, is_lowered;
	bool is_barred;  /* the last outcome was a refusal: one packet at a time is tried */
	bool is_dead;    /* the client takes nothing any more, and another may */
	bool is_probing; /* after an outage, with nothing to send that would tell its end */
};

/* Troubles. */

static void
fail(struct producer *producer, enum outcome outcome, const char *text)
{
	struct error error;

	if (producer->has_failed)
		return;
	producer->has_failed = true;
	error_set(&error, outcome, "%s", text);
	producer->handler.on_fail(producer->handler.ctx, &error);
}

static void
note_dead(struct producer *producer, const char *text)
{
	producer->is_dead = true;
	trouble_note(&producer->trouble, CLIENT_REFUSED, text);
}

static void
on_trouble(void *ctx, enum client_trouble trouble, const char *text)
{
	struct producer *producer = ctx;

	if (trouble == CLIENT_FATAL)
		fail(producer, OUTCOME_OUTPUT, text);
	else if (trouble == CLIENT_FATAL_REFUSED)
		note_dead(producer, text);
	else
		trouble_note(&producer->trouble, trouble, text);
}

/* Refusals that somebody can put right while packets wait: a right that is missing, a topic that is not there. */
static bool
is_bearable(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	    code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	    code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static void
note_refusal(struct producer *producer, rd_kafka_resp_err_t code)
{
	char text[300];

	producer->is_barred = true;
	if (code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		(void)snprintf(text, sizeof(text), "the topic %.250s does not exist", producer->config.topic);
	else
		(void)snprintf(text, sizeof(text), "%s", rd_kafka_err2str(code));
	trouble_note(&producer->trouble, CLIENT_REFUSED, text);
}

/* Outcomes of packets. */

static uint64_t
under_way(const struct producer *producer)
{
	return producer_waiting(producer) - producer->held.count - producer->returned.count;
}

static void
count_failure(struct producer *producer, const rd_kafka_message_t *message)
{
	rd_kafka_resp_err_t code = message->err;

	producer->counts.failed++;
	if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		producer->counts.too_large++;
	if (rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED)
		producer->counts.uncertain++;
	if (code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || producer->is_dead)
		return;
	on_trouble(producer, client_classify(producer->client, code), rd_kafka_err2str(code));
}

/* False if it is not to be sent again. */
static bool
take_back(struct producer *producer, const rd_kafka_message_t *message)
{
	struct held_message copy = { .conversation = (uint32_t)(uintptr_t)message->_private, .value_len = message->len };
	const void *header = NULL;
	rd_kafka_headers_t *headers;

	if (producer->has_failed || producer->is_given_up ||
	    rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED ||
	    !(is_bearable(message->err) || producer->is_dead) || message->key_len != sizeof(copy.key) ||
	    rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    rd_kafka_header_get_last(headers, WIRE_HEADER, &header, &copy.header_len) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	memcpy(copy.key, message->key, sizeof(copy.key));
	held_add(&producer->returned, &copy, header, message->payload);
	if (is_bearable(message->err))
		note_refusal(producer, message->err);
	return true;
}

static void
take_reports(struct producer *producer, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	bool any = false;

	while ((message = rd_kafka_event_message_next(event)) != NULL) {
		if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			if (!take_back(producer, message))
				count_failure(producer, message);
			continue;
		}
		producer->counts.delivered++;
		any = true;
	}
	if (!any)
		return;
	producer->is_barred = false;
	trouble_end(&producer->trouble);
}

/* The start. */

static int32_t
choose_partition(const rd_kafka_topic_t *topic, const void *key, size_t key_len, int32_t count, void *topic_ctx,
    void *message_ctx)
{
	(void)topic;
	(void)key;
	(void)key_len;
	(void)topic_ctx;
	return (int32_t)((uint32_t)(uintptr_t)message_ctx % (uint32_t)count);
}

static int
open_topic(struct producer *producer, struct error *error)
{
	rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(client_handle(producer->client));

	if (producer->config.partition == PRODUCER_BY_CONVERSATION)
		rd_kafka_topic_conf_set_partitioner_cb(conf, choose_partition);
	producer->topic = rd_kafka_topic_new(client_handle(producer->client), producer->config.topic, conf);
	if (producer->topic != NULL)
		return 0;
	rd_kafka_topic_conf_destroy(conf);
	return error_set(error, OUTCOME_USAGE, "--kafka-topic=%.250s: %s", producer->config.topic,
	    rd_kafka_err2str(rd_kafka_last_error()));
}

static void on_event(void *ctx, rd_kafka_event_t *event);

/* Sending. */

static int32_t
partition_of(const struct producer *producer)
{
	return producer->config.partition == PRODUCER_BY_NUMBER ?
	    producer->config.partition_number :
	    RD_KAFKA_PARTITION_UA;
}

static rd_kafka_resp_err_t
hand_over(struct producer *producer, const struct held_message *message, const char *header, const void *value)
{
	return rd_kafka_producev(client_handle(producer->client), RD_KAFKA_V_RKT(producer->topic),
	    RD_KAFKA_V_PARTITION(partition_of(producer)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	    RD_KAFKA_V_KEY(message->key, sizeof(message->key)), RD_KAFKA_V_VALUE((void *)(uintptr_t)value, message->value_len),
	    RD_KAFKA_V_HEADER(WIRE_HEADER, header, message->header_len),
	    RD_KAFKA_V_OPAQUE((void *)(uintptr_t)message->conversation), RD_KAFKA_V_END);
}

static void
refuse(struct producer *producer, bool too_large, const char *text)
{
	producer->counts.failed++;
	producer->counts.too_large += too_large;
	trouble_note(&producer->trouble, CLIENT_OTHER, text);
}

/* False if it has to wait. */
static bool
settle(struct producer *producer, rd_kafka_resp_err_t code)
{
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL || producer->is_dead)
		return false;
	if (is_bearable(code)) {
		note_refusal(producer, code);
		return false;
	}
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		refuse(producer, code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, rd_kafka_err2str(code));
	return true;
}

/* At most max of those that were refused. */
static void
send_again(struct producer *producer, uint64_t max)
{
	if (under_way(producer) == 0)
		held_put_before(&producer->held, &producer->returned);
	if (producer->returned.count > 0 || producer->is_given_up || producer->has_failed)
		return;
	for (; producer->held.count > 0 && max > 0; max--) {
		const struct held_message *first = producer->held.first;

		if (!settle(producer, hand_over(producer, first, first->bytes, first->bytes + first->header_len)))
			break;
		held_drop(&producer->held);
	}
}

static void
on_served(void *ctx)
{
	struct producer *producer = ctx;

	if (!producer->is_barred)
		send_again(producer, UINT64_MAX);
	if (producer->is_ready)
		producer->handler.on_outcome(producer->handler.ctx);
}

/* Idempotence wants all replicas to confirm: who asks for less gets less. */
static bool
wants_all(const struct properties *properties)
{
	const char *acks = properties_get(properties, "acks");

	if (acks == NULL)
		acks = properties_get(properties, "request.required.acks");
	return acks == NULL || strcmp(acks, "all") == 0 || strcmp(acks, "-1") == 0;
}

/* Its properties, with those that the topic's limit lowers. */
static void
take_properties(const struct producer *producer, struct properties *properties)
{
	char text[24];

	properties_copy(properties, producer->config.properties);
	if (!producer->is_lowered)
		return;
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)producer->message_max);
	properties_set(properties, "message.max.bytes", text);
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)producer->batch_max);
	properties_set(properties, "batch.size", text);
}

static int
start_client(struct producer *producer, struct error *error)
{
	static const char *const words[] = { "false", "true" };
	const struct client_preset presets[] = {
		{ "client.id", "espcap-kafka" },
		{ "enable.idempotence", words[wants_all(producer->config.properties)] },
		{ "compression.codec", "zstd" },
		{ "linger.ms", "50" },
		/* A broker may be away for long: packets wait, and none is lost between others. */
		{ "message.timeout.ms", "0" },
		{ "queue.buffering.max.kbytes", "65536" }
	};
	struct properties properties = { .items = NULL };
	const struct client_config config = {
		.loop = producer->config.loop,
		.log = producer->config.log,
		.type = RD_KAFKA_PRODUCER,
		.properties = &properties,
		.presets = presets,
		.preset_count = sizeof(presets) / sizeof(presets[0]),
		.on_connect = producer->config.on_connect,
		.connect_ctx = producer->config.connect_ctx,
		.handler = { on_event, on_served, on_trouble, producer }
	};

	take_properties(producer, &properties);
	producer->client = client_new(&config, error);
	properties_release(&properties);
	producer->is_dead = false;
	return producer->client != NULL ? open_topic(producer, error) : -1;
}

static void
stop_client(struct producer *producer)
{
	if (producer->topic != NULL)
		rd_kafka_topic_destroy(producer->topic);
	producer->topic = NULL;
	client_free(producer->client);
	producer->client = NULL;
	producer->is_probing = false;
}

static uint64_t
smaller(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

/*
 * A batch that is larger than the topic allows fails with all its packets: the client is made anew with smaller ones.
 */
static int
respect_limit(struct producer *producer, struct error *error)
{
	uint64_t message = client_number(producer->client, "message.max.bytes"), batch = client_number(producer->client, "batch.size");
	uint64_t limit = producer->limit;

	if (limit == 0 || producer->is_lowered || (message <= limit && batch <= limit))
		return 0;
	root_log(producer->config.log, ROOT_DEBUG, "The topic takes %llu bytes at once: batches are made smaller",
	    (unsigned long long)limit);
	producer->message_max = smaller(message, limit < MESSAGE_BYTES_MIN ? MESSAGE_BYTES_MIN : limit);
	producer->batch_max = smaller(batch, limit);
	producer->is_lowered = true;
	stop_client(producer);
	return start_client(producer, error);
}

static void
ask(struct producer *producer)
{
	rd_kafka_queue_t *queue;

	if (producer->is_asking || producer->is_ready || producer->has_failed)
		return;
	producer->is_asking = true;
	queue = rd_kafka_queue_get_main(client_handle(producer->client));
	topic_limits_ask(client_handle(producer->client), producer->config.topic, -1, ASK_MS, queue);
	rd_kafka_queue_destroy(queue);
}

/* Whether brokers are back, when no packet is under way whose confirmation says so. */
static void
probe(struct producer *producer)
{
	rd_kafka_queue_t *queue;

	if (!producer->is_ready || producer->is_probing || producer->is_barred || producer->is_dead || producer->has_failed ||
	    !trouble_is_away(&producer->trouble) || under_way(producer) > 0)
		return;
	producer->is_probing = true;
	queue = rd_kafka_queue_get_main(client_handle(producer->client));
	topic_limits_ask(client_handle(producer->client), producer->config.topic, -1, ASK_MS, queue);
	rd_kafka_queue_destroy(queue);
}

static void
take_probe(struct producer *producer, rd_kafka_event_t *event)
{
	struct topic_limits limits;
	const char *text;
	rd_kafka_resp_err_t code = topic_limits_read(event, &limits, &text);

	producer->is_probing = false;
	/* Errors of the client's own are negative: all others are a broker's answer. */
	if (code >= RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
		trouble_end(&producer->trouble);
}

static void
begin(void *ctx)
{
	struct producer *producer = ctx;
	struct error error;

	if (producer->has_failed || producer->is_ready)
		return;
	if (respect_limit(producer, &error) != 0) {
		fail(producer, error.outcome, error.text);
		return;
	}
	producer->is_ready = true;
	if (!producer->is_barred && !producer->is_dead)
		trouble_end(&producer->trouble);
	producer->handler.on_ready(producer->handler.ctx);
}

static void
take_limits(struct producer *producer, rd_kafka_event_t *event)
{
	struct topic_limits limits;
	const char *text;
	char line[768];
	rd_kafka_resp_err_t code = topic_limits_read(event, &limits, &text);

	producer->is_asking = false;
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
		/* Asking for it has brokers make it, if they do that. */
		if (producer->unknown++ < UNKNOWN_MIN)
			return;
		(void)snprintf(line, sizeof(line), "the topic %.250s does not exist", producer->config.topic);
		on_trouble(producer, CLIENT_REFUSED, line);
		return;
	}
	/* Who may write need not be allowed to ask; a cluster that is no real one does not know the question. */
	if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ||
	    code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
		root_log(producer->config.log, ROOT_WARNING,
		    "The limits of the topic are not known: %s", text);
	else if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		on_trouble(producer, client_classify(producer->client, code), text != NULL ? text : rd_kafka_err2str(code));
		return;
	}
	if (limits.is_compacted) {
		(void)snprintf(line, sizeof(line),
		    "--kafka-topic=%.250s: the topic is compacted "
		    "(cleanup.policy): packets of the same microsecond would be deleted",
		    producer->config.topic);
		fail(producer, OUTCOME_USAGE, line);
		return;
	}
	producer->limit = limits.max_bytes;
	/* Not while this client serves events: it may be made anew. */
	loop_defer(producer->config.loop, begin, producer);
	producer->is_asking = true;
}

static void
on_event(void *ctx, rd_kafka_event_t *event)
{
	struct producer *producer = ctx;

	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
		take_reports(producer, event);
	else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT) {
		if (producer->is_ready)
			take_probe(producer, event);
		else
			take_limits(producer, event);
	}
}

/* A client that is dead has given all its packets back, or will. */
static void
replace_client(struct producer *producer)
{
	struct error error;

	if (!producer->is_dead || under_way(producer) > 0 || producer->has_failed)
		return;
	stop_client(producer);
	producer->is_barred = true;
	if (start_client(producer, &error) != 0) {
		fail(producer, error.outcome, error.text);
		return;
	}
	/* The answer went with the other client. */
	if (!producer->is_ready)
		producer->is_asking = false;
}

/* Whatever was refused is tried again. */
static void
try_again(struct producer *producer)
{
	if (under_way(producer) > 0 || !producer->is_ready || producer->is_dead)
		return;
	if (producer->held.count + producer->returned.count > 0)
		send_again(producer, 1);
	else
		producer->is_barred = false;
	producer->handler.on_outcome(producer->handler.ctx);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct producer *producer = ctx;
	struct error error;

	(void)fd;
	(void)what;
	replace_client(producer);
	ask(producer);
	probe(producer);
	if (producer->is_barred)
		try_again(producer);
	loop_start_timer(producer->tick, TICK_MS);
	if (trouble_is_final(&producer->trouble, OUTCOME_OUTPUT, &error))
		fail(producer, error.outcome, error.text);
}

struct producer *
producer_new(const struct producer_config *config, const struct producer_handler *handler, struct error *error)
{
	struct producer *producer = xcalloc(1, sizeof(*producer));

	producer->config = *config;
	producer->handler = *handler;
	producer->trouble = (struct trouble){ .log = config->log, .retry_for = config->retry_for };
	producer->tick = evtimer_new(loop_base(config->loop), on_tick, producer);
	if (start_client(producer, error) != 0) {
		producer_free(producer);
		return NULL;
	}
	ask(producer);
	loop_start_timer(producer->tick, TICK_MS);
	return producer;
}

void
producer_free(struct producer *producer)
{
	if (producer == NULL)
		return;
	event_free(producer->tick);
	held_clear(&producer->held);
	held_clear(&producer->returned);
	stop_client(producer);
	free(producer);
}

bool
producer_send(struct producer *producer, const struct capture_record *packet, const struct wire_message *message)
{
	struct held_message parts = { .header_len = message->header_len, .value_len = packet->caplen };

	if (producer->is_barred || producer->is_dead || producer->held.count > 0 || producer->returned.count > 0)
		return false;
	if (producer->limit > 0 && wire_batch_len(message->header_len, packet->caplen) > producer->limit) {
		producer->counts.sent++;
		refuse(producer, true, "a packet is larger than the topic allows (max.message.bytes)");
		return true;
	}
	if (producer->config.partition == PRODUCER_BY_CONVERSATION)
		parts.conversation = wire_conversation(packet);
	memcpy(parts.key, message->key, sizeof(parts.key));
	if (!settle(producer, hand_over(producer, &parts, message->header, packet->bytes)))
		return false;
	producer->counts.sent++;
	return true;
}

struct producer_counts
producer_counts(const struct producer *producer)
{
	return producer->counts;
}

bool
producer_is_connected(const struct producer *producer)
{
	return producer->is_ready && !trouble_is_away(&producer->trouble);
}

uint64_t
producer_waiting(const struct producer *producer)
{
	return producer->counts.sent - producer->counts.delivered - producer->counts.failed;
}

void
producer_give_up(struct producer *producer)
{
	producer->is_given_up = true;
	producer->counts.failed += producer->held.count + producer->returned.count;
	held_clear(&producer->held);
	held_clear(&producer->returned);
	(void)rd_kafka_purge(client_handle(producer->client),
	    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

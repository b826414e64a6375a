/* SPDX-License-Identifier: BSD-2-Clause */
/* One client of librdkafka on the event loop. */
#include "kafka/client.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Events served in one round of the loop. */
#define SLICE 64
/* syslog's numbers: what is more urgent is shown at once, the rest when debugging. */
#define LEVEL_URGENT 2

struct client {
	struct client_config config;
	rd_kafka_t *handle;
	rd_kafka_queue_t *queue;
	struct event *wake;
	int wake_fd;
};

enum client_trouble
client_classify(const struct client *client, rd_kafka_resp_err_t code)
{
	switch ((int)code) {
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
		return CLIENT_UNREACHABLE;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR__SSL:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
	case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return CLIENT_REFUSED;
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		return client->config.needs_group ? CLIENT_REFUSED : CLIENT_OTHER;
	case RD_KAFKA_RESP_ERR__FATAL:
		return CLIENT_FATAL;
	default:
		return CLIENT_OTHER;
	}
}

static void
take_error(struct client *client, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);
	enum client_trouble trouble;
	char text[512];

	if (code == RD_KAFKA_RESP_ERR__FATAL)
		code = rd_kafka_fatal_error(client->handle, text, sizeof(text));
	else
		(void)snprintf(text, sizeof(text), "%s", rd_kafka_event_error_string(event));
	/* The client looks for the coordinator of every group that it has a name of. */
	if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED && !client->config.needs_group) {
		root_log(client->config.log, ROOT_DEBUG, "%s", text);
		return;
	}
	trouble = client_classify(client, code);
	if (rd_kafka_event_error_is_fatal(event) != 0)
		trouble = trouble == CLIENT_REFUSED ? CLIENT_FATAL_REFUSED : CLIENT_FATAL;
	client->config.handler.on_trouble(client->config.handler.ctx, trouble, text);
}

static void
take_log(const struct client *client, rd_kafka_event_t *event)
{
	const char *facility, *text;
	int level;

	if (rd_kafka_event_log(event, &facility, &text, &level) != 0)
		return;
	/* Fatal errors are events as well. */
	root_log(client->config.log, level <= LEVEL_URGENT && strcmp(facility, "FATAL") != 0 ? ROOT_ERROR : ROOT_DEBUG, "%s: %s", facility, text);
}

static void
take(struct client *client, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_ERROR:
		take_error(client, event);
		break;
	case RD_KAFKA_EVENT_LOG:
		take_log(client, event);
		break;
	default:
		client->config.handler.on_event(client->config.handler.ctx, event);
		break;
	}
	rd_kafka_event_destroy(event);
}

/* False if more may wait. */
static bool
serve(struct client *client)
{
	rd_kafka_event_t *event;
	int served = 0;

	while (served++ < SLICE) {
		event = rd_kafka_queue_poll(client->queue, 0);
		if (event == NULL)
			return true;
		take(client, event);
	}
	return false;
}

/* librdkafka writes to the descriptor only when a queue that was empty is not any more: all of it must be taken. */
static void
on_wake(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;
	uint64_t ignored;

	(void)what;
	(void)!read(fd, &ignored, sizeof(ignored));
	if (!serve(client))
		event_active(client->wake, EV_READ, 0);
	client->config.handler.on_served(client->config.handler.ctx);
}

void
client_serve(struct client *client)
{
	(void)serve(client);
	client->config.handler.on_served(client->config.handler.ctx);
}

static int
connect_to(int fd, const struct sockaddr *address, int len, const char *id, void *ctx)
{
	const struct client *client = ctx;

	(void)id;
	client->config.on_connect(client->config.connect_ctx, address);
	/* The socket does not block: librdkafka waits for the rest. */
	return connect(fd, address, (socklen_t)len) == 0 || errno == EINPROGRESS ? 0 : errno;
}

static int
set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error)
{
	char reason[512];

	if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
		return 0;
	/* The reason quotes the value. */
	return error_set(error, OUTCOME_USAGE, "-X %.100s: %s", name,
	    property_is_secret(name) ? "the value is refused" : reason);
}

static int
set_all(rd_kafka_conf_t *conf, const struct client_config *config, struct error *error)
{
	const struct properties *properties = config->properties;

	for (size_t i = 0; i < config->preset_count; i++)
		if (properties_get(properties, config->presets[i].name) == NULL &&
		    set(conf, config->presets[i].name, config->presets[i].value, error) != 0)
			return -1;
	for (size_t i = 0; i < properties->count; i++)
		if ((config->type == RD_KAFKA_CONSUMER || strcmp(properties->items[i].name, "group.id") != 0) &&
		    set(conf, properties->items[i].name, properties->items[i].value, error) != 0)
			return -1;
	return set(conf, "log.queue", "true", error);
}

static int
start(struct client *client, struct error *error)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char reason[512];

	if (set_all(conf, &client->config, error) != 0) {
		rd_kafka_conf_destroy(conf);
		return -1;
	}
	rd_kafka_conf_set_opaque(conf, client);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_OFFSET_COMMIT | (client->config.is_member ? RD_KAFKA_EVENT_REBALANCE : RD_KAFKA_EVENT_NONE));
	if (client->config.on_connect != NULL)
		rd_kafka_conf_set_connect_cb(conf, connect_to);
	client->handle = rd_kafka_new(client->config.type, conf, reason, sizeof(reason));
	if (client->handle != NULL)
		return 0;
	rd_kafka_conf_destroy(conf);
	return error_set(error, OUTCOME_USAGE, "start the Kafka client: %s", reason);
}

struct client *
client_new(const struct client_config *config, struct error *error)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->config = *config;
	client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (client->wake_fd < 0) {
		error_set(error, OUTCOME_INTERNAL, "start the Kafka client: %s", strerror(errno));
		client_free(client);
		return NULL;
	}
	if (start(client, error) != 0) {
		client_free(client);
		return NULL;
	}
	client->config.properties = NULL;
	client->wake = event_new(loop_base(config->loop), client->wake_fd, EV_READ | EV_PERSIST, on_wake, client);
	event_add(client->wake, NULL);
	client->queue = config->type == RD_KAFKA_CONSUMER ?
	    rd_kafka_queue_get_consumer(client->handle) :
	    rd_kafka_queue_get_main(client->handle);
	if (config->type == RD_KAFKA_CONSUMER)
		(void)rd_kafka_poll_set_consumer(client->handle);
	(void)rd_kafka_set_log_queue(client->handle, client->queue);
	client_watch(client, client->queue);
	/* What came before it was watched. */
	event_active(client->wake, EV_READ, 0);
	return client;
}

void
client_watch(struct client *client, rd_kafka_queue_t *queue)
{
	static const uint64_t one = 1;

	rd_kafka_queue_io_event_enable(queue, client->wake_fd, &one, sizeof(one));
}

rd_kafka_t *
client_handle(const struct client *client)
{
	return client->handle;
}

rd_kafka_queue_t *
client_queue(const struct client *client)
{
	return client->queue;
}

uint64_t
client_number(const struct client *client, const char *name)
{
	char value[32] = "";
	size_t size = sizeof(value);

	if (rd_kafka_conf_get(rd_kafka_conf(client->handle), name, value, &size) != RD_KAFKA_CONF_OK)
		return 0;
	return strtoull(value, NULL, 10);
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	if (client->queue != NULL) {
		rd_kafka_queue_io_event_enable(client->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(client->queue);
	}
	if (client->handle != NULL)
		rd_kafka_destroy_flags(client->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (client->wake != NULL)
		event_free(client->wake);
	if (client->wake_fd >= 0)
		close(client->wake_fd);
	free(client);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners and a publisher without what espcapd does with the messages: prints what they tell as JSON, one line each,
 * and takes orders from standard input. For test_espcapd_listen.py.
 *
 *	listen_driver [KEY=VALUE]... KIND...
 *
 * KIND is channel, stream, sqs, kafka or results. Orders: "settle TICKET OUTCOME", "publish TEXT", "many COUNT",
 * "metrics", "stop", "idle MS" (does nothing at all for so long).
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/xalloc.h"
#ifdef HAVE_KAFKA
#include "listen/kafka_requests.h"
#endif
#include "listen/publisher.h"
#include "listen/redis_channel.h"
#include "listen/redis_stream.h"
#include "listen/sqs.h"
#include "orders.h"

#define LISTENERS_MAX 8
#define FORMER_MAX 4

struct driver {
	struct loop *loop;
	struct listen_context context;
	struct listener *listeners[LISTENERS_MAX];
	size_t count, stopped;
	struct publisher *publisher;
	struct event *input;
	const char *outcome; /* what every message is settled with at once; NULL: by order */
	const char *former[FORMER_MAX];
	struct redis_config redis;
	struct redis_stream_config stream;
	struct sqs_config sqs;
	struct aws_credentials_config role;
	struct properties properties; /* of Kafka */
	const char *topic;
#ifdef HAVE_KAFKA
	struct kafka_requests_config kafka;
#endif
	struct publisher_config results;
	const char *channel;
	char *ca;
	bool is_quiet;
	struct orders orders;
};

static void
print_text(const char *key, const char *text, size_t len)
{
	struct buffer out;

	buffer_init(&out, (size_t)1 << 26);
	if (json_string(&out, text, len) != 0)
		abort();
	printf(", \"%s\": %.*s", key, (int)out.len, out.data);
	buffer_release(&out);
}

static void
end_line(void)
{
	printf("}\n");
	(void)fflush(stdout);
}

static void
begin_line(const char *what, const char *name)
{
	printf("{\"what\": \"%s\"", what);
	print_text("name", name, strlen(name));
}

static enum listener_outcome
outcome_of(const char *word)
{
	if (strcmp(word, "done") == 0)
		return LISTENER_DONE;
	return strcmp(word, "retry") == 0 ? LISTENER_RETRY : LISTENER_NOT_OURS;
}

static void
on_message(void *ctx, struct listener *listener, const struct listener_message *message)
{
	struct driver *driver = ctx;

	if (!driver->is_quiet) {
		begin_line("message", listener_kind(listener));
		print_text("text", message->bytes, message->len < 1000 ? message->len : 1000);
		if (message->id != NULL)
			print_text("id", message->id, strlen(message->id));
		printf(", \"len\": %zu, \"sent\": %" PRId64 ", \"ticket\": %" PRIu64 ", \"local\": %d, \"again\": %d", message->len,
		    message->sent_ms, message->ticket, message->is_local, message->is_again);
		end_line();
	}
	if (driver->outcome != NULL)
		listener_settle(listener, message->ticket, outcome_of(driver->outcome));
}

static void
on_state(void *ctx, struct listener *listener, bool is_connected, const char *text)
{
	(void)ctx;
	begin_line(is_connected ? "connected" : "lost", listener_name(listener));
	print_text("text", text, strlen(text));
	end_line();
}

static void
on_note(void *ctx, struct listener *listener, const char *text)
{
	(void)ctx;
	begin_line("note", listener_name(listener));
	print_text("text", text, strlen(text));
	end_line();
}

static void
look_for_end(struct driver *driver)
{
	if (++driver->stopped == driver->count + (driver->publisher != NULL))
		loop_stop(driver->loop);
}

static void
on_stopped(void *ctx, struct listener *listener)
{
	begin_line("stopped", listener_name(listener));
	end_line();
	look_for_end(ctx);
}

static void
on_result_state(void *ctx, const char *place, bool is_connected, const char *text)
{
	(void)ctx;
	begin_line(is_connected ? "connected" : "lost", place);
	print_text("text", text, strlen(text));
	end_line();
}

static void
on_result_note(void *ctx, const char *place, const char *text)
{
	(void)ctx;
	begin_line("note", place);
	print_text("text", text, strlen(text));
	end_line();
}

static void
on_results_stopped(void *ctx)
{
	struct driver *driver = ctx;
	struct publisher_counts counts = publisher_counts(driver->publisher);

	begin_line("stopped", "results");
	printf(", \"published\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"waiting\": %" PRIu64, counts.published, counts.lost,
	    counts.waiting);
	end_line();
	look_for_end(driver);
}

/* Orders. */

static void
print_metrics(struct driver *driver)
{
	struct buffer out;

	buffer_init(&out, (size_t)1 << 20);
	if (listener_metrics(driver->listeners, driver->count, &out) != 0 ||
	    (driver->publisher != NULL && publisher_metrics(driver->publisher, &out) != 0))
		abort();
	begin_line("metrics", "");
	print_text("text", out.len > 0 ? out.data : "", out.len);
	end_line();
	buffer_release(&out);
}

static void
stop(struct driver *driver, uint64_t grace)
{
	for (size_t i = 0; i < driver->count; i++)
		listener_stop(driver->listeners[i], grace);
	if (driver->publisher != NULL)
		publisher_stop(driver->publisher, grace);
	if (driver->count == 0 && driver->publisher == NULL)
		loop_stop(driver->loop);
}

static void
obey(void *ctx, char *order)
{
	struct driver *driver = ctx;
	char *word = strtok(order, " "), *rest = strtok(NULL, ""), text[64];

	if (word == NULL)
		return;
	if (strcmp(word, "metrics") == 0)
		print_metrics(driver);
	else if (strcmp(word, "stop") == 0)
		stop(driver, rest != NULL ? strtoull(rest, NULL, 10) : 5000);
	else if (rest == NULL)
		return;
	else if (strcmp(word, "publish") == 0)
		publisher_send(driver->publisher, rest, strlen(rest));
	else if (strcmp(word, "idle") == 0)
		(void)usleep((useconds_t)strtoul(rest, NULL, 10) * 1000);
	else if (strcmp(word, "settle") == 0) {
		uint64_t ticket = strtoull(rest, &rest, 10);

		listener_settle(driver->listeners[0], ticket, outcome_of(rest + 1));
	} else if (strcmp(word, "many") == 0)
		for (unsigned long i = 0, count = strtoul(rest, NULL, 10); i < count; i++)
			publisher_send(driver->publisher, text, (size_t)snprintf(text, sizeof(text), "{\"number\":%lu}", i));
}

static void
on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *driver = ctx;

	(void)what;
	if (!orders_read(&driver->orders, fd, obey, driver)) {
		event_del(driver->input);
		loop_stop(driver->loop);
	}
}

/* Settings. */

static char *
read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	char *bytes = xcalloc(1, 100000);

	if (file == NULL)
		abort();
	*len = fread(bytes, 1, 99999, file);
	(void)fclose(file);
	return bytes;
}

static bool
set_redis(struct driver *driver, const char *key, const char *value)
{
	struct redis_config *redis = &driver->redis;

	if (strcmp(key, "host") == 0)
		redis->host = value;
	else if (strcmp(key, "port") == 0)
		redis->port = (uint16_t)atoi(value);
	else if (strcmp(key, "user") == 0)
		redis->user = value;
	else if (strcmp(key, "auth") == 0)
		redis->password = value;
	else if (strcmp(key, "silence") == 0)
		redis->silence = strtoull(value, NULL, 10);
	else if (strcmp(key, "tls") == 0)
		redis->is_tls = true;
	else if (strcmp(key, "ca") == 0)
		redis->ca.data = driver->ca = read_file(value, &redis->ca.len);
	else
		return false;
	return true;
}

static bool
set_stream(struct driver *driver, const char *key, const char *value)
{
	struct redis_stream_config *stream = &driver->stream;

	if (strcmp(key, "stream") == 0)
		stream->stream = value;
	else if (strcmp(key, "group") == 0)
		stream->group = value;
	else if (strcmp(key, "consumer") == 0)
		stream->consumer = value;
	else if (strcmp(key, "former") == 0 && stream->former_count < FORMER_MAX)
		driver->former[stream->former_count++] = value;
	else
		return false;
	return true;
}

static void
set_property(struct driver *driver, const char *text)
{
	struct error error;
	const char *value = strchr(text, '=');
	char *name = xstrndup(text, (size_t)(value - text));

	/* Those that are options of the programs are set as these do. */
	if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "group.id") == 0)
		properties_set(&driver->properties, name, value + 1);
	else if (properties_add(&driver->properties, text, &error) != 0)
		abort();
	free(name);
}

static bool
set_role(struct driver *driver, const char *word, const char *value)
{
	const struct {
		const char *word, **to;
	} texts[] = { { "relative", &driver->role.relative_uri }, { "full", &driver->role.full_uri },
		{ "token", &driver->role.token }, { "tokenfile", &driver->role.token_file },
		{ "container", &driver->role.container_host }, { "metadata", &driver->role.metadata_host } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(word, texts[i].word) == 0) {
			*texts[i].to = value;
			return true;
		}
	return false;
}

static void
set(struct driver *driver, char *word)
{
	char *value = strchr(word, '=');

	*value++ = '\0';
	if (set_redis(driver, word, value) || set_stream(driver, word, value))
		return;
	if (strcmp(word, "channel") == 0)
		driver->channel = value;
	else if (strcmp(word, "settle") == 0)
		driver->outcome = value;
	else if (strcmp(word, "quiet") == 0)
		driver->is_quiet = true;
	else if (strcmp(word, "url") == 0)
		driver->sqs.url = value;
	else if (strcmp(word, "role") == 0) {
		driver->sqs.access_id = driver->sqs.access_key = NULL;
		driver->sqs.role = &driver->role;
	} else if (set_role(driver, word, value))
		return;
	else if (strcmp(word, "key") == 0)
		driver->sqs.access_key = value;
	else if (strcmp(word, "wait") == 0)
		driver->sqs.wait_seconds = (unsigned)atoi(value);
	else if (strcmp(word, "topic") == 0)
		driver->topic = value;
	else if (strcmp(word, "X") == 0)
		set_property(driver, value);
	else if (strcmp(word, "visibility") == 0)
		driver->sqs.visibility = (unsigned)atoi(value);
	else if (strcmp(word, "results_sqs") == 0)
		driver->results.sqs = &driver->sqs;
	else if (strcmp(word, "results_kafka") == 0) {
		driver->results.kafka = &driver->properties;
		driver->results.kafka_topic = value;
	} else if (strcmp(word, "results_channel") == 0)
		driver->results.redis_channel = value;
	else if (strcmp(word, "results_stream") == 0)
		driver->results.redis_stream = value;
	else
		abort();
}

static void
add(struct driver *driver, const char *kind)
{
	struct error error;

	if (strcmp(kind, "channel") == 0)
		driver->listeners[driver->count++] = redis_channel_new(&driver->redis, driver->channel);
	else if (strcmp(kind, "stream") == 0)
		driver->listeners[driver->count++] = redis_stream_new(&driver->redis, &driver->stream);
	else if (strcmp(kind, "sqs") == 0)
		driver->listeners[driver->count++] = sqs_new(&driver->sqs);
#ifdef HAVE_KAFKA
	else if (strcmp(kind, "kafka") == 0) {
		driver->kafka = (struct kafka_requests_config){
			.properties = &driver->properties, .topics = &driver->topic, .topic_count = 1
		};
		driver->listeners[driver->count] = kafka_requests_new(&driver->kafka, &error);
		if (driver->listeners[driver->count++] == NULL) {
			fprintf(stderr, "%s\n", error.text);
			exit(2);
		}
	}
#endif
	else if (strcmp(kind, "results") == 0) {
		driver->publisher = publisher_new(&driver->results, &error);
		if (driver->publisher == NULL) {
			fprintf(stderr, "%s\n", error.text);
			exit(2);
		}
	} else
		abort();
}

static void
start(struct driver *driver)
{
	const struct listener_handler handler = { on_message, on_state, on_note, on_stopped, driver };
	const struct publisher_handler publisher_handler = { on_result_state, on_result_note, on_results_stopped, driver };

	for (size_t i = 0; i < driver->count; i++)
		listener_start(driver->listeners[i], &driver->context, &handler);
	if (driver->publisher != NULL)
		publisher_start(driver->publisher, &driver->context, &publisher_handler);
}

int
main(int argc, char **argv)
{
	struct driver driver = { .redis = { .host = "127.0.0.1" },
		.stream = { .stream = "requests", .group = "espcapd-test", .consumer = "test" },
		.sqs = { .region = "us-east-1", .access_id = "id", .access_key = "key", .wait_seconds = 20, .chunk = 10 },
		.channel = "capture" };
	struct error error;

	driver.stream.former = driver.former;
	driver.results.redis = &driver.redis;
	for (int i = 1; i < argc; i++)
		if (strchr(argv[i], '=') != NULL)
			set(&driver, argv[i]);
		else
			add(&driver, argv[i]);
	driver.loop = loop_new(&error);
	if (driver.loop == NULL)
		return 1;
	driver.context.loop = driver.loop;
	driver.input = event_new(loop_base(driver.loop), STDIN_FILENO, EV_READ | EV_PERSIST, on_input, &driver);
	event_add(driver.input, NULL);
	start(&driver);
	(void)loop_run(driver.loop, &error);
	for (size_t i = 0; i < driver.count; i++)
		listener_free(driver.listeners[i]);
	publisher_free(driver.publisher);
	event_free(driver.input);
	loop_free(driver.loop);
	free(driver.ca);
	properties_release(&driver.properties);
	return 0;
}

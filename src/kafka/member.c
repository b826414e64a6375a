/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the Kafka process: a member of a consumer group. */
#include "kafka/member.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/member_private.h"

#define TICK_MS 250
#define DEPART_TICK_MS 10
/* How often a cluster that was away is asked, and how long for an answer, ms. */
#define LOOK_MS 2000
#define ANSWER_MS 500
/* Commits of partitions that are given back are waited for so long, ms. */
#define RELEASE_MS 3000
/* Leaving the group takes a message to a broker that answers. */
#define DEPART_MS 1000
/* Frames that do not go with the messages: espcap reads them at once. */
#define WORDS_MAX ((size_t)16 << 20)
/* Of these, the ones that may be left out because they are repeated. */
#define IDLE_WORDS_MAX ((size_t)256 << 10)

/* What the semantics of a worker need, and why. */
static const struct {
	const char *name;
	const char *only; /* the value that it may have, NULL for none */
	const char *why;
} needed[] = {
	{ "enable.auto.commit", "false", "the offset of a packet is committed when its document has arrived" },
	{ "enable.auto.offset.store", "false", "the offset of a packet is committed when its document has arrived" },
	{ "enable.partition.eof", "true", "espcap has to know where a partition ends" },
	{ "auto.offset.reset", NULL, "use --from" },
	{ "partition.assignment.strategy", "cooperative-sticky", "workers keep the partitions that do not move" }
};

int
member_check(const struct member_config *config, struct error *error)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const char *value = properties_get(config->properties, needed[i].name);

		if (value != NULL && (needed[i].only == NULL || strcmp(value, needed[i].only) != 0))
			return error_set(error, OUTCOME_USAGE, "-X %s=%.100s is refused: %s", needed[i].name, value, needed[i].why);
	}
	for (size_t i = 0; i < config->topic_count; i++)
		if (config->topics[i][0] == '^' || config->topics[i][0] == '\0')
			return error_set(error, OUTCOME_USAGE, "'%.200s' is not the name of a topic", config->topics[i]);
	return 0;
}

/* What it tells. */

/* The rest waits until the pipe can be written. Who does not read it any more is gone. */
static bool
write_some(int fd, struct buffer *frames, struct event *writable)
{
	while (frames->len > 0) {
		ssize_t n = write(fd, frames->data, frames->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			event_add(writable, NULL);
			return false;
		}
		if (n <= 0)
			_exit(0);
		buffer_consume(frames, (size_t)n);
	}
	/* A large message is no reason to keep that much. */
	buffer_shrink(frames, (size_t)8 << 20);
	return true;
}

bool
member_flush(struct member *member)
{
	return write_some(member->channel.pipes.messages, &member->channel.messages, member->channel.messages_writable);
}

void
member_tell(struct member *member, const struct intake_event *event)
{
	if (event->kind < INTAKE_OPEN) {
		(void)intake_write(&member->channel.messages, event);
		return;
	}
	if (member->channel.words.len > IDLE_WORDS_MAX && (event->kind == INTAKE_HIGH || event->kind == INTAKE_NOTE))
		return;
	/* It cannot do without the others. */
	if (intake_write(&member->channel.words, event) != 0)
		_exit(1);
	(void)write_some(member->channel.pipes.words, &member->channel.words, member->channel.words_writable);
}

void
member_tell_flag(struct member *member, enum intake_kind kind, uint32_t assignment, bool flag)
{
	member_tell(member, &(struct intake_event){ .kind = kind, .assignment = assignment, .flag = flag });
}

void
member_note(struct member *member, const char *format, ...)
{
	struct intake_event event = { .kind = INTAKE_NOTE };
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(event.error.text, sizeof(event.error.text), format, ap);
	va_end(ap);
	member_tell(member, &event);
}

/* Messages for the log are notes here. */
static void
on_text(void *ctx, const char *text)
{
	member_note(ctx, "%s", text);
}

static void
wait_for_words(struct member *member)
{
	struct pollfd fd = { .fd = member->channel.pipes.words, .events = POLLOUT };

	while (!write_some(member->channel.pipes.words, &member->channel.words, member->channel.words_writable))
		if (poll(&fd, 1, ANSWER_MS) <= 0)
			return;
}

_Noreturn static void
fail(struct member *member, const struct error *error)
{
	struct intake_event event = { .kind = INTAKE_FAILED, .error = *error };

	(void)member_flush(member);
	member_tell(member, &event);
	wait_for_words(member);
	_exit(1);
}

static void
set_cut_off(struct member *member, bool is_cut_off)
{
	if (member->is_cut_off == is_cut_off)
		return;
	member->is_cut_off = is_cut_off;
	member->look_at = clock_ms() + LOOK_MS;
	member_tell_flag(member, INTAKE_CUT_OFF, 0, is_cut_off);
}

static void
on_trouble(void *ctx, enum client_trouble trouble, const char *text)
{
	struct member *member = ctx;
	struct error error;

	if (trouble == CLIENT_FATAL) {
		error_set(&error, OUTCOME_INPUT, "Kafka: %s", text);
		fail(member, &error);
	}
	if (trouble == CLIENT_UNREACHABLE)
		set_cut_off(member, true);
	trouble_note(&member->trouble, trouble, text);
}

void
member_note_code(struct member *member, rd_kafka_resp_err_t code)
{
	on_trouble(member, client_classify(member->client, code), rd_kafka_err2str(code));
}

void
member_recover(struct member *member)
{
	set_cut_off(member, false);
	trouble_end(&member->trouble);
}

/* The loop. */

static void
on_event(void *ctx, rd_kafka_event_t *event)
{
	struct member *member = ctx;

	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_REBALANCE:
		member_on_rebalance(member, event);
		break;
	case RD_KAFKA_EVENT_OFFSET_COMMIT:
		member_on_commit(member, event);
		member_give_back(member);
		break;
	default:
		break;
	}
}

static void
on_served(void *ctx)
{
	member_read(ctx);
}

static void
on_soon(void *ctx)
{
	struct member *member = ctx;

	member->is_deferred = false;
	member_begin(member);
	member_read(member);
}

void
member_read_soon(struct member *member)
{
	if (member->is_deferred)
		return;
	member->is_deferred = true;
	loop_defer(member->loop, on_soon, member);
}

/* The end. */

static bool
has_all_committed(const struct member *member)
{
	for (size_t i = 0; i < member->count; i++)
		if (member_commits(&member->lanes[i]))
			return false;
	return true;
}

/* Nobody has to wait for the session to expire. A static member comes back, and a broker that is away hears nothing. */
static void
depart(struct member *member)
{
	rd_kafka_queue_t *queue;
	rd_kafka_error_t *refusal;

	if (member->is_cut_off || properties_get(member->config->properties, "group.instance.id") != NULL)
		_exit(0);
	member->leaving.is_under_way = true;
	member->leaving.end_at = clock_ms() + DEPART_MS;
	queue = rd_kafka_queue_new(client_handle(member->client));
	/* From here on the queue of the consumer is this one: it stays to the end. */
	refusal = rd_kafka_consumer_close_queue(client_handle(member->client), queue);
	if (refusal != NULL)
		_exit(0);
	member_give_back(member);
	loop_start_timer(member->tick, 0);
}

static void
look_for_end(struct member *member)
{
	if (!member->leaving.is_ordered || member->leaving.is_under_way)
		return;
	if (has_all_committed(member) || clock_ms() >= member->leaving.wait_until)
		depart(member);
}

static void
go_on_departing(struct member *member)
{
	client_serve(member->client);
	if (rd_kafka_consumer_closed(client_handle(member->client)) != 0 || clock_ms() >= member->leaving.end_at)
		_exit(0);
	loop_start_timer(member->tick, DEPART_TICK_MS);
}

/* Orders. */

static void
obey(struct member *member, const struct intake_order *order)
{
	struct lane *lane = member_lane_of(member, order->assignment);

	switch (order->word) {
	case INTAKE_COMMIT:
		if (lane != NULL && !lane->is_again && (int64_t)order->number > lane->wanted)
			lane->wanted = (int64_t)order->number;
		break;
	case INTAKE_RELEASE:
		if (lane == NULL || lane->state != LANE_HELD)
			break;
		if (lane->is_again) {
			member_begin_again(member, lane);
			break;
		}
		lane->is_released = true;
		member->release_by = clock_ms() + RELEASE_MS;
		break;
	case INTAKE_LEAVE:
		member->leaving.is_ordered = true;
		member->leaving.wait_until = clock_ms() + order->number;
		member->leaving.is_stopped = true;
		break;
	case INTAKE_STOP:
		member->leaving.is_stopped = true;
		break;
	case INTAKE_ASK_REST:
		member->rest.token = order->assignment;
		break;
	case INTAKE_WORDS:
		break;
	}
}

static void
on_orders(evutil_socket_t fd, short what, void *ctx)
{
	struct member *member = ctx;
	struct intake_order order;
	ssize_t used, n;

	(void)what;
	(void)buffer_reserve(&member->channel.orders, 4096);
	n = read(fd, member->channel.orders.data + member->channel.orders.len, 4096);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* Espcap has ended. */
	if (n <= 0)
		_exit(0);
	buffer_added(&member->channel.orders, (size_t)n);
	while ((used = intake_read_order(member->channel.orders.data, member->channel.orders.len, &order)) > 0) {
		obey(member, &order);
		buffer_consume(&member->channel.orders, (size_t)used);
	}
	if (used < 0)
		_exit(1);
	member_commit(member);
	member_give_back(member);
	member_tell_rest(member);
	look_for_end(member);
}

/* The loop. */

/* Where nothing happens nothing tells that a broker answers again. */
static void
look_for_broker(struct member *member)
{
	const struct rd_kafka_metadata *metadata;

	if (!member->is_cut_off || clock_ms() < member->look_at)
		return;
	if (rd_kafka_metadata(client_handle(member->client), 0, NULL, &metadata, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_metadata_destroy(metadata);
		member_recover(member);
	}
	member->look_at = clock_ms() + LOOK_MS;
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct member *member = ctx;
	struct error error;

	(void)fd;
	(void)what;
	if (member->leaving.is_under_way) {
		go_on_departing(member);
		return;
	}
	loop_start_timer(member->tick, TICK_MS);
	/* A member that is not heard of for max.poll.interval.ms is removed from its group. */
	client_serve(member->client);
	member_begin(member);
	member_commit(member);
	member_give_back(member);
	member_tell_high(member);
	member_tell_rest(member);
	look_for_broker(member);
	look_for_end(member);
	if (trouble_is_final(&member->trouble, OUTCOME_INPUT, &error))
		fail(member, &error);
}

static void
on_messages_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct member *member = ctx;

	(void)fd;
	(void)what;
	if (member_flush(member))
		member_read(member);
}

static void
on_words_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct member *member = ctx;

	(void)what;
	(void)write_some(fd, &member->channel.words, member->channel.words_writable);
}

static int
start_client(struct member *member, struct error *error)
{
	static const struct client_preset presets[] = {
		{ "client.id", "espcap" },
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "enable.partition.eof", "true" },
		{ "auto.offset.reset", "earliest" },
		{ "partition.assignment.strategy", "cooperative-sticky" },
		/* Of one queue for all partitions, and so in all. */
		{ "queued.max.messages.kbytes", "65536" }
	};
	const struct client_config config = { .loop = member->loop,
		.log = &member->log,
		.type = RD_KAFKA_CONSUMER,
		.properties = member->config->properties,
		.presets = presets,
		.preset_count = sizeof(presets) / sizeof(presets[0]),
		.is_member = true,
		.needs_group = true,
		.on_connect = member->config->gate != NULL ? gate_pass : NULL,
		.connect_ctx = member->config->gate,
		.handler = { on_event, on_served, on_trouble, member } };

	if (member_check(member->config, error) != 0)
		return -1;
	member->client = client_new(&config, error);
	if (member->client == NULL)
		return -1;
	member->taken.queue = rd_kafka_queue_new(client_handle(member->client));
	client_watch(member->client, member->taken.queue);
	return 0;
}

static int
subscribe(struct member *member, struct error *error)
{
	const struct member_config *config = member->config;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)config->topic_count);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < config->topic_count; i++)
		rd_kafka_topic_partition_list_add(list, config->topics[i], RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(client_handle(member->client), list);
	rd_kafka_topic_partition_list_destroy(list);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return error_set(error, OUTCOME_USAGE, "subscribe to the topics: %s", rd_kafka_err2str(code));
}

static void
open_events(struct member *member)
{
	struct event_base *base = loop_base(member->loop);

	member->channel.messages_writable = event_new(base, member->channel.pipes.messages, EV_WRITE, on_messages_writable, member);
	member->channel.words_writable = event_new(base, member->channel.pipes.words, EV_WRITE, on_words_writable, member);
	member->channel.ordered = event_new(base, member->channel.pipes.orders, EV_READ | EV_PERSIST, on_orders, member);
	member->tick = evtimer_new(base, on_tick, member);
	event_add(member->channel.ordered, NULL);
	loop_start_timer(member->tick, TICK_MS);
}

void
member_run(const struct member_config *config, const struct member_pipes *pipes)
{
	struct member *member = xcalloc(1, sizeof(*member));
	struct error error;

	member->config = config;
	member->channel.pipes = *pipes;
	buffer_init(&member->channel.messages, 2 * (size_t)INTAKE_FRAME_MAX);
	buffer_init(&member->channel.words, WORDS_MAX);
	buffer_init(&member->channel.orders, (size_t)1 << 16);
	member->log = (struct root_log){ .level = ROOT_INFO, .on_text = on_text, .ctx = member };
	member->trouble = (struct trouble){ .log = &member->log, .retry_for = config->retry_for };
	member->loop = loop_new(&error);
	if (member->loop == NULL)
		_exit(1);
	open_events(member);
	if (start_client(member, &error) != 0 || subscribe(member, &error) != 0)
		fail(member, &error);
	member_tell(member, &(struct intake_event){ .kind = INTAKE_OPEN });
	if (loop_run(member->loop, &error) != 0)
		fail(member, &error);
	_exit(0);
}

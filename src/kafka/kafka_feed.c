/* SPDX-License-Identifier: BSD-2-Clause */
/* The Kafka process as espcap sees it. */
#include "kafka/kafka_feed.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/xalloc.h"
#include "process/helper.h"
#include "process/pipes.h"
#include "process/process_memory.h"

/* The pipe's own buffer, if the system lets us have it. */
#define PIPE_LEN (1 << 20)
/* Bytes read in one round of the loop. */
#define SLICE ((size_t)256 << 10)
/* Memory for a large message is not kept. */
#define KEPT_MAX ((size_t)1 << 20)
/* Orders that a process does not take: it is hung. */
#define ORDERS_MAX ((size_t)16 << 20)
/* What a process that leaves may take beyond its grace, ms. */
#define LEAVE_MS 5000

/* One pipe from the process. */
struct intake {
	int fd; /* -1: closed */
	struct event *readable;
	struct buffer frames;
};

struct numbers {
	uint32_t *items;
	size_t count;
};

struct kafka_feed {
	const struct member_config *config; /* until it has started */
	pid_t process;
	struct intake messages, words;
	int orders;
	struct member_pipes its;
	struct gate *gate; /* NULL for none */
	struct buffer order_frames;
	struct event *orders_writable, *leave_late;
	struct kafka_feed_handler handler;
	struct numbers live; /* assignments that were told, and not that they were revoked */
	struct numbers gone; /* those that were revoked before they were told */
	char cluster[sizeof(((struct error *)NULL)->text)];
	bool is_paused, is_leaving, is_closed, has_failed, has_ended;
};

static void
numbers_add(struct numbers *numbers, uint32_t number)
{
	numbers->items = xreallocarray(numbers->items, numbers->count + 1, sizeof(*numbers->items));
	numbers->items[numbers->count++] = number;
}

static bool
numbers_have(const struct numbers *numbers, uint32_t number)
{
	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->items[i] == number)
			return true;
	return false;
}

/* False if it was not there. */
static bool
numbers_remove(struct numbers *numbers, uint32_t number)
{
	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->items[i] == number) {
			numbers->items[i] = numbers->items[--numbers->count];
			return true;
		}
	return false;
}

/* The process. */

static int
work(void *ctx)
{
	const struct kafka_feed *feed = ctx;
	/* One byte: see spawn.c; a core would hold packets and passwords. */
	const struct rlimit no_core = { 1, 1 };
	struct member_config config;

	if (setrlimit(RLIMIT_CORE, &no_core) != 0)
		return 1;
	if (feed->config->forget != NULL)
		feed->config->forget(feed->config->ctx);
	/* A library, or a kinit that it runs, must not write to a socket for standard error. */
	descriptor_fill_standard();
	config = *feed->config;
	config.gate = feed->gate;
	member_run(&config, &feed->its);
}

/* Our side. */

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int
open_pipe(int *reader, int *writer)
{
	int ends[2];

	if (pipes_pair(ends) != 0)
		return -1;
	*reader = ends[0];
	*writer = ends[1];
	return fcntl(*reader, F_SETFL, O_NONBLOCK) != 0 || fcntl(*writer, F_SETFL, O_NONBLOCK) != 0 ? -1 : 0;
}

static int
open_pipes(struct kafka_feed *feed)
{
	if (open_pipe(&feed->messages.fd, &feed->its.messages) != 0 || open_pipe(&feed->words.fd, &feed->its.words) != 0 ||
	    open_pipe(&feed->its.orders, &feed->orders) != 0)
		return -1;
	(void)fcntl(feed->its.messages, F_SETPIPE_SZ, PIPE_LEN);
	return 0;
}

static void
close_its(struct kafka_feed *feed)
{
	close_fd(&feed->its.messages);
	close_fd(&feed->its.words);
	close_fd(&feed->its.orders);
}

/* Reads at most max bytes more: 1, 0 if there are none now, -1 at the end. */
static int
read_some(struct intake *intake, size_t max)
{
	ssize_t n;

	if (buffer_reserve(&intake->frames, max) != 0)
		return -1;
	do
		n = read(intake->fd, intake->frames.data + intake->frames.len, max);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	buffer_added(&intake->frames, (size_t)n);
	return 1;
}

/* The next whole frame that was read: 1, 0 if there is none, -1 if this is no frame. */
static int
next(struct intake *intake, struct intake_event *event, size_t *used)
{
	ssize_t n = intake_read(intake->frames.data, intake->frames.len, event);

	*used = n > 0 ? (size_t)n : 0;
	return n > 0 ? 1 : (int)n;
}

static int
hear_start(struct kafka_feed *feed, struct error *error)
{
	struct pollfd fd = { .fd = feed->words.fd, .events = POLLIN };
	struct intake_event event;
	size_t used;
	int got = 0;

	/* Notes may come before. */
	while (got >= 0) {
		while (next(&feed->words, &event, &used) == 1 && event.kind == INTAKE_NOTE)
			buffer_consume(&feed->words.frames, used);
		if (used > 0 && event.kind == INTAKE_OPEN) {
			buffer_consume(&feed->words.frames, used);
			return 0;
		}
		if (used > 0 && event.kind == INTAKE_FAILED)
			return error_set(error, event.error.outcome, "%s", event.error.text);
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			break;
		got = read_some(&feed->words, 4096);
	}
	return error_set(error, OUTCOME_INTERNAL, "the Kafka process has ended");
}

static int
start(struct kafka_feed *feed, struct error *error)
{
	const int kept[] = { feed->its.messages, feed->its.words, feed->its.orders,
		feed->gate != NULL ? gate_of_process(feed->gate) : -1 };

	feed->process = helper_start(kept, feed->gate != NULL ? 4 : 3, work, feed);
	if (feed->gate != NULL)
		gate_made(feed->gate);
	if (feed->process < 0)
		return error_set(error, OUTCOME_INTERNAL, "cannot start the Kafka process: %s", strerror(errno));
	close_its(feed);
	return hear_start(feed, error);
}

struct kafka_feed *
kafka_feed_start(const struct member_config *config, struct error *error)
{
	struct kafka_feed *feed = xcalloc(1, sizeof(*feed));

	feed->config = config;
	feed->messages.fd = feed->words.fd = feed->orders = -1;
	feed->its = (struct member_pipes){ -1, -1, -1 };
	buffer_init(&feed->messages.frames, INTAKE_FRAME_MAX + SLICE);
	buffer_init(&feed->words.frames, INTAKE_FRAME_MAX + SLICE);
	buffer_init(&feed->order_frames, ORDERS_MAX);
	if (member_check(config, error) != 0)
		goto fail;
	if (open_pipes(feed) != 0 || (config->is_gated && (feed->gate = gate_new()) == NULL)) {
		error_set(error, OUTCOME_INTERNAL, "cannot prepare the Kafka process: %s", strerror(errno));
		goto fail;
	}
	if (start(feed, error) != 0)
		goto fail;
	feed->config = NULL;
	return feed;
fail:
	kafka_feed_free(feed);
	return NULL;
}

static void
release(struct intake *intake)
{
	if (intake->readable != NULL)
		event_free(intake->readable);
	buffer_release(&intake->frames);
	close_fd(&intake->fd);
}

void
kafka_feed_free(struct kafka_feed *feed)
{
	if (feed == NULL)
		return;
	helper_end(feed->process, true);
	close_its(feed);
	release(&feed->messages);
	release(&feed->words);
	if (feed->orders_writable != NULL)
		event_free(feed->orders_writable);
	if (feed->leave_late != NULL)
		event_free(feed->leave_late);
	close_fd(&feed->orders);
	buffer_release(&feed->order_frames);
	gate_free(feed->gate);
	free(feed->live.items);
	free(feed->gone.items);
	free(feed);
}

/* Orders. */

static void
write_orders(struct kafka_feed *feed)
{
	while (feed->orders >= 0 && feed->order_frames.len > 0) {
		ssize_t n = write(feed->orders, feed->order_frames.data, feed->order_frames.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			event_add(feed->orders_writable, NULL);
			return;
		}
		/* It has ended, which its words tell. */
		if (n <= 0) {
			buffer_clear(&feed->order_frames);
			return;
		}
		buffer_consume(&feed->order_frames, (size_t)n);
	}
}

static void
order(struct kafka_feed *feed, enum intake_word word, uint32_t assignment, uint64_t number)
{
	const struct intake_order order_ = { word, assignment, number };

	if (feed->orders < 0)
		return;
	if (intake_write_order(&feed->order_frames, &order_) == 0)
		write_orders(feed);
	else if (feed->process > 0)
		(void)kill(feed->process, SIGKILL);
}

static void
on_orders_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	write_orders(ctx);
}

/* What it says. */

static void
take_assigned(struct kafka_feed *feed, const struct intake_assigned *assigned)
{
	if (numbers_remove(&feed->gone, assigned->assignment))
		return;
	numbers_add(&feed->live, assigned->assignment);
	feed->handler.on_assigned(feed->handler.ctx, assigned);
}

static void
take_revoked(struct kafka_feed *feed, uint32_t assignment, bool lost)
{
	if (numbers_remove(&feed->live, assignment)) {
		feed->handler.on_revoked(feed->handler.ctx, assignment, lost);
		return;
	}
	numbers_add(&feed->gone, assignment);
	order(feed, INTAKE_RELEASE, assignment, 0);
}

static void
take_with_messages(struct kafka_feed *feed, const struct intake_event *event)
{
	const struct kafka_feed_handler *handler = &feed->handler;

	switch (event->kind) {
	case INTAKE_ASSIGNED:
		take_assigned(feed, &event->assigned);
		break;
	case INTAKE_MESSAGE:
		if (numbers_have(&feed->live, event->message.assignment))
			handler->on_message(handler->ctx, &event->message);
		break;
	case INTAKE_AT_END:
		if (numbers_have(&feed->live, event->assignment))
			handler->on_at_end(handler->ctx, event->assignment, (int64_t)event->number);
		break;
	case INTAKE_MISSED:
		if (numbers_have(&feed->live, event->assignment))
			handler->on_missed(handler->ctx, event->assignment, event->number);
		break;
	case INTAKE_SETTLED:
		handler->on_settled(handler->ctx);
		break;
	case INTAKE_REST:
		handler->on_rest(handler->ctx, event->assignment, event->number, event->flag);
		break;
	case INTAKE_CLUSTER:
		(void)snprintf(feed->cluster, sizeof(feed->cluster), "%s", event->error.text);
		break;
	default:
		break;
	}
}

static void
fail(struct kafka_feed *feed, enum outcome outcome, const char *text)
{
	struct error error;

	if (feed->has_failed)
		return;
	feed->has_failed = true;
	error_set(&error, outcome, "%s", text);
	feed->handler.on_failed(feed->handler.ctx, &error);
}

static void
take_word(struct kafka_feed *feed, const struct intake_event *event)
{
	const struct kafka_feed_handler *handler = &feed->handler;

	switch (event->kind) {
	case INTAKE_REVOKED:
		take_revoked(feed, event->assignment, event->flag);
		break;
	case INTAKE_HIGH:
		if (numbers_have(&feed->live, event->assignment))
			handler->on_high(handler->ctx, event->assignment, (int64_t)event->number);
		break;
	case INTAKE_COMMITTED:
		handler->on_committed(handler->ctx, event->assignment, (int64_t)event->number);
		break;
	case INTAKE_CUT_OFF:
		handler->on_cut_off(handler->ctx, event->flag);
		break;
	case INTAKE_REBALANCE:
		handler->on_rebalance(handler->ctx);
		break;
	case INTAKE_NOTE:
		handler->on_note(handler->ctx, event->error.text);
		break;
	case INTAKE_FAILED:
		fail(feed, event->error.outcome, event->error.text);
		break;
	default:
		break;
	}
}

/* The end. */

static void
hang_up(struct intake *intake)
{
	if (intake->readable != NULL)
		event_del(intake->readable);
	close_fd(&intake->fd);
}

static void
stop_process(struct kafka_feed *feed)
{
	helper_end(feed->process, true);
	feed->process = -1;
	if (feed->orders_writable != NULL)
		event_del(feed->orders_writable);
	close_fd(&feed->orders);
}

/* When both pipes have ended, and the handler has everything that was in them. */
static void
look_for_end(struct kafka_feed *feed)
{
	if (feed->words.fd >= 0 || (feed->messages.fd >= 0 && !feed->is_leaving) || feed->has_ended || feed->is_closed)
		return;
	feed->has_ended = true;
	hang_up(&feed->messages);
	event_del(feed->leave_late);
	feed->handler.on_end(feed->handler.ctx);
}

/* What follows makes no sense: it is not what our own process would write. */
static void
distrust(struct kafka_feed *feed, struct intake *intake)
{
	fail(feed, OUTCOME_INTERNAL, "the Kafka process does not keep to the form of its messages");
	hang_up(intake);
	stop_process(feed);
}

/* All whole frames. */
static void
take_words(struct kafka_feed *feed)
{
	struct intake_event event;
	size_t used;
	int got = 0;

	while (!feed->is_closed && (got = next(&feed->words, &event, &used)) == 1) {
		buffer_consume(&feed->words.frames, used);
		take_word(feed, &event);
	}
	if (got < 0)
		distrust(feed, &feed->words);
}

static void
on_words(evutil_socket_t fd, short what, void *ctx)
{
	struct kafka_feed *feed = ctx;
	int got;

	(void)fd;
	(void)what;
	got = feed->words.fd >= 0 ? read_some(&feed->words, SLICE) : -1;
	take_words(feed);
	if (got < 0 && feed->words.fd >= 0) {
		hang_up(&feed->words);
		stop_process(feed);
		if (!feed->is_leaving)
			fail(feed, OUTCOME_INTERNAL, "the Kafka process was killed");
	}
	look_for_end(feed);
}

static void
take_messages(struct kafka_feed *feed)
{
	struct intake *intake = &feed->messages;
	struct intake_event event;
	size_t used;
	int got = 0;

	while (!feed->is_paused && !feed->is_closed && !feed->is_leaving && (got = next(intake, &event, &used)) == 1) {
		take_with_messages(feed, &event);
		/* A message points into it. */
		buffer_consume(&intake->frames, used);
	}
	if (got < 0)
		distrust(feed, intake);
	if (intake->frames.len == 0)
		buffer_shrink(&intake->frames, KEPT_MAX);
}

static void
on_messages(evutil_socket_t fd, short what, void *ctx)
{
	struct kafka_feed *feed = ctx;
	int got = 0;

	(void)fd;
	(void)what;
	/* Since it was resumed there may be some already. */
	take_messages(feed);
	if (feed->is_paused || feed->is_closed || feed->messages.fd < 0)
		return;
	got = read_some(&feed->messages, SLICE);
	take_messages(feed);
	if (got < 0 && !feed->is_paused)
		hang_up(&feed->messages);
	look_for_end(feed);
}

static void
on_leave_late(evutil_socket_t fd, short what, void *ctx)
{
	const struct kafka_feed *feed = ctx;

	(void)fd;
	(void)what;
	if (feed->process > 0)
		(void)kill(feed->process, SIGKILL);
}

void
kafka_feed_listen(struct kafka_feed *feed, struct loop *loop, const struct kafka_feed_handler *handler)
{
	struct event_base *base = loop_base(loop);

	feed->handler = *handler;
	feed->messages.readable = event_new(base, feed->messages.fd, EV_READ | EV_PERSIST, on_messages, feed);
	feed->words.readable = event_new(base, feed->words.fd, EV_READ | EV_PERSIST, on_words, feed);
	feed->orders_writable = event_new(base, feed->orders, EV_WRITE, on_orders_writable, feed);
	feed->leave_late = evtimer_new(base, on_leave_late, feed);
	event_add(feed->messages.readable, NULL);
	event_add(feed->words.readable, NULL);
	/* What came with the start. */
	event_active(feed->words.readable, EV_READ, 0);
	if (feed->gate != NULL)
		gate_listen(feed->gate, loop, handler->on_connect, handler->connect_ctx);
}

void
kafka_feed_pause(struct kafka_feed *feed)
{
	feed->is_paused = true;
	if (feed->messages.fd >= 0)
		event_del(feed->messages.readable);
}

void
kafka_feed_resume(struct kafka_feed *feed)
{
	feed->is_paused = false;
	if (feed->messages.fd < 0 || feed->is_leaving)
		return;
	event_add(feed->messages.readable, NULL);
	event_active(feed->messages.readable, EV_READ, 0);
}

void
kafka_feed_commit(struct kafka_feed *feed, uint32_t assignment, int64_t offset)
{
	order(feed, INTAKE_COMMIT, assignment, (uint64_t)offset);
}

void
kafka_feed_release(struct kafka_feed *feed, uint32_t assignment)
{
	order(feed, INTAKE_RELEASE, assignment, 0);
}

void
kafka_feed_stop(struct kafka_feed *feed)
{
	order(feed, INTAKE_STOP, 0, 0);
}

void
kafka_feed_ask_rest(struct kafka_feed *feed, uint32_t token)
{
	order(feed, INTAKE_ASK_REST, token, 0);
}

void
kafka_feed_leave(struct kafka_feed *feed, uint64_t grace)
{
	if (feed->is_leaving || feed->has_ended || feed->is_closed)
		return;
	feed->is_leaving = true;
	/* The pipe stays open: its end would end the process. */
	if (feed->messages.fd >= 0)
		event_del(feed->messages.readable);
	order(feed, INTAKE_LEAVE, 0, grace);
	loop_start_timer(feed->leave_late, grace + LEAVE_MS);
	/* It may have ended already. */
	if (feed->words.fd < 0 && !feed->has_ended)
		event_active(feed->words.readable, EV_READ, 0);
}

/* Waits for words, and for room for orders. */
static void
wait_for_words(struct kafka_feed *feed, uint64_t ms)
{
	struct pollfd fds[2] = { { .fd = feed->words.fd, .events = POLLIN }, { .fd = feed->orders, .events = POLLOUT } };

	(void)poll(fds, feed->order_frames.len > 0 && feed->orders >= 0 ? 2 : 1, (int)ms);
	write_orders(feed);
	on_words(-1, 0, feed);
}

void
kafka_feed_finish(struct kafka_feed *feed, uint64_t grace)
{
	uint64_t until = clock_ms() + grace + LEAVE_MS, now;

	if (feed->words.readable != NULL) {
		kafka_feed_leave(feed, grace);
		while (feed->words.fd >= 0 && (now = clock_ms()) < until)
			wait_for_words(feed, until - now);
	}
	kafka_feed_close(feed);
}

void
kafka_feed_close(struct kafka_feed *feed)
{
	feed->is_closed = true;
	stop_process(feed);
	hang_up(&feed->messages);
	hang_up(&feed->words);
	if (feed->leave_late != NULL)
		event_del(feed->leave_late);
}

uint64_t
kafka_feed_memory(const struct kafka_feed *feed)
{
	return feed->process > 0 ? process_memory_bytes(feed->process) : 0;
}

const char *
kafka_feed_cluster(const struct kafka_feed *feed)
{
	return feed->cluster;
}

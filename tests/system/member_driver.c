/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A member of a consumer group without what espcap does with the messages: prints what kafka/kafka_feed.h tells, one
 * line each, and takes orders from standard input. For test_kafka_member.py.
 *
 *	member_driver [-X KEY=VALUE]... [-w MS,MESSAGES] [-f FROM] [-r RETRY_MS] [-a] [-q] TOPIC...
 *
 * FROM is stored, begin, latest or ms since 1970. With -a offsets are committed as messages come, and partitions
 * released when they are revoked. With -q messages are counted, and not printed.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "kafka/kafka_feed.h"
#include "orders.h"

#define ASSIGNMENTS_MAX 1024

struct driver {
	struct kafka_feed *feed;
	struct loop *loop;
	struct event *input, *tick;
	bool is_auto, is_quiet;
	int64_t next[ASSIGNMENTS_MAX], start[ASSIGNMENTS_MAX];
	uint64_t messages, bytes;
	struct orders orders;
};

static void
on_assigned(void *ctx, const struct intake_assigned *assigned)
{
	struct driver *driver = ctx;

	if (assigned->assignment >= ASSIGNMENTS_MAX)
		abort();
	driver->next[assigned->assignment] = driver->start[assigned->assignment] = assigned->start;
	printf("assigned %u %u %d start=%" PRId64 " warm=%" PRId64 " end=%" PRId64 " missed=%" PRIu64 " cluster=%s\n",
	    assigned->assignment, assigned->topic, assigned->partition, assigned->start, assigned->warm, assigned->end,
	    assigned->missed, kafka_feed_cluster(driver->feed));
}

static void
on_message(void *ctx, const struct intake_message *message)
{
	struct driver *driver = ctx;

	driver->messages++;
	driver->bytes += message->value_len;
	if (message->offset >= driver->start[message->assignment])
		driver->next[message->assignment] = message->offset + 1;
	if (!driver->is_quiet)
		printf("message %u %" PRId64 " key=%d header=%d value=%d\n", message->assignment, message->offset,
		    message->key != NULL ? (int)message->key_len : -1, message->header != NULL ? (int)message->header_len : -1,
		    message->value != NULL ? (int)message->value_len : -1);
}

static void
on_revoked(void *ctx, uint32_t assignment, bool lost)
{
	struct driver *driver = ctx;

	printf("revoked %u lost=%d\n", assignment, lost);
	if (!driver->is_auto)
		return;
	if (!lost)
		kafka_feed_commit(driver->feed, assignment, driver->next[assignment]);
	kafka_feed_release(driver->feed, assignment);
	driver->start[assignment] = driver->next[assignment];
}

static void
on_at_end(void *ctx, uint32_t assignment, int64_t high)
{
	(void)ctx;
	printf("end %u %" PRId64 "\n", assignment, high);
}

static void
on_high(void *ctx, uint32_t assignment, int64_t high)
{
	(void)ctx;
	printf("high %u %" PRId64 "\n", assignment, high);
}

static void
on_missed(void *ctx, uint32_t assignment, uint64_t count)
{
	(void)ctx;
	printf("missed %u %" PRIu64 "\n", assignment, count);
}

static void
on_committed(void *ctx, uint32_t assignment, int64_t offset)
{
	(void)ctx;
	printf("committed %u %" PRId64 "\n", assignment, offset);
}

static void
on_settled(void *ctx)
{
	(void)ctx;
	printf("settled\n");
}

static void
on_cut_off(void *ctx, bool cut_off)
{
	(void)ctx;
	printf("cut_off %d\n", cut_off);
}

static void
on_rebalance(void *ctx)
{
	(void)ctx;
	printf("rebalance\n");
}

static void
on_note(void *ctx, const char *text)
{
	(void)ctx;
	printf("note %s\n", text);
}

static void
on_failed(void *ctx, const struct error *error)
{
	(void)ctx;
	printf("failed %d %s\n", error->outcome, error->text);
}

static void
on_end(void *ctx)
{
	struct driver *driver = ctx;

	printf("over messages=%" PRIu64 " bytes=%" PRIu64 "\n", driver->messages, driver->bytes);
	loop_stop(driver->loop);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *driver = ctx;

	(void)fd;
	(void)what;
	for (uint32_t i = 1; driver->is_auto && i < ASSIGNMENTS_MAX; i++)
		if (driver->next[i] > driver->start[i]) {
			kafka_feed_commit(driver->feed, i, driver->next[i]);
			driver->start[i] = driver->next[i];
		}
	loop_start_timer(driver->tick, 200);
}

static void
obey(void *ctx, char *line)
{
	struct driver *driver = ctx;
	long long a = 0, b = 0;
	char word[32] = "";

	(void)sscanf(line, "%31s %lld %lld", word, &a, &b);
	if (strcmp(word, "pause") == 0)
		kafka_feed_pause(driver->feed);
	else if (strcmp(word, "resume") == 0)
		kafka_feed_resume(driver->feed);
	else if (strcmp(word, "commit") == 0)
		kafka_feed_commit(driver->feed, (uint32_t)a, b);
	else if (strcmp(word, "release") == 0)
		kafka_feed_release(driver->feed, (uint32_t)a);
	else if (strcmp(word, "stop") == 0)
		kafka_feed_stop(driver->feed);
	else if (strcmp(word, "leave") == 0)
		kafka_feed_leave(driver->feed, (uint64_t)a);
	else if (strcmp(word, "memory") == 0)
		printf("memory %" PRIu64 " messages=%" PRIu64 "\n", kafka_feed_memory(driver->feed), driver->messages);
	else
		abort();
}

static void
on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *driver = ctx;

	(void)what;
	if (!orders_read(&driver->orders, fd, obey, driver)) {
		kafka_feed_close(driver->feed);
		loop_stop(driver->loop);
	}
}

static void
set_from(struct member_config *config, const char *text)
{
	config->from = MEMBER_TIME;
	if (strcmp(text, "stored") == 0)
		config->from = MEMBER_STORED;
	else if (strcmp(text, "begin") == 0)
		config->from = MEMBER_BEGIN;
	else if (strcmp(text, "latest") == 0)
		config->from = MEMBER_LATEST;
	else
		config->from_ms = strtoll(text, NULL, 10);
}

static int
run(struct driver *driver, const struct member_config *config)
{
	const struct kafka_feed_handler handler = { on_assigned, on_message, on_revoked, on_at_end, on_high, on_missed,
		on_committed, on_settled, NULL, on_cut_off, on_rebalance, on_note, on_failed, on_end, driver, NULL, NULL };
	struct error error;
	int rv = 1;

	driver->feed = kafka_feed_start(config, &error);
	if (driver->feed != NULL)
		driver->loop = loop_new(&error);
	if (driver->loop == NULL) {
		printf("refused %d %s\n", error.outcome, error.text);
		goto out;
	}
	driver->input = event_new(loop_base(driver->loop), STDIN_FILENO, EV_READ | EV_PERSIST, on_input, driver);
	driver->tick = evtimer_new(loop_base(driver->loop), on_tick, driver);
	event_add(driver->input, NULL);
	loop_start_timer(driver->tick, 200);
	kafka_feed_listen(driver->feed, driver->loop, &handler);
	rv = loop_run(driver->loop, &error) == 0 ? 0 : 1;
	event_free(driver->input);
	event_free(driver->tick);
out:
	kafka_feed_free(driver->feed);
	loop_free(driver->loop);
	return rv;
}

int
main(int argc, char **argv)
{
	struct driver *driver = xcalloc(1, sizeof(*driver));
	struct properties properties = { .items = NULL };
	struct member_config config = { .properties = &properties, .retry_for = 60000 };
	char *equals;
	int option, rv;

	while ((option = getopt(argc, argv, "X:w:f:r:aq")) != -1)
		switch (option) {
		case 'X':
			equals = strchr(optarg, '=');
			if (equals == NULL)
				return 2;
			*equals = '\0';
			properties_set(&properties, optarg, equals + 1);
			break;
		case 'w':
			(void)sscanf(optarg, "%" SCNu64 ",%" SCNu64, &config.warmup_ms, &config.warmup_messages);
			break;
		case 'f':
			set_from(&config, optarg);
			break;
		case 'r':
			config.retry_for = strtoull(optarg, NULL, 10);
			break;
		case 'a':
			driver->is_auto = true;
			break;
		case 'q':
			driver->is_quiet = true;
			break;
		default:
			return 2;
		}
	config.topics = (const char *const *)argv + optind;
	config.topic_count = (size_t)(argc - optind);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	rv = run(driver, &config);
	properties_release(&properties);
	free(driver);
	return rv;
}

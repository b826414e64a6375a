/* SPDX-License-Identifier: BSD-2-Clause */
/* Topics of Kafka as an input: partitions that come and go, what is read of them, and what is committed. */
#include "input/kafka_input.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "input/dissection_input.h"
#include "input/kafka_partition.h"
#include "input/kafka_sessions.h"

/* Bytes of packets that wait for a tshark: above the first no more is read until the second. */
#define WAITING_HIGH ((size_t)16 << 20)
#define WAITING_LOW ((size_t)8 << 20)
#define TICK_MS 500
/* How often it is asked what the others of the group have not read yet. */
#define REST_MS 1000
/*
 * A worker that joins others gets nothing at first, and its share in the next rebalance: after a heartbeat (3 s) of
 * those who have it. Where nobody can tell what is left for it it waits so long.
 */
#define SHARE_MS 10000

TAILQ_HEAD(partitions, kafka_partition);

struct kafka_input {
	struct input input;
	struct input_config config;
	struct kafka_input_config kafka;
	struct dissection_config dissection;
	struct kafka_sessions *sessions; /* from start on */
	struct event *tick, *duration;

	struct partitions partitions;
	struct partitions released; /* given up; documents of them may be on their way */
	size_t partition_count;
	struct input_partition *lags; /* for whoever asks */

	uint64_t taken;   /* packets, without context */
	uint64_t outside; /* of these, captured too early or too late */
	uint64_t given_up, warmed, missed, mixed, malformed;
	uint64_t wanted;  /* packets that count for --count */
	uint64_t waiting; /* bytes */
	uint64_t commit_at, commits, rebalances;
	uint64_t settled_at; /* ms */
	uint64_t rest_at;    /* ms: when the others are asked about next */
	uint32_t rest_asks;  /* so far */
	uint32_t rest_asked; /* the one that has no answer yet, 0 for none */
	bool had_partition;  /* ever */
	bool is_waiting;     /* for the others, with all that it has at the end */
	bool is_settled, is_cut_off, is_full, is_stopping, has_ended;
	bool told_malformed;
};

static struct kafka_input *
self(struct input *input)
{
	return (struct kafka_input *)(void *)input;
}

static const struct kafka_input *
const_self(const struct input *input)
{
	return (const struct kafka_input *)(const void *)input;
}

static struct log *
log_of(const struct kafka_input *input)
{
	return input->config.dissection->log;
}

static void
fail(struct kafka_input *input, enum outcome outcome)
{
	input->input.handler.on_failure(input->input.handler.ctx, outcome);
}

/* How it ends. */

static void
check_end(struct kafka_input *input)
{
	if (!input->is_stopping || input->has_ended || kafka_sessions_count(input->sessions) > 0)
		return;
	input->has_ended = true;
	input->input.handler.on_end(input->input.handler.ctx);
}

static void
check_end_later(void *ctx)
{
	check_end(ctx);
}

/* What was read still gets its documents. */
static void
stop_reading(struct kafka_input *input)
{
	if (input->is_stopping)
		return;
	input->is_stopping = true;
	kafka_feed_stop(input->kafka.feed);
	kafka_feed_resume(input->kafka.feed);
	kafka_sessions_end(input->sessions);
	if (input->input.type->is_endless)
		input->input.handler.on_hurry(input->input.handler.ctx);
	loop_defer(input->config.dissection->loop, check_end_later, input);
}

static bool
are_all_at_end(const struct kafka_input *input)
{
	const struct kafka_partition *partition;

	TAILQ_FOREACH(partition, &input->partitions, entry)
		if (!partition->is_at_end)
			return false;
	return true;
}

/*
 * With --exit-at-end. What the group has taken from one worker is no other's for a while, and may become ours: nobody
 * ends before all of it is read.
 */
static void
check_all_at_end(struct kafka_input *input)
{
	if (!input->kafka.exit_at_end || !input->is_settled || input->is_stopping || input->rest_asked != 0 ||
	    clock_ms() < input->rest_at || !are_all_at_end(input))
		return;
	input->rest_asked = ++input->rest_asks;
	kafka_feed_ask_rest(input->kafka.feed, input->rest_asked);
}

static void
on_rest(void *ctx, uint32_t token, uint64_t left, bool is_sure)
{
	struct kafka_input *input = ctx;

	/* What was taken away since is not in the answer. */
	if (token != input->rest_asked)
		return;
	input->rest_asked = 0;
	input->rest_at = clock_ms() + REST_MS;
	input->is_waiting = left > 0;
	if (!are_all_at_end(input))
		return;
	/* A tshark may know of its last packets only at the end, and the others wait for their commits. */
	if (left > 0)
		kafka_sessions_finish(input->sessions);
	else if (is_sure || input->had_partition || clock_ms() - input->settled_at >= SHARE_MS)
		stop_reading(input);
}

static void
reach(struct kafka_input *input, struct kafka_partition *partition, int64_t offset)
{
	if (partition->is_at_end || offset < partition->assigned.end)
		return;
	partition->is_at_end = true;
	check_all_at_end(input);
}

/* Commits. */

static void
commit(struct kafka_input *input, struct kafka_partition *partition)
{
	int64_t done = spans_done(partition->spans);

	if (done <= partition->committed)
		return;
	partition->committed = done;
	kafka_feed_commit(input->kafka.feed, partition->assigned.assignment, done);
}

static void
commit_all(struct kafka_input *input)
{
	struct kafka_partition *partition;

	TAILQ_FOREACH(partition, &input->partitions, entry) {
		spans_close(partition->spans);
		commit(input, partition);
	}
	input->commit_at = clock_ms() + input->kafka.commit_every;
}

static void
free_released(struct kafka_input *input)
{
	struct kafka_partition *partition, *next;

	for (partition = TAILQ_FIRST(&input->released); partition != NULL; partition = next) {
		next = TAILQ_NEXT(partition, entry);
		(void)spans_done(partition->spans);
		if (!spans_is_empty(partition->spans))
			continue;
		TAILQ_REMOVE(&input->released, partition, entry);
		kafka_partition_free(partition);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct kafka_input *input = ctx;

	(void)fd;
	(void)what;
	loop_start_timer(input->tick, TICK_MS);
	/* Others wait for it in the same way. */
	if (clock_ms() >= input->commit_at || input->is_waiting)
		commit_all(input);
	free_released(input);
	kafka_sessions_tick(input->sessions);
	check_all_at_end(input);
}

static void
on_duration(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	stop_reading(ctx);
}

/* Partitions. */

static struct kafka_partition *
find(const struct kafka_input *input, uint32_t assignment)
{
	struct kafka_partition *partition;

	TAILQ_FOREACH(partition, &input->partitions, entry)
		if (partition->assigned.assignment == assignment)
			return partition;
	return NULL;
}

static void
on_assigned(void *ctx, const struct intake_assigned *assigned)
{
	struct kafka_input *input = ctx;
	const char *topic = input->kafka.topics[assigned->topic];
	struct kafka_partition *partition = kafka_partition_new(assigned, topic, kafka_feed_cluster(input->kafka.feed));

	if (partition == NULL) {
		log_error(log_of(input), "the crypto library offers no SHA-256");
		fail(input, OUTCOME_INTERNAL);
		stop_reading(input);
		return;
	}
	log_verbose(log_of(input), "%s[%d]: assigned, from offset %lld on, with %lld messages of context", topic,
	    (int)assigned->partition, (long long)assigned->start, (long long)(assigned->start - assigned->warm));
	if (assigned->missed > 0)
		log_note(log_of(input), "%s[%d]: %llu messages were deleted before they were read", topic,
		    (int)assigned->partition, (unsigned long long)assigned->missed);
	input->missed += assigned->missed;
	TAILQ_INSERT_TAIL(&input->partitions, partition, entry);
	input->partition_count++;
	input->had_partition = true;
	reach(input, partition, assigned->start);
}

/* What has no document yet is another worker's now; documents that are under way are the same as that one's. */
static void
release(struct kafka_input *input, struct kafka_partition *partition, bool lost)
{
	uint64_t open;

	kafka_sessions_abandon(input->sessions, partition);
	spans_close(partition->spans);
	if (!lost)
		commit(input, partition);
	open = spans_open(partition->spans);
	input->given_up += open;
	spans_release(partition->spans);
	TAILQ_REMOVE(&input->partitions, partition, entry);
	TAILQ_INSERT_TAIL(&input->released, partition, entry);
	input->partition_count--;
	log_verbose(log_of(input), "%s[%d]: %s; %llu packets released", partition->topic, (int)partition->assigned.partition,
	    lost ? "lost" : "revoked", (unsigned long long)open);
}

static void
on_revoked(void *ctx, uint32_t assignment, bool lost)
{
	struct kafka_input *input = ctx;
	struct kafka_partition *partition = find(input, assignment);

	if (partition != NULL)
		release(input, partition, lost);
	kafka_feed_release(input->kafka.feed, assignment);
	input->rest_asked = 0;
	input->rest_at = 0;
	check_all_at_end(input);
	check_end(input);
}

static void
on_at_end(void *ctx, uint32_t assignment, int64_t high)
{
	struct kafka_input *input = ctx;
	struct kafka_partition *partition = find(input, assignment);

	if (partition != NULL)
		reach(input, partition, high);
}

static void
on_high(void *ctx, uint32_t assignment, int64_t high)
{
	struct kafka_partition *partition = find(ctx, assignment);

	if (partition != NULL && high > partition->high)
		partition->high = high;
}

static void
on_missed(void *ctx, uint32_t assignment, uint64_t count)
{
	struct kafka_input *input = ctx;
	const struct kafka_partition *partition = find(input, assignment);

	if (partition == NULL)
		return;
	input->missed += count;
	log_note(log_of(input), "%s[%d]: %llu messages were deleted before they were read", partition->topic,
	    (int)partition->assigned.partition, (unsigned long long)count);
}

static void
on_committed(void *ctx, uint32_t assignment, int64_t offset)
{
	struct kafka_input *input = ctx;

	(void)assignment;
	(void)offset;
	input->commits++;
}

static void
on_settled(void *ctx)
{
	struct kafka_input *input = ctx;

	input->is_settled = true;
	input->settled_at = clock_ms();
	check_all_at_end(input);
}

static void
on_cut_off(void *ctx, bool cut_off)
{
	((struct kafka_input *)ctx)->is_cut_off = cut_off;
}

static void
on_rebalance(void *ctx)
{
	((struct kafka_input *)ctx)->rebalances++;
}

static void
on_note(void *ctx, const char *text)
{
	log_note(log_of(ctx), "Kafka: %s", text);
}

static void
on_failed(void *ctx, const struct error *error)
{
	struct kafka_input *input = ctx;

	log_error(log_of(input), "Kafka: %s; what was read is still delivered", error->text);
	fail(input, error->outcome);
}

static void
on_feed_end(void *ctx)
{
	stop_reading(ctx);
}

/* Messages. */

static void
refuse(struct kafka_input *input, const struct kafka_partition *partition, int64_t offset, const char *why)
{
	input->malformed++;
	if (!input->told_malformed)
		log_note(log_of(input), "%s[%d]: the message at offset %lld is no packet: %s; such messages are skipped and counted",
		    partition->topic, (int)partition->assigned.partition, (long long)offset, why);
	input->told_malformed = true;
}

/* Whether it is one of those that --count counts, which come after --bpf. */
static bool
is_counted(const struct kafka_input *input, const struct kafka_source_packet *packet)
{
	const struct capture_record record = { .is_packet = true,
		.ordinal = 1,
		.linktype = packet->linktype,
		.bytes = packet->bytes,
		.caplen = packet->caplen,
		.wirelen = packet->wirelen };
	const char *news;

	return input->dissection.filter == NULL ||
	    filter_match(input->dissection.filter, &record, &news) == FILTER_MATCH;
}

static void
count_wanted(struct kafka_input *input, const struct kafka_source_packet *packet)
{
	if (input->config.count > 0 && is_counted(input, packet) && ++input->wanted == input->config.count)
		stop_reading(input);
}

static void
set_packet(const struct wire_packet *wire, const struct intake_message *message, struct kafka_source_packet *packet)
{
	*packet = (struct kafka_source_packet){ .has_time = wire->has_time,
		.sec = wire->sec,
		.nsec = wire->nsec,
		.linktype = wire->linktype,
		.wirelen = wire->wirelen,
		.caplen = message->value_len,
		.bytes = message->value };
	/* Ordinals begin with 1. */
	packet->identity.ordinal = wire->has_header ? wire->ordinal : (uint64_t)message->offset + 1;
}

/*
 * With --since and --until, one that was captured before or after: it has no document. Sets *is_context if tshark is to
 * see it all the same, so that it knows the conversations; true if it is not to.
 */
static bool
pass_outside(struct kafka_input *input, struct kafka_partition *partition, const struct intake_message *message,
    const struct wire_packet *wire, bool *is_context)
{
	enum kafka_place place = kafka_window_place(&input->kafka.window, wire);

	if (place == KAFKA_INSIDE)
		return false;
	span_pass(spans_add(partition->spans, message->offset));
	input->taken++;
	input->outside++;
	*is_context = place == KAFKA_CONTEXT;
	return place == KAFKA_OUTSIDE;
}

/* Why it cannot be given to a tshark, NULL if it was. */
static const char *
take(struct kafka_input *input, struct kafka_partition *partition, const struct intake_message *message)
{
	static const char *const verdicts[] = { [WIRE_NO_KEY] = "it has no key of 8 bytes",
		[WIRE_BAD_HEADER] = "its header " WIRE_HEADER " is not valid" };
	bool is_before = message->offset < partition->assigned.start, is_context = is_before, shared;
	struct kafka_source_packet packet;
	struct kafka_session *session;
	struct kafka_pair *pair;
	struct wire_packet wire;
	enum wire_verdict verdict = wire_parse(message->key, message->key_len, message->header, message->header_len,
	    message->value_len, &wire);
	const char *why;

	if (verdict != WIRE_PACKET)
		return verdicts[verdict];
	if (!is_before && pass_outside(input, partition, message, &wire, &is_context))
		return NULL;
	pair = kafka_partition_pair(partition, &wire);
	if (pair == NULL)
		return "the crypto library offers no SHA-256";
	session = kafka_sessions_of(input->sessions, partition, pair, &shared);
	set_packet(&wire, message, &packet);
	why = kafka_session_refuses(session, &packet);
	/* One that is context for --since has been passed already. */
	if (why != NULL)
		return is_before == is_context ? why : NULL;
	kafka_session_put(session, &packet, pair->capture, message->offset,
	    is_context ? NULL : spans_add(partition->spans, message->offset));
	input->waiting += message->value_len;
	input->mixed += shared && !is_context;
	input->warmed += is_before;
	input->taken += !is_context;
	if (!is_context)
		count_wanted(input, &packet);
	return NULL;
}

static void
on_message(void *ctx, const struct intake_message *message)
{
	struct kafka_input *input = ctx;
	struct kafka_partition *partition = find(input, message->assignment);
	const char *why;

	/* What was not read is not committed. */
	if (partition == NULL || input->is_stopping || (input->kafka.exit_at_end && partition->is_at_end))
		return;
	partition->next = message->offset + 1;
	if (partition->high < partition->next)
		partition->high = partition->next;
	why = take(input, partition, message);
	if (why != NULL && message->offset >= partition->assigned.start) {
		span_pass(spans_add(partition->spans, message->offset));
		refuse(input, partition, message->offset, why);
	}
	kafka_sessions_wake(input->sessions);
	reach(input, partition, partition->next);
	if (input->waiting <= WAITING_HIGH || input->is_full)
		return;
	input->is_full = true;
	kafka_feed_pause(input->kafka.feed);
}

/* What the tsharks say. */

static void
on_document(void *ctx, const struct document_ready *ready)
{
	const struct input_handler *handler = &((const struct kafka_input *)ctx)->input.handler;

	handler->on_document(handler->ctx, ready);
}

static void
on_taken(void *ctx, size_t len)
{
	struct kafka_input *input = ctx;

	input->waiting -= len;
	if (!input->is_full || input->waiting > WAITING_LOW)
		return;
	input->is_full = false;
	kafka_feed_resume(input->kafka.feed);
}

static void
on_session_failure(void *ctx, enum outcome outcome, bool is_lost)
{
	struct kafka_input *input = ctx;

	if (outcome != OUTCOME_OK)
		fail(input, outcome);
	if (is_lost)
		stop_reading(input);
}

static void
on_session_end(void *ctx)
{
	check_end(ctx);
}

/* The functions of struct input_type. */

static void
prepare(struct input *base)
{
	struct kafka_input *input = self(base);
	const struct kafka_feed_handler handler = { .on_assigned = on_assigned,
		.on_message = on_message,
		.on_revoked = on_revoked,
		.on_at_end = on_at_end,
		.on_high = on_high,
		.on_missed = on_missed,
		.on_committed = on_committed,
		.on_settled = on_settled,
		.on_rest = on_rest,
		.on_cut_off = on_cut_off,
		.on_rebalance = on_rebalance,
		.on_note = on_note,
		.on_failed = on_failed,
		.on_end = on_feed_end,
		.ctx = input };
	const struct kafka_sessions_config sessions = { .dissection = &input->dissection,
		.lifetime = input->kafka.lifetime,
		.lifetime_ms = input->kafka.lifetime_ms,
		.max = input->kafka.max_sessions };
	const struct kafka_sessions_handler of_sessions = { on_document, on_taken, on_session_failure, on_session_end,
		input };

	input->dissection = *input->config.dissection;
	input->sessions = kafka_sessions_new(&sessions, &of_sessions);
	kafka_feed_listen(input->kafka.feed, input->config.dissection->loop, &handler);
	kafka_feed_pause(input->kafka.feed);
}

static void
start(struct input *base, size_t value_max)
{
	struct kafka_input *input = self(base);

	input->dissection = dissection_input_config(input->config.dissection, value_max);
	input->tick = evtimer_new(loop_base(input->config.dissection->loop), on_tick, input);
	if (input->tick == NULL)
		abort(); /* out of memory */
	loop_start_timer(input->tick, TICK_MS);
	if (input->config.duration > 0) {
		input->duration = evtimer_new(loop_base(input->config.dissection->loop), on_duration, input);
		if (input->duration == NULL)
			abort();
		loop_start_timer(input->duration, input->config.duration);
	}
	input->commit_at = clock_ms() + input->kafka.commit_every;
	kafka_feed_resume(input->kafka.feed);
}

static void
pause_all(struct input *base)
{
	kafka_sessions_pause(self(base)->sessions);
}

static void
resume(struct input *base)
{
	kafka_sessions_resume(self(base)->sessions);
}

static void
stop(struct input *base)
{
	stop_reading(self(base));
}

/* All that was delivered is committed, as far as the cluster answers in time. */
static void
close_all(struct input *base)
{
	struct kafka_input *input = self(base);

	if (input->tick != NULL)
		commit_all(input);
	input->is_stopping = input->has_ended = true;
	kafka_feed_finish(input->kafka.feed, input->kafka.grace);
	dissection_input_judge(base, &input->dissection);
}

static void
counts(const struct input *base, struct input_counts *counts)
{
	const struct kafka_input *input = const_self(base);
	struct dissection_counts passed = { 0 };

	if (input->sessions != NULL)
		passed = kafka_sessions_counts(input->sessions);
	dissection_input_counts(&passed, counts);
	counts->skipped += input->outside;
	/* Of those that have no outcome yet nobody knows whether --bpf wants them. */
	counts->read = input->taken - counts->skipped;
	counts->is_kafka = true;
	counts->released = input->given_up;
	counts->warmed = input->warmed;
	counts->missed = input->missed;
	counts->mixed = input->mixed;
	counts->malformed = input->malformed;
}

static uint64_t
lag_of(const struct kafka_input *input)
{
	const struct kafka_partition *partition;
	uint64_t lag = 0;

	TAILQ_FOREACH(partition, &input->partitions, entry)
		lag += kafka_partition_lag(partition);
	return lag;
}

static void
progress(const struct input *base, struct input_progress *progress)
{
	const struct kafka_input *input = const_self(base);

	progress->packets = input->taken;
	progress->is_cut_off = input->is_cut_off;
	progress->has_lag = true;
	progress->lag = lag_of(input);
}

static void
metrics(const struct input *base, struct input_metrics *metrics)
{
	/* The list of the lags is nobody else's. */
	struct kafka_input *input = (struct kafka_input *)(uintptr_t)const_self(base);
	const struct kafka_partition *partition;
	size_t count = 0;

	dissection_input_metrics(input->config.dissection, metrics);
	metrics->tshark_memory = input->sessions == NULL ? 0 : kafka_sessions_memory(input->sessions);
	input->lags = xreallocarray(input->lags, input->partition_count + 1, sizeof(*input->lags));
	TAILQ_FOREACH(partition, &input->partitions, entry)
		input->lags[count++] = (struct input_partition){ .topic = partition->topic,
			.partition = partition->assigned.partition,
			.lag = kafka_partition_lag(partition) };
	metrics->kafka = (struct input_kafka){ .partitions = input->lags,
		.partition_count = count,
		.commits = input->commits,
		.rebalances = input->rebalances,
		.sessions = input->sessions == NULL ? 0 : kafka_sessions_count(input->sessions),
		.is_cut_off = input->is_cut_off,
		.memory = kafka_feed_memory(input->kafka.feed) };
}

static void
free_partitions(struct partitions *partitions)
{
	struct kafka_partition *partition;

	while ((partition = TAILQ_FIRST(partitions)) != NULL) {
		TAILQ_REMOVE(partitions, partition, entry);
		kafka_partition_free(partition);
	}
}

static void
free_all(struct input *base)
{
	struct kafka_input *input = self(base);

	kafka_sessions_free(input->sessions);
	free_partitions(&input->partitions);
	free_partitions(&input->released);
	if (input->tick != NULL)
		event_free(input->tick);
	if (input->duration != NULL)
		event_free(input->duration);
	free(input->lags);
	free(input);
}

/* A worker has no end; a topic that is read to the end that it has now does. */
#define KAFKA_TYPE(endless) \
	{ \
		.is_endless = (endless), .is_minutely = true, .prepare = prepare, .start = start, .pause = pause_all, \
		.resume = resume, .stop = stop, .close = close_all, .counts = counts, .progress = progress, \
		.metrics = metrics, .free = free_all \
	}

static const struct input_type worker_type = KAFKA_TYPE(true);
static const struct input_type batch_type = KAFKA_TYPE(false);

struct input *
kafka_input_new(const struct input_config *config)
{
	struct kafka_input *input;

	if (config->kafka == NULL)
		return NULL;
	input = xcalloc(1, sizeof(*input));
	input->input.type = config->kafka->exit_at_end ? &batch_type : &worker_type;
	input->config = *config;
	input->kafka = *config->kafka;
	TAILQ_INIT(&input->partitions);
	TAILQ_INIT(&input->released);
	return &input->input;
}

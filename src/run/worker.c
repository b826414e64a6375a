/* SPDX-License-Identifier: BSD-2-Clause */
/* What --kafka needs. */
#include "run/worker.h"

#ifdef HAVE_KAFKA

static enum member_from
from_of(enum options_from from)
{
	switch (from) {
	case OPTIONS_FROM_BEGIN:
		return MEMBER_BEGIN;
	case OPTIONS_FROM_END:
		return MEMBER_LATEST;
	case OPTIONS_FROM_TIME:
		return MEMBER_TIME;
	case OPTIONS_FROM_STORED:
		break;
	}
	return MEMBER_STORED;
}

int
worker_open(struct worker *worker, const struct options *options, const struct properties *properties,
    void (*forget)(void *ctx), void *ctx, struct error *error)
{
	const struct member_config member = { .properties = properties,
		.topics = options->topics.items,
		.topic_count = options->topics.count,
		.from = from_of(options->from_kind),
		.from_ms = options->from_ms,
		.warmup_ms = options->warmup_ms,
		.warmup_messages = options->warmup_messages,
		.to_the_end = options->exit_at_end,
		.retry_for = options->refusal_for,
		.forget = forget,
		.ctx = ctx };

	if (options->kafka == NULL)
		return 0;
	worker->input = (struct kafka_input_config){ .feed = kafka_feed_start(&member, error),
		.topics = options->topics.items,
		.topic_count = options->topics.count,
		.commit_every = options->commit_every,
		.grace = options->grace,
		.lifetime = options->tshark_lifetime,
		.lifetime_ms = options->tshark_lifetime_ms,
		.max_sessions = options->max_sessions,
		.window = { options->since_ms, options->until_ms, options->warmup_ms },
		.exit_at_end = options->exit_at_end };
	return worker->input.feed != NULL ? 0 : -1;
}

void
worker_release(struct worker *worker)
{
	kafka_feed_free(worker->input.feed);
	worker->input.feed = NULL;
}

#else

int
worker_open(struct worker *worker, const struct options *options, const struct properties *properties,
    void (*forget)(void *ctx), void *ctx, struct error *error)
{
	(void)worker;
	(void)properties;
	(void)forget;
	(void)ctx;
	return options->kafka == NULL ? 0 : error_set(error, OUTCOME_USAGE, "espcap was built without Kafka");
}

void
worker_release(struct worker *worker)
{
	(void)worker;
}

#endif

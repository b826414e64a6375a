/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the Kafka process: a member of a consumer group, whose messages it writes to a pipe (kafka/intake.h). */
#ifndef ESPCAP_KAFKA_MEMBER_H
#define ESPCAP_KAFKA_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/gate.h"
#include "kafka/properties.h"

enum member_from {
	MEMBER_STORED, /* where the group is; from the first message there is if it has never been there */
	MEMBER_BEGIN,
	MEMBER_LATEST,
	MEMBER_TIME,
	MEMBER_STORED_OR_TIME /* where the group is; if it has never been there, as MEMBER_TIME */
};

struct member_config {
	const struct properties *properties; /* bootstrap.servers, group.id, group.instance.id and -X among them */
	const char *const *topics;
	size_t topic_count;
	enum member_from from; /* for the first time that this run gets a partition; afterwards it is where the group is */
	int64_t from_ms;       /* of the last two: when it was sent, ms since 1970 */
	/* How much before the start is given too: both hold, 0 for no bound by this one; both 0: none. */
	uint64_t warmup_ms, warmup_messages;
	bool to_the_end;    /* it can be asked what others of the group have not read yet: INTAKE_ASK_REST */
	uint64_t retry_for; /* ms: how long a refusal is borne */
	struct gate *gate;  /* passed before each connection; NULL for none; kafka_feed_start sets it */
	bool is_gated;      /* there is to be one: see struct kafka_feed_handler's on_connect */
	/* In the process, first: takes secrets that it need not know out of its memory. NULL for nothing. */
	void (*forget)(void *ctx);
	void *ctx;
};

/* -1 with OUTCOME_USAGE, and a text for a person: a property would break what the process promises. */
int member_check(const struct member_config *config, struct error *error);

/* The process's ends of its pipes, which do not block. */
struct member_pipes {
	int messages, words; /* see enum intake_kind */
	int orders;
};

/*
 * Works until the order to leave comes, it cannot continue, or nobody reads its pipes. Then it ends the process and its
 * threads: librdkafka is not waited for. Keeps the rights that the process has now.
 */
_Noreturn void member_run(const struct member_config *config, const struct member_pipes *pipes);

#endif

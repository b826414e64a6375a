/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the brokers where the messages of a topic begin and end. librdkafka has these questions only as calls that wait,
 * for seconds if a broker is away: a thread waits, and the loop goes on.
 */
#ifndef ESPCAP_KAFKA_ASKER_H
#define ESPCAP_KAFKA_ASKER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"

struct asker;

struct asker_question {
	int32_t first; /* the first partition that is asked about */
	bool only;     /* and no other */
	bool stored;   /* where the group is, too */
};

/* What is known of one partition. */
struct asker_place {
	int32_t partition, leader;
	int64_t low, high; /* its first offset, and the one after its last */
	int64_t stored;    /* the offset where the group goes on; negative for none */
};

struct asker_answer {
	rd_kafka_resp_err_t code; /* if it is an error, nothing else is known */
	int32_t partitions;       /* of the topic */
	const struct asker_place *places;
	size_t count; /* of places */
};

/*
 * The answer is valid until on_answer returns. handle and topic are borrowed; the client must live as long. Free with
 * asker_free.
 */
struct asker *asker_new(struct loop *loop, rd_kafka_t *handle, const char *topic,
    void (*on_answer)(void *ctx, const struct asker_answer *answer), void *ctx);
/* Waits for the answer to a question that was asked, without giving it: seconds, if a broker is away. */
void asker_free(struct asker *asker);

/* One at a time. */
void asker_ask(struct asker *asker, const struct asker_question *question);
bool asker_is_asking(const struct asker *asker);

#endif

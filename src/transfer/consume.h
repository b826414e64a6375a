/* SPDX-License-Identifier: BSD-2-Clause */
/* espcap-kafka --consumer: packets of a topic into a capture file, or printed. */
#ifndef ESPCAP_TRANSFER_CONSUME_H
#define ESPCAP_TRANSFER_CONSUME_H

#include "base/error.h"
#include "base/exposition.h"
#include "config/kafka_options.h"
#include "kafka/properties.h"
#include "kafka/root_log.h"
#include "loop/loop.h"

struct consume;

/*
 * Opens what is written to, with the rights that there are now. All is borrowed, until consume_free. NULL with
 * OUTCOME_USAGE.
 */
struct consume *consume_open(const struct kafka_options *options, struct loop *loop, const struct root_log *log,
    struct error *error);
void consume_free(struct consume *consume);

/* Its values for Prometheus; also after consume_run. */
void consume_metrics(const void *consume, struct exposition *exposition);

/*
 * Runs until the end, and logs what became of all messages. *is_stuck: librdkafka may wait for brokers for long when it
 * is freed.
 */
enum outcome consume_run(struct consume *consume, const struct properties *properties, bool *is_stuck);

#endif

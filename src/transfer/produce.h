/* SPDX-License-Identifier: BSD-2-Clause */
/* espcap-kafka --producer: packets of an interface, or of files, into a topic. */
#ifndef ESPCAP_TRANSFER_PRODUCE_H
#define ESPCAP_TRANSFER_PRODUCE_H

#include "base/error.h"
#include "base/exposition.h"
#include "config/kafka_options.h"
#include "kafka/properties.h"
#include "kafka/root_log.h"
#include "loop/loop.h"

struct produce;

/*
 * Opens what is read, with the rights that there are now: from here on a live capture queues packets. All is borrowed,
 * until produce_free. NULL with OUTCOME_USAGE, OUTCOME_INPUT or OUTCOME_INTERNAL.
 */
struct produce *produce_open(const struct kafka_options *options, struct loop *loop, const struct root_log *log,
    struct error *error);
void produce_free(struct produce *produce);

/* Its values for Prometheus; also after produce_run. */
void produce_metrics(const void *produce, struct exposition *exposition);

/*
 * Runs until all packets have an outcome, and logs what became of them. *signal_number: the signal that cut files off,
 * else 0. *is_stuck: librdkafka may wait for brokers for long when it is freed.
 */
enum outcome produce_run(struct produce *produce, const struct properties *properties, int *signal_number, bool *is_stuck);

#endif

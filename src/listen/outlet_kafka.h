/* SPDX-License-Identifier: BSD-2-Clause */
/* Results to a Kafka topic, by a process of its own (kafka/sender.h). */
#ifndef ESPCAP_LISTEN_OUTLET_KAFKA_H
#define ESPCAP_LISTEN_OUTLET_KAFKA_H

#include "kafka/sender.h"
#include "listen/outlet.h"

/*
 * Forks the process: as of kafka_requests_new. What config points to is borrowed for the life of the outlet: a process
 * that was killed is started again. NULL with OUTCOME_USAGE if a property is refused.
 */
struct outlet *outlet_kafka_new(const struct sender_config *config, struct error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Through a Kafka topic: the message is the value. */
#ifndef ESPCAP_ASK_WAY_KAFKA_H
#define ESPCAP_ASK_WAY_KAFKA_H

#include "ask/way.h"

/* See open_way. Its clients have threads. */
struct way *way_kafka_new(const struct way_config *config, struct error *error);

#endif

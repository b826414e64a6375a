/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of espcapd are made with, from its configuration. No I/O. */
#ifndef ESPCAP_DAEMON_ASSEMBLY_H
#define ESPCAP_DAEMON_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/argv.h"
#include "base/error.h"
#include "capture/capture_broker.h"
#include "daemon/captures.h"
#include "daemon/configuration.h"
#include "deliver/deliver_config.h"
#include "kafka/properties.h"
#include "listen/redis_link.h"
#include "listen/redis_stream.h"
#include "listen/sqs.h"
#include "request/policy.h"

/* Texts are those of the configuration, which must live as long. */
struct assembly {
	/* What requests may. */
	struct policy policy;
	struct policy_facts facts; /* limits, defaults, destinations; the rest is of each message */
	struct policy_interface *interfaces;
	size_t interface_count;
	/* How captures are made. */
	struct capture_broker_config broker;
	struct captures_config captures;
	/* Where messages come from and results go to. */
	struct redis_config redis;
	struct redis_stream_config stream;
	struct aws_credentials_config role; /* of AWS: what the container says */
	struct sqs_config sqs, sqs_results;
	struct properties kafka_requests, kafka_results;
	/* Where captures go. The rest of it (the log, who hears of connections) is the caller's. */
	struct deliver_config deliver;
	struct argv index_options;
};

/* -1 with OUTCOME_USAGE: a property of Kafka is refused. assembly_release in either case. */
int assembly_make(struct assembly *assembly, const struct configuration *configuration, struct error *error);
void assembly_release(struct assembly *assembly);

#endif

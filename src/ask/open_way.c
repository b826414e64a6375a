/* SPDX-License-Identifier: BSD-2-Clause */
/* Which way to the nodes the options name. */
#include "ask/open_way.h"

#include <stddef.h>

#include "ask/way_redis.h"
#include "ask/way_sqs.h"
#ifdef HAVE_KAFKA
#include "ask/way_kafka.h"
#endif

struct way *
open_way(const struct way_config *config, struct error *error)
{
	if (config->options->redis.server != NULL)
		return way_redis_new(config, error);
	if (config->options->sqs.url != NULL)
		return way_sqs_new(config, error);
#ifdef HAVE_KAFKA
	return way_kafka_new(config, error);
#else
	(void)error_set(error, OUTCOME_USAGE, "--kafka: this espcapd-request was built without librdkafka");
	return NULL;
#endif
}

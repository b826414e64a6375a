/* SPDX-License-Identifier: BSD-2-Clause */
/* All kinds of destinations that are configured, behind one door. */
#include "deliver/ways.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define PARALLEL 4

struct ways {
	const struct deliver_config *config;
	/* NULL if it is not configured. */
	struct local *local;
	struct cloudshark *cloudshark;
	struct s3 *s3;
	struct indexing *indexing;
};

static bool
wants(const struct deliver_config *config, enum destination destination)
{
	return (config->destinations & 1U << destination) != 0;
}

struct ways *
ways_new(const struct deliver_config *config, struct store *store, struct loop *loop, struct error *error)
{
	struct ways *ways = xcalloc(1, sizeof(*ways));
	bool fails = false;

	ways->config = config;
	if (wants(config, DESTINATION_LOCAL))
		ways->local = local_new(&config->local, loop);
	if (wants(config, DESTINATION_CLOUDSHARK)) {
		ways->cloudshark = cloudshark_new(&config->cloudshark, loop, config->on_connect, config->connect_ctx,
		    error);
		fails = ways->cloudshark == NULL;
	}
	if (!fails && wants(config, DESTINATION_S3)) {
		ways->s3 = s3_new(&config->s3, loop, config->on_connect, config->connect_ctx, error);
		fails = ways->s3 == NULL;
	}
	if (wants(config, DESTINATION_INDEX))
		ways->indexing = indexing_new(&config->index, store, loop);
	if (!fails)
		return ways;
	ways_free(ways);
	return NULL;
}

void
ways_free(struct ways *ways)
{
	if (ways == NULL)
		return;
	local_free(ways->local);
	cloudshark_free(ways->cloudshark);
	s3_free(ways->s3);
	indexing_free(ways->indexing);
	free(ways);
}

unsigned
ways_limit(const struct ways *ways, enum destination destination)
{
	if (!ways_is_remote(destination))
		return 1;
	return ways->config->parallel > 0 ? ways->config->parallel : PARALLEL;
}

bool
ways_is_remote(enum destination destination)
{
	return destination == DESTINATION_CLOUDSHARK || destination == DESTINATION_S3;
}

void
ways_start(struct ways *ways, enum destination destination, const struct attempt_job *job)
{
	static const struct attempt_result none = { .end = ATTEMPT_LATER, .text = "it is not configured" };

	if (!wants(ways->config, destination)) {
		job->on_end(job->ctx, &none);
		return;
	}
	switch (destination) {
	case DESTINATION_LOCAL:
		local_start(ways->local, job);
		break;
	case DESTINATION_CLOUDSHARK:
		cloudshark_start(ways->cloudshark, job);
		break;
	case DESTINATION_S3:
		s3_start(ways->s3, job);
		break;
	default:
		indexing_start(ways->indexing, job);
		break;
	}
}

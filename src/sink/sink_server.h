/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Documents to Elasticsearch or OpenSearch by bulk requests: each ends in exactly one count, whatever the server does.
 */
#ifndef ESPCAP_SINK_SINK_SERVER_H
#define ESPCAP_SINK_SINK_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "server/cluster.h"
#include "server/setup.h"
#include "sink/dead_letter.h"
#include "sink/sink.h"

/* Borrowed for the life of the sink. */
struct sink_server_config {
	struct cluster_config cluster;
	struct setup_config setup; /* its template.prefix is that of all indices */
	uint64_t chunk;            /* documents in one request */
	uint64_t chunk_bytes;      /* bytes in one request, but for a single document */
	uint64_t latency;          /* ms that a document waits for others in its request */
	uint64_t memory;           /* bytes in all queues: full at half of it */
	uint64_t retry_for;        /* ms without any document resolved until it gives up, 0 for never */
	uint64_t max_indices;
	uint64_t backoff;   /* ms, the first wait */
	bool auto_id;       /* the server makes the ids */
	bool is_patient;    /* waits for an administrator to mend what makes the server reject all documents */
	const char *remedy; /* what a person does about refused credentials */
	bool compress;
	bool refresh; /* at the end the indices are refreshed, so that searches find everything */
	struct dead_letter *dead_letter;
};

struct sink *sink_server_new(struct loop *loop, struct log *log, const struct sink_server_config *config,
    const struct sink_handler *handler, struct error *error);

#endif

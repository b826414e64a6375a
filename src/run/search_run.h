/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run that asks an index: documents that a question finds to standard output, their count, or the places of a field.
 */
#ifndef ESPCAP_RUN_SEARCH_RUN_H
#define ESPCAP_RUN_SEARCH_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "loop/loop.h"
#include "run/question.h"
#include "server/cluster.h"

struct search_run_config {
	struct loop *loop;
	struct log *log;
	const struct question *question;
	const struct cluster_config *cluster;
	uint64_t backoff, retry_for; /* ms, as struct search_config */
	const char *remedy;          /* the same */
	const char *authorization;   /* header's value, NULL for none; with the next as struct run_config */
	const char *(*reauthorize)(void *ctx);
	void *ctx;
	bool is_text;      /* a line of text a packet in place of its document */
	bool is_explained; /* nobody asked for that: say how to get documents */
};

/* Runs to its end, and prints the final line. Returns the exit status. */
int search_run(const struct search_run_config *config);

#endif

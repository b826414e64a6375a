/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture files through espcap into the index. */
#ifndef ESPCAP_DELIVER_INDEX_H
#define ESPCAP_DELIVER_INDEX_H

#include <stdint.h>

#include "base/argv.h"
#include "deliver/attempt.h"
#include "deliver/store.h"
#include "loop/loop.h"

struct index_config {
	const char *program;        /* NULL: "espcap" along PATH */
	const struct argv *options; /* "--node=...", "--config=..."; NULL: none. Documents must not go to standard output */
	const char *home;           /* of the child, for its cache; NULL: the folder of the store */
	uint64_t timeout;           /* ms; 0: one hour */
};

struct indexing;

/* All is borrowed. indexing_free ends an attempt without a call. */
struct indexing *indexing_new(const struct index_config *config, struct store *store, struct loop *loop);
void indexing_free(struct indexing *indexing);

/*
 * Runs espcap over the file; one attempt at a time. To repeat one is harmless: documents have the same ids. If the
 * capture was delivered to a local file, documents name that, else a file of the capture's name in the store. The id of
 * the result is that of the capture in documents, espcap.capture.
 */
void indexing_start(struct indexing *indexing, const struct attempt_job *job);

#endif

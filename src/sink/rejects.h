/* SPDX-License-Identifier: BSD-2-Clause */
/* Rejected documents on their way into the dead letter file: they count once they are safe there. */
#ifndef ESPCAP_SINK_REJECTS_H
#define ESPCAP_SINK_REJECTS_H

#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "sink/dead_letter.h"

struct rejects {
	struct dead_letter *letter; /* borrowed */
	struct log *log;            /* borrowed */
	char first_reason[600];     /* why the first document was rejected */
	uint64_t count;             /* documents that are safe in the file */
};

/* Adds a document to those that rejects_sync writes. */
void rejects_add(struct rejects *rejects, const struct dead_letter_entry *entry);

/*
 * Writes and syncs the documents added, of which there are `added`, and counts them; says once where they are.
 * -1 with OUTCOME_OUTPUT: they are neither in the file nor in the count.
 */
int rejects_sync(struct rejects *rejects, uint64_t added, struct error *error);

/* Forgets what was added since the last rejects_sync. */
void rejects_forget(struct rejects *rejects);

#endif

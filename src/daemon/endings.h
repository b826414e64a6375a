/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of each accepted capture, written down: all of them end here. A failed one gets a record in the dead
 * letter folder first, then its line in the journal. What cannot be written is tried again every few seconds; what is
 * not written at the end is still open in the journal, and recorded by the next start.
 */
#ifndef ESPCAP_DAEMON_ENDINGS_H
#define ESPCAP_DAEMON_ENDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "daemon/journal.h"
#include "deliver/deliver.h"
#include "loop/loop.h"

struct endings;

/* All is borrowed for the life of the endings. */
struct endings_config {
	struct journal *journal;
	struct deliver *deliver;
	struct loop *loop;
	struct log *log;
};

/* Borrowed during the call. */
struct ending {
	const char *id; /* of the request */
	size_t number;  /* of the capture in it */
	enum ledger_state state;
	/* Of LEDGER_FAILED only: what the record says. */
	const struct parcel *parcel;
	const char *reason;
};

struct endings *endings_new(const struct endings_config *config);
/* What is not written is logged, once more. */
void endings_free(struct endings *endings);

void endings_put(struct endings *endings, const struct ending *ending);
/* Tries to write all that is not; whether nothing is left. */
bool endings_are_written(struct endings *endings);
/* The same for the lines of the journal alone. */
bool endings_have_journal(struct endings *endings);
/* Failed captures without their record. */
size_t endings_waiting(const struct endings *endings);

#endif

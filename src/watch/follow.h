/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the files of a watched folder as they come and grow, and sees each to its end. */
#ifndef ESPCAP_WATCH_FOLLOW_H
#define ESPCAP_WATCH_FOLLOW_H

#include "dissect/dissection.h"
#include "process/priv_broker.h"
#include "watch/watching.h"

struct follow;

/* All pointers are borrowed for its life. */
struct follow_config {
	const struct dissection_config *dissection;
	const struct watching *watching;
	struct priv_broker *broker;
	uint64_t count;    /* packets at most, 0 for all */
	uint64_t jobs;     /* files open at the same time at most */
	uint64_t idle;     /* ms, see watch_new */
	uint64_t duration; /* ms, 0 for no end */
	bool omit;         /* what was delivered before is not given again: nobody else would notice */
	/* A document, valid during the call, which may call follow_pause. Its ack is valid until follow_free. */
	void (*on_document)(void *ctx, const struct document_ready *ready);
	/* Once, from the loop: no documents follow. */
	void (*on_end)(void *ctx);
	void *ctx;
};

struct follow *follow_new(const struct follow_config *config);
void follow_free(struct follow *follow);

/* As few documents as possible come until follow_resume. */
void follow_pause(struct follow *follow);
void follow_resume(struct follow *follow);
/* No further packets are read. */
void follow_stop(struct follow *follow);
/* After the loop has ended: what has reached its final place by now is put into the registry. */
void follow_close(struct follow *follow);

/* Of all files, also of those that are being read. */
struct follow_counts {
	struct dissection_counts dissection;
	uint64_t duplicate;             /* packets that an earlier run delivered, and that were not given again */
	uint64_t files_done, files_all; /* all: and those that are open */
	uint64_t bytes_done;            /* of the files as they are on disk */
};

struct follow_counts follow_counts(const struct follow *follow);
/* The worst of what happened, which was reported. */
enum outcome follow_outcome(const struct follow *follow);

#endif

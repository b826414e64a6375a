/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accepted requests until all of their captures are in the spool: into the journal, captures, the spool, and results of
 * all that. And what a crash has left of them.
 */
#ifndef ESPCAP_DAEMON_JOBS_H
#define ESPCAP_DAEMON_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/captures.h"
#include "daemon/journal.h"
#include "daemon/report.h"
#include "deliver/deliver.h"
#include "request/policy.h"
#include "request/request.h"

struct jobs;

/* Borrowed for the life of the jobs, as are the texts. */
struct jobs_config {
	const char *node;
	const char *folder; /* of S3 keys, unless the request names one; NULL for none */
	size_t maxcaptures;
	uint64_t maxmemory;
	bool logs_packets; /* of all captures, as the member packetdebug of a request */
	struct loop *loop;
	struct journal *journal; /* from jobs_begin on */
	struct report *report;
	struct log *log;
	/* The message with this tag needs nothing any more: everything of it is durable. */
	void (*on_settled)(void *ctx, void *tag);
	/* No capture can be started any more. */
	void (*on_lost)(void *ctx, const char *text);
	void *ctx;
};

/* Free with jobs_free, before captures and deliver. */
struct jobs *jobs_new(const struct jobs_config *config);
void jobs_free(struct jobs *jobs);

/* What captures and deliver are to be made with; borrowed. */
const struct captures_handler *jobs_captures_handler(const struct jobs *jobs);
const struct deliver_handler *jobs_deliver_handler(const struct jobs *jobs);

/*
 * Both are borrowed. Captures that were open when a former run ended are looked for in the spool; those that are not
 * there were interrupted: they get a result and a record in the dead letter folder.
 */
void jobs_begin(struct jobs *jobs, struct captures *captures, struct deliver *deliver);

enum jobs_answer {
	JOBS_ACCEPTED, /* on_settled follows, with tag, perhaps before this returns */
	JOBS_BUSY,
	JOBS_ALREADY, /* a request of this id was accepted before */
	JOBS_REFUSED, /* one with this nonce was, or S3 would not take its key */
	JOBS_FAILED   /* the journal cannot be written: nothing was captured, it may be tried again */
};

/*
 * A request that the policy accepted. id: that of the request or of its message. grant: of the capture broker. text (at
 * least 256 bytes): why not.
 */
enum jobs_answer jobs_accept(struct jobs *jobs, const struct request *request, const struct policy_decision *decision,
    const char *id, uint32_t grant, void *tag, char *text, size_t size);

/* For a signed message that asks for no capture: JOBS_ACCEPTED, JOBS_REFUSED, JOBS_BUSY or JOBS_FAILED. */
enum jobs_answer jobs_note(struct jobs *jobs, const struct request *request, const struct policy_decision *decision,
    char *text, size_t size);

/*
 * Ends the captures of a request, of this signer (NULL: an unsigned one). -1 with a text if there is none, or it is not
 * his.
 */
int jobs_cancel(struct jobs *jobs, const char *id, const char *signer, struct error *error);

/* Captures end with what they have, none begins any more. */
void jobs_stop(struct jobs *jobs);
/* Nothing has to be waited for but deliveries. */
bool jobs_are_safe(const struct jobs *jobs);
/* Called when that becomes true after jobs_stop. */
void jobs_on_safe(struct jobs *jobs, void (*on_safe)(void *ctx), void *ctx);

/* Failed captures that have no record in the dead letter folder yet. */
size_t jobs_unrecorded(const struct jobs *jobs);

/* Appends members of a status result: "captures":[...], "memory":N ... -1 if out is full. */
int jobs_status(const struct jobs *jobs, struct buffer *out);

#endif

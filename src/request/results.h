/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said about requests: lines of JSON for those who asked, and for the audit. No I/O. */
#ifndef ESPCAP_REQUEST_RESULTS_H
#define ESPCAP_REQUEST_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "request/policy.h"
#include "request/request.h"

enum results_kind {
	RESULTS_ACCEPTED,
	RESULTS_REFUSED,
	RESULTS_BUSY,
	RESULTS_ALREADY, /* a request with this id came before */
	RESULTS_STARTED,
	RESULTS_FINISHED,
	RESULTS_UPLOADED,
	RESULTS_UNKNOWN,
	RESULTS_FAILED,
	RESULTS_STATUS
};

/* What a capture ended with. */
struct results_capture {
	uint64_t packets;
	uint64_t bytes; /* of the file */
	uint64_t drops;
	const char *sha256; /* hex; NULL: none */
	const char *stop_reason;
};

/* NULL leaves a member out. */
struct results_line {
	enum results_kind kind;
	int64_t time_ms; /* since 1970 */
	const char *id;
	struct request_number alertid;
	const char *node;
	const char *interface;
	const char *file;
	const char *reason;                    /* in words */
	const struct results_capture *capture; /* RESULTS_FINISHED */
	const char *destination;               /* RESULTS_UPLOADED and those that follow */
	const char *url;
	const char *remote_id; /* as the server calls it: member "id" of "uploaded" */
	const char *more;      /* JSON text of more members, `"captures":[...]`; must be valid */
};

/* Appends one line with its newline. -1 if out is full. */
int results_write(struct buffer *out, const struct results_line *line);
const char *results_name(enum results_kind kind);

/* A message and what was decided. request and decision may be NULL: it could not be read. */
struct results_audit {
	int64_t time_ms;
	const char *listener;
	const char *message; /* the transport's own id; NULL: none */
	const char *id;      /* as results have it */
	const char *node;
	const char *signer;   /* NULL: not signed */
	const char *decision; /* "accepted", "refused", "busy", "already", "not ours" */
	const char *reason;   /* NULL: none */
	const struct request *request;
	const struct policy_decision *order;
};

/* Appends one line with its newline. -1 if out is full. */
int results_audit(struct buffer *out, const struct results_audit *audit);

#endif

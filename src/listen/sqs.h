/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from an Amazon SQS queue: at least once, to one reader of the queue. One queue for each node is meant. */
#ifndef ESPCAP_LISTEN_SQS_H
#define ESPCAP_LISTEN_SQS_H

#include <stdbool.h>

#include "listen/listener.h"
#include "loop/http.h"

/* Borrowed for the life of what uses it. */
struct sqs_config {
	const char *url;    /* of the queue, "https://sqs.us-east-1.amazonaws.com/123/NAME" */
	const char *region; /* "us-east-1" */
	const char *access_id, *access_key;
	const char *session_token; /* NULL for none */
	struct http_blob ca;       /* PEM; data NULL: the system's */
	bool is_insecure;
	unsigned wait_seconds; /* of a long poll, 0 to 20 */
	unsigned chunk;        /* messages of one answer, 1 to 10 */
	unsigned visibility;   /* seconds that an open message is hidden from others, and extended for; 0: 30 */
};

struct listener *sqs_new(const struct sqs_config *config);

#endif

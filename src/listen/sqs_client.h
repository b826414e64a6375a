/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of Amazon SQS in its JSON protocol, signed. */
#ifndef ESPCAP_LISTEN_SQS_CLIENT_H
#define ESPCAP_LISTEN_SQS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/buffer.h"
#include "base/error.h"
#include "listen/listener.h"
#include "loop/http.h"

/* Borrowed for the life of what uses it. */
struct sqs_config {
	const char *url;                           /* of the queue, "https://sqs.us-east-1.amazonaws.com/123/NAME" */
	const char *region;                        /* "us-east-1"; NULL: that of the URL, if it is in it, else this one */
	const char *access_id, *access_key;        /* NULL: those of the role */
	const char *session_token;                 /* NULL for none */
	const struct aws_credentials_config *role; /* NULL for none; without keys either calls are not signed */
	struct http_blob ca;                       /* PEM; data NULL: the system's */
	bool is_insecure;
	unsigned wait_seconds; /* of a long poll, 0 to 20 */
	unsigned chunk;        /* messages of one answer, 1 to 10 */
	unsigned visibility;   /* seconds that an open message is hidden from others, and extended for; 0: 30 */
};

struct sqs_client;

/* Valid during the call. */
struct sqs_answer {
	bool is_good;
	bool is_heard;  /* the server answered, whatever it said */
	char type[80];  /* of the error, "" if it has no name: "QueueDoesNotExist" */
	char text[600]; /* of what went wrong, to act on */
	const char *body;
	size_t len;
};

/* -1 with OUTCOME_USAGE: its role cannot be used. */
int sqs_config_check(const struct sqs_config *config, struct error *error);

/* config has been checked. */
struct sqs_client *sqs_client_new(const struct listen_context *context, const struct sqs_config *config);
/* Calls that are under way end without an answer. At any time but from within on_answer. NULL is allowed. */
void sqs_client_free(struct sqs_client *client);

/*
 * Makes a call: action is "ReceiveMessage"; members are those of its JSON object beside QueueUrl, each with a comma in
 * front; timeout in ms.
 */
void sqs_client_call(struct sqs_client *client, const char *action, const struct buffer *members, uint64_t timeout,
    void (*on_answer)(void *ctx, const struct sqs_answer *answer), void *ctx);

/* For logs: "SQS queue NAME at HOST". The caller's to free. */
char *sqs_name(const struct sqs_config *config);

#endif

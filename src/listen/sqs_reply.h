/* SPDX-License-Identifier: BSD-2-Clause */
/* What Amazon SQS answers in its JSON protocol. The server need not be trusted. No I/O. */
#ifndef ESPCAP_LISTEN_SQS_REPLY_H
#define ESPCAP_LISTEN_SQS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One message of ReceiveMessage. Valid during the call. */
struct sqs_message {
	const char *id, *handle;
	const char *body; /* not terminated */
	size_t len;
	int64_t sent_ms;   /* since 1970; -1 if it is not said */
	uint64_t receives; /* how often it was received, this time too; 0 if it is not said */
};

/*
 * Calls on_message for each that has an id, a handle and a body. Returns how many have not, or -1 if this is no such
 * answer; messages before the damage were given.
 */
int sqs_messages_read(const char *json, size_t len, void (*on_message)(void *ctx, const struct sqs_message *message),
    void *ctx);

/* An error: its name without the name space ("QueueDoesNotExist") and its text; "" if there is none. */
struct sqs_error {
	char type[80];
	char text[300];
};
void sqs_error_read(const char *json, size_t len, struct sqs_error *error);

/* The maxReceiveCount in the RedrivePolicy of GetQueueAttributes; 0 if there is no such policy. */
uint64_t sqs_redrive_read(const char *json, size_t len);

#endif

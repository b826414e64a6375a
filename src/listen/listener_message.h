/* SPDX-License-Identifier: BSD-2-Clause */
/* A message as a listener gives it. */
#ifndef ESPCAP_LISTEN_LISTENER_MESSAGE_H
#define ESPCAP_LISTEN_LISTENER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Valid during the call. */
struct listener_message {
	const char *bytes; /* as published, not terminated */
	size_t len;
	/* The transport's own: "redis:STREAM/1-2", "kafka:TOPIC/0/12", "sqs:MESSAGEID"; NULL for a Redis channel. */
	const char *id;
	int64_t sent_ms; /* since 1970, by the clock of the transport; -1 if it is unknown */
	uint64_t ticket; /* for listener_settle; 0 if there is nothing to acknowledge */
	bool is_local;   /* the server is Redis at a loopback address or a Unix socket */
	bool is_again;   /* it was given before, by this process or an earlier one, and was not settled, as far as is known */
};

#endif

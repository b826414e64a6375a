/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the process of kafka/sender.h, and how it speaks with the other side: one datagram for each thing. */
#ifndef ESPCAP_KAFKA_SENDER_WORK_H
#define ESPCAP_KAFKA_SENDER_WORK_H

#include <stdbool.h>

#include "kafka/gate.h"
#include "kafka/properties.h"

/* Borrowed for sender_start. */
struct sender_config {
	const struct properties *properties; /* bootstrap.servers among them; group.id is not used */
	const char *topic;
	struct gate *gate; /* passed before each connection; NULL for none; sender_start sets it */
	bool is_gated;     /* there is to be one: see struct sender_handler's on_connect */
	/* In the process, first: takes secrets that it need not know out of its memory. NULL for nothing. */
	void (*forget)(void *ctx);
	void *ctx;
};

/* The first byte of what the process says; a text follows. What it is sent is a text to deliver. */
enum sender_word {
	SENDER_OPEN = 'o',   /* the client has started; the first word, unless it is SENDER_FAILED */
	SENDER_FAILED = 'x', /* it could not: the process ends */
	SENDER_DELIVERED = 'd',
	SENDER_REFUSED = 'r', /* for now */
	SENDER_REFUSED_FINALLY = 'f',
	SENDER_CUT_OFF = 'c',
	SENDER_NOTE = 'n'
};

/* Longer texts are cut. */
#define SENDER_TEXT_MAX 600

/* fd: its end of a pair of sockets, SOCK_SEQPACKET. Works until the other end is closed. */
_Noreturn void sender_work(const struct sender_config *config, int fd);

#endif

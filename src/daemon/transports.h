/* SPDX-License-Identifier: BSD-2-Clause */
/* Where requests come from, and where results go to: listeners and publisher, and their change while it runs. */
#ifndef ESPCAP_DAEMON_TRANSPORTS_H
#define ESPCAP_DAEMON_TRANSPORTS_H

#include "base/error.h"
#include "base/log.h"
#include "daemon/reading.h"
#include "listen/listener.h"
#include "listen/publisher.h"
#include "loop/loop.h"

/* Redis channel and stream, SQS, Kafka. */
#define TRANSPORTS_MAX 4

struct transports;

struct transports_handler {
	void (*on_message)(void *ctx, struct listener *listener, const struct listener_message *message);
	/* The listener is about to be freed: its messages cannot be settled any more. */
	void (*on_gone)(void *ctx, struct listener *listener);
	/* After transports_stop: all is acknowledged and published that could be. Once. */
	void (*on_stopped)(void *ctx);
	void *ctx;
};

/* All is borrowed. Free with transports_free. */
struct transports *transports_new(struct loop *loop, struct log *log);
void transports_free(struct transports *transports);

/*
 * Makes what a reading asks for and what there is not yet, and changes nothing: -1 with OUTCOME_USAGE. Kafka's are
 * processes, which have what this process has now. transports_adopt goes over to it: what is as before goes on, the
 * rest ends, with its acknowledgements and results for some seconds, and begins anew. transports_dismiss forgets it.
 */
int transports_prepare(struct transports *transports, struct reading *reading, struct error *error);
void transports_adopt(struct transports *transports);
void transports_dismiss(struct transports *transports);

/* Begins; context and what is in it are borrowed. */
void transports_start(struct transports *transports, const struct listen_context *context,
    const struct transports_handler *handler);
/* Listeners first, then the publisher. */
void transports_stop(struct transports *transports);

/* Those of now. The publisher may be NULL. Valid until transports_adopt. */
size_t transports_listeners(const struct transports *transports, struct listener *listeners[TRANSPORTS_MAX]);
struct publisher *transports_publisher(const struct transports *transports);

#endif

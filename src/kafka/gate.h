/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Kafka process tells the program that made it where it is about to connect to, and waits: the program keeps that
 * connection out of its captures first. Each message there would otherwise breed messages.
 */
#ifndef ESPCAP_KAFKA_GATE_H
#define ESPCAP_KAFKA_GATE_H

#include <sys/socket.h>

#include "loop/loop.h"

/* So long it waits for the program, ms; then it connects all the same. */
#define GATE_WAIT_MS 5000

struct gate;

/* Before the process is made. NULL with errno. Free with gate_free. */
struct gate *gate_new(void);
/* NULL is allowed. */
void gate_free(struct gate *gate);

/* The descriptor that the process needs. */
int gate_of_process(const struct gate *gate);
/* In the program, once the process has been made, or cannot be. */
void gate_made(struct gate *gate);
/* on_connect is called from the loop for each address; it returns when that is kept out. NULL: nobody wants to know. */
void gate_listen(struct gate *gate, struct loop *loop, void (*on_connect)(void *ctx, const struct sockaddr *address),
    void *ctx);

/* In the process, from any thread: for struct client_config, whose connect_ctx is the gate. */
void gate_pass(void *ctx, const struct sockaddr *address);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* One tshark: its process, what it prints as trees, whether it still works, and how it ends. */
#ifndef ESPCAP_DISSECT_SESSION_H
#define ESPCAP_DISSECT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document/tree.h"
#include "loop/loop.h"
#include "tshark/tshark.h"

struct session;

/* All borrowed for the life of the session. */
struct session_config {
	struct loop *loop;
	const struct tshark *tshark;
	const struct tshark_config *tshark_config;
	size_t max_value, max_doc; /* bytes of a text and of a document that are kept */
	/* Bytes printed after a document that is held until tshark is paused. 0: none is held. */
	size_t rest_max;
};

/* What a session tells its owner, always from the loop. */
struct session_handler {
	/* A packet is in the tree. False to hold it: nothing further is read until session_release. */
	bool (*on_document)(void *ctx);
	/* It printed something that is not a packet. */
	void (*on_unparsable)(void *ctx, const char *text);
	/* It takes more, as child_handler. */
	void (*on_writable)(void *ctx);
	/* Once: it has ended, and all that it printed was read. The owner may free it. */
	void (*on_end)(void *ctx);
	void *ctx;
};

/* Starts it. NULL with an error as child_start. Free with session_free, which kills it if it still runs. */
struct session *session_new(const struct session_config *config, const struct tshark_run *run,
    const struct session_handler *handler, struct error *error);
void session_free(struct session *session);

/* Hands bytes to it; a queue of CHILD_QUEUE_LOW bytes makes it full. */
void session_give(struct session *session, const void *bytes, size_t len);
bool session_is_full(const struct session *session);
/* Nothing more is given. */
void session_end_input(struct session *session);

/* Stop and go on taking documents. */
void session_pause(struct session *session);
void session_resume(struct session *session);

/* The document in the tree, which was held, is taken: what follows is read. */
void session_release(struct session *session);
/* With rest_max: reads on what was kept while it was paused. */
void session_go_on(struct session *session);
/* A document is held. */
bool session_holds(const struct session *session);
/* The same, or something printed is not read yet. */
bool session_waits(const struct session *session);

/* It cannot be trusted any more, for the reason `why`: it is killed, and on_end follows. */
void session_break(struct session *session, const char *why);
bool session_is_broken(const struct session *session);

/*
 * Every SESSION_TICK_MS. owes: documents of it are to come; else it owes progress only while it is given something or
 * its input has ended. excused: what it prints is not read now, or it gets nothing, for another reason than its own.
 * One without progress for `timeout` ms of its processor time (five times that by the clock) is broken.
 */
#define SESSION_TICK_MS 250
void session_tick(struct session *session, bool owes, bool excused, uint64_t timeout);

/* The packet that came last; with on_document, and while it is held. */
struct tree *session_tree(struct session *session);
uint64_t session_frame(const struct session *session); /* its number, counted from 1 */
/* As reader_tcp_streams and reader_udp_streams. */
uint32_t session_tcp_streams(const struct session *session);
uint32_t session_udp_streams(const struct session *session);

/* How it was started. */
const struct tshark_run *session_run(const struct session *session);
/* As reader_unclear. */
uint64_t session_unclear(const struct session *session);
/* As child_memory and child_space. */
uint64_t session_memory(const struct session *session);
unsigned long long session_space(const struct session *session);

/* With on_end and later: */
bool session_succeeded(const struct session *session);
/* Its exit status is above 0, and it said why: session_errors. */
bool session_says_no(const struct session *session);
bool session_lacks_memory(const struct session *session);
/* What it printed does not end within a document. */
bool session_is_whole(const struct session *session);
/* Its last words in one line. */
void session_errors(const struct session *session, char *text, size_t size);
/* What went wrong, in one line. missing: packets that it left without document. */
void session_failure(const struct session *session, size_t missing, char *text, size_t size);
const char *session_status(const struct session *session); /* as child_status */

#endif

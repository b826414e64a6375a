/* SPDX-License-Identifier: BSD-2-Clause */
/* One tshark for the packets of one capture in one partition, or of several if there are too many. */
#ifndef ESPCAP_INPUT_KAFKA_SESSION_H
#define ESPCAP_INPUT_KAFKA_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/dissection.h"
#include "input/input.h"
#include "input/kafka_source.h"
#include "kafka/spans.h"
#include "packet/capture_id.h"

struct kafka_session;

/* A capture that packets are of, kept as long as one of them needs it. */
struct kafka_capture {
	unsigned holders;
	char *id;                  /* as the header has it; of messages without, one for each partition */
	char *host, *interface;    /* NULL if they are not known */
	char hash[CAPTURE_ID_LEN]; /* what ids are made of */
};
/* NULL without SHA-256. Held once; NULL or empty texts are not known. */
struct kafka_capture *kafka_capture_new(const char *id, const char *host, const char *interface);
struct kafka_capture *kafka_capture_hold(struct kafka_capture *capture);
void kafka_capture_drop(struct kafka_capture *capture);

struct kafka_session_handler {
	/* A document, whose ack is set. */
	void (*on_document)(void *ctx, const struct document_ready *ready);
	/* Packets of so many bytes were read, and are not kept any more. */
	void (*on_taken)(void *ctx, size_t len);
	/* It has ended: that it was told, or by itself, which is a failure. It is to be freed later. */
	void (*on_end)(void *ctx, struct kafka_session *session);
	void *ctx;
};

struct kafka_session_config {
	const struct dissection_config *dissection; /* borrowed until kafka_session_free */
	const char *topic;                          /* the same */
	int32_t partition;
	uint64_t lifetime, lifetime_ms; /* as in struct dissection_live */
};

/* Free with kafka_session_free: after on_end, deferred after kafka_session_abandon, or when the loop has ended. */
struct kafka_session *kafka_session_new(const struct kafka_session_config *config, const struct kafka_session_handler *handler);
void kafka_session_free(struct kafka_session *session);

/* As kafka_source_refuses. */
const char *kafka_session_refuses(const struct kafka_session *session, const struct kafka_source_packet *packet);
/*
 * Adds a packet of this capture that was in the message at this offset. span: that of the message, on which it passes
 * when its outcome is known; NULL for context, which has no document.
 */
void kafka_session_put(struct kafka_session *session, const struct kafka_source_packet *packet, struct kafka_capture *capture,
    int64_t offset, struct span *span);
/* What was put is read. */
void kafka_session_wake(struct kafka_session *session);

/* No more packets come: it ends when it is through. */
void kafka_session_end(struct kafka_session *session);
/* As dissection_abandon: its packets without outcome are given up. */
void kafka_session_abandon(struct kafka_session *session);
void kafka_session_pause(struct kafka_session *session);
void kafka_session_resume(struct kafka_session *session);

/* No more packets may be put. */
bool kafka_session_is_ending(const struct kafka_session *session);
/* Packets, those of context too, that have no outcome yet. */
size_t kafka_session_open(const struct kafka_session *session);
/* When a packet was put last, as clock_ms. */
uint64_t kafka_session_used(const struct kafka_session *session);
uint64_t kafka_session_memory(const struct kafka_session *session);

/* skipped: of those that passed; read: what became of packets that passed, and is not skipped. */
void kafka_session_counts(const struct kafka_session *session, struct dissection_counts *counts);
/* After on_end, as dissection_outcome. */
enum outcome kafka_session_outcome(const struct kafka_session *session, struct error *error);
const char *kafka_session_name(const struct kafka_session *session);

#endif

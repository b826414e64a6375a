/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the Kafka process (kafka/member.h) and espcap say to each other, as bytes: frames of a length, a kind and a
 * body, in the byte order of the machine. No I/O.
 */
#ifndef ESPCAP_KAFKA_INTAKE_H
#define ESPCAP_KAFKA_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * An assignment is one partition from when the group gives it to this member until it is taken away; numbered from 1 by
 * the process, never reused.
 */
struct intake_assigned {
	uint32_t assignment;
	uint32_t topic; /* index into member_config.topics */
	int32_t partition;
	int64_t start;   /* documents are wanted from this offset on */
	int64_t warm;    /* the first offset that is given, start at most: what is before start is context */
	int64_t end;     /* the high watermark when it was assigned: --exit-at-end ends there */
	uint64_t missed; /* messages that retention deleted between the committed offset and start */
};

struct intake_message {
	uint32_t assignment;
	int64_t offset;
	const uint8_t *key, *header, *value; /* NULL if there is none; valid during the call */
	uint32_t key_len, header_len, value_len;
	int64_t sent_ms; /* the time of the message, since 1970: of sending, as a rule; -1 if it has none */
};

/* What is longer is cut: no key or header of that length is valid, and no packet. */
#define INTAKE_KEY_MAX ((uint32_t)64 << 10)
#define INTAKE_HEADER_MAX ((uint32_t)64 << 10)
#define INTAKE_VALUE_MAX ((uint32_t)100 << 20)
/* No frame is longer. */
#define INTAKE_FRAME_MAX (INTAKE_KEY_MAX + INTAKE_HEADER_MAX + INTAKE_VALUE_MAX + 4096)

/* What comes through which of two pipes, each in its order: who is behind with messages still hears the rest. */
enum intake_kind {
	/* With the messages. */
	INTAKE_ASSIGNED,
	INTAKE_MESSAGE,
	INTAKE_AT_END, /* number: the offset after the last message */
	INTAKE_MISSED, /* number: how many */
	INTAKE_SETTLED,
	/*
	 * The answer to INTAKE_ASK_REST. assignment: its token; number: the partitions, of those that there were at
	 * the start, that this member does not have (INTAKE_ASSIGNED, and not INTAKE_REVOKED) and that the group has
	 * not committed up to the end of then; flag: that is sure. If not, the group may speak of another reading.
	 */
	INTAKE_REST,
	INTAKE_CLUSTER, /* error.text: its id */
	/* Beside them. */
	INTAKE_OPEN,      /* the client has started: the first frame, unless it is INTAKE_FAILED */
	INTAKE_REVOKED,   /* flag: lost */
	INTAKE_HIGH,      /* number: the high watermark */
	INTAKE_COMMITTED, /* number: the offset */
	INTAKE_CUT_OFF,   /* flag */
	INTAKE_REBALANCE,
	INTAKE_NOTE,   /* error.text */
	INTAKE_FAILED, /* error */
	INTAKE_KINDS
};

/* One frame. */
struct intake_event {
	enum intake_kind kind;
	uint32_t assignment; /* 0 for none */
	uint64_t number;
	bool flag;
	struct intake_assigned assigned; /* INTAKE_ASSIGNED */
	struct intake_message message;   /* INTAKE_MESSAGE */
	struct error error;
};

/* Appends the frame of an event. -1 if out is full. */
int intake_write(struct buffer *out, const struct intake_event *event);
/* Appends that of a message, without an event around it. */
int intake_write_message(struct buffer *out, const struct intake_message *message);
/*
 * The event of the first frame in bytes; a message points into bytes. Returns how many bytes the frame has, 0 if there
 * are not enough of them, -1 if this is no frame.
 */
ssize_t intake_read(const void *bytes, size_t len, struct intake_event *event);

/* Orders to the process. */
enum intake_word {
	INTAKE_COMMIT,   /* number: the offset */
	INTAKE_RELEASE,  /* nothing more is wanted of an assignment that was revoked */
	INTAKE_STOP,     /* no more messages */
	INTAKE_ASK_REST, /* assignment: a token, not 0 */
	INTAKE_LEAVE,    /* number: ms for what is not answered yet */
	INTAKE_WORDS
};

struct intake_order {
	enum intake_word word;
	uint32_t assignment; /* 0 for none */
	uint64_t number;
};

int intake_write_order(struct buffer *out, const struct intake_order *order);
/* As intake_read. */
ssize_t intake_read_order(const void *bytes, size_t len, struct intake_order *order);

#endif

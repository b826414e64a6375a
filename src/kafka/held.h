/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that were refused and will be sent again, in order. No I/O. */
#ifndef ESPCAP_KAFKA_HELD_H
#define ESPCAP_KAFKA_HELD_H

#include <stddef.h>
#include <stdint.h>

#include "kafka/wire.h"

struct held_message {
	struct held_message *next;
	uint8_t key[WIRE_KEY_LEN];
	uint32_t conversation;
	size_t header_len, value_len;
	char bytes[]; /* header, value */
};

/* Zero it. */
struct held {
	struct held_message *first, *last;
	size_t count;
};

/* Copies it, as the last. */
void held_add(struct held *held, const struct held_message *message, const char *header, const uint8_t *value);
/* All of other come before those of held; other is empty then. */
void held_put_before(struct held *held, struct held *other);
/* Removes the first. */
void held_drop(struct held *held);
void held_clear(struct held *held);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of one bulk request: an action line and a document line for each packet. No I/O. */
#ifndef ESPCAP_SINK_BATCH_H
#define ESPCAP_SINK_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct ack;

/* Offsets are into batch.body. */
struct batch_item {
	size_t start, len;            /* both lines, with their newlines */
	uint32_t index_at, index_len; /* the name of the index, after start */
	uint32_t id_at, id_len;       /* id_len 0: without id */
	uint32_t document_at;         /* after start; up to the last newline */
	struct ack *ack;              /* borrowed, NULL for none */
};

/* Read the members freely; change them only through the functions. */
struct batch {
	struct buffer body;
	struct batch_item *items;
	size_t count, room;
};

struct batch *batch_new(void);
void batch_free(struct batch *batch);

/* The length of an index name or id at most, as the servers have it. */
#define BATCH_NAME_MAX 512

/* Index names and ids go into the action line as they are: only a-z A-Z 0-9 . _ - are safe in every line. */
bool batch_is_safe(const char *text, size_t len);

/*
 * Appends one. id may be NULL. json is one line. -1 if it would have more than batch_max bytes
 * in all, or index or id are not safe or too long: nothing is appended then.
 */
#define BATCH_MAX ((size_t)2 << 30)
int batch_add(struct batch *batch, const char *index, size_t index_len, const char *id, size_t id_len,
    const char *json, size_t len);

/* Whom to tell what becomes of the item appended last. */
void batch_set_ack(struct batch *batch, struct ack *ack);

/* Keeps the items for which keep[i] is true, in their order. */
void batch_keep(struct batch *batch, const bool *keep);
/* Takes the second half (of two items or more) away into a new batch. */
struct batch *batch_split(struct batch *batch);

const char *batch_index(const struct batch *batch, size_t i, size_t *len);
const char *batch_id(const struct batch *batch, size_t i, size_t *len);
const char *batch_document(const struct batch *batch, size_t i, size_t *len);

/*
 * The distinct indices of the batch, separated by commas and with a NUL after them, into names; their number, or 0 if
 * they do not fit.
 */
size_t batch_indices(const struct batch *batch, struct buffer *names);

/* The id of 16 bytes as 22 characters of base64url (RFC 4648, section 5, without padding), and the end. */
#define BATCH_ID_LEN 23
void batch_id_text(const uint8_t id[16], char text[BATCH_ID_LEN]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of one bulk request. */
#include "sink/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct batch *
batch_new(void)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));

	buffer_init(&batch->body, BATCH_MAX);
	return batch;
}

void
batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	buffer_release(&batch->body);
	free(batch->items);
	free(batch);
}

bool
batch_is_safe(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return len > 0 && len <= BATCH_NAME_MAX;
}

static struct batch_item *
next_item(struct batch *batch)
{
	if (batch->count == batch->room) {
		batch->room = batch->room == 0 ? 256 : batch->room * 2;
		batch->items = xreallocarray(batch->items, batch->room,
		    sizeof(*batch->items));
	}
	return &batch->items[batch->count];
}

int
batch_add(struct batch *batch, const char *index, size_t index_len,
    const char *id, size_t id_len, const char *json, size_t len)
{
	static const char create[] = "{\"create\":{\"_index\":\"";
	static const char with_id[] = "\",\"_id\":\"";
	struct buffer *body = &batch->body;
	struct batch_item *item = next_item(batch);
	size_t start = body->len;

	if (!batch_is_safe(index, index_len) ||
	    (id != NULL && !batch_is_safe(id, id_len)) ||
	    buffer_reserve(body,
		sizeof(create) + sizeof(with_id) + index_len + id_len + len +
		    8) != 0)
		return -1;
	item->start = start;
	/* There is room: none of these can fail. */
	(void)buffer_puts(body, create);
	item->index_at = (uint32_t)(body->len - start);
	item->index_len = (uint32_t)index_len;
	(void)buffer_append(body, index, index_len);
	item->id_at = item->id_len = 0;
	if (id != NULL) {
		(void)buffer_puts(body, with_id);
		item->id_at = (uint32_t)(body->len - start);
		item->id_len = (uint32_t)id_len;
		(void)buffer_append(body, id, id_len);
	}
	(void)buffer_puts(body, "\"}}\n");
	item->document_at = (uint32_t)(body->len - start);
	(void)buffer_append(body, json, len);
	(void)buffer_append(body, "\n", 1);
	item->len = body->len - start;
	item->ack = NULL;
	batch->count++;
	return 0;
}

void
batch_set_ack(struct batch *batch, struct ack *ack)
{
	batch->items[batch->count - 1].ack = ack;
}

void
batch_keep(struct batch *batch, const bool *keep)
{
	size_t count = 0, end = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct batch_item item = batch->items[i];

		if (!keep[i])
			continue;
		memmove(batch->body.data + end, batch->body.data + item.start,
		    item.len);
		item.start = end;
		end += item.len;
		batch->items[count++] = item;
	}
	batch->count = count;
	batch->body.len = end;
}

struct batch *
batch_split(struct batch *batch)
{
	struct batch *other = batch_new();
	size_t half = batch->count / 2, from = batch->items[half].start;

	if (buffer_append(&other->body, batch->body.data + from,
		batch->body.len - from) != 0)
		abort(); /* it is smaller than what it comes from */
	other->count = other->room = batch->count - half;
	other->items = xreallocarray(NULL, other->room, sizeof(*other->items));
	memcpy(other->items, batch->items + half,
	    other->count * sizeof(*other->items));
	for (size_t i = 0; i < other->count; i++)
		other->items[i].start -= from;
	batch->count = half;
	batch->body.len = from;
	return other;
}

const char *
batch_index(const struct batch *batch, size_t i, size_t *len)
{
	const struct batch_item *item = &batch->items[i];

	*len = item->index_len;
	return batch->body.data + item->start + item->index_at;
}

const char *
batch_id(const struct batch *batch, size_t i, size_t *len)
{
	const struct batch_item *item = &batch->items[i];

	*len = item->id_len;
	return batch->body.data + item->start + item->id_at;
}

const char *
batch_document(const struct batch *batch, size_t i, size_t *len)
{
	const struct batch_item *item = &batch->items[i];

	*len = item->len - item->document_at - 1;
	return batch->body.data + item->start + item->document_at;
}

/* Whether one of the names, which are separated by commas, is this. */
static bool
is_listed(const struct buffer *names, const char *name, size_t len)
{
	const char *at = names->data, *end = at + names->len;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t n = (size_t)((comma != NULL ? comma : end) - at);

		if (n == len && memcmp(at, name, len) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

size_t
batch_indices(const struct batch *batch, struct buffer *names)
{
	size_t count = 0, len;

	for (size_t i = 0; i < batch->count; i++) {
		const char *name = batch_index(batch, i, &len);

		if (count > 0 && is_listed(names, name, len))
			continue;
		if ((count > 0 && buffer_puts(names, ",") != 0) ||
		    buffer_append(names, name, len) != 0)
			return 0;
		count++;
	}
	return buffer_append(names, "", 1) == 0 ? count : 0;
}

void
batch_id_text(const uint8_t id[16], char text[BATCH_ID_LEN])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t n = 0;
	unsigned bits = 0, count = 0;

	for (size_t i = 0; i < 16; i++) {
		bits = bits << 8 | id[i];
		for (count += 8; count >= 6; count -= 6)
			text[n++] = digits[bits >> (count - 6) & 63];
	}
	text[n++] = digits[bits << (6 - count) & 63];
	text[n] = '\0';
}

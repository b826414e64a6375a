/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of names as bytes, for a cache. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "fields/names_private.h"

/*
 * This header, the list, both indices, the text. The indices are kept because building
 * them takes longer than reading them.
 */
struct saved {
	char magic[8];
	uint32_t byte_order;
	uint32_t entry_size;
	uint32_t count;
	uint32_t key_slots;
	uint32_t name_slots;
	uint32_t sum; /* of all that follows */
	uint64_t text_len;
};

static const char saved_magic[8] = "espcapN6";

int
names_save(const struct names *names, struct buffer *out)
{
	struct saved head = { .byte_order = 0x01020304,
		.count = names->count,
		.entry_size = sizeof(struct name),
		.key_slots = names->by_key.size,
		.name_slots = names->by_name.size,
		.text_len = names->text.len };
	struct names_sum sum = { 0 };
	size_t start = out->len;

	memcpy(head.magic, saved_magic, sizeof(head.magic));
	if (buffer_append(out, &head, sizeof(head)) != 0 ||
	    buffer_append(out, names->list,
		names->count * sizeof(struct name)) != 0 ||
	    buffer_append(out, names->by_key.slots,
		names->by_key.size * sizeof(uint32_t)) != 0 ||
	    buffer_append(out, names->by_name.slots,
		names->by_name.size * sizeof(uint32_t)) != 0 ||
	    buffer_append(out, names->text.data, names->text.len) != 0)
		return -1;
	names_sum_add(&sum, out->data + start + sizeof(head),
	    out->len - start - sizeof(head));
	head.sum = names_sum_end(&sum);
	memcpy(out->data + start, &head, sizeof(head));
	return 0;
}

static bool
is_index_size(uint32_t size, uint32_t count)
{
	return size >= count * 2 && size <= COUNT_MAX * 4 &&
	    (size & (size - 1)) == 0;
}

static bool
saved_is_good(const struct saved *head, size_t len)
{
	return memcmp(head->magic, saved_magic, sizeof(head->magic)) == 0 &&
	    head->byte_order == 0x01020304 && head->count >= COUNT_MIN &&
	    head->count <= COUNT_MAX && head->text_len > 0 &&
	    head->text_len <= TEXT_MAX &&
	    head->entry_size == sizeof(struct name) &&
	    is_index_size(head->key_slots, head->count) &&
	    is_index_size(head->name_slots, head->count + DYNAMIC_MAX) &&
	    len ==
	    sizeof(*head) + head->count * sizeof(struct name) +
		((size_t)head->key_slots + head->name_slots) *
		    sizeof(uint32_t) +
		head->text_len;
}

/* A right checksum does not make a right table: somebody may have written both. */
static bool
entries_are_good(const struct names *names)
{
	for (uint32_t id = 0; id < names->count; id++) {
		const struct name *entry = &names->list[id];

		if (entry->offset > names->text.len ||
		    entry->len > names->text.len - entry->offset ||
		    entry->len == 0 || entry->len > KEY_MAX ||
		    entry->kind > NAMES_KIND_PROTOCOL ||
		    entry->term > TERM_KIND_LAST ||
		    (entry->protocol != NAMES_NONE &&
			entry->protocol >= names->count))
			return false;
	}
	return true;
}

/* Every slot names an entry, and there are free ones, at which a search ends. */
static bool
index_is_good(const struct index *index, uint32_t count)
{
	uint32_t used = 0;

	for (uint32_t at = 0; at < index->size; at++) {
		if (index->slots[at] > count)
			return false;
		used += index->slots[at] != 0;
	}
	return used <= count;
}

/* The next len bytes, which the checksum covers. */
static int
take(const struct names_source *from, void *bytes, size_t len,
    struct names_sum *sum)
{
	if (from->read(from->ctx, bytes, len) != 0)
		return -1;
	names_sum_add(sum, bytes, len);
	return 0;
}

static int
take_index(const struct names_source *from, struct index *index, uint32_t size,
    struct names_sum *sum)
{
	index->size = size;
	index->slots = xreallocarray(NULL, size, sizeof(uint32_t));
	return take(from, index->slots, size * sizeof(uint32_t), sum);
}

static int
take_table(const struct names_source *from, const struct saved *head,
    struct names *names)
{
	size_t text_len = (size_t)head->text_len;
	struct names_sum sum = { 0 };

	names->count = names->room = names->known = head->count;
	names->list = xreallocarray(NULL, head->count, sizeof(struct name));
	if (take(from, names->list, head->count * sizeof(struct name),
		&sum) != 0 ||
	    take_index(from, &names->by_key, head->key_slots, &sum) != 0 ||
	    take_index(from, &names->by_name, head->name_slots, &sum) != 0 ||
	    buffer_reserve(&names->text, text_len) != 0 ||
	    take(from, names->text.data, text_len, &sum) != 0)
		return -1;
	buffer_added(&names->text, text_len);
	return names_sum_end(&sum) == head->sum &&
		names_are_harmless(names->text.data, names->text.len) &&
		entries_are_good(names) &&
		index_is_good(&names->by_key, head->count) &&
		index_is_good(&names->by_name, head->count) ?
	    0 :
	    -1;
}

struct names *
names_restore(const struct names_source *from, size_t len)
{
	struct saved head;
	struct names *names;

	if (len < sizeof(head) ||
	    from->read(from->ctx, &head, sizeof(head)) != 0 ||
	    !saved_is_good(&head, len))
		return NULL;
	names = xcalloc(1, sizeof(*names));
	buffer_init(&names->text, TEXT_MAX);
	if (take_table(from, &head, names) != 0) {
		names_free(names);
		return NULL;
	}
	return names;
}

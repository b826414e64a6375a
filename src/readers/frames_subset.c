/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of the plugin's frames when only some fields are kept. */
#include "readers/frames_subset.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "readers/frames_wire.h"

struct name {
	const char *text; /* borrowed from the frames */
	size_t len;
	bool kept;
};

/* A value, or that a protocol is there. */
struct item {
	const char *name; /* borrowed from the frames */
	size_t name_len;
	enum frames_kind kind;
	const char *bytes; /* borrowed from the frames */
	size_t len;
};

struct projection {
	const unsigned char *at, *end;
	const char *kept;
	struct name *names; /* by id */
	size_t count, room;
	struct item *items; /* of the packet */
	size_t item_count, item_room;
	struct buffer *out;
};

/* -1 if it is not whole, or too large. */
static int
read_number(struct projection *p, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; p->at < p->end && shift < 64; shift += 7) {
		unsigned char byte = *p->at++;

		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return 0;
	}
	return -1;
}

/* The next bytes; NULL if there are fewer. */
static const char *
read_bytes(struct projection *p, uint64_t len)
{
	const char *bytes = (const char *)p->at;

	if (len > (size_t)(p->end - p->at))
		return NULL;
	p->at += len;
	return bytes;
}

static bool
is_kept(const char *kept, const char *name, size_t len)
{
	for (size_t n; kept[0] != '\0'; kept += n + (kept[n] == '+')) {
		n = strcspn(kept, "+");
		if (n == len && memcmp(kept, name, len) == 0)
			return true;
	}
	return false;
}

/* text: the name, and after a space that of its protocol. */
static void
add_name(struct projection *p, const char *text, size_t len)
{
	const char *space = memchr(text, ' ', len);
	struct name *name;

	if (p->count == p->room) {
		p->room = p->room == 0 ? 1024 : p->room * 2;
		p->names = xreallocarray(p->names, p->room, sizeof(*p->names));
	}
	name = &p->names[p->count++];
	name->text = text;
	name->len = len;
	/* Of id 0 is the Info column. */
	name->kept = p->count == 1 ||
	    is_kept(
		p->kept, text, space == NULL ? len : (size_t)(space - text));
}

static int
take_name(struct projection *p, uint64_t id)
{
	const char *text;
	uint64_t number;

	if (id != p->count || read_number(p, &number) != 0 ||
	    (text = read_bytes(p, number >> 2)) == NULL)
		return -1;
	add_name(p, text, (size_t)(number >> 2));
	return 0;
}

static void
add_item(struct projection *p, const struct name *name, enum frames_kind kind,
    const char *bytes, size_t len)
{
	if (kind != FRAMES_OPEN && !name->kept)
		return;
	if (p->item_count == p->item_room) {
		p->item_room = p->item_room == 0 ? 1024 : p->item_room * 2;
		p->items = xreallocarray(p->items, p->item_room,
		    sizeof(*p->items));
	}
	p->items[p->item_count++] = (struct item){ .name = name->text,
		.name_len = name->len,
		.kind = kind,
		.bytes = bytes,
		.len = len };
}

static int
compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int rv = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return rv != 0 ?
	    rv :
	    a_len < b_len ?
	    -1 :
	    a_len > b_len;
}

static int
compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int rv = compare_bytes(a->name, a->name_len, b->name, b->name_len);

	if (rv == 0)
		rv = (int)a->kind - (int)b->kind;
	return rv != 0 ? rv : compare_bytes(a->bytes, a->len, b->bytes, b->len);
}

static int
put_packet(struct projection *p, uint64_t streams)
{
	int rv = 0;

	if (p->item_count > 0)
		qsort(p->items, p->item_count, sizeof(*p->items), compare);
	for (size_t i = 0; rv == 0 && i < p->item_count; i++) {
		const struct item *item = &p->items[i];

		rv = buffer_append(p->out, item->name, item->name_len) |
		    buffer_printf(p->out, " %d %zu:", (int)item->kind,
			item->len) |
		    buffer_append(p->out, item->bytes, item->len);
	}
	p->item_count = 0;
	return rv |
	    buffer_printf(p->out, "end %llu\n", (unsigned long long)streams);
}

static int
take_item(struct projection *p, enum frames_kind kind, uint64_t id)
{
	const char *bytes = "";
	uint64_t len = 0;

	switch (kind) {
	case FRAMES_NAME:
		return take_name(p, id);
	case FRAMES_PACKET:
		return buffer_printf(p->out, "packet %llu\n",
		    (unsigned long long)id);
	case FRAMES_END:
		return put_packet(p, id);
	case FRAMES_CLOSE:
		return 0;
	case FRAMES_TEXT:
	case FRAMES_HEX:
		if (read_number(p, &len) != 0 ||
		    (bytes = read_bytes(p, len)) == NULL)
			return -1;
		__attribute__((fallthrough));
	case FRAMES_OPEN:
	case FRAMES_FALSE:
	case FRAMES_TRUE:
		if (id >= p->count)
			return -1;
		add_item(p, &p->names[id], kind, bytes, (size_t)len);
		return 0;
	}
	return -1;
}

int
frames_subset_make(const char *frames, size_t len, const char *kept,
    struct buffer *out)
{
	struct projection p = { .kept = kept, .out = out };
	uint64_t head;
	int rv = 0;

	if (len < FRAMES_MAGIC_LEN ||
	    memcmp(frames, FRAMES_MAGIC, FRAMES_MAGIC_LEN) != 0)
		return -1;
	p.at = (const unsigned char *)frames + FRAMES_MAGIC_LEN;
	p.end = (const unsigned char *)frames + len;
	add_name(&p, "info", 4);
	while (rv == 0 && p.at < p.end) {
		rv = read_number(&p, &head);
		if (rv == 0)
			rv = take_item(&p,
			    (enum frames_kind)(
				head & ((1 << FRAMES_KIND_BITS) - 1)),
			    head >> FRAMES_KIND_BITS);
	}
	free(p.items);
	free(p.names);
	return rv;
}

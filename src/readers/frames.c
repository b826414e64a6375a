/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the frames of the plugin piece by piece into a tree. */
#include "readers/frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "readers/frames_wire.h"

/* As in the other reader: no text is cut that this short. */
#define TEXT_MIN ((size_t)64 << 10)
/* Protocols in each other; tshark's own trees are at most 256 deep. */
#define DEPTH_MAX 4096
/* A number of 64 bits, 7 a byte; an item begins with two at most. */
#define NUMBER_MAX 10
#define HEAD_MAX (2 * NUMBER_MAX)
/* Of a long text, kept for the next. */
#define KEEP_TEXT ((size_t)1 << 20)

/* The beginning of an item: all of it but its text. */
struct head {
	enum frames_kind kind;
	enum frames_type type; /* of FRAMES_NAME */
	uint64_t id;
	uint64_t len; /* of the text */
};

struct frames {
	struct names *names;
	struct tree *tree;
	size_t max_text;

	uint32_t *fields; /* name ids, by the plugin's ids; [0] is not used */
	uint32_t count, room;

	size_t magic;                  /* bytes of FRAMES_MAGIC that came */
	unsigned char carry[HEAD_MAX]; /* of a head that the last piece ended in */
	size_t carried;
	struct head head; /* of the text that is being read */
	bool in_text;
	uint64_t left;      /* bytes of it to come */
	size_t keep;        /* bytes of it that are kept at most */
	struct buffer text; /* what came of it and is kept */

	bool in_packet;
	unsigned depth;
	uint64_t number;
	uint64_t streams;   /* the id of its end */
	const char *broken; /* why; NULL if it is not */
};

struct frames *
frames_new(struct names *names, struct tree *tree, size_t max_text)
{
	struct frames *frames = xcalloc(1, sizeof(*frames));

	frames->names = names;
	frames->tree = tree;
	frames->max_text = max_text > TEXT_MIN ? max_text : TEXT_MIN;
	frames->count = 1;
	buffer_init(&frames->text, frames->max_text);
	/* An empty text has an address, too. */
	(void)buffer_reserve(&frames->text, 1);
	return frames;
}

void
frames_free(struct frames *frames)
{
	if (frames == NULL)
		return;
	buffer_release(&frames->text);
	free(frames->fields);
	free(frames);
}

uint32_t
frames_tcp_streams(const struct frames *frames)
{
	return (uint32_t)frames->streams;
}

uint32_t
frames_udp_streams(const struct frames *frames)
{
	return (uint32_t)(frames->streams >> 32);
}

uint64_t
frames_number(const struct frames *frames)
{
	return frames->number;
}

bool
frames_is_inside(const struct frames *frames)
{
	return frames->magic < FRAMES_MAGIC_LEN || frames->in_packet ||
	    frames->in_text || frames->carried > 0;
}

static bool
fail(struct frames *frames, const char *why)
{
	frames->broken = why;
	return false;
}

/* Heads. */

/* The bytes of a number, 0 if more are needed, NUMBER_MAX + 1 if it is none. */
static inline size_t
read_number(const unsigned char *bytes, size_t len, uint64_t *number)
{
	/* As most are. */
	if (len > 0 && bytes[0] < 0x80) {
		*number = bytes[0];
		return 1;
	}
	if (len > 1 && bytes[1] < 0x80) {
		*number = (bytes[0] & 0x7f) | (uint64_t)bytes[1] << 7;
		return 2;
	}
	*number = 0;
	for (size_t i = 0; i < len; i++) {
		/* The tenth byte has room for one bit. */
		if (i == NUMBER_MAX - 1 && bytes[i] > 1)
			return NUMBER_MAX + 1;
		*number |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
		if ((bytes[i] & 0x80) == 0)
			return i + 1;
	}
	return 0;
}

static inline bool
has_text(enum frames_kind kind)
{
	return kind == FRAMES_NAME || kind == FRAMES_TEXT ||
	    kind == FRAMES_HEX;
}

/* The bytes of a head, 0 if more are needed, HEAD_MAX + 1 if it is none. */
static inline size_t
read_head(const unsigned char *bytes, size_t len, struct head *head)
{
	uint64_t number;
	size_t n = read_number(bytes, len, &number), more;

	if (n == 0 || n > NUMBER_MAX)
		return n == 0 ? 0 : HEAD_MAX + 1;
	head->kind = (enum frames_kind)(number & ((1 << FRAMES_KIND_BITS) - 1));
	head->id = number >> FRAMES_KIND_BITS;
	if (!has_text(head->kind))
		return n;
	more = read_number(bytes + n, len - n, &head->len);
	if (more == 0 || more > NUMBER_MAX)
		return more == 0 ? 0 : HEAD_MAX + 1;
	if (head->kind == FRAMES_NAME) {
		head->type = (enum frames_type)(head->len & 3);
		head->len >>= 2;
	}
	return n + more;
}

/* Names. */

static enum names_kind
kind_of(enum frames_type type)
{
	switch (type) {
	case FRAMES_TYPE_VALUE:
		break;
	case FRAMES_TYPE_BOOLEAN:
		return NAMES_KIND_BOOLEAN;
	case FRAMES_TYPE_PRESENT:
		return NAMES_KIND_PRESENT;
	case FRAMES_TYPE_PROTOCOL:
		return NAMES_KIND_PROTOCOL;
	}
	return NAMES_KIND_VALUE;
}

static void
add_name(struct frames *frames, const char *text, size_t len)
{
	const char *space = memchr(text, ' ', len);
	size_t name = space == NULL ? len : (size_t)(space - text);

	if (frames->count >= frames->room) {
		frames->room = frames->room == 0 ? 1024 : frames->room * 2;
		frames->fields = xreallocarray(frames->fields, frames->room,
		    sizeof(*frames->fields));
	}
	frames->fields[frames->count++] = names_exact(frames->names, text,
	    name, kind_of(frames->head.type), space == NULL ? NULL : space + 1,
	    space == NULL ? 0 : len - name - 1);
}

/* Items. */

static bool
begin_packet(struct frames *frames, uint64_t number)
{
	if (frames->in_packet)
		return fail(frames, "a packet inside of a packet");
	if (number == 0)
		return fail(frames, "a packet without a number");
	tree_clear(frames->tree);
	frames->in_packet = true;
	frames->number = number;
	frames->depth = 0;
	return true;
}

static bool
open_protocol(struct frames *frames, uint64_t id)
{
	if (++frames->depth > DEPTH_MAX)
		return fail(frames, "protocols nested too deeply");
	tree_open(frames->tree, frames->fields[id]);
	return true;
}

static bool
close_protocol(struct frames *frames)
{
	if (frames->depth == 0)
		return fail(frames, "the end of a protocol that did not begin");
	frames->depth--;
	tree_close(frames->tree);
	return true;
}

static bool
end_packet(struct frames *frames, uint64_t streams)
{
	if (!frames->in_packet || frames->depth > 0)
		return fail(frames, "the end of a packet at the wrong place");
	frames->in_packet = false;
	frames->streams = streams;
	return true;
}

/* Whether the item may stand here, and its id has a name. */
static bool
is_allowed(struct frames *frames, const struct head *head)
{
	switch (head->kind) {
	case FRAMES_NAME:
		if (head->id != frames->count || head->id > FRAMES_ID_MAX)
			return fail(frames, "a name at the wrong place");
		return head->len <= FRAMES_NAME_MAX ||
		    fail(frames, "a name too long");
	case FRAMES_PACKET:
	case FRAMES_END:
		return true;
	case FRAMES_TEXT:
		/* The Info column's has no name. */
		if (head->id == 0)
			break;
		__attribute__((fallthrough));
	case FRAMES_OPEN:
	case FRAMES_HEX:
	case FRAMES_FALSE:
	case FRAMES_TRUE:
		if (head->id == 0 || head->id >= frames->count)
			return fail(frames, "a field without a name");
		break;
	case FRAMES_CLOSE:
		break;
	default:
		return fail(frames, "an item of unknown kind");
	}
	return frames->in_packet || fail(frames, "a value outside of a packet");
}

/* An item without text. */
static bool
take_item(struct frames *frames, const struct head *head)
{
	switch (head->kind) {
	case FRAMES_PACKET:
		return begin_packet(frames, head->id);
	case FRAMES_OPEN:
		return open_protocol(frames, head->id);
	case FRAMES_CLOSE:
		return close_protocol(frames);
	case FRAMES_FALSE:
	case FRAMES_TRUE:
		tree_flag(frames->tree, frames->fields[head->id],
		    head->kind == FRAMES_TRUE);
		return true;
	case FRAMES_END:
		return end_packet(frames, head->id);
	case FRAMES_NAME:
	case FRAMES_TEXT:
	case FRAMES_HEX:
		break;
	}
	return false; /* these have text */
}

/* bytes: those that are kept of a value. */
static void
take_hex(struct frames *frames, const char *bytes)
{
	uint64_t len = frames->head.len == 0 ?
	    0 :
	    text_hex_len(frames->head.len);
	bool cut = len > frames->max_text;

	tree_hex(frames->tree, frames->fields[frames->head.id], bytes,
	    cut ? frames->max_text : (size_t)len, cut);
}

static void
take_text(struct frames *frames, const char *text, size_t len)
{
	bool cut = frames->head.len > len;

	if (frames->head.kind == FRAMES_NAME)
		add_name(frames, text, len);
	else if (frames->head.kind == FRAMES_HEX)
		take_hex(frames, text);
	else if (frames->head.id == 0)
		tree_info(frames->tree, text, len);
	else
		tree_text(frames->tree, frames->fields[frames->head.id], text,
		    len, cut);
}

/* Reads on in a text. Returns the bytes used. */
static size_t
read_text(struct frames *frames, const char *data, size_t len)
{
	size_t n = frames->left < len ? (size_t)frames->left : len;
	size_t keep = frames->keep - frames->text.len;

	frames->left -= n;
	/* Most texts stand in one piece: they need no copy. */
	if (frames->left == 0 && frames->text.len == 0)
		take_text(frames, data, n < keep ? n : keep);
	else {
		(void)buffer_append(&frames->text, data, n < keep ? n : keep);
		if (frames->left == 0) {
			take_text(frames, frames->text.data,
			    frames->text.len);
			buffer_shrink(&frames->text, KEEP_TEXT);
			(void)buffer_reserve(&frames->text, 1);
		}
	}
	frames->in_text = frames->left > 0;
	return n;
}

/* What a head says is done, but for its text. False if the frames are broken. */
static bool
take_head(struct frames *frames, const struct head *head)
{
	if (!is_allowed(frames, head))
		return false;
	if (!has_text(head->kind))
		return take_item(frames, head);
	frames->head = *head;
	frames->left = head->len;
	frames->keep = head->kind == FRAMES_HEX ?
	    (frames->max_text + 2) / 3 :
	    frames->max_text;
	frames->in_text = head->len > 0;
	if (head->len == 0)
		take_text(frames, frames->text.data, 0);
	return true;
}

/* Reads the next head, which may have begun in the piece before. Returns the bytes used. */
static size_t
read_item(struct frames *frames, const char *data, size_t len,
    struct head *head)
{
	const unsigned char *bytes = (const unsigned char *)data;
	size_t carried = frames->carried, n;

	head->kind = FRAMES_NAME;
	if (carried == 0)
		n = read_head(bytes, len, head);
	else {
		n = len < HEAD_MAX - carried ? len : HEAD_MAX - carried;
		memcpy(frames->carry + carried, bytes, n);
		n = read_head(frames->carry, carried + n, head);
	}
	if (n > HEAD_MAX) {
		frames->carried = 0;
		(void)fail(frames, "a number too large");
		return 0;
	}
	if (n > 0) {
		frames->carried = 0;
		(void)take_head(frames, head);
		return n - carried;
	}
	/* Not complete: HEAD_MAX bytes would have been. */
	head->kind = FRAMES_NAME;
	if (carried == 0)
		memcpy(frames->carry, bytes, len);
	frames->carried += len;
	return len;
}

/*
 * The quick way for what most items are: a value of a field, all of it in this piece. Returns the bytes used, 0 if the
 * item is another, or not right.
 */
static inline size_t
read_value(struct frames *frames, const char *data, size_t len)
{
	struct head head = { .len = 0 };
	size_t n = read_head((const unsigned char *)data, len, &head);

	if (n == 0 || n > HEAD_MAX || !frames->in_packet || head.id == 0 ||
	    head.id >= frames->count)
		return 0;
	switch (head.kind) {
	case FRAMES_FALSE:
	case FRAMES_TRUE:
		tree_flag(frames->tree, frames->fields[head.id],
		    head.kind == FRAMES_TRUE);
		return n;
	case FRAMES_TEXT:
		if (head.len > len - n || head.len > frames->max_text)
			return 0;
		tree_text(frames->tree, frames->fields[head.id], data + n,
		    (size_t)head.len, false);
		return n + (size_t)head.len;
	case FRAMES_NAME:
	case FRAMES_PACKET:
	case FRAMES_OPEN:
	case FRAMES_CLOSE:
	case FRAMES_HEX:
	case FRAMES_END:
		break;
	}
	return 0;
}

static size_t
read_magic(struct frames *frames, const char *data, size_t len)
{
	size_t n = FRAMES_MAGIC_LEN - frames->magic;

	n = n < len ? n : len;
	if (memcmp(data, &FRAMES_MAGIC[frames->magic], n) != 0) {
		(void)fail(frames, "output that is not the plugin's");
		return 0;
	}
	frames->magic += n;
	return n;
}

static enum frames_event
broken(const struct frames *frames, const char *data, size_t len,
    struct error *error)
{
	char shown[160];

	text_visible(shown, sizeof(shown), data, len < 40 ? len : 40);
	error_set(error, OUTCOME_TSHARK, "%s: \"%s\"", frames->broken, shown);
	return FRAMES_BROKEN;
}

enum frames_event
frames_read(struct frames *frames, const char *data, size_t len, size_t *used,
    struct error *error)
{
	struct head head;
	size_t at = 0;

	while (at < len && frames->broken == NULL) {
		if (frames->in_text) {
			at += read_text(frames, data + at, len - at);
			continue;
		}
		if (frames->magic < FRAMES_MAGIC_LEN) {
			at += read_magic(frames, data + at, len - at);
			continue;
		}
		if (frames->carried == 0) {
			size_t n = read_value(frames, data + at, len - at);

			at += n;
			if (n > 0)
				continue;
		}
		*used = at += read_item(frames, data + at, len - at, &head);
		if (head.kind == FRAMES_END && frames->broken == NULL)
			return FRAMES_DOCUMENT;
	}
	*used = at;
	return frames->broken == NULL ?
	    FRAMES_MORE :
	    broken(frames, data + at, len - at, error);
}

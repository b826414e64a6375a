/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the lines of `tshark -T ek -P -V` piece by piece into a tree. */
#include "readers/ek.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "readers/times.h"

/* yajl is fed at most this much at once, so that a long string is noticed in time. */
#define PIECE ((size_t)64 << 10)
/* Objects and arrays in each other; tshark's own trees are at most 256 deep. */
#define DEPTH_MAX 4096
/* After the backslash of an escape; after \u it counts the four digits down. */
#define ESCAPE_OPEN 5

enum line {
	LINE_START,
	LINE_SKIP, /* an index line, an empty one, or the rest of unparsable text */
	LINE_PACKET
};

/* An object or array that is open. */
struct scope {
	bool is_array;
	bool is_layer;   /* tree_close when it ends */
	bool is_columns; /* tshark's columns among the layers */
};

struct ek {
	struct names *names;
	struct tree *tree;
	size_t max_text;

	enum line line;
	yajl_handle yajl;
	bool too_deep; /* why a callback ended the parse */
	bool is_index;

	struct scope *scopes;
	size_t depth, room;
	bool in_layers; /* inside the value of "layers" */
	char *key;      /* of the value to come */
	size_t key_len, key_room;
	char *keys;         /* those of the objects around, each after the other */
	size_t *key_starts; /* by depth */
	size_t keys_len, keys_room;

	uint64_t frame_number;
	uint32_t frame_number_id;

	/* The long string being skipped. */
	size_t token_len; /* bytes given to yajl after the last token it called back for */
	size_t token_end; /* where that ended in the piece being given */
	bool called_back;
	bool skimming;
	bool cut;        /* the next string is only a beginning */
	unsigned escape; /* of the string so far: ESCAPE_OPEN, ..., 0 outside of an escape */
};

struct ek *
ek_new(struct names *names, struct tree *tree, size_t max_text)
{
	struct ek *ek = xcalloc(1, sizeof(*ek));

	ek->names = names;
	ek->tree = tree;
	ek->max_text = max_text > PIECE ? max_text : PIECE;
	/* An empty key has an address, too. */
	ek->key_room = ek->keys_room = 256;
	ek->key = xmalloc(ek->key_room);
	ek->keys = xmalloc(ek->keys_room);
	ek->frame_number_id = names_id(names, "frame.number", 12);
	return ek;
}

void
ek_free(struct ek *ek)
{
	if (ek == NULL)
		return;
	if (ek->yajl != NULL)
		yajl_free(ek->yajl);
	free(ek->scopes);
	free(ek->key);
	free(ek->keys);
	free(ek->key_starts);
	free(ek);
}

uint64_t
ek_frame_number(const struct ek *ek)
{
	return ek->frame_number;
}

int
ek_in_line(const struct ek *ek)
{
	return ek->line != LINE_START;
}

/* The key of the innermost object, which an array's items share. */

static void
remember_key(struct ek *ek, const char *key, size_t len)
{
	if (len > ek->key_room) {
		ek->key_room = len * 2;
		ek->key = xreallocarray(ek->key, ek->key_room, 1);
	}
	memcpy(ek->key, key, len);
	ek->key_len = len;
}

static void
push_key(struct ek *ek)
{
	if (ek->keys_len + ek->key_len > ek->keys_room) {
		ek->keys_room = (ek->keys_len + ek->key_len) * 2;
		ek->keys = xreallocarray(ek->keys, ek->keys_room, 1);
	}
	ek->key_starts[ek->depth] = ek->keys_len;
	memcpy(ek->keys + ek->keys_len, ek->key, ek->key_len);
	ek->keys_len += ek->key_len;
}

static void
pop_key(struct ek *ek)
{
	size_t from = ek->key_starts[ek->depth];

	remember_key(ek, ek->keys + from, ek->keys_len - from);
	ek->keys_len = from;
}

static bool
key_is(const struct ek *ek, const char *key)
{
	return ek->key_len == strlen(key) &&
	    memcmp(ek->key, key, ek->key_len) == 0;
}

static uint32_t
open_protocol(const struct ek *ek)
{
	return ek->tree->nodes[ek->tree->current].protocol;
}

static uint32_t
field_id(const struct ek *ek, enum names_kind kind)
{
	return names_find(ek->names, ek->key, ek->key_len, kind,
	    open_protocol(ek));
}

static void
number_from(struct ek *ek, const char *text, size_t len)
{
	char digits[21];

	if (len >= sizeof(digits))
		return;
	memcpy(digits, text, len);
	digits[len] = '\0';
	(void)text_number(digits, 1, UINT64_MAX, &ek->frame_number);
}

/*
 * Columns stand beside "layers": tshark -P -V. Their keys are their titles in
 * lower case, in all versions from 3.4 to 4.6.
 */
static void
column(struct ek *ek, const char *text, size_t len)
{
	if (key_is(ek, "info"))
		tree_info(ek->tree, text, len);
	else if (key_is(ek, "no_") && ek->frame_number == 0)
		number_from(ek, text, len);
}

/* Each callback tells how far yajl has come. */
static void
end_token(struct ek *ek)
{
	ek->called_back = true;
	ek->token_end = yajl_get_bytes_consumed(ek->yajl);
}

/* yajl's callbacks; 0 ends the parse. */

static int
on_string(void *ctx, const unsigned char *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	struct ek *ek = ctx;
	bool cut = ek->cut;
	uint32_t field;

	end_token(ek);
	ek->cut = false;
	if (!ek->in_layers) {
		if (ek->depth == 1)
			column(ek, text, len);
		return 1;
	}
	field = field_id(ek, NAMES_KIND_VALUE);
	if (field == ek->frame_number_id)
		number_from(ek, text, len);
	if (names_is_time(ek->names, field))
		len = times_certain(text, len);
	tree_text(ek->tree, field, text, len, cut);
	return 1;
}

static int
on_number(void *ctx, const char *text, size_t len)
{
	return on_string(ctx, (const unsigned char *)text, len);
}

static int
on_flag(struct ek *ek, enum names_kind kind, bool value)
{
	end_token(ek);
	if (ek->in_layers)
		tree_flag(ek->tree, field_id(ek, kind), value);
	return 1;
}

static int
on_null(void *ctx)
{
	return on_flag(ctx, NAMES_KIND_PRESENT, true);
}

static int
on_boolean(void *ctx, int value)
{
	return on_flag(ctx, NAMES_KIND_BOOLEAN, value != 0);
}

static int
on_key(void *ctx, const unsigned char *key, size_t len)
{
	struct ek *ek = ctx;

	end_token(ek);
	ek->cut = false;
	remember_key(ek, (const char *)key, len);
	if (ek->depth == 1 && key_is(ek, "index"))
		ek->is_index = true;
	return !ek->is_index;
}

static struct scope *
push_scope(struct ek *ek, bool is_array)
{
	struct scope *scope;

	end_token(ek);
	if (ek->depth == DEPTH_MAX) {
		ek->too_deep = true;
		return NULL;
	}
	if (ek->depth == ek->room) {
		ek->room = ek->room == 0 ? 16 : ek->room * 2;
		ek->scopes = xreallocarray(ek->scopes, ek->room,
		    sizeof(*ek->scopes));
		ek->key_starts = xreallocarray(ek->key_starts, ek->room,
		    sizeof(*ek->key_starts));
	}
	push_key(ek);
	scope = &ek->scopes[ek->depth++];
	scope->is_array = is_array;
	scope->is_layer = scope->is_columns = false;
	return scope;
}

static int
on_start_map(void *ctx)
{
	struct ek *ek = ctx;
	bool was_in_layers = ek->in_layers;
	struct scope *scope;

	if (ek->depth == 1 && key_is(ek, "layers"))
		ek->in_layers = true;
	scope = push_scope(ek, false);
	if (scope == NULL)
		return 0;
	if (!was_in_layers)
		return 1;
	/* 4.4 and later print -P's columns a second time, as if the packet had them. */
	if (key_is(ek, "_ws_col")) {
		scope->is_columns = true;
		ek->in_layers = false;
		return 1;
	}
	tree_open(ek->tree, field_id(ek, NAMES_KIND_PROTOCOL));
	scope->is_layer = true;
	return 1;
}

static int
on_start_array(void *ctx)
{
	return push_scope(ctx, true) != NULL;
}

static int
on_end(void *ctx)
{
	struct ek *ek = ctx;
	struct scope *scope = &ek->scopes[--ek->depth];

	end_token(ek);
	pop_key(ek);
	if (scope->is_layer)
		tree_close(ek->tree);
	else if (scope->is_columns)
		ek->in_layers = true;
	else if (ek->depth == 1)
		ek->in_layers = false;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end
};

/* Lines. */

static void
begin_packet(struct ek *ek)
{
	ek->line = LINE_PACKET;
	ek->yajl = yajl_alloc(&callbacks, NULL, ek);
	if (ek->yajl == NULL)
		abort(); /* out of memory, as in xmalloc */
	/*
	 * tshark prints a few strings that are not UTF-8: those are sanitized when
	 * they are written, not refused here.
	 */
	yajl_config(ek->yajl, yajl_dont_validate_strings, 1);
	tree_clear(ek->tree);
	ek->too_deep = ek->is_index = ek->in_layers = ek->skimming = ek->cut = false;
	ek->depth = ek->keys_len = ek->key_len = 0;
	ek->token_len = 0;
	ek->escape = 0;
	ek->frame_number = 0;
}

static void
end_packet(struct ek *ek)
{
	yajl_free(ek->yajl);
	ek->yajl = NULL;
	ek->line = LINE_START;
}

static bool
feed(struct ek *ek, const char *data, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)data;

	return yajl_parse(ek->yajl, bytes, len) == yajl_status_ok;
}

/* Only strings hold backslashes: those of all bytes are followed. */
static void
follow_escapes(struct ek *ek, const char *data, size_t len)
{
	const char *end = data + len;

	for (; data < end; data++) {
		if (ek->escape == 0) {
			data = memchr(data, '\\', (size_t)(end - data));
			if (data == NULL)
				return;
			ek->escape = ESCAPE_OPEN;
		} else if (ek->escape == ESCAPE_OPEN)
			ek->escape = *data == 'u' ? 4 : 0;
		else
			ek->escape--;
	}
}

/*
 * Passes over the rest of a string that is longer than we keep. Returns the
 * bytes up to, not including, its closing quote.
 */
static size_t
skim(struct ek *ek, const char *data, size_t len)
{
	size_t from = 0;
	const char *quote;

	while ((quote = memchr(data + from, '"', len - from)) != NULL) {
		size_t at = (size_t)(quote - data);

		follow_escapes(ek, data + from, at - from);
		ek->cut = ek->cut || at > 0;
		if (ek->escape == 0) {
			ek->skimming = false;
			return at;
		}
		follow_escapes(ek, quote, 1);
		from = at + 1;
	}
	follow_escapes(ek, data + from, len - from);
	ek->cut = true;
	return len;
}

/* Gives yajl the next piece of a line, or passes over it. False if it is not JSON. */
static bool
feed_line(struct ek *ek, const char *data, size_t len)
{
	while (len > 0) {
		size_t n = len < PIECE ? len : PIECE;

		if (ek->skimming) {
			n = skim(ek, data, len);
			data += n;
			len -= n;
			continue;
		}
		/* What is kept must not hang on the pieces that we are given. */
		if (ek->token_len < ek->max_text)
			n = n < ek->max_text - ek->token_len ?
			    n :
			    ek->max_text - ek->token_len;
		else if (ek->escape > 0)
			n = 1;
		else {
			ek->skimming = true;
			ek->token_len = 0;
			continue;
		}
		ek->called_back = false;
		if (!feed(ek, data, n))
			return false;
		ek->token_len = ek->called_back ?
		    n - ek->token_end :
		    ek->token_len + n;
		follow_escapes(ek, data, n);
		data += n;
		len -= n;
	}
	return true;
}

static enum ek_event
unparsable(struct ek *ek, const char *data, size_t len, struct error *error)
{
	char shown[160];

	text_visible(shown, sizeof(shown), data, len < 120 ? len : 120);
	error_set(error, OUTCOME_TSHARK, "%s: \"%s\"",
	    ek->too_deep ? "a line nested too deeply" : "a line that is not a packet",
	    shown);
	if (ek->yajl != NULL)
		end_packet(ek);
	ek->line = LINE_SKIP;
	return EK_UNPARSABLE;
}

/* Bytes up to the end of a line that is skipped. */
static size_t
skip_line(struct ek *ek, const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);

	if (newline == NULL)
		return len;
	ek->line = LINE_START;
	return (size_t)(newline - data) + 1;
}

static enum ek_event
packet_line(struct ek *ek, const char *data, size_t len, size_t *used,
    struct error *error)
{
	const char *newline = memchr(data, '\n', len);
	size_t n = newline == NULL ? len : (size_t)(newline - data);
	bool good;

	*used = n;
	good = feed_line(ek, data, n);
	if (ek->is_index) {
		end_packet(ek);
		ek->line = LINE_SKIP;
		return EK_MORE;
	}
	if (newline == NULL && good)
		return EK_MORE;
	if (good)
		good = yajl_complete_parse(ek->yajl) == yajl_status_ok &&
		    ek->depth == 0;
	if (!good)
		return unparsable(ek, data, n, error);
	(*used)++;
	end_packet(ek);
	return EK_DOCUMENT;
}

static enum ek_event
start_line(struct ek *ek, const char *data, size_t len, struct error *error)
{
	if (data[0] == '{')
		begin_packet(ek);
	else if (data[0] == '\n' || data[0] == '\r')
		ek->line = LINE_SKIP;
	else
		return unparsable(ek, data, len, error);
	return EK_MORE;
}

enum ek_event
ek_read(struct ek *ek, const char *data, size_t len, size_t *used,
    struct error *error)
{
	enum ek_event event = EK_MORE;
	size_t n;

	*used = 0;
	while (*used < len && event == EK_MORE) {
		switch (ek->line) {
		case LINE_START:
			event = start_line(ek, data + *used, len - *used,
			    error);
			break;
		case LINE_SKIP:
			*used += skip_line(ek, data + *used, len - *used);
			break;
		case LINE_PACKET:
			event = packet_line(ek, data + *used, len - *used, &n,
			    error);
			*used += n;
			break;
		}
	}
	return event;
}

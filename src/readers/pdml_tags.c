/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts PDML into the tags of its packets, without the attributes that nobody reads. */
#include "readers/pdml_tags.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Bytes of a tag outside of its values; tshark's tags have a few dozen. */
#define PLAIN_MAX 4096
/* The longest name; those of fields are shorter than this by far. */
#define NAME_MAX_LEN 1024
/* A value from which only one thing is read: whether it is empty. */
#define VALUE_MIN 16
/* Of a long tag, kept for the next. */
#define KEEP_TAG ((size_t)1 << 20)

/* In values: MARK ^ c stands for the control character c ^ 0x40, MARK CUT for what was left out. */
#define MARK '\x7f'
#define CUT '!'

enum place {
	PLACE_BETWEEN, /* tags */
	PLACE_LINE,    /* the rest of a line is skipped */
	PLACE_TAG,     /* outside of its values */
	PLACE_MARKUP,  /* <! and <?, up to the next > */
	PLACE_VALUE,   /* one that is kept */
	PLACE_CUT,     /* the rest of one that is too long */
	PLACE_DROPPED  /* one that nobody reads */
};

/* The attributes that are read, as bits. */
enum {
	ATTRIBUTE_NAME = 1,
	ATTRIBUTE_SHOW = 2,
	ATTRIBUTE_VALUE = 4
};

struct pdml_tags {
	size_t max_text;
	enum place place;
	bool in_packet;
	bool lost; /* what comes belongs to a packet that is no good */
	struct buffer tag;
	size_t plain;        /* bytes of the tag outside of values */
	size_t attribute;    /* where in tag the next attribute begins; 0 in front of the first */
	size_t value;        /* where in tag the value begins */
	size_t room;         /* bytes of it that may still come */
	unsigned attributes; /* those that the tag has */
	unsigned current;    /* the one that the value is of */
	size_t value_max;    /* bytes that are read of the attribute value, by what show was; 0 for none */
	const char *why;
};

struct pdml_tags *
pdml_tags_new(size_t max_text)
{
	struct pdml_tags *tags = xcalloc(1, sizeof(*tags));

	tags->max_text = max_text;
	buffer_init(&tags->tag, SIZE_MAX / 2);
	return tags;
}

void
pdml_tags_free(struct pdml_tags *tags)
{
	if (tags == NULL)
		return;
	buffer_release(&tags->tag);
	free(tags);
}

const struct buffer *
pdml_tags_tag(const struct pdml_tags *tags)
{
	return &tags->tag;
}

const char *
pdml_tags_why(const struct pdml_tags *tags)
{
	return tags->why;
}

bool
pdml_tags_is_inside(const struct pdml_tags *tags)
{
	return tags->in_packet || tags->place != PLACE_BETWEEN;
}

void
pdml_tags_lose(struct pdml_tags *tags)
{
	tags->in_packet = false;
	tags->lost = true;
	tags->place = PLACE_LINE;
}

/* What cannot be read ends the packet. It is reported once. */
static enum pdml_tags_event
refuse(struct pdml_tags *tags, const char *why)
{
	bool told = tags->lost;

	tags->why = why;
	if (tags->in_packet)
		pdml_tags_lose(tags);
	tags->place = PLACE_LINE;
	return told ? PDML_TAGS_MORE : PDML_TAGS_UNPARSABLE;
}

static void
put(struct pdml_tags *tags, const char *bytes, size_t len)
{
	/* Every part of a tag is bounded, and the buffer is not. */
	if (buffer_append(&tags->tag, bytes, len) != 0)
		abort();
}

/* Between tags and lines. */

static size_t
read_between(struct pdml_tags *tags, const char *data, size_t len,
    enum pdml_tags_event *event)
{
	size_t at = 0;

	while (at < len &&
	    (data[at] == ' ' || data[at] == '\n' || data[at] == '\r' ||
		data[at] == '\t'))
		at++;
	if (at == len)
		return at;
	buffer_shrink(&tags->tag, KEEP_TAG);
	if (data[at] != '<') {
		*event = refuse(tags, "text instead of a tag");
		return at;
	}
	put(tags, "<", 1);
	tags->plain = 1;
	tags->attribute = 0;
	tags->attributes = 0;
	tags->value_max = VALUE_MIN;
	tags->place = PLACE_TAG;
	return at + 1;
}

static size_t
read_line(struct pdml_tags *tags, const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);

	if (newline == NULL)
		return len;
	tags->place = PLACE_BETWEEN;
	return (size_t)(newline - data) + 1;
}

/* Tags. */

static bool
starts_with(const struct buffer *tag, const char *text)
{
	size_t len = strlen(text);

	return tag->len >= len && memcmp(tag->data, text, len) == 0;
}

static bool
is_element(const struct buffer *tag, const char *text)
{
	size_t len = strlen(text);

	return starts_with(tag, text) && tag->len > len &&
	    strchr(" />\n", tag->data[len]) != NULL;
}

/* The tag is complete. */
static enum pdml_tags_event
end_tag(struct pdml_tags *tags)
{
	const struct buffer *tag = &tags->tag;

	tags->place = PLACE_BETWEEN;
	if (is_element(tag, "<packet")) {
		tags->in_packet = true;
		tags->lost = false;
		return PDML_TAGS_BEGIN;
	}
	if (tags->in_packet) {
		if (!is_element(tag, "</packet"))
			return PDML_TAGS_TAG;
		tags->in_packet = false;
		return PDML_TAGS_END;
	}
	if (is_element(tag, "<pdml") || is_element(tag, "</pdml"))
		return PDML_TAGS_MORE;
	return refuse(tags, "a tag outside of a packet");
}

/*
 * <?xml ...> and comments stand in front of all packets. Nothing else of the kind is ever read, least of all a DOCTYPE.
 */
static enum pdml_tags_event
end_markup(struct pdml_tags *tags)
{
	tags->place = PLACE_BETWEEN;
	if (tags->in_packet)
		return refuse(tags, "markup inside of a packet");
	if (starts_with(&tags->tag, "<?") || starts_with(&tags->tag, "<!--"))
		return PDML_TAGS_MORE;
	return refuse(tags, "a declaration");
}

/* Which attribute stands after `at` in the tag, up to its end; 0 for one that nobody reads. */
static unsigned
attribute_at(const struct buffer *tag, size_t at)
{
	const char *name = tag->data + at, *end = tag->data + tag->len;

	while (name < end && (*name == ' ' || *name == '\n'))
		name++;
	switch (end - name) {
	case 5:
		return memcmp(name, "name=", 5) == 0 ?
		    ATTRIBUTE_NAME :
		    memcmp(name, "show=", 5) == 0 ?
		    ATTRIBUTE_SHOW :
		    0;
	case 6:
		return memcmp(name, "value=", 6) == 0 ? ATTRIBUTE_VALUE : 0;
	default:
		return 0;
	}
}

/* How much of the value to come is kept. */
static size_t
room_for(const struct pdml_tags *tags)
{
	switch (tags->current) {
	case ATTRIBUTE_NAME:
		return NAME_MAX_LEN;
	case ATTRIBUTE_VALUE:
		return tags->value_max;
	default:
		return tags->max_text;
	}
}

/* The tag ends in front of the quote of a value. */
static enum pdml_tags_event
open_value(struct pdml_tags *tags)
{
	struct buffer *tag = &tags->tag;

	if (tags->attribute == 0) {
		const char *blank = memchr(tag->data, ' ', tag->len);

		if (blank == NULL)
			return refuse(tags, "a quote in the name of a tag");
		tags->attribute = (size_t)(blank - tag->data);
	}
	tags->current = attribute_at(tag, tags->attribute);
	if (tags->current == 0 || room_for(tags) == 0) {
		tag->len = tags->attribute;
		tags->place = PLACE_DROPPED;
		return PDML_TAGS_MORE;
	}
	if ((tags->attributes & tags->current) != 0)
		return refuse(tags, "the same attribute twice");
	tags->room = room_for(tags);
	tags->attributes |= tags->current;
	put(tags, "\"", 1);
	tags->value = tag->len;
	tags->place = PLACE_VALUE;
	return PDML_TAGS_MORE;
}

static size_t
read_tag(struct pdml_tags *tags, const char *data, size_t len,
    enum pdml_tags_event *event)
{
	size_t n = 0, room = PLAIN_MAX - tags->plain;

	if (tags->tag.len == 1 && (data[0] == '!' || data[0] == '?')) {
		tags->place = PLACE_MARKUP;
		return 0;
	}
	while (n < len && data[n] != '"' && data[n] != '>' && data[n] != '<')
		n++;
	if (n > room) {
		*event = refuse(tags, "a tag too long");
		return room;
	}
	put(tags, data, n);
	tags->plain += n;
	if (n == len)
		return n;
	switch (data[n]) {
	case '"':
		*event = open_value(tags);
		return n + 1;
	case '>':
		put(tags, ">", 1);
		*event = end_tag(tags);
		return n + 1;
	default:
		*event = refuse(tags, "a tag inside of a tag");
		/* It may be that of the next packet. */
		tags->place = PLACE_BETWEEN;
		tags->lost = true;
		return n;
	}
}

static size_t
read_markup(struct pdml_tags *tags, const char *data, size_t len,
    enum pdml_tags_event *event)
{
	const char *end = memchr(data, '>', len);
	size_t n = end == NULL ? len : (size_t)(end - data);
	size_t room = PLAIN_MAX - tags->plain;

	/* Its beginning is enough. */
	put(tags, data, n < room ? n : room);
	tags->plain += n < room ? n : room;
	if (end == NULL)
		return n;
	*event = end_markup(tags);
	return n + 1;
}

/* Values. */

static void
cut_value(struct pdml_tags *tags)
{
	struct buffer *tag = &tags->tag;
	char mark[2] = { MARK, CUT };

	/* A reference (&quot;) that is not complete goes, too. */
	for (size_t i = 1; i < 8 && i <= tag->len - tags->value; i++) {
		char c = tag->data[tag->len - i];

		if (c == ';')
			break;
		if (c == '&') {
			tag->len -= i;
			break;
		}
	}
	put(tags, mark, sizeof(mark));
	tags->place = PLACE_CUT;
}

/*
 * The attribute value tells whether \x in show is a control character, and whether a field that shows nothing has a
 * value.
 */
static size_t
value_max(const struct pdml_tags *tags, const char *show, size_t len)
{
	if (len == 0)
		return VALUE_MIN;
	return memchr(show, '\\', len) != NULL &&
		memmem(show, len, "\\x", 2) != NULL ?
	    tags->max_text :
	    0;
}

static void
close_value(struct pdml_tags *tags)
{
	struct buffer *tag = &tags->tag;

	if (tags->current == ATTRIBUTE_SHOW)
		tags->value_max = value_max(tags, tag->data + tags->value,
		    tag->len - tags->value);
	put(tags, "\"", 1);
	tags->attribute = tag->len;
	tags->place = PLACE_TAG;
}

/* Bytes that a value may have as they are. */
static size_t
ordinary(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && (unsigned char)data[n] >= ' ' && data[n] != '"' &&
	    data[n] != MARK)
		n++;
	return n;
}

static size_t
read_value(struct pdml_tags *tags, const char *data, size_t len)
{
	size_t n = ordinary(data, len);
	char marked[2] = { MARK, 0 };

	if (n > tags->room) {
		put(tags, data, tags->room);
		n = tags->room;
		cut_value(tags);
		return n;
	}
	put(tags, data, n);
	tags->room -= n;
	if (n == len)
		return n;
	if (data[n] == '"')
		close_value(tags);
	else if (tags->room < sizeof(marked))
		cut_value(tags);
	else {
		marked[1] = (char)(data[n] ^ 0x40);
		put(tags, marked, sizeof(marked));
		tags->room -= sizeof(marked);
	}
	return n + 1;
}

/* A value is skipped, up to and with its quote. */
static size_t
skip_value(struct pdml_tags *tags, const char *data, size_t len)
{
	const char *quote = memchr(data, '"', len);

	if (quote == NULL)
		return len;
	if (tags->place == PLACE_CUT)
		close_value(tags);
	tags->place = PLACE_TAG;
	return (size_t)(quote - data) + 1;
}

enum pdml_tags_event
pdml_tags_read(struct pdml_tags *tags, const char *data, size_t len,
    size_t *used)
{
	enum pdml_tags_event event = PDML_TAGS_MORE;
	size_t at = 0;

	while (at < len && event == PDML_TAGS_MORE) {
		const char *rest = data + at;

		switch (tags->place) {
		case PLACE_BETWEEN:
			at += read_between(tags, rest, len - at, &event);
			break;
		case PLACE_LINE:
			at += read_line(tags, rest, len - at);
			break;
		case PLACE_TAG:
			at += read_tag(tags, rest, len - at, &event);
			break;
		case PLACE_MARKUP:
			at += read_markup(tags, rest, len - at, &event);
			break;
		case PLACE_VALUE:
			at += read_value(tags, rest, len - at);
			break;
		case PLACE_CUT:
		case PLACE_DROPPED:
			at += skip_value(tags, rest, len - at);
			break;
		}
	}
	*used = at;
	return event;
}

const char *
pdml_tags_text(const char *value, struct buffer *scratch, size_t *len,
    bool *cut)
{
	const unsigned char *from = (const unsigned char *)value;
	size_t n = 0;

	*cut = false;
	while (from[n] != '\0' && from[n] < MARK)
		n++;
	if (from[n] == '\0') {
		*len = n;
		return value;
	}
	*len = n + strlen(value + n);
	buffer_clear(scratch);
	if (buffer_reserve(scratch, *len) != 0)
		abort(); /* it is given no bound */
	memcpy(scratch->data, value, n);
	scratch->len = n;
	for (unsigned char c; (c = from[n]) != '\0'; n++) {
		if (c == MARK && from[n + 1] == CUT) {
			*cut = true;
			n++;
			continue;
		}
		if (c == MARK && from[n + 1] != '\0')
			c = from[++n] ^ 0x40;
		/* ISO 8859-1 above 0x7f, in two bytes. What is beyond it tshark does not print. */
		else if ((c == 0xc2 || c == 0xc3) && from[n + 1] != '\0')
			c = (unsigned char)(c << 6 | (from[++n] & 0x3f));
		scratch->data[scratch->len++] = (char)c;
	}
	*len = scratch->len;
	return scratch->data;
}
